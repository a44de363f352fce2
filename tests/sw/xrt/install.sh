#!/bin/sh
# Put Debian's libxrt1 and what it needs beside what is installed into a folder, without root.
#
#     install.sh FOLDER
#
# Where that cannot be done, one sentence says why, and the tests that need XRT skip themselves.
# Lists and archives of apt are kept in the folder, so that neither lists nor locks of the system
# are touched.
set -u
folder=$1
mkdir -p "$folder/apt/lists/partial" "$folder/apt/archives/partial"
folder=$(cd "$folder" && pwd)

absent() {
    echo "XRT is not installed, and its tests are skipped: $1"
    exit 0
}

command -v apt-get >/dev/null && command -v dpkg >/dev/null || absent "there is no apt here"
apt() {
    "$@" -qq -o Dir::State::lists="$folder/apt/lists" -o Dir::Cache="$folder/apt" \
        -o Debug::NoLocking=1 -o APT::Sandbox::User=""
}
apt apt-get update || absent "apt-get update failed"
apt apt-cache show libxrt1 >/dev/null 2>&1 || absent "this system's archive has no libxrt1"
missing=$(apt apt-get --simulate --no-install-recommends install libxrt1 | awk '/^Inst/ {print $2}')
# installed already: its own files are wanted all the same
cd "$folder/apt/archives" && apt apt-get download ${missing:-libxrt1} || absent "no download"
for archive in *.deb; do dpkg -x "$archive" "$folder"; done
ln -sfn "usr/lib/$(dpkg --print-architecture | sed 's/amd64/x86_64/;s/arm64/aarch64/')-linux-gnu" \
    "$folder/lib"
rm -rf "$folder/apt"
