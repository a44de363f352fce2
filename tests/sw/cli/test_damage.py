"""Files that are no models and no images: one sentence each, whatever command reads them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.sim.runner import TINY
from tests.sw.cli.terminal import wingbeat

COMMANDS: list[tuple[str, ...]] = [
    ("run", "--prompt", "a", "--board", "sim4"),
    ("compile", "--board", "sim4", "-o", "out.safetensors"),
    ("info",),
    ("disasm",),
]

NOISE = np.random.default_rng(8).integers(0, 256, 5000, np.uint8).tobytes()

DAMAGE: list[tuple[str, Callable[[bytes, bytes], bytes | None]]] = [
    ("missing", lambda model, image: None),
    ("empty", lambda model, image: b""),
    ("noise", lambda model, image: NOISE),
    ("noise after a magic number", lambda model, image: b"GGUF" + NOISE),
    ("a model's first bytes", lambda model, image: model[:10]),
    ("a model's metadata cut", lambda model, image: model[:9000]),
    ("a model without its last bytes", lambda model, image: model[:-50]),
    ("an image's header cut", lambda model, image: image[:600]),
    ("an image without its last bytes", lambda model, image: image[:-50]),
    ("an image with a bit of its weights flipped", lambda model, image: flip(image, -5000)),
    ("an image with a bit of its header flipped", lambda model, image: flip(image, 300)),
]


def flip(data: bytes, place: int) -> bytes:
    changed = bytearray(data)
    changed[place] ^= 0x10
    return bytes(changed)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize("damage", [how for _, how in DAMAGE], ids=[name for name, _ in DAMAGE])
def test_damage_is_one_sentence_and_leaves_nothing(
    command: tuple[str, ...],
    damage: Callable[[bytes, bytes], bytes | None],
    image_file: Path,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = sorted(cache.rglob("*"))
    monkeypatch.chdir(tmp_path)
    data = damage(TINY.read_bytes(), image_file.read_bytes())
    if data is not None:
        Path("subject").write_bytes(data)
    found = wingbeat(command[0], "subject", *command[1:]).complaint
    assert "subject" in found
    assert [path.name for path in tmp_path.iterdir()] == ([] if data is None else ["subject"])
    assert sorted(cache.rglob("*")) == kept


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
def test_a_folder_is_no_model(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("subject").mkdir()
    assert "subject" in wingbeat(command[0], "subject", *command[1:]).complaint
    assert [path.name for path in tmp_path.iterdir()] == ["subject"]


def test_a_bit_flip_in_any_part_of_an_image_is_noticed(image_file: Path, tmp_path: Path) -> None:
    whole = image_file.read_bytes()
    # safetensors: the length of the header, the header, the contents
    first = 8 + int.from_bytes(whole[:8], "little")
    subject = tmp_path / "subject"
    for place in range(first, len(whole), len(whole) // 25):
        subject.write_bytes(flip(whole, place))
        assert "must have CRC32C" in wingbeat("info", subject, "--json").complaint
