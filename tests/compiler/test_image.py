import dataclasses
import os
import re
import resource
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tests.compiler import small
from tests.compiler.image_file import Parts, bomb

from wingbeat.compiler import image as module
from wingbeat.compiler.image import Image, crc32c, deflated, load_image, save_image, text_sum
from wingbeat.hw.errors import ImageError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sound file."""
    path = tmp_path / "small.safetensors"
    save_image(small.image(), path)
    return path


def parts_of(path: Path) -> Parts:
    return Parts.of(path.read_bytes())


def refused(path: Path, raw: bytes, sentence: str) -> None:
    path.write_bytes(raw)
    with pytest.raises(ImageError) as caught:
        load_image(path)
    assert str(caught.value).startswith(f"image `{path}`")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def equal(one: Image, other: Image) -> bool:
    assert one.contents.keys() == other.contents.keys()
    for name, data in one.contents.items():
        assert np.array_equal(data, other.contents[name])
    return (one.manifest, one.program, one.memory, one.tokenizer) == (
        other.manifest,
        other.program,
        other.memory,
        other.tokenizer,
    )


def test_what_is_loaded_is_what_was_saved(path: Path) -> None:
    assert equal(load_image(path), small.image())


def test_saving_what_was_loaded_writes_the_same_bytes(path: Path, tmp_path: Path) -> None:
    again = tmp_path / "new folder" / "again.safetensors"
    for _ in range(5):  # a map could have kept its order by chance
        save_image(load_image(path), again)
        assert again.read_bytes() == path.read_bytes()


def test_the_file_is_one_that_safetensors_reads(path: Path) -> None:
    tensors = load_file(path)
    assert set(tensors) == {"program", "tokenizer", "region.numbers", "region.weights"}
    assert tensors["program"].shape == (9, 32)
    numbers = tensors["region.numbers"].view("<f4")
    assert np.array_equal(numbers, np.arange(32, dtype=np.float32)[None])


def test_bytes_are_those_of_all_contents() -> None:
    assert small.image().bytes == 8 * 16 + 36 * 16


@pytest.mark.parametrize(
    ("data", "sum"), [(b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"", 0)]
)
def test_crc32c_is_that_of_the_standard(data: bytes, sum: int) -> None:
    assert crc32c(np.frombuffer(data, np.uint8)) == sum


# ---- writing ------------------------------------------------------------------------------------


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Let no file grow beyond a size: the write fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [0, 8, 1000])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(path: Path, room: int) -> None:
    before = path.read_bytes()
    with full_disk(room), pytest.raises(ImageError, match=r"small.safetensors` must be writable: "):
        save_image(small.image(), path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_an_interrupted_write_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(tensors: object, aside: str, metadata: object) -> None:
        Path(aside).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "save_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_image(small.image(), tmp_path / "image")
    assert os.listdir(tmp_path) == []


def test_a_reader_never_sees_half_a_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = save_file

    def watched(tensors: dict[str, np.ndarray], aside: str, metadata: dict[str, str]) -> None:
        real(tensors, aside, metadata)
        assert Path(aside) != path
        assert equal(load_image(path), small.image())

    monkeypatch.setattr(module, "save_file", watched)
    save_image(small.image(), path)


def test_others_may_read_an_image(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("name", ["file/image", "nul\0/image", "a" * 300])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ImageError, match=r"^image `.*` must be writable: "):
        save_image(small.image(), tmp_path / name)


# ---- reading what is not sound ------------------------------------------------------------------


def test_no_file_no_folder_and_no_pipe_is_an_image(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="none` must be a readable safetensors file: No such"):
        load_image(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(ImageError, match=re.escape(f"`{path}` must be a regular file")):
            load_image(path)


def test_every_truncation_is_refused(path: Path) -> None:
    raw = path.read_bytes()
    for size in (*range(40), *range(40, len(raw), 37), len(raw) - 1):
        refused(path, raw[:size], "must be a readable safetensors file: ")


@pytest.mark.parametrize(
    ("tensor", "part"),
    [
        ("program", "the program"),
        ("tokenizer", "the tokenizer"),
        ("region.numbers", "region `numbers`"),
        ("region.weights", "region `weights`"),
    ],
)
@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_a_flipped_bit_is_found_in_every_part(
    path: Path, tensor: str, part: str, share: float
) -> None:
    parts = parts_of(path)
    data = bytearray(parts.tensors[tensor])
    data[int(share * (len(data) - 1))] ^= 0x10
    found = crc32c(np.frombuffer(data, np.uint8))
    parts.tensors[tensor] = bytes(data)
    refused(path, parts.file(), f"{part} must have CRC32C ")
    refused(path, parts.file(), f", not {found:08x}: the file is damaged")


def flips(path: Path, bits: Iterable[int]) -> None:
    """Flip each of these bits of a file, see that it is refused, and flip it back."""
    with path.open("r+b", buffering=0) as file:
        sound = path.read_bytes()
        for bit in bits:
            at = bit // 8
            os.pwrite(file.fileno(), bytes([sound[at] ^ 1 << bit % 8]), at)
            with pytest.raises(ImageError) as caught:
                load_image(path)
            sentence = str(caught.value)
            assert sentence.startswith(f"image `{path}`") and "\n" not in sentence, bit
            os.pwrite(file.fileno(), sound[at : at + 1], at)
    load_image(path)


def test_every_flipped_bit_of_the_header_is_refused(path: Path) -> None:
    header = 8 + int.from_bytes(path.read_bytes()[:8], "little")
    flips(path, range(8 * header))


def test_flipped_bits_of_the_contents_are_refused(path: Path) -> None:
    raw = path.read_bytes()
    header = 8 + int.from_bytes(raw[:8], "little")
    flips(path, range(8 * header, 8 * len(raw), 5))


def test_a_control_character_of_a_name_is_as_safe_as_any(path: Path) -> None:
    # the header escapes it, and escapes read the same in upper and lower case
    image = small.image()
    model = image.manifest.model.model_copy(update={"name": "a\x1b\x7fb\xe4\ud7ff"})
    manifest = image.manifest.model_copy(update={"model": model})
    save_image(dataclasses.replace(image, manifest=manifest), path)
    assert load_image(path).manifest == manifest
    start = path.read_bytes().index(b'name\\":\\"a')
    flips(path, range(8 * start, 8 * (start + 40)))


def test_a_manifest_needs_its_sum(path: Path) -> None:
    save_file({"a": np.zeros(3, np.uint8)}, path, {"wingbeat": "{}"})
    refused(path, path.read_bytes(), "must have the CRC32C of its manifest: compile the model")
    save_file({"a": np.zeros(3, np.uint8)}, path, {"wingbeat": "{}", "crc32c": "no sum " * 100})
    refused(path, path.read_bytes(), ": the manifest must have CRC32C no sum no sum")
    assert len(text_sum("{}")) == 8


def test_another_isa_version_is_named(path: Path) -> None:
    parts = parts_of(path)
    parts.manifest["isa_version"] = 999
    refused(path, parts.file(), "must be of ISA version 1, not 999: compile the model again")


def test_another_configuration_is_named(path: Path) -> None:
    parts = parts_of(path)
    parts.manifest["config"]["queue_depth"] += 1
    refused(path, parts.file(), "must carry the digest of its configuration")


def test_the_clock_is_no_part_of_the_digest(path: Path) -> None:
    parts = parts_of(path)
    parts.manifest["config"]["clock_mhz"] = 100.0
    path.write_bytes(parts.file())
    assert load_image(path).manifest.config.clock_mhz == 100


@pytest.mark.parametrize("manifest", ["", "{}", "[]", "null", '{"format": 2}', "[" * 100_000])
def test_a_manifest_must_be_one(path: Path, manifest: str) -> None:
    refused(path, parts_of(path).file(manifest), "must have a sound manifest: ")


def test_a_refusal_quotes_little_of_the_file(path: Path) -> None:
    path.write_bytes(parts_of(path).file("x" * 100_000))
    with pytest.raises(ImageError) as caught:
        load_image(path)
    assert len(str(caught.value)) < 500


def test_other_safetensors_files_are_no_images(path: Path) -> None:
    save_file({"a": np.zeros(3, np.float32)}, path)
    refused(path, path.read_bytes(), "must have a wingbeat manifest, and has none")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"weight_format": 1}, "`config.weight_format`: extra inputs are not permitted"),
        ({"formats": ["int9g32"]}, "weight format must look like int4, uint4g32 or int8g128s"),
        ({"formats": ["raw4g64"]}, "a format without scales must be dense"),
        ({"lanes": 3, "ports": 2}, "`lanes` must be a multiple of `ports` (2), not 3"),
        ({"clock_mhz": float("nan")}, "`config.clock_mhz`: input should be less than or equal"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(
    path: Path, change: dict[str, object], sentence: str
) -> None:
    parts = parts_of(path)
    parts.manifest["config"] |= change
    refused(path, parts.file(), f"must have a sound manifest: {sentence}")


@pytest.mark.parametrize("dtype", ["I8", "F16", "BF16", "F8_E4M3", "F8_E5M2", "I64", "BOOL"])
def test_only_bytes_are_taken(path: Path, dtype: str) -> None:
    parts = parts_of(path)
    width = {"F16": 2, "BF16": 2, "I64": 8}.get(dtype, 1)
    parts.header["region.weights"] |= {"dtype": dtype, "shape": [1, 576 // width]}
    refused(path, parts.file(), f": `region.weights` must be bytes (U8), not {dtype}")


@pytest.mark.parametrize(
    ("name", "shape", "sentence"),
    [
        ("region.weights", [576], "region `weights` must be 1 x 576 bytes, not 576"),
        ("region.weights", [2, 288], "region `weights` must be 1 x 576 bytes, not 2 x 288"),
        ("program", [288], "the program must be words of 32 bytes"),
        ("program", [18, 16], "the program must be words of 32 bytes"),
    ],
)
def test_shapes_are_checked(path: Path, name: str, shape: list[int], sentence: str) -> None:
    parts = parts_of(path)
    parts.header[name]["shape"] = shape
    refused(path, parts.file(), sentence)


def test_a_region_needs_its_contents_and_no_other(path: Path) -> None:
    sound = parts_of(path)
    parts = sound.copy()
    parts.manifest["regions"][2]["crc32c"] = 0
    refused(path, parts.file(), "what its manifest names, and differs in `region.results`")
    parts = sound.copy()
    parts.manifest["regions"][1]["crc32c"] = None
    refused(path, parts.file(), "what its manifest names, and differs in `region.weights`")


def test_regions_must_not_overlap_or_share_a_name(path: Path) -> None:
    sound = parts_of(path)
    parts = sound.copy()
    parts.manifest["regions"][2]["start"] = 51
    refused(path, parts.file(), ": region `results` [0x33, 0x35) must not overlap `weights` [0x10")
    parts = sound.copy()
    parts.manifest["regions"][2]["name"] = "numbers"
    refused(path, parts.file(), ": regions must have distinct names, not numbers, numbers, weights")


def test_every_instruction_has_its_purpose(path: Path) -> None:
    parts = parts_of(path)
    parts.manifest["program"]["purposes"].append("more")
    refused(path, parts.file(), "every instruction of the program must have its purpose")


def test_words_that_are_no_instructions_are_named(path: Path) -> None:
    parts = parts_of(path)
    parts.tensors["program"] = bytes(32) + parts.tensors["program"][32:]
    parts.seal()
    refused(path, parts.file(), ": instruction 0: `opcode` must be one of ")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"not deflated", "the tokenizer must be deflated JSON: "),
        (bytes(deflated("ü"))[:-5], "the tokenizer must be one deflated text, and ends elsewhere"),
        (bytes(deflated("ü")) + b"x", "the tokenizer must be one deflated text, and ends elsewher"),
        (bomb((64 << 20) + 1), "the tokenizer must be at most 67108864 bytes"),
    ],
)
def test_tokenizers_that_do_not_inflate_are_refused(path: Path, data: bytes, sentence: str) -> None:
    parts = parts_of(path)
    parts.resize("tokenizer", data, [len(data)])
    parts.seal()
    refused(path, parts.file(), sentence)


def test_a_tokenizer_must_be_text(path: Path) -> None:
    parts = parts_of(path)
    data = zlib.compress(b"\xff\xfe")
    parts.resize("tokenizer", data, [len(data)])
    parts.seal()
    refused(path, parts.file(), "the tokenizer must be deflated JSON: 'utf-8' codec can't decode")
