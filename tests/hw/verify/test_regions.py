import pytest
from tests.hw.verify.programs import (
    accepted,
    argument,
    load,
    misc,
    mm,
    mv,
    refused,
    store,
    sys,
)

from wingbeat.hw.formats import Q4_0, WeightFormat
from wingbeat.hw.isa.instructions import (
    Destination,
    Element,
    Instruction,
    LoadKind,
    Scalar,
    StoreKind,
)
from wingbeat.hw.isa.operands import (
    Address,
    Count,
    FormatField,
    OperandView,
    SmallCount,
    TileRows,
    VectorView,
)

WEIGHTS = "region `weights` [0x0, 0x1200)"
TOKENS = "region `tokens` [0x1600, 0x1700)"
CONSTANTS = "region `constants` [0x2000, 0x2100)"


def keys(address: int, rows: int = 1) -> Instruction:
    return store(
        kind=StoreKind.KEYS,
        address=Address(address),
        rows=SmallCount(rows),
        length=Count(64),
        tile_rows=TileRows.R16,
        position=1,
    )


def test_the_last_beat_counts() -> None:
    # two tiles of 72 beats
    accepted(mv(address=Address(0x1200 - 144)))
    refused(
        mv(address=Address(0x1200 - 143)),
        because=f"instruction 0 (mv): `address` reaches beat 0x1200 outside {WEIGHTS}",
    )


def test_a_sparse_product_reads_whole_strides() -> None:
    sparse = {"format": FormatField.of(WeightFormat.parse("int4g32s")), "stride": 100}
    accepted(mv(address=Address(0x1200 - 200), **sparse))
    refused(
        mv(address=Address(0x1200 - 199), **sparse),
        because=f"instruction 0 (mv): `address` reaches beat 0x1200 outside {WEIGHTS}",
    )


def test_every_value_of_a_register_counts() -> None:
    accepted(mv(address=Address(0, 1)), arguments=(argument(1, 5, 0x1200 - 144),))
    refused(
        mv(address=Address(0, 1)),
        arguments=(argument(1, 5, 0x1200),),
        because=f"instruction 0 (mv): `address` reaches beat 0x128f outside {WEIGHTS}",
    )


def test_the_largest_count_counts() -> None:
    accepted(load(length=Count(0, 1)), arguments=(argument(1, 0, 0x400),))
    refused(
        load(length=Count(0, 1)),
        arguments=(argument(1, 0, 0x401),),
        because=f"instruction 0 (ld.vector): `address` reaches beat 0x2100 outside {CONSTANTS}",
    )


def test_halves_take_half_as_much() -> None:
    accepted(load(length=Count(0x800), element=Element.F16))


def test_rows_are_a_stride_apart() -> None:
    accepted(load(rows=SmallCount(8), stride=0x20, length=Count(0x80)))
    refused(
        load(rows=SmallCount(8), stride=0x20, length=Count(0x81)),
        because=f"instruction 0 (ld.vector): `address` reaches beat 0x2100 outside {CONSTANTS}",
    )


def test_between_regions_there_is_nothing() -> None:
    refused(
        load(address=Address(0x1700)),
        because="instruction 0 (ld.vector): `address` reaches beat 0x1700, which is in no region",
    )


def test_adjoining_regions_are_not_one() -> None:
    refused(
        mv(address=Address(0x1600 - 143)),
        because="instruction 0 (mv): `address` reaches beat 0x1600 outside region `cache` "
        "[0x1200, 0x1600)",
    )


def test_what_is_read_only_is_not_written() -> None:
    refused(
        store(address=Address(0x2000)),
        because=f"instruction 0 (st.vector): `address` must not write to {CONSTANTS}, "
        "which is read-only",
    )


def gather(matrix: int, indices: int) -> Instruction:
    return load(
        kind=LoadKind.GATHER,
        address=Address(matrix),
        rows=SmallCount(5),
        length=Count(64),
        list=Address(indices),
        format=FormatField.of(Q4_0),
        tile_rows=TileRows.R16,
        last=64,
    )


@pytest.mark.parametrize(
    ("instruction", "name", "what"),
    [
        (mv(address=Address(0x1600)), "mv", "address"),
        (keys(0x1600), "st.keys", "address"),
        (gather(0x1600, 0), "ld.gather", "matrix"),
    ],
)
def test_streams_lie_in_striped_regions(instruction: Instruction, name: str, what: str) -> None:
    refused(
        instruction,
        because=f"instruction 0 ({name}): `{what}` must lie in a striped region, not in "
        "`tokens` [0x1600, 0x1700): every port holds a part of it",
    )


def test_what_port_0_reads_may_lie_anywhere() -> None:
    accepted(load(address=Address(0x1200)), store(address=Address(0x1200)), gather(0, 0))


def test_a_gather_reaches_the_whole_matrix_and_its_list() -> None:
    accepted(gather(0x1200 - 144, 0x1700 * 4 - 5))
    refused(
        gather(0x1200 - 143, 0),
        because=f"instruction 0 (ld.gather): `matrix` reaches beat 0x1200 outside {WEIGHTS}",
    )
    refused(
        gather(0, 0x1700 * 4 - 4),
        because=f"instruction 0 (ld.gather): `list` reaches beat 0x1700 outside {TOKENS}",
    )


def test_a_cache_holds_all_positions() -> None:
    # a tile of 64 positions has 2 groups of 34 beats a lane, 136 on a port: 7 tiles fit
    accepted(keys(0x1200), arguments=(argument(1, 0, 447),))
    refused(
        keys(0x1200),
        arguments=(argument(1, 0, 448),),
        because="instruction 0 (st.keys): `address` reaches beat 0x163f outside region `cache` "
        "[0x1200, 0x1600)",
    )


def test_words_and_rings() -> None:
    last = 0x1700 * 4 - 1
    accepted(store(kind=StoreKind.WORD, list=Address(last)))
    refused(
        store(kind=StoreKind.PUBLISH, list=Address(last), length=Count(64)),
        because=f"instruction 0 (st.publish): `list` reaches beat 0x1700 outside {TOKENS}",
    )


def test_the_vector_memory_ends() -> None:
    accepted(misc(destination=VectorView(255)))
    refused(
        misc(destination=VectorView(255), length=Count(17)),
        because="instruction 0 (misc.map): `destination` reaches word 4096 outside the vector "
        "memory of 4096 words",
    )
    refused(
        misc(a=VectorView(0, 1)),
        arguments=(argument(1, 0, 256),),
        because="instruction 0 (misc.map): `a` reaches word 4111 outside the vector memory "
        "of 4096 words",
    )
    refused(
        sys(Scalar.PEEK, 1, vector=VectorView(255), length=16),
        because="instruction 0 (sys.peek): `vector` reaches word 4096 outside the vector memory "
        "of 4096 words",
    )


def test_the_operand_memory_ends() -> None:
    accepted(misc(destination=VectorView(255), target=Destination.OPERAND, length=Count(32)))
    refused(
        misc(destination=VectorView(255), target=Destination.OPERAND, length=Count(33)),
        because="instruction 0 (misc.quantise): `destination` reaches group 256 outside the "
        "operand memory of 256 groups",
    )
    refused(
        mm(operand=OperandView(0, outer=100)),
        because="instruction 0 (mm): `operand` reaches group 301 outside the operand memory "
        "of 256 groups",
    )
