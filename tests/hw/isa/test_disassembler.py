import pytest

from wingbeat.hw.formats import Q4_0, Q8_0
from wingbeat.hw.isa.disassembler import describe, disassemble, line
from wingbeat.hw.isa.instructions import (
    Combine,
    Destination,
    Element,
    Function,
    Instruction,
    Load,
    LoadKind,
    Multiply,
    Opcode,
    Reduce,
    Scalar,
    Store,
    StoreKind,
    System,
    Unit,
    Vector,
)
from wingbeat.hw.isa.operands import (
    Address,
    Count,
    FormatField,
    GroupSize,
    OperandView,
    SmallCount,
    TileRows,
    VectorView,
)
from wingbeat.hw.isa.program import Program


def sys(operation: Scalar, **fields: object) -> System:
    return System(Opcode.SYS, operation=operation, **fields)  # type: ignore[arg-type]


def mask(*units: Unit) -> int:
    return sum(1 << unit.value for unit in units)


WEIGHTS = {
    "address": Address(0x4000, 3),
    "stride": 216,
    "tiles": Count(3),
    "groups": Count(18),
    "format": FormatField.of(Q4_0),
    "tile_rows": TileRows.R12,
    "operand": OperandView(12),
    "destination": VectorView(0x120, 5),
}

LINES: list[tuple[Instruction, str]] = [
    (
        Load(
            Opcode.LD,
            release=mask(Unit.MISC, Unit.ST),
            address=Address(0x100),
            stride=9,
            rows=SmallCount(2),
            length=Count(0, 4),
            element=Element.F16,
            destination=VectorView(8, outer=36),
        ),
        "ld.vector     v[8; 36,0] = m[0x100; 9]  2 x r4, f16  release ST,MISC",
    ),
    (
        Load(
            Opcode.LD,
            kind=LoadKind.GATHER,
            address=Address(0x4000),
            rows=SmallCount(0, 7),
            length=Count(576),
            list=Address(0x100, 2),
            format=FormatField.of(Q8_0),
            tile_rows=TileRows.R12,
            last=49151,
            destination=VectorView(0, 4, 36),
        ),
        "ld.gather     v[r4; 36,0] = m[0x4000].row(w[0x100+r2])  r7 x 576, int8g32 x 12, "
        "to row 49151",
    ),
    (
        Store(
            Opcode.ST,
            address=Address(64),
            stride=2,
            rows=SmallCount(1),
            length=Count(7),
            vector=VectorView(3),
        ),
        "st.vector     m[64; 2] = v[3]  1 x 7",
    ),
    (
        Store(
            Opcode.ST,
            kind=StoreKind.KEYS,
            address=Address(0, 9),
            rows=SmallCount(1),
            length=Count(64),
            operand=OperandView(6, outer=2),
            position=5,
        ),
        "st.keys       m[r9] = o[6; 2,0]  1 x 64, x 4, from position r5",
    ),
    (
        Store(
            Opcode.ST,
            kind=StoreKind.VALUES,
            address=Address(0, 9),
            stride=72,
            rows=SmallCount(1),
            length=Count(64),
            operand=OperandView(6),
            list=Address(0x900),
            position=5,
        ),
        "st.values     m[r9; 72], m[0x900] = o[6]  1 x 64, x 4, from position r5",
    ),
    (
        Store(Opcode.ST, kind=StoreKind.WORD, list=Address(4, 1), position=6),
        "st.word       w[4+r1] = r6",
    ),
    (
        Store(Opcode.ST, kind=StoreKind.PUBLISH, list=Address(4), position=6, length=Count(64)),
        "st.publish    w[4] = r6  ring of 64",
    ),
    (
        Multiply(Opcode.MV, wait=mask(Unit.MISC), **WEIGHTS),  # type: ignore[arg-type]
        "mv            v[0x120+r5] = m[0x4000+r3; 216] * o[12]  3 tiles x 18 groups, "
        "int4g32 x 12  wait MISC",
    ),
    (
        Multiply(Opcode.MM, strands=2, outer=SmallCount(0, 7), inner=3, **WEIGHTS),  # type: ignore[arg-type]
        "mm            v[0x120+r5] = m[0x4000+r3; 216] * o[12]  3 tiles x 18 groups, "
        "int4g32 x 12, r7 x 3 vectors, 4 strands",
    ),
    (
        Vector(
            Opcode.MISC,
            wait=mask(Unit.MPE),
            first=Combine.SUB,
            function=Function.EXP2,
            second=Combine.MUL,
            target=Destination.OPERAND,
            group=GroupSize.G64,
            outer=SmallCount(9),
            inner=1,
            length=Count(64),
            step=1,
            destination=VectorView(12, 4),
            a=VectorView(96),
            b=VectorView(12, scalar=1),
            c=VectorView(400),
        ),
        "misc.quantise o[12+r4] = exp2(v[96] - v[12].s) * v[0x190]  9 x 1 x 64.., g64  wait MPE",
    ),
    (
        Vector(
            Opcode.MISC,
            first=Combine.MUL,
            second=Combine.ADD,
            reduce=Reduce.SUM,
            outer=SmallCount(1),
            inner=2,
            length=Count(8),
            destination=VectorView(1, scalar=1),
            a=VectorView(2),
            b=VectorView(3),
            c=VectorView(4),
        ),
        "misc.sum      v[1].s = sum((v[2] * v[3]) + v[4])  1 x 2 x 8",
    ),
    (
        Vector(
            Opcode.MISC,
            second=Combine.MAX,
            outer=SmallCount(1),
            inner=1,
            length=Count(8),
            a=VectorView(2),
            c=VectorView(4),
        ),
        "misc.map      v[0] = max(v[2], v[4])  1 x 1 x 8",
    ),
    (sys(Scalar.ADD, destination=3, a=1, immediate=5), "sys.add       r3 = r1 + 5"),
    (sys(Scalar.ADD, destination=3, a=1, immediate=2**32 - 1), "sys.add       r3 = r1 + -1"),
    (sys(Scalar.SUB, destination=3, a=1, b=2, immediate=5), "sys.sub       r3 = r1 - (r2 + 5)"),
    (
        sys(Scalar.LESS, destination=3, b=2, immediate=2**32 - 1),
        "sys.less      r3 = 0 < (r2 - 1)",
    ),
    (sys(Scalar.LESS, destination=3, b=2), "sys.less      r3 = 0 < r2"),
    (sys(Scalar.MIN, destination=3, a=3, immediate=8192), "sys.min       r3 = min(r3, 0x2000)"),
    (
        sys(Scalar.CEILDIV, destination=3, a=3, immediate=32),
        "sys.ceildiv   r3 = ceildiv(r3, 32)",
    ),
    (
        sys(Scalar.PEEK, destination=3, vector=VectorView(9), length=1),
        "sys.peek      r3 = v[9].word(1)",
    ),
    (
        sys(Scalar.FENCE, target=Unit.MPE, wait=mask(Unit.ST)),
        "sys.fence     MPE  wait ST",
    ),
    (sys(Scalar.HALT), "sys.halt"),
]


@pytest.mark.parametrize(("instruction", "expected"), LINES, ids=[text[:14] for _, text in LINES])
def test_line(instruction: Instruction, expected: str) -> None:
    assert line(instruction) == expected


def test_bodies_of_loops_are_indented() -> None:
    nop = sys(Scalar.ADD)
    program = Program(
        (
            sys(Scalar.LOOP, a=1, length=3),
            nop,
            sys(Scalar.LOOP, immediate=4, length=1),
            nop,
            nop,
            sys(Scalar.HALT),
        )
    )
    assert disassemble(program) == [
        "0  sys.loop      r1 times: next 3",
        "1      sys.add       r0 = 0 + 0",
        "2      sys.loop      4 times: next 1",
        "3          sys.add       r0 = 0 + 0",
        "4  sys.add       r0 = 0 + 0",
        "5  sys.halt",
    ]


def test_an_undecodable_format_is_shown_raw() -> None:
    broken = Multiply(Opcode.MV, format=FormatField(0, GroupSize.G256))
    assert "format 0x18 x 4" in line(broken)


def test_description_names_every_field_that_is_set() -> None:
    instruction = Multiply(Opcode.MV, strands=2, operand=OperandView(12, outer=3))
    assert describe(instruction) == [
        "strands = 2  (log2 of the accumulators that share a reduction)",
        "operand.base = 12  (groups)",
        "operand.outer = 3  (groups from one outer index to the next)",
    ]
