from pathlib import Path

import pytest

from wingbeat.compiler.image import Image, save_image


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Images that commands keep, and nobody's own ones."""
    folder = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def image_file(tmp_path_factory: pytest.TempPathFactory, short: Image) -> Path:
    """The image `short` as a file; nobody writes it."""
    path = tmp_path_factory.mktemp("image") / "short.safetensors"
    save_image(short, path)
    return path
