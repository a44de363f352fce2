"""What instructions touch: every address enumerated from the reference's sentences, or by hand."""

import itertools
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hw.verify.programs import CONFIG, HALT, load, misc, mm, mv, nop, store, sys

from wingbeat.hw.formats import WeightFormat
from wingbeat.hw.isa.footprint import Access, Interval, Space, accesses, value
from wingbeat.hw.isa.instructions import (
    Combine,
    Destination,
    Element,
    Instruction,
    LoadKind,
    Reduce,
    Scalar,
    StoreKind,
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

Touched = dict[str, tuple[Space, int, int, bool, bool]]

VECTOR, OPERAND, MEMORY = Space.VECTOR, Space.OPERAND, Space.MEMORY


def registers(**values: tuple[int, int]) -> list[Interval]:
    """All 0 but those named, such as r4=(1, 3)."""
    found = [Interval(0, 0)] * 32
    for name, (low, high) in values.items():
        found[int(name[1:])] = Interval(low, high)
    return found


def touched(instruction: Instruction, **values: tuple[int, int]) -> Touched:
    found = list(accesses(instruction, registers(**values), CONFIG))
    assert len({access.what for access in found}) == len(found)
    return {a.what: (a.space, a.start, a.stop, a.write, a.striped) for a in found}


def test_an_operand_is_its_constant_plus_its_register() -> None:
    assert value(Count(5, 2), registers(r2=(10, 20))) == Interval(15, 25)
    assert value(Address(7), registers(r2=(10, 20))) == Interval.point(7)


@pytest.mark.parametrize("instruction", [HALT, nop(), sys(Scalar.LOOP, immediate=3, length=0)])
def test_the_sequencer_touches_no_memory(instruction: Instruction) -> None:
    assert touched(instruction) == {}


def test_peek_reads_one_word_behind_its_view() -> None:
    peek = sys(Scalar.PEEK, 1, vector=VectorView(2, 3, outer=7, inner=9), length=5)
    assert touched(peek, r3=(1, 4)) == {"vector": (VECTOR, 48, 6 * 16 + 6, False, False)}


# ---- the vector machine ---------------------------------------------------------------------


def reading(
    view: VectorView, bases: range, rows: Iterable[tuple[int, int]], length: int
) -> set[int]:
    """Words of a source, or of a destination that is no reduction's."""
    return {
        16 * (view.base + register + o * view.outer + h * view.inner) + (0 if view.scalar else e)
        for register in bases
        for o, h in rows
        for e in range(length)
    }


def writing(vector: Vector, bases: range, rows: list[tuple[int, int]], length: int) -> set[int]:
    """Words (OPERAND: groups) of the destination."""
    view = vector.destination
    found: set[int] = set()
    for register, (o, h) in itertools.product(bases, rows):
        place = view.base + register + o * view.outer + h * view.inner
        if vector.target is Destination.OPERAND:
            together = 1 << vector.group.value
            filled = -(-length // (32 * together)) * together
            found |= set(range(place, place + filled))
        elif vector.reduce is Reduce.NONE:
            found |= reading(view, range(register, register + 1), [(o, h)], length)
        elif vector.reduce is Reduce.ARGMAX:
            found |= {16 * place, 16 * place + 1}
        elif view.scalar:
            found.add(16 * place)
        else:
            found.add(16 * (view.base + register + o * view.outer) + h)
    return found


def views(register: int) -> st.SearchStrategy[VectorView]:
    small = st.integers(0, 3)
    return st.builds(VectorView, small, st.just(register), small, small, st.integers(0, 1))


vectors = st.builds(
    misc,
    first=st.sampled_from([Combine.PASS, Combine.MUL]),
    second=st.sampled_from([Combine.PASS, Combine.ADD]),
    reduce=st.sampled_from(Reduce),
    group=st.sampled_from(GroupSize),
    outer=st.builds(SmallCount, st.integers(0, 3), st.just(5)),
    inner=st.integers(0, 3),
    length=st.builds(Count, st.integers(1, 300), st.just(6)),
    step=st.integers(0, 1),
    destination=views(1),
    a=views(2),
    b=views(3),
    c=views(4),
)
quantised = vectors.map(
    lambda v: misc(
        **{s.name: getattr(v, s.name) for s in v.slots() if s.name != "opcode"}
        | {"reduce": Reduce.NONE, "target": Destination.OPERAND}
    )
)
spread = st.tuples(st.integers(0, 3), st.integers(0, 3)).map(lambda p: (p[0], p[0] + p[1]))


@settings(max_examples=80, deadline=None)
@given(st.one_of(vectors, quantised), st.lists(spread, min_size=6, max_size=6))
def test_a_vector_instruction_touches_from_the_first_to_the_last_word(
    vector: Vector, ranges: list[tuple[int, int]]
) -> None:
    """For the largest counts: those of fewer rows and elements lie within."""
    bases = {f"r{i + 1}": pair for i, pair in enumerate(ranges)}
    outer = vector.outer.immediate + ranges[4][1]
    length = vector.length.immediate + ranges[5][1] + (outer - 1 if vector.step else 0)
    rows = list(itertools.product(range(outer), range(vector.inner)))

    def span(name: str, words: set[int]) -> Touched:
        space = OPERAND if vector.target is Destination.OPERAND and name[0] == "d" else VECTOR
        write = name == "destination"
        return {name: (space, min(words), max(words) + 1, write, False)} if words else {}

    wanted: Touched = {}
    for index, name in enumerate(["a", "b", "c"], 2):
        unread = {"b": vector.first, "c": vector.second}.get(name) is Combine.PASS
        low, high = ranges[index - 1]
        if not unread:
            view: VectorView = getattr(vector, name)
            wanted |= span(name, reading(view, range(low, high + 1), rows, length))
    low, high = ranges[0]
    wanted |= span("destination", writing(vector, range(low, high + 1), rows, length))
    assert touched(vector, **bases) == wanted


# ---- LD and ST ------------------------------------------------------------------------------


def test_a_load_reads_whole_beats_and_writes_words() -> None:
    """Rows of 18 words are 5 beats of 4 words; the third row begins 20 beats behind the first."""
    rows = load(
        address=Address(0x100, 2),
        stride=10,
        rows=SmallCount(1, 3),
        length=Count(18),
        destination=VectorView(4, register=5, outer=2),
    )
    assert touched(rows, r2=(0, 6), r3=(0, 2), r5=(1, 2)) == {
        "address": (MEMORY, 0x400, (0x106 + 25) * 4, False, False),
        "destination": (VECTOR, 80, (6 + 4) * 16 + 18, True, False),
    }


def test_a_load_of_halves_reads_half_the_beats() -> None:
    rows = load(address=Address(8), length=Count(18), element=Element.F16)
    assert touched(rows)["address"] == (MEMORY, 32, (8 + 3) * 4, False, False)
    assert touched(rows)["destination"] == (VECTOR, 0, 18, True, False)


@pytest.mark.parametrize(("last", "tiles"), [(63, 1), (64, 2), (127, 2)])
def test_a_gather_may_read_the_whole_matrix_on_every_port_and_its_list(
    last: int, tiles: int
) -> None:
    """Tiles of 64 rows; 2 lanes a port, 2 groups of 18 beats."""
    gather = load(
        kind=LoadKind.GATHER,
        address=Address(0x10, 2),
        list=Address(0x33, 4),
        rows=SmallCount(0, 3),
        length=Count(64),
        format=FormatField.of(WeightFormat.parse("int4g32")),
        tile_rows=TileRows.R16,
        last=last,
    )
    assert touched(gather, r2=(0, 1), r3=(2, 5), r4=(0, 7)) == {
        "matrix": (MEMORY, 0x40, (0x11 + tiles * 72) * 4, False, True),
        "list": (MEMORY, 0x33, 0x33 + 7 + 5, False, False),
        "destination": (VECTOR, 0, 64, True, False),
    }


def test_a_store_reads_words_and_writes_whole_beats() -> None:
    rows = store(
        address=Address(0x100),
        stride=10,
        rows=SmallCount(1, 9),
        length=Count(17),
        vector=VectorView(4, outer=3),
    )
    assert touched(rows, r9=(0, 1)) == {
        "address": (MEMORY, 0x400, (0x100 + 15) * 4, True, False),
        "vector": (VECTOR, 64, 7 * 16 + 17, False, False),
    }


def test_a_store_of_one_word_writes_one_beat() -> None:
    assert touched(store(address=Address(3), stride=9, length=Count(1))) == {
        "address": (MEMORY, 12, 16, True, False),
        "vector": (VECTOR, 0, 1, False, False),
    }


def cached(kind: StoreKind, **fields: Any) -> Instruction:
    """Three positions of a head of 64, from register 7 on; tiles of 16 rows."""
    sound: dict[str, Any] = {
        "address": Address(0x200),
        "rows": SmallCount(3),
        "length": Count(64),
        "operand": OperandView(5, outer=2),
        "position": 7,
    }
    return store(kind=kind, **sound | fields)


def test_keys_reach_to_the_tile_of_the_last_position() -> None:
    """A tile: in each of two lanes a beat of scales and 16 of codes."""
    for last, tiles in ((13, 1), (14, 2), (29, 2), (30, 3)):
        assert touched(cached(StoreKind.KEYS), r7=(0, last)) == {
            "address": (MEMORY, 0x800, (0x200 + tiles * 34) * 4, True, True),
            "operand": (OPERAND, 5, 5 + 2 * 2 + 2, False, False),
        }


def test_one_position_of_one_group_is_enough_to_touch_a_tile() -> None:
    """At most: the rows are 0 or 1. A tile of one group is 9 beats in each of two lanes."""
    keys = cached(StoreKind.KEYS, rows=SmallCount(0, 9), length=Count(32))
    assert touched(keys, r9=(0, 1)) == {
        "address": (MEMORY, 0x800, (0x200 + 18) * 4, True, True),
        "operand": (OPERAND, 5, 6, False, False),
    }


def test_values_reach_to_the_block_of_the_last_position_in_the_last_tile() -> None:
    """Four tiles of 16 dimensions; a block of 32 positions is 8 beats in each of two lanes."""
    for last, blocks, beats in ((5, 1, 1), (6, 1, 2), (29, 1, 4), (30, 2, 5)):
        values = cached(StoreKind.VALUES, stride=100, list=Address(0x50, 8))
        assert touched(values, r7=(0, last), r8=(0, 3)) == {
            "list": (MEMORY, 0x140, (0x53 + beats) * 4, True, False),
            "address": (MEMORY, 0x800, (0x200 + 3 * 100 + blocks * 16) * 4, True, True),
            "operand": (OPERAND, 5, 11, False, False),
        }


@pytest.mark.parametrize(("kind", "words"), [(StoreKind.WORD, 1), (StoreKind.PUBLISH, 2)])
def test_single_words_are_at_a_word_address(kind: StoreKind, words: int) -> None:
    found = touched(store(kind=kind, list=Address(0x51, 1)), r1=(0, 2))
    assert found == {"list": (MEMORY, 0x51, 0x53 + words, True, False)}


# ---- the matrix processing engine -------------------------------------------------------------


def test_a_product_reads_its_tiles_and_vectors_and_writes_its_rows() -> None:
    """Three tiles of 64 rows, 2 groups of 18 beats in each of two lanes, 4 x 2 vectors."""
    product = mm(
        address=Address(0x10, 1),
        stride=80,
        tiles=Count(1, 2),
        outer=SmallCount(1, 3),
        inner=2,
        operand=OperandView(3, register=4, outer=10, inner=5),
        destination=VectorView(7, register=5, outer=40, inner=20),
    )
    found = touched(product, r1=(0, 5), r2=(0, 2), r3=(1, 3), r4=(0, 1), r5=(2, 6))
    assert found == {
        "address": (MEMORY, 0x40, (0x15 + 2 * 80 + 72) * 4, False, True),
        "operand": (OPERAND, 3, 4 + 3 * 10 + 5 + 2, False, False),
        "destination": (VECTOR, 9 * 16, (13 + 3 * 40 + 20) * 16 + 192, True, False),
    }


def test_a_sparse_tile_is_as_long_as_its_stride() -> None:
    product = mv(format=FormatField.of(WeightFormat.parse("int4g32s")), stride=50)
    assert touched(product)["address"] == (MEMORY, 0, 2 * 50 * 4, False, True)


def test_a_product_without_tiles_or_groups_reads_no_stream() -> None:
    assert touched(mv(tiles=Count(0), stride=10)).keys() == {"operand"}
    assert touched(mv(groups=Count(0))).keys() == {"destination"}


# ---- nothing to do ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "instruction",
    [
        load(rows=SmallCount(0)),
        load(length=Count(0)),
        store(rows=SmallCount(0)),
        store(length=Count(0)),
        cached(StoreKind.KEYS, rows=SmallCount(0)),
        cached(StoreKind.VALUES, length=Count(0)),
        mm(outer=SmallCount(0), tiles=Count(0)),
        misc(outer=SmallCount(0), step=1),
        misc(inner=0, reduce=Reduce.ARGMAX),
        misc(length=Count(0), target=Destination.OPERAND),
    ],
)
def test_what_has_no_elements_touches_nothing(instruction: Instruction) -> None:
    assert touched(instruction) == {}


# ---- conflicts --------------------------------------------------------------------------------


def test_two_accesses_conflict_if_one_writes_what_the_other_touches() -> None:
    for space, write, start, size in itertools.product(
        (MEMORY, VECTOR), (False, True), range(8), range(1, 4)
    ):
        first = Access(MEMORY, 3, 6, True, "first")
        reader = Access(MEMORY, 3, 6, False, "reader")
        other = Access(space, start, start + size, write, "other")
        shared = space is MEMORY and bool({3, 4, 5} & set(range(start, start + size)))
        assert first.conflicts(other) == other.conflicts(first) == shared
        assert reader.conflicts(other) == other.conflicts(reader) == (shared and write)
