"""The cycle model, followed by hand.

A load of 64 words is 16 beats: it occupies LD for 16 cycles and is visible 100 cycles later.
"""

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hw.verify.programs import HALT, add, fence, load, mask, misc, mv, nop, store

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.cost import MATRIX_LATENCY, MEMORY_LATENCY, REDUCTION_TAIL, VECTOR_LATENCY
from wingbeat.hw.isa.instructions import Instruction, Multiply, Reduce, Store, Unit
from wingbeat.hw.isa.operands import Count, SmallCount
from wingbeat.hw.sequencer import Registers
from wingbeat.hw.timeline import UNITS_OF_MASK, Span, Timeline

LD, ST, MPE, MISC, SYS = Unit

CONFIG = AcceleratorConfig(lanes=4, ports=1, port_bits=512, prefetch_beats=32, queue_depth=16)


def place(*instructions: Instruction, **fields: Any) -> list[Span]:
    """When each instruction runs; four beats of weights arrive a cycle."""
    timeline = Timeline(CONFIG.model_copy(update=fields))
    spans = [timeline.advance(instruction, Registers()) for instruction in instructions]
    assert timeline.now >= max(span.end for span in spans)
    return spans


def starts(*instructions: Instruction, **fields: Any) -> list[int]:
    return [span.start for span in place(*instructions, **fields)]


def ends(*instructions: Instruction, **fields: Any) -> list[int]:
    return [span.end for span in place(*instructions, **fields)]


def words(count: int = 64, **fields: Any) -> Instruction:
    return load(length=Count(count), **fields)


def product(**fields: Any) -> Multiply:
    """Ten groups of 64 rows: computed in 160 cycles, read in 180, drained in 4."""
    return mv(tiles=Count(1), groups=Count(10), **fields)


def test_masks_are_lists_of_units() -> None:
    assert UNITS_OF_MASK[0] == []
    assert UNITS_OF_MASK[0b10110] == [1, 2, 4]
    assert len(UNITS_OF_MASK) == 32


def test_an_instruction_starts_when_it_is_dispatched() -> None:
    (span,) = place(words())
    assert (span.start, span.end) == (1, 1 + 16 + MEMORY_LATENCY)


def test_a_unit_takes_one_instruction_after_the_other() -> None:
    assert starts(words(), words(), words()) == [1, 17, 33]


def test_units_run_side_by_side() -> None:
    assert starts(words(), misc(), store()) == [1, 2, 3]


def test_results_become_visible_in_order() -> None:
    tail = 1 + 1 + VECTOR_LATENCY + REDUCTION_TAIL
    assert ends(misc(reduce=Reduce.SUM), misc()) == [tail, tail]


def test_a_wait_ends_when_the_results_are_visible() -> None:
    assert starts(words(release=mask(MISC)), misc(wait=mask(LD)))[1] == 117


def test_a_release_to_another_unit_ends_no_wait() -> None:
    assert starts(words(release=mask(ST)), misc(wait=mask(LD)))[1] == 2
    assert starts(words(release=mask(ST)), words(wait=mask(MISC)))[1] == 17


def test_the_latest_of_several_waits_counts() -> None:
    program = (words(release=mask(MISC)), store(release=mask(MISC)), misc(wait=mask(LD, ST)))
    assert starts(*program)[2] == 117
    assert starts(store(length=Count(256), release=mask(MISC)), *program)[3] > 117


def test_the_first_wait_meets_the_first_release() -> None:
    found = starts(
        words(release=mask(MISC)), words(release=mask(MISC)), misc(wait=mask(LD)), misc(), misc()
    )
    assert found[2:] == [117, 118, 119]


def test_the_second_wait_meets_the_second_release() -> None:
    found = starts(*[words(release=mask(MISC))] * 2, *[misc(wait=mask(LD))] * 2)
    assert found[2:] == [117, 133]


def test_a_full_queue_stops_the_sequencer() -> None:
    """Two loads wait behind the first; the fourth is dispatched when that is done, at 17."""
    program = (words(), words(), words(), words(), misc())
    assert starts(*program, queue_depth=2)[4] == 17 + 2
    assert starts(*program, queue_depth=3)[4] == 5


def test_a_wait_of_sys_stops_dispatching() -> None:
    waiting = starts(words(release=mask(SYS)), nop(wait=mask(LD)), misc())
    assert waiting[1] == 117
    assert 118 <= waiting[2] <= 119
    assert starts(words(release=mask(SYS)), nop(), misc())[2] <= 4


def test_a_fence_waits_in_its_units_place() -> None:
    found = starts(words(release=mask(MISC)), fence(MISC, wait=(LD,)), misc(), store())
    assert found == [1, 117, 118, 4]


def test_a_product_waits_for_its_stream() -> None:
    """The stream is asked for at 1 and read at 181; its last beat is there 100 cycles later."""
    (span,) = place(product())
    assert span.start == 1
    assert span.end == 181 + MEMORY_LATENCY + MATRIX_LATENCY + 4


def test_a_product_that_computes_longer_than_it_reads_is_not_held_up() -> None:
    """Twice as wide a memory would read 1000 groups in 9000 cycles; they take 16000."""
    config = AcceleratorConfig(lanes=16, ports=4, port_bits=128)
    span = Timeline(config).advance(mv(tiles=Count(1), groups=Count(1000)), Registers())
    stream = 16 * 18 * 1000 // 4
    assert span.end == max(1 + stream + MEMORY_LATENCY, 1 + 16000) + MATRIX_LATENCY + 16


def test_the_stream_is_read_ahead_as_far_as_the_queues_are_deep() -> None:
    visible = MATRIX_LATENCY + 4
    first = 281
    assert ends(product(), product(), prefetch_beats=512)[1] - visible == 181 + 180 + 100
    assert ends(product(), product(), prefetch_beats=32)[1] - visible == first - 32 + 180 + 100


def test_only_the_product_waits_for_the_vector_machine() -> None:
    wait = (misc(release=mask(MPE)), product(wait=mask(MISC)))
    assert starts(*wait)[1] == 2 + VECTOR_LATENCY
    assert ends(*wait)[1] == 2 + 180 + MEMORY_LATENCY + MATRIX_LATENCY + 4


def test_the_stream_too_waits_for_a_store() -> None:
    stored = 1 + 4 + MEMORY_LATENCY
    released = store(release=mask(MPE))
    finish = stored + 180 + MEMORY_LATENCY + MATRIX_LATENCY + 4
    assert ends(released, product(wait=mask(ST)))[1] == finish
    assert ends(released, fence(MPE, wait=(ST,)), product())[2] == finish
    assert ends(released, product())[1] == 2 + 180 + MEMORY_LATENCY + MATRIX_LATENCY + 4


def test_a_store_that_another_unit_waits_for_holds_up_no_stream() -> None:
    released = store(release=mask(MISC))
    assert ends(released, misc(wait=mask(ST)), product())[2] == 3 + 180 + 100 + MATRIX_LATENCY + 4


def test_loads_take_their_share_of_the_port() -> None:
    """400 beats are 100 cycles of a port of 512 bits."""
    assert ends(words(1600), product())[1] == 100 + 180 + MEMORY_LATENCY + MATRIX_LATENCY + 4


def test_totals_are_sums() -> None:
    timeline = Timeline(CONFIG)
    for instruction in (words(), words(), misc(), store(), product(), product(), HALT):
        timeline.advance(instruction, Registers())
    totals = timeline.totals
    assert totals.instructions == 7
    assert totals.transfer == 2 * 256 + 64
    assert totals.stream == 2 * 180 * 64
    assert totals.products == 2 * 64 * 320
    assert totals.busy == [32, 4, 320, 1, 1]


def test_operands_are_resolved_as_the_registers_are() -> None:
    timeline, registers = Timeline(CONFIG), Registers()
    registers[3] = 7
    span = timeline.advance(load(rows=SmallCount(1), length=Count(0, 3)), registers)
    assert span.cost.transfer == 32


anything = st.sampled_from(
    [words(), words(4), misc(), misc(reduce=Reduce.SUM), store(), product(), nop(), add(1, 0, 1)]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(anything, min_size=1, max_size=25), st.integers(2, 6))
def test_a_unit_never_does_two_things_at_once_nor_starts_out_of_order(
    program: list[Instruction], depth: int
) -> None:
    spans = place(*program, queue_depth=depth)
    for unit in Unit:
        own = [s for i, s in zip(program, spans, strict=True) if i.unit is unit]
        for before, after in itertools.pairwise(own):
            assert after.start >= before.start + before.cost.busy
            assert after.end >= before.end
        for early, late in zip(own, own[depth + 1 :], strict=False):
            assert late.start >= early.start + early.cost.busy
    for index, (instruction, span) in enumerate(zip(program, spans, strict=True)):
        assert span.start > index
        assert span.end >= span.start + span.cost.busy + span.cost.latency
        if isinstance(instruction, Multiply | Store):
            assert span.end > span.start + 100
