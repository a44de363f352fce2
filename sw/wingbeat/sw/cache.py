"""Images of models, compiled once and kept: the second start is a matter of reading a file.

A cached image is found by everything that it depends on: the model file's contents, the board,
the options, and the sources of compiler and hardware, so that none is ever out of date.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from wingbeat.boards.board import Board, load_board
from wingbeat.compiler import driver
from wingbeat.compiler.image import Image, load_image, save_image
from wingbeat.compiler.manifest import IMAGE_FORMAT
from wingbeat.hw import config
from wingbeat.hw.errors import ImageError, ModelError
from wingbeat.hw.isa.instructions import ISA_VERSION

CompileProgress = Callable[[str, float], None]
"""Called with what is being done and how much of it, 0 to 1."""

KEPT_IMAGES = 8
"""Images that stay, the most recently used ones."""

_SUFFIX = ".safetensors"
_log = logging.getLogger(__name__)


def open_image(
    path: Path,
    board: str,
    *,
    context: int | None = None,
    slots: int = 1,
    progress: CompileProgress = lambda step, share: None,
) -> Image:
    """Load an image, or compile a model file unless its image is in the cache.

    Parameters
    ----------
    path : of an image, or of a model file (GGUF)
    board, context, slots : what a model file is compiled for; an image is what it is
    progress : told about a compilation

    Raises
    ------
    WingbeatError
        If it is neither, is damaged, or does not compile.
    """
    if not is_model_file(path):
        return load_image(path)
    description = load_board(board)
    cached = cache_folder() / f"{_key(path, description, context, slots)}{_SUFFIX}"
    if cached.exists():
        try:
            image = load_image(cached)
            os.utime(cached)
            return image
        except (ImageError, OSError) as error:
            _log.warning("%s: compiling the model again", error)
    image = driver.compile_model(
        path, description, context=context, slots=slots, progress=progress
    ).image
    try:
        save_image(image, cached)
        _forget(cached.parent)
    except (ImageError, OSError) as error:
        # a cache that cannot be written costs the next start its time, and nothing else
        _log.warning("%s: the image is not kept", error)
    return image


def is_model_file(path: Path) -> bool:
    """Return whether a file is a GGUF file, by its first bytes; ModelError if there is no file."""
    try:
        with path.open("rb") as file:
            return file.read(4) == b"GGUF"
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ModelError(f"model `{path}` must be a readable file: {reason}") from None


def cache_folder() -> Path:
    """Return where images are kept: `wingbeat` in XDG_CACHE_HOME or in `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # the XDG specification: a relative path is to be ignored
    root = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    return root / "wingbeat"


def _key(path: Path, board: Board, context: int | None, slots: int) -> str:
    """Return 32 hexadecimal digits, different whenever the image may be."""
    with path.open("rb") as file:
        model = hashlib.file_digest(file, "sha256").hexdigest()
    facts = {
        "model": model,
        # a model's name in its image is that of the file
        "name": path.stem,
        "board": board.model_dump(mode="json"),
        "context": context,
        "slots": slots,
        "isa": ISA_VERSION,
        "format": IMAGE_FORMAT,
        "sources": sources_digest(),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


@cache
def sources_digest() -> str:
    """Return the SHA-256 of the sources that make an image: `wingbeat.hw`, `wingbeat.compiler`."""
    digest = hashlib.sha256()
    for source_file in (config.__file__, driver.__file__):
        folder = Path(source_file).parent
        for source in sorted(folder.rglob("*.py")):
            digest.update(f"{source.relative_to(folder)}\0".encode())
            digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()


def _forget(folder: Path) -> None:
    """Delete all but the images used last, and what interrupted writers left behind."""
    images = sorted(folder.glob(f"*{_SUFFIX}*"), key=_age, reverse=True)
    for image in images[KEPT_IMAGES:]:
        image.unlink(missing_ok=True)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        # another process deletes as well
        return 0.0
