from fractions import Fraction

import pytest
from tests.hw.verify.programs import CONFIG, accepted, argument, mm, mv, refused

from wingbeat.hw.cost import group_cycles
from wingbeat.hw.formats import WeightFormat
from wingbeat.hw.isa.instructions import Opcode
from wingbeat.hw.isa.operands import Count, FormatField, SmallCount, TileRows
from wingbeat.hw.verify.matrix import revisit_cycles


def field(name: str) -> FormatField:
    return FormatField.of(WeightFormat.parse(name))


def test_sound_products_are_accepted() -> None:
    accepted(mv(), mm(), mm(outer=SmallCount(2), inner=4))


def test_the_caches_formats_are_always_decoded() -> None:
    accepted(mv(format=field("int8g32"), stride=200), mv(format=field("raw8"), stride=200))


def test_the_accelerator_must_decode_the_format() -> None:
    refused(
        mv(format=field("uint4g32")),
        because="instruction 0 (mv): `format` must be one that the accelerator decodes "
        "(int4g32, int8g64, int4g32s, int8g32, raw8), not uint4g32",
    )


def test_a_format_that_no_lane_decodes_is_no_instruction() -> None:
    refused(
        mv(format=FormatField(0)),
        because="instruction 0 (mv): `bits` of a weight format must be 2 to 8, not 1",
    )


def test_an_mv_takes_one_vector() -> None:
    refused(
        mv(outer=SmallCount(0, 1)),
        arguments=(argument(1, 1, 2),),
        because="instruction 0 (mv): `outer` of an MV must be 1 for all register values, "
        "not 1 to 2",
    )
    refused(
        mv(outer=SmallCount(0, 1)),
        arguments=(argument(1, 0, 1),),
        because="instruction 0 (mv): `outer` of an MV must be 1 for all register values, "
        "not 0 to 1",
    )
    refused(mv(inner=2), because="instruction 0 (mv): `inner` of an MV must be 1, not 2")
    accepted(mv(outer=SmallCount(0, 1)), arguments=(argument(1, 1, 1),))


def test_a_product_has_vectors() -> None:
    refused(
        mm(inner=0),
        because="instruction 0 (mm): `inner` must be at least 1, not 0: "
        "there would be no vector to multiply",
    )


def test_an_mm_takes_as_many_vectors_as_the_accelerator_has_tokens() -> None:
    accepted(mm(outer=SmallCount(0, 1), inner=2), arguments=(argument(1, 0, 4),))
    refused(
        mm(outer=SmallCount(0, 1), inner=2),
        arguments=(argument(1, 0, 5),),
        because="instruction 0 (mm): `outer` x `inner` must be at most 8 vectors, "
        "the accelerator's `tokens`, not 10",
    )


def test_results_must_fit_the_accumulators() -> None:
    assert CONFIG.accumulators == 128
    accepted(mm(outer=SmallCount(4), strands=1))
    refused(
        mm(outer=SmallCount(4), strands=2),
        because="instruction 0 (mm): rows x vectors x strands must be at most 128, "
        "the accumulators of a lane, not 256 (16 x 4 x 4)",
    )


def test_tiles_must_not_overlap() -> None:
    refused(
        mv(stride=71),
        because="instruction 0 (mv): `stride` must be at least 72 beats, a tile of 2 groups, "
        "not 71",
    )
    refused(
        mv(groups=Count(0, 1)),
        arguments=(argument(1, 0, 3),),
        because="instruction 0 (mv): `stride` must be at least 108 beats, a tile of 3 groups, "
        "not 72",
    )
    accepted(mv(stride=0, tiles=Count(1)))


def test_tiles_are_whole_words_of_the_port() -> None:
    wide = CONFIG.model_copy(update={"port_bits": 256})
    accepted(mv(stride=74), config=wide)
    refused(
        mv(stride=73),
        because="instruction 0 (mv): `stride` must be a multiple of 2 beats, a word of the port, "
        "not 73",
        config=wide,
    )


def test_sparse_tiles_hold_at_least_two_codes_of_each_window() -> None:
    least = 2 * (1 + 2 * (2 + 2 + 2))  # 2 lanes of a header and 2 groups
    accepted(mv(format=field("int4g32s"), stride=least))
    for tiles in (1, 2):
        refused(
            mv(format=field("int4g32s"), stride=least - 1, tiles=Count(tiles)),
            because=f"instruction 0 (mv): `stride` must be at least {least} beats, "
            f"a tile of 2 groups, not {least - 1}",
        )


def test_an_accumulator_is_revisited_no_sooner_than_its_adder_answers() -> None:
    rows = {"tile_rows": TileRows.R4, "stride": 20}
    refused(
        mv(**rows),
        because="instruction 0 (mv): an accumulator must be revisited after 8 cycles, "
        "the adder's latency, not 4; 4 rows of int4g32 take 4 cycles a group and `strands` "
        "makes that 1 groups",
    )
    accepted(mv(**rows, strands=1))
    refused(
        mv(**rows, strands=1, format=field("int4g32s")),
        because="instruction 0 (mv): an accumulator must be revisited after 8 cycles, "
        "the adder's latency, not 4; 4 rows of int4g32s take 2 cycles a group and `strands` "
        "makes that 2 groups",
    )
    accepted(mv(**rows, strands=2, format=field("int4g32s")))
    accepted(mm(**rows))


@pytest.mark.parametrize("kind", ["int", "uint"])
@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("rows", [4, 8, 12, 16])
@pytest.mark.parametrize("opcode", [Opcode.MV, Opcode.MM])
def test_no_group_takes_longer_than_its_cost(
    kind: str, bits: int, rows: int, opcode: Opcode
) -> None:
    """The verifier may count fewer cycles than `cost`, never more."""
    if kind == "uint" and bits == 8:
        return
    for strands in (1, 2, 4, 8):
        weights = WeightFormat.parse(f"{kind}{bits}")
        vectors = 1 if opcode is Opcode.MV else 2
        cycles = strands * rows * Fraction(group_cycles(weights, 16, vectors, 1))
        assert revisit_cycles(weights, opcode, rows, strands) <= cycles
