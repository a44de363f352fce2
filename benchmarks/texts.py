"""Texts for perplexity, from Debian packages: modern technical prose, and novels."""

from __future__ import annotations

import html
import re
import subprocess
import tempfile
import zlib
from pathlib import Path

from wingbeat.hw.errors import RequestError

HANDBOOK = "debian-handbook"
AUSTEN = "r-cran-janeaustenr"


def load_texts() -> dict[str, str]:
    """Download, unpack and clean both texts.

    Raises
    ------
    RequestError
        If the Debian package client is not there or does not know the packages.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        return {"handbook": _handbook(root), "austen": _austen(root)}


def _unpack(package: str, root: Path) -> Path:
    try:
        subprocess.run(
            ["apt-get", "download", "-q", package], cwd=root, check=True, capture_output=True,
            timeout=300,
        )  # fmt: skip
        archive = next(root.glob(f"{package}_*.deb"))
        target = root / package
        subprocess.run(
            ["dpkg-deb", "-x", str(archive), str(target)], check=True, capture_output=True,
            timeout=300,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError, StopIteration):
        raise RequestError(
            f"package `{package}` must be available from apt-get: run `apt-get update` first"
        ) from None
    return target


def _handbook(root: Path) -> str:
    """Paragraphs of the English HTML, without mark-up."""
    pages = _unpack(HANDBOOK, root) / "usr/share/doc/debian-handbook/html/en-US"
    paragraphs = []
    for page in sorted(pages.glob("*.html")):
        source = page.read_text(encoding="utf-8")
        for match in re.findall(r'<div class="para"[^>]*>(.*?)</div>', source, flags=re.S):
            plain = html.unescape(re.sub(r"<[^>]+>", "", match))
            plain = re.sub(r"\s+", " ", plain).strip()
            if len(plain) > 200:
                paragraphs.append(plain)
    return "\n\n".join(paragraphs)


def _austen(root: Path) -> str:
    """The longest text in R's database of lines: a sequence of deflated serialised vectors."""
    data = _unpack(AUSTEN, root) / "usr/lib/R/site-library/janeaustenr/data/Rdata.rdb"
    raw = data.read_bytes()
    longest = b""
    position = 0
    while position + 4 <= len(raw):
        try:
            inflater = zlib.decompressobj()
            block = inflater.decompress(raw[position + 4 :])
        except zlib.error:
            break
        position = len(raw) - len(inflater.unused_data)
        longest = max(longest, block, key=len)
    return _lines(longest)


def _lines(serialised: bytes) -> str:
    """Strings of an R character vector: flags (CHARSXP, type 9), length, bytes; big-endian."""
    lines = []
    position = serialised.find(b"\x00\x04\x00\x09")
    while position >= 0 and serialised[position + 3 : position + 4] == b"\x09":
        length = int.from_bytes(serialised[position + 4 : position + 8], "big")
        lines.append(serialised[position + 8 : position + 8 + length].decode("utf-8", "replace"))
        position += 8 + length
    text = "\n".join(lines)
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]
    return "\n\n".join(part for part in paragraphs if len(part) > 80)
