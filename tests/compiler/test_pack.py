from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from tests.compiler import small
from tests.compiler.graph.models import GROUPED, graph

from wingbeat.compiler.generate import Generated, generate
from wingbeat.compiler.pack import pack_constants, pack_vectors, pack_weights
from wingbeat.hw.formats import CodedMatrix

BOARD = small.board(lanes=8, ports=4, port_bits=128)
CONFIG = BOARD.accelerator


@pytest.fixture(scope="module")
def generated() -> Generated:
    return generate(graph(GROUPED), CONFIG, 1)


def reader(generated: Generated) -> Callable[[str], CodedMatrix]:
    """Random matrices, the same each time they are read."""

    def read(name: str) -> CodedMatrix:
        plan = generated.plan.matrices[name]
        rng = np.random.default_rng(sum(name.encode()))
        low, high = plan.layout.format.code_range
        codes = rng.integers(low, high + 1, (plan.rows, plan.columns)).astype(np.int8)
        scales = rng.integers(0x3000, 0x4000, (plan.rows, plan.columns // 32), np.uint16)
        return CodedMatrix(plan.layout.format, codes, scales)

    return read


def test_what_a_lane_decodes_is_the_matrix(generated: Generated) -> None:
    read = reader(generated)
    names = []
    for name, region in pack_weights(generated, CONFIG, read):
        names.append(name)
        whole = region
    assert names == list(generated.plan.matrices)
    assert whole.shape == (4, generated.plan.memory["weights"].bytes_per_port)
    for name, plan in generated.plan.matrices.items():
        stream = whole[:, plan.offset * 16 :]
        beats = plan.layout.lane_beats(plan.groups)
        lanes = plan.layout.from_ports(stream, plan.tiles, plan.stride, beats)
        found = plan.layout.unpack(lanes, plan.groups)
        expected = read(name)
        codes = found.codes.reshape(plan.columns, -1).T
        assert np.array_equal(codes[: plan.rows], expected.codes)
        # padding repeats the last row, which then can never be chosen before it
        assert (codes[plan.rows :] == expected.codes[-1]).all()


def test_vectors_are_fp32_at_their_beats(generated: Generated) -> None:
    def read(name: str) -> npt.NDArray[np.float32]:
        size = generated.plan.vectors[name]
        return np.arange(64, dtype=np.float32) + 1000 * size

    packed = pack_vectors(generated, read)
    assert packed.shape == (1, generated.plan.memory["vectors"].bytes_per_port)
    numbers = packed[0].view("<f4")
    for name, beat in generated.plan.vectors.items():
        assert np.array_equal(numbers[beat * 4 : beat * 4 + 64], read(name))


def test_positions_are_numbers_a_beat_each(generated: Generated) -> None:
    packed = pack_constants(generated)
    numbers = packed["positions"][0].view("<f4").reshape(-1, 4)
    assert len(numbers) == generated.plan.memory["positions"].beats
    assert np.array_equal(numbers[:, 0], np.arange(len(numbers)))


def test_constants_begin_with_the_rotary_frequencies(generated: Generated) -> None:
    packed = pack_constants(generated)["constants"]
    assert packed.shape == (1, generated.plan.memory["constants"].bytes_per_port)
    numbers = packed[0].view("<f4")
    assert np.array_equal(numbers[:16], np.array(graph(GROUPED).frequencies, np.float32))
    assert np.float32(np.sqrt(64)) in numbers
    assert np.float32(np.log2(np.e) / np.sqrt(32)) in numbers
