import dataclasses

import pytest
from tests.hw.verify.programs import accepted, argument, load, misc, refused, store, sys

from wingbeat.hw.formats import WeightFormat
from wingbeat.hw.isa.instructions import (
    Destination,
    Instruction,
    LoadKind,
    Reduce,
    Scalar,
    Store,
    StoreKind,
    Unit,
)
from wingbeat.hw.isa.operands import (
    Address,
    Count,
    FormatField,
    SmallCount,
    TileRows,
    VectorView,
)


def gather(length: Count, name: str = "int4g32") -> Instruction:
    return load(
        kind=LoadKind.GATHER,
        address=Address(0),
        rows=SmallCount(1),
        length=length,
        list=Address(0x1600 * 4),
        format=FormatField.of(WeightFormat.parse(name)),
        last=63,
    )


def values(stride: int, length: int, rows: int = 1) -> Store:
    """Append to a value cache from the position in register 1 on."""
    return store(
        kind=StoreKind.VALUES,
        address=Address(0x1200),
        stride=stride,
        rows=SmallCount(rows),
        length=Count(length),
        list=Address(0x1600),
        position=1,
    )


def test_sound_instructions_are_accepted() -> None:
    accepted(load(), store(), misc(), gather(Count(64)))


def test_an_address_must_not_wrap() -> None:
    refused(
        load(address=Address(2**32 - 1, 1)),
        arguments=(argument(1, 0, 1),),
        because="instruction 0 (ld.vector): `address` must not wrap past 2**32, not reach "
        "0x100000000",
    )


def test_counts_must_fit_the_units_counters() -> None:
    refused(
        misc(outer=SmallCount(200, 1), length=Count(0)),
        arguments=(argument(1, 0, 56),),
        because="instruction 0 (misc.map): `outer` must be at most 255, what the unit can count, "
        "not 200 to 256",
    )
    refused(
        misc(length=Count(65535, 1)),
        arguments=(argument(1, 1, 1),),
        because="instruction 0 (misc.map): `length` must be at most 65535, what the unit can "
        "count, not 65536",
    )


SCALAR = VectorView(scalar=1)


@pytest.mark.parametrize(
    ("instruction", "name", "field"),
    [
        (load(destination=SCALAR), "ld.vector", "destination"),
        (misc(destination=SCALAR), "misc.map", "destination"),
        (
            misc(destination=SCALAR, target=Destination.OPERAND),
            "misc.quantise",
            "destination",
        ),
        (sys(Scalar.PEEK, 1, vector=SCALAR), "sys.peek", "vector"),
    ],
)
def test_only_sources_and_results_of_reductions_are_scalars(
    instruction: Instruction, name: str, field: str
) -> None:
    refused(
        instruction,
        because=f"instruction 0 ({name}): `{field}` must not be a scalar: "
        "it is more than one word of each row",
    )


def test_scalars_have_their_places() -> None:
    accepted(
        misc(a=SCALAR, b=SCALAR, c=SCALAR),
        misc(destination=SCALAR, reduce=Reduce.SUM),
        misc(destination=SCALAR, reduce=Reduce.ARGMAX),
        store(vector=SCALAR),
    )


def test_a_gather_takes_one_format_of_the_accelerator() -> None:
    accepted(gather(Count(64), "int8g64"), gather(Count(64), "int4g32"))
    for name in ("int5g32", "int8g32", "raw8"):  # the last two are those of the caches
        refused(
            gather(Count(64), name),
            because="instruction 0 (ld.gather): `format` of a gather must be one of the "
            f"accelerator's `formats` (int4g32, int8g64, int4g32s), not {name}",
        )


def test_a_gather_is_dense() -> None:
    refused(
        gather(Count(64), "int4g32s"),
        because="instruction 0 (ld.gather): `format` of a gather must be dense, not int4g32s: "
        "where a sparse row lies depends on the tiles before it",
    )


def test_a_gather_takes_whole_groups() -> None:
    for length, shown in ((Count(48), "48"), (Count(32, 1), "32 to 64")):
        refused(
            gather(length),
            arguments=(argument(1, 0, 32),),
            because="instruction 0 (ld.gather): `length` of a gather must be one multiple of 32, "
            f"the format's group, for all register values, not {shown}",
        )
    refused(
        gather(Count(96), "int8g64"),
        because="instruction 0 (ld.gather): `length` of a gather must be one multiple of 64, "
        "the format's group, for all register values, not 96",
    )


def test_a_head_has_whole_groups() -> None:
    for kind in (StoreKind.KEYS, StoreKind.VALUES):
        for length, shown in ((Count(40), "40"), (Count(32, 1), "32 to 64")):
            refused(
                store(kind=kind, address=Address(0x1200), length=length, list=Address(0x1600)),
                arguments=(argument(1, 0, 32),),
                because=f"instruction 0 (st.{kind.name.lower()}): `length`, the head dimension, "
                f"must be one multiple of 32 for all register values, not {shown}: "
                "the operand memory holds groups of 32",
            )


def publish(length: Count) -> Instruction:
    return store(kind=StoreKind.PUBLISH, list=Address(0x1600 * 4), length=length)


def test_a_ring_is_a_power_of_two() -> None:
    accepted(publish(Count(64)), publish(Count(1)))
    for length, shown in ((Count(0), "0"), (Count(48), "48"), (Count(32, 1), "32 to 64")):
        refused(
            publish(length),
            arguments=(argument(1, 0, 32),),
            because="instruction 0 (st.publish): `length`, the entries of the ring, must be one "
            f"power of two for all register values, not {shown}: "
            "positions in the ring are taken modulo it",
        )


def test_tiles_of_values_must_not_overlap() -> None:
    # 16 rows of a tile; 2 lanes share a port; 8 beats a lane and group of 32 positions
    positions = (argument(1, 0, 62),)
    accepted(values(32, 32), arguments=positions)
    accepted(dataclasses.replace(values(0, 32), tile_rows=TileRows.R8), arguments=positions)
    refused(
        values(31, 32),
        arguments=positions,
        because="instruction 0 (st.values): `stride` must be at least 32 beats, "
        "a tile of 63 positions, not 31",
    )


def test_a_vector_instruction_has_rows() -> None:
    refused(
        misc(inner=0),
        because="instruction 0 (misc.map): `inner` must be at least 1, not 0: "
        "there would be no row to work on",
    )


@pytest.mark.parametrize("reduce", [Reduce.SUM, Reduce.MAX, Reduce.ARGMAX])
def test_a_reduction_is_not_quantised(reduce: Reduce) -> None:
    refused(
        misc(reduce=reduce, target=Destination.OPERAND),
        because="instruction 0 (misc.quantise): `reduce` must be NONE where the target is OPERAND, "
        f"not {reduce.name}: the operand memory holds rows, not single results",
    )


def test_a_step_needs_a_reduction_or_the_operand_memory() -> None:
    accepted(misc(step=1, reduce=Reduce.SUM), misc(step=1, target=Destination.OPERAND))
    refused(
        misc(step=1),
        because="instruction 0 (misc.map): `step` must be 0 where `reduce` is NONE and the target "
        "VECTOR, not 1: elements behind a row's own end have nowhere to go",
    )


def test_a_fence_is_for_another_unit() -> None:
    refused(
        sys(Scalar.FENCE, target=Unit.SYS),
        because="instruction 0 (sys.fence): `target` of a fence must be LD, ST, MPE or MISC, "
        "not SYS: SYS waits by itself",
    )
