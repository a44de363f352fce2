import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.sim.runner import TINY

from wingbeat.compiler import driver, image
from wingbeat.compiler.image import Image, save_image
from wingbeat.hw.errors import ConfigError, ImageError, ModelError
from wingbeat.sw import cache
from wingbeat.sw.cache import KEPT_IMAGES, cache_folder, is_model_file, open_image

Compile = Callable[..., driver.Compiled]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "kept"))
    return tmp_path / "kept" / "wingbeat"


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every model file that is compiled."""
    seen: list[Path] = []
    compile_model: Compile = driver.compile_model

    def counted(path: Path, *arguments: Any, **options: Any) -> driver.Compiled:
        seen.append(path)
        return compile_model(path, *arguments, **options)

    monkeypatch.setattr(driver, "compile_model", counted)
    return seen


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copy(TINY, tmp_path / "model.gguf"))


def same(a: Image, b: Image) -> bool:
    contents = [{name: data.tobytes() for name, data in x.contents.items()} for x in (a, b)]
    return a.manifest == b.manifest and a.program == b.program and contents[0] == contents[1]


def test_a_model_is_compiled_once(folder: Path, compiled: list[Path], model: Path) -> None:
    first, second = open_image(model, "sim4"), open_image(model, "sim4")
    assert len(compiled) == 1
    assert same(first, second)
    assert [path.suffix for path in folder.iterdir()] == [".safetensors"]


def test_the_contents_count_and_not_the_place(
    folder: Path, compiled: list[Path], model: Path, tmp_path: Path
) -> None:
    open_image(model, "sim4")
    (tmp_path / "other").mkdir()
    moved = Path(shutil.move(model, tmp_path / "other" / "model.gguf"))
    os.utime(moved, (1, 1))
    open_image(moved, "sim4")
    assert len(compiled) == 1


def test_whatever_changes_an_image_compiles_it_again(
    folder: Path, compiled: list[Path], model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_image(model, "sim4")
    assert open_image(model, "sim4", context=64).manifest.program.context == 64
    assert open_image(model, "sim4", context=64, slots=2).manifest.program.slots == 2
    assert open_image(model, "pynq_z2", context=64).manifest.board == "pynq_z2"
    data = bytearray(model.read_bytes())
    data[-1] ^= 1
    model.write_bytes(data)
    open_image(model, "sim4")
    renamed = model.rename(model.with_name("renamed.gguf"))
    assert open_image(renamed, "sim4").manifest.model.name == "renamed"
    monkeypatch.setattr(cache, "sources_digest", lambda: "another compiler")
    open_image(renamed, "sim4")
    assert len(compiled) == 7
    assert len(list(folder.iterdir())) == 7


@pytest.mark.parametrize("damage", [
    lambda data: b"", lambda data: data[: len(data) // 2], lambda data: b"\x07" * 100,
    lambda data: data[:-9] + bytes([data[-9] ^ 4]) + data[-8:],
])  # fmt: skip
def test_a_damaged_entry_is_built_again(
    folder: Path,
    compiled: list[Path],
    model: Path,
    damage: Callable[[bytes], bytes],
    caplog: pytest.LogCaptureFixture,
) -> None:
    sound = open_image(model, "sim4")
    (entry,) = folder.iterdir()
    whole = entry.read_bytes()
    entry.write_bytes(damage(whole))
    with caplog.at_level(logging.WARNING):
        assert same(open_image(model, "sim4"), sound)
    assert len(compiled) == 2
    assert "compiling the model again" in caplog.text
    assert entry.read_bytes() == whole


def test_an_interrupted_write_leaves_nothing(
    folder: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(tensors: object, path: str, metadata: object) -> None:
        Path(path).write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(image, "save_file", interrupted)
        open_image(model, "sim4")
    assert list(folder.iterdir()) == []
    open_image(model, "sim4")


def test_a_cache_that_cannot_be_written_costs_time_only(
    folder: Path, compiled: list[Path], model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder.parent.mkdir()
    folder.write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        open_image(model, "sim4")
        open_image(model, "sim4")
    assert len(compiled) == 2
    assert "the image is not kept" in caplog.text


def test_the_images_used_last_stay(folder: Path, compiled: list[Path], model: Path) -> None:
    open_image(model, "sim4")
    (oldest,) = folder.iterdir()
    left = folder / f".{oldest.name}.interrupted"
    for age, path in enumerate([folder / f"{i}.safetensors" for i in range(KEPT_IMAGES)] + [left]):
        path.write_bytes(b"")
        os.utime(path, (1000 - age, 1000 - age))
    os.utime(oldest, (10, 10))
    # used: it is the youngest from now on
    open_image(model, "sim4")
    open_image(model, "sim4", context=64)
    kept = {path.name for path in folder.iterdir()}
    assert len(kept) == KEPT_IMAGES
    assert oldest.name in kept
    assert left.name not in kept
    assert "7.safetensors" not in kept and "0.safetensors" in kept


def test_an_image_is_loaded_as_it_is(
    folder: Path, compiled: list[Path], tmp_path: Path, short: Image
) -> None:
    path = tmp_path / "short.safetensors"
    save_image(short, path)
    assert same(open_image(path, "no such board", context=5), short)
    assert not compiled
    assert not folder.exists()


def test_what_is_neither_is_refused(folder: Path, tmp_path: Path, model: Path) -> None:
    stranger = tmp_path / "stranger"
    stranger.write_bytes(b"GGU")
    assert not is_model_file(stranger)
    with pytest.raises(ImageError, match="readable safetensors file"):
        open_image(stranger, "sim4")
    with pytest.raises(ModelError, match="must be a readable file: No such file"):
        open_image(tmp_path / "no", "sim4")
    with pytest.raises(ModelError, match="must be a readable file: Is a directory"):
        open_image(tmp_path, "sim4")
    with pytest.raises(ConfigError):
        open_image(model, "no such board")
    assert not folder.exists()


def test_a_relative_cache_home_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("", "relative/path"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert cache_folder() == tmp_path / ".cache" / "wingbeat"
