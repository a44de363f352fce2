#!/bin/sh
# Debian's Chromium, in which tests/sw/serving/test_page.py opens the page of `wingbeat serve`.
# Where it cannot be installed this says so, and the tests of the page are skipped.
command -v chromium >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update && apt-get -qq install --yes --no-install-recommends chromium >/dev/null
fi
command -v chromium >/dev/null ||
    echo "chromium is not installed: the tests of the page will be skipped" >&2
exit 0
