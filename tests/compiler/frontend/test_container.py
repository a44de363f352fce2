import os
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFReader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.compiler.frontend.gguf_builder import (
    container,
    entry,
    model_metadata,
    model_tensors,
    string,
    tensor,
    write_gguf,
)

from wingbeat.compiler.frontend.container import read_gguf
from wingbeat.compiler.frontend.cursor import MAX_HEADER
from wingbeat.hw.errors import ModelError


def test_reads_what_the_reference_writer_wrote(tmp_path: Path) -> None:
    checkpoint = read_gguf(write_gguf(tmp_path / "small.gguf"))
    metadata = model_metadata()
    for key, value in metadata.items():
        found = checkpoint.metadata[key]
        if isinstance(value, list):
            assert list(found) == value  # type: ignore[arg-type]
        else:
            assert found == (np.float32(value) if isinstance(value, float) else value)
    for name, (values, kind) in model_tensors().items():
        stored = checkpoint.tensors[name]
        assert (stored.name, stored.shape, stored.kind) == (name, values.shape, kind)


def test_tensor_bytes_equal_those_of_the_reference_reader(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "small.gguf", alignment=64)
    checkpoint = read_gguf(path)
    for theirs in GGUFReader(path).tensors:
        ours = checkpoint.tensors[theirs.name]
        assert ours.data.tobytes() == theirs.data.tobytes()
        assert ours.data.shape[0] == (1 if len(ours.shape) == 1 else ours.shape[0])


def test_tensor_data_is_mapped_and_read_only(tmp_path: Path) -> None:
    stored = read_gguf(write_gguf(tmp_path / "small.gguf")).tensors["token_embd.weight"]
    assert not stored.data.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        stored.data[0, 0] = 1


def test_reads_every_number_type(tmp_path: Path) -> None:
    values = [(0, "B", 200), (1, "b", -3), (2, "H", 60000), (3, "h", -300), (4, "I", 1 << 31)]
    values += [(5, "i", -5), (10, "Q", 1 << 63), (11, "q", -(1 << 62))]
    entries = [entry(f"k{kind}", kind, struct.pack("<" + code, v)) for kind, code, v in values]
    entries.append(entry("k6", 6, struct.pack("<f", 1.5)))
    entries.append(entry("k7", 7, b"\1"))
    entries.append(entry("k12", 12, struct.pack("<d", 0.1)))
    path = tmp_path / "x.gguf"
    path.write_bytes(container(tuple(entries)))
    metadata = read_gguf(path).metadata
    assert [metadata[f"k{kind}"] for kind, _, _ in values] == [value for _, _, value in values]
    assert (metadata["k6"], metadata["k7"], metadata["k12"]) == (1.5, True, 0.1)


def array(kind: int, count: int, payload: bytes) -> bytes:
    return struct.pack("<IQ", kind, count) + payload


U32 = struct.Struct("<I").pack

REFUSED = {
    "not GGUF": (b"PK\3\4" + bytes(40), r"must begin with b'GGUF', not b'PK\x03\x04'"),
    "three bytes": (b"GGU", "the header ends at byte 3 inside the magic number"),
    "big-endian": (
        b"GGUF" + struct.pack(">IQQ", 3, 0, 0),
        "byte order must be little-endian, and this GGUF file is big-endian",
    ),
    "version 1": (container(version=1), "the version of a GGUF file must be 2 or 3, not 1"),
    "version 0": (container(version=0), "must be 2 or 3, not 0"),
    "tensor count": (
        container(counts=(1 << 63, 0)),
        "the number of tensors must be at most 65536, not 9223372036854775808",
    ),
    "key count": (
        container(counts=(0, 5000)),
        "the number of metadata keys must be at most 4096, not 5000",
    ),
    "cut before a key": (
        container(counts=(0, 1))[:24],
        "the header ends at byte 24 inside the length of metadata key 0, which takes 8 bytes",
    ),
    "long key": (
        container((entry("k" * 257, 4, U32(1)),)),
        "the length of metadata key 0 must be at most 256, not 257",
    ),
    "key not UTF-8": (
        container((entry(b"a\xff", 4, U32(1)),)),
        "metadata key 0 must be UTF-8, and its byte 1 is 0xff",
    ),
    "key twice": (
        container((entry("k", 4, U32(1)), entry("k", 4, U32(1)))),
        "metadata `k` must occur once, and occurs again",
    ),
    "value type": (
        container((entry("k", 13, U32(1)),)),
        "the type of metadata `k` must be 0 to 12, not 13",
    ),
    "truth value": (
        container((entry("k", 7, b"\2"),)),
        "a truth value of metadata `k` must be 0 or 1, not 2",
    ),
    "long string": (
        container((entry("k", 8, struct.pack("<Q", 1 << 21)),)),
        "the length of metadata `k` must be at most 1048576, not 2097152",
    ),
    "string past the end": (
        container((entry("k", 8, struct.pack("<Q", 1000)),)),
        "inside metadata `k`, which takes 1000 bytes from byte 45",
    ),
    "nested array": (
        container((entry("k", 9, array(9, 1, array(4, 1, U32(1)))),)),
        "metadata `k` must not be an array of arrays",
    ),
    "array element type": (
        container((entry("k", 9, array(77, 1, b"")),)),
        "the type of the elements of metadata `k` must be 0 to 12, not 77",
    ),
    "array past the end": (
        container((entry("k", 9, array(12, 1 << 60, b"")),)),
        "inside metadata `k`, which takes 9223372036854775808 bytes",
    ),
    "array of too many strings": (
        container((entry("k", 9, array(8, 1 << 40, b"")),)),
        "must have 2097152 strings at most, and metadata `k` has 1099511627776",
    ),
    "string in an array": (
        container((entry("k", 9, array(8, 1, string(b"\xc3("))),)),
        "a string of metadata `k` must be UTF-8, and its byte 0 is 0xc3",
    ),
    "alignment 0": (
        container((entry("general.alignment", 4, U32(0)),)),
        "metadata `general.alignment` must be an integer within 1..2147483648, not 0",
    ),
    "alignment 48": (
        container((entry("general.alignment", 4, U32(48)),)),
        "metadata `general.alignment` must be a power of two, not 48",
    ),
    "alignment text": (
        container((entry("general.alignment", 8, string("32")),)),
        "metadata `general.alignment` must be an integer within 1..2147483648, not the string `32`",
    ),
    "long name": (
        container((), (tensor("t" * 65, (1,)),), bytes(32)),
        "the length of the name of tensor 0 must be at most 64, not 65",
    ),
    "no dimensions": (
        container((), (tensor("t", ()),)),
        "tensor `t` must have 1 to 4 dimensions, not 0",
    ),
    "five dimensions": (
        container((), (tensor("t", (1, 1, 1, 1, 1)),)),
        "tensor `t` must have 1 to 4 dimensions, not 5",
    ),
    "dimension 0": (
        container((), (tensor("t", (4, 0)),)),
        "tensor `t` must have no dimension of 0, and has (0, 4)",
    ),
    "tensor type": (
        container((), (tensor("t", (32,), kind=4),)),
        "the type of tensor `t` must be one that GGML defines, not 4",
    ),
    "block size": (
        container((), (tensor("t", (33,), kind=3),), bytes(64)),
        "columns of tensor `t` must be a multiple of the Q4_1 block of 32, not 33",
    ),
    "offset": (
        container((), (tensor("t", (4,), offset=16),), bytes(64)),
        "the offset of tensor `t` must be a multiple of 32, not 16",
    ),
    "past the end": (
        container((), (tensor("t", (9,)),), bytes(32)),
        "tensor `t` at bytes 0..36 must lie within the 32 bytes of tensor data",
    ),
    "enormous": (
        container((), (tensor("t", (1 << 63,) * 4),), bytes(32)),
        "must lie within the 32 bytes of tensor data",
    ),
    "overlap": (
        container((), (tensor("t", (16,), offset=32), tensor("u", (9,))), bytes(128)),
        "tensor `t` at bytes 32..96 must not overlap tensor `u` at bytes 0..36",
    ),
    "tensor twice": (
        container((), (tensor("t", (8,)), tensor("t", (8,), offset=32)), bytes(64)),
        "tensor `t` must occur once, and occurs again",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str, tmp_path: Path) -> None:
    raw, sentence = REFUSED[case]
    path = tmp_path / "bad.gguf"
    path.write_bytes(raw)
    with pytest.raises(ModelError, match=re.escape(sentence)) as caught:
        read_gguf(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_refuses_a_header_without_end(tmp_path: Path) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(container((entry("k", 9, array(0, MAX_HEADER, b"")),)))
    os.truncate(path, 2 * MAX_HEADER)  # a hole: takes no space on disk
    with pytest.raises(ModelError, match=f"the header passes the limit of {MAX_HEADER} bytes"):
        read_gguf(path)


def test_refuses_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    (tmp_path / "loop").symlink_to("loop")
    for name, sentence in (
        ("", "a model must be a regular file"),
        ("pipe", "a model must be a regular file"),
        ("empty", "a model must not be an empty file"),
        ("missing", "the file cannot be opened: No such file or directory"),
        ("loop", "the file cannot be opened: Too many levels of symbolic links"),
        ("a\0b", "the file cannot be opened: embedded null byte"),
    ):
        with pytest.raises(ModelError, match=sentence):
            read_gguf(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_refuses_a_file_without_permission(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "small.gguf")
    path.chmod(0)
    with pytest.raises(ModelError, match="the file cannot be opened: Permission denied"):
        read_gguf(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    shape=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    kind=st.sampled_from([GGMLQuantizationType.F32, GGMLQuantizationType.Q8_0]),
    gap=st.integers(0, 3),
)
def test_shapes_and_gaps(
    tmp_path: Path, shape: list[int], kind: GGMLQuantizationType, gap: int
) -> None:
    columns, row_bytes = (shape[-1], 4 * shape[-1])
    if kind == GGMLQuantizationType.Q8_0:
        columns, row_bytes = 32 * shape[-1], 34 * shape[-1]
    numpy_shape = (*shape[:-1], columns)
    rows = int(np.prod(shape[:-1]))
    data = np.random.default_rng(1).integers(0, 256, rows * row_bytes, np.uint8)
    path = tmp_path / "x.gguf"
    header = tensor("t", numpy_shape[::-1], int(kind), 32 * gap)
    path.write_bytes(container((), (header,), bytes(32 * gap) + data.tobytes()))
    stored = read_gguf(path).tensors["t"]
    assert stored.shape == numpy_shape
    assert np.array_equal(stored.data, data.reshape(rows, row_bytes))
