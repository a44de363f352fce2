"""MM and MV against loops over single weights."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.sim.isa.units import CONFIG, Parts

from wingbeat.hw.errors import DeviceError
from wingbeat.hw.formats import CodedMatrix, ScaleKind, WeightFormat
from wingbeat.hw.isa.instructions import Multiply, Opcode
from wingbeat.hw.isa.operands import (
    Address,
    Count,
    FormatField,
    OperandView,
    SmallCount,
    TileRows,
    VectorView,
)
from wingbeat.hw.stream import TileLayout
from wingbeat.sim.isa import matrix

F32 = np.float32
WEIGHTS = 0x100


@dataclass
class Case:
    """A random matrix in the weights of a machine, and random operands."""

    parts: Parts
    coded: CodedMatrix
    instruction: Multiply

    def run(self) -> npt.NDArray[np.float32]:
        """Results (outer, inner, rows)."""
        self.parts.matrix.execute(self.instruction, self.parts.registers)
        m, rows = self.instruction, self.coded.shape[0]
        view = self.parts.vectors.view(
            m.destination, self.parts.registers, m.outer.immediate, m.inner, rows
        )
        return view.copy()

    def wanted(self) -> npt.NDArray[np.float32]:
        """One weight after the other: Python's integers, then FP32 in the order of the unit."""
        m = self.instruction
        rows, columns = self.coded.shape
        groups = columns // 32
        operand = self.parts.operands.view(
            m.operand, self.parts.registers, m.outer.immediate, m.inner, groups
        )
        result = np.zeros((m.outer.immediate, m.inner, rows), F32)
        for o, h, r in np.ndindex(*result.shape):
            sums = [F32(0)] * (1 << m.strands)
            for g in range(groups):
                x = [int(code) for code in operand.codes[o, h, g]]
                w = [int(code) for code in self.coded.codes[r, 32 * g : 32 * g + 32]]
                value = F32(sum(a * b for a, b in zip(w, x, strict=True)))
                place = r, g * 32 // self.coded.format.group
                if self.coded.scales is not None:
                    value = value * half(self.coded.scales[place])
                if self.coded.minima is not None:
                    value = value + half(self.coded.minima[place]) * F32(sum(x))
                strand = g % len(sums)
                sums[strand] = sums[strand] + value * operand.scales[o, h, g]
            while len(sums) > 1:
                middle = len(sums) // 2
                sums = [a + b for a, b in zip(sums[:middle], sums[middle:], strict=True)]
            result[o, h, r] = sums[0]
        return result


def half(word: np.uint16) -> np.float32:
    return F32(np.uint16(word).view(np.float16))


def case(name: str, rows: int, groups: int, tile: int = 4, **fields: Any) -> Case:
    rng = np.random.default_rng(17)
    kind = WeightFormat.parse(name)
    low, high = kind.code_range
    codes = rng.integers(low, high + 1, (rows, groups * 32))
    masks = kept = None
    layout = TileLayout(kind, tile, CONFIG.lanes, CONFIG.ports)
    if kind.sparse:
        kept = rng.choice([2, 4, 8, 16], layout.tiles(rows))
        masks = np.zeros((rows // 2, groups * 2), np.uint16)
        for pair, window in np.ndindex(*masks.shape):
            chosen = rng.permutation(16)[: kept[2 * pair // layout.tile_height]]
            masks[pair, window] = sum(1 << int(k) for k in chosen)
            left_out = [k for k in range(16) if k not in chosen]
            codes[2 * pair : 2 * pair + 2, [16 * window + k for k in left_out]] = 0

    def halves(sign: bool) -> npt.NDArray[np.uint16]:
        values = rng.normal(size=(rows, groups * 32 // kind.group)).astype(np.float16)
        return (values if sign else np.abs(values)).view(np.uint16)

    coded = CodedMatrix(
        kind,
        codes.astype(np.uint8) if kind.scale is ScaleKind.SCALE_MIN else codes.astype(np.int8),
        None if kind.scale is ScaleKind.NONE else halves(False),
        halves(True) if kind.scale is ScaleKind.SCALE_MIN else None,
        masks,
    )
    parts = Parts(layout.pack(coded, kept))
    stride = layout.tile_beats(groups) if kept is None else layout.sparse_stride(groups, kept)
    operand = parts.operands.view(OperandView(0), parts.registers, 1, 1, 256)
    operand.codes[...] = rng.integers(-127, 128, operand.codes.shape)
    operand.scales[...] = rng.random(operand.scales.shape)
    operand.sums[...] = operand.codes.sum(axis=-1)
    plain: dict[str, Any] = {
        "address": Address(WEIGHTS), "stride": stride,
        "tiles": Count(layout.tiles(rows)), "groups": Count(groups),
        "format": FormatField.of(kind), "tile_rows": TileRows.of(tile), "strands": 0,
        "outer": SmallCount(1), "inner": 1, "operand": OperandView(0),
        "destination": VectorView(0),
    }  # fmt: skip
    return Case(parts, coded, Multiply(Opcode.MM, **plain | fields))


def check(subject: Case) -> None:
    found, wanted = subject.run(), subject.wanted()
    assert found.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("name", ["int4", "uint4", "int8", "int8g64", "raw8", "int3", "int4s"])
@pytest.mark.parametrize("strands", [0, 1])
def test_every_format_equals_the_loops(name: str, strands: int) -> None:
    check(case(name, rows=32, groups=4, strands=strands))


@pytest.mark.parametrize("tile", [4, 8, 12, 16])
def test_rows_of_a_tile(tile: int) -> None:
    check(case("int4", rows=tile * 8, groups=1, tile=tile))


@pytest.mark.parametrize("strands", [0, 1, 2, 3])
def test_strands_that_are_not_filled(strands: int) -> None:
    check(case("int4", rows=16, groups=5, strands=strands))


def test_several_vectors_through_views_and_registers() -> None:
    subject = case(
        "uint4", rows=16, groups=2, outer=SmallCount(3), inner=2,
        operand=OperandView(1, 7, outer=9, inner=4),
        destination=VectorView(5, 6, outer=20, inner=3),
    )  # fmt: skip
    subject.parts.registers[7], subject.parts.registers[6] = 11, 30
    check(subject)


def test_a_large_product_is_shared_and_has_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = case("int4", rows=48, groups=4, strands=1).run()
    monkeypatch.setattr(matrix, "_SHARED_WORK", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    shared = case("int4", rows=48, groups=4, strands=1)
    assert shared.run().tobytes() == alone.tobytes()


def test_nothing_around_the_result_is_written() -> None:
    subject = case("int4", rows=16, groups=1, destination=VectorView(9))
    before = subject.parts.vectors.words.copy()
    subject.run()
    found = subject.parts.vectors.words
    assert found[:144].tobytes() == before[:144].tobytes()
    assert found[160:].tobytes() == before[160:].tobytes()


@pytest.mark.parametrize(
    "fields",
    [{"tiles": Count(0)}, {"groups": Count(0)}, {"outer": SmallCount(0)}, {"inner": 0}],
)
def test_nothing_to_do_writes_nothing(fields: dict[str, Any]) -> None:
    subject = case("int4", rows=16, groups=1)
    subject.instruction = dataclasses.replace(subject.instruction, **fields)
    before = subject.parts.vectors.words.tobytes()
    subject.parts.matrix.execute(subject.instruction, subject.parts.registers)
    assert subject.parts.vectors.words.tobytes() == before


def test_memory_that_a_program_writes_is_decoded_anew() -> None:
    subject = case("int8", rows=16, groups=1, address=Address(0x1000))
    cache, weights = (subject.parts.memory.region(name) for name in ("cache", "weights"))
    cache[...] = weights
    check(subject)
    cache[...] = 0
    assert not subject.run().any()


def test_a_sparse_tile_must_have_a_sound_header() -> None:
    subject = case("int4s", rows=16, groups=1)
    subject.parts.memory.region("weights")[0, 0] = 3
    with pytest.raises(DeviceError, match="N of a sparse tile must be 2, 4, 8 or 16, not 3"):
        subject.run()


def test_a_sparse_tile_must_fit_its_stride() -> None:
    subject = case("int4s", rows=16, groups=1, stride=1)
    with pytest.raises(DeviceError, match="must fit its stride of 1 beats"):
        subject.run()
