"""The cycle model, followed by hand.

A load of 64 words is 16 beats: it takes LD 16 cycles and the memory's answer.
"""

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hw.verify.programs import HALT, add, fence, load, mask, misc, mm, mv, nop, store

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.cost import (
    ASSEMBLY_LATENCY,
    DRAIN_LATENCY,
    ENGINE_WORDS,
    MEMORY_LATENCY,
    REQUEST_LATENCY,
    RESULT_LATENCY,
    VECTOR_ACCEPT,
    VECTOR_OVERHEAD,
    loading,
)
from wingbeat.hw.isa.instructions import Instruction, Multiply, Reduce, Store, Unit
from wingbeat.hw.isa.operands import Count, SmallCount
from wingbeat.hw.sequencer import Registers
from wingbeat.hw.timeline import QUEUE, TOKEN, UNITS_OF_MASK, Span, Timeline
from wingbeat.hw.weight_stream import OPERANDS

LD, ST, MPE, MISC, SYS = Unit

CONFIG = AcceleratorConfig(lanes=4, ports=1, port_bits=512, prefetch_beats=32, queue_depth=16)

ANSWER = MEMORY_LATENCY + REQUEST_LATENCY
FIRST = 7 + QUEUE
"""Start of the first instruction, unless it is of MISC."""
LOADED = FIRST + 16 + ANSWER
COPIED = 1 + VECTOR_OVERHEAD + 7
RESULT = ASSEMBLY_LATENCY + RESULT_LATENCY + DRAIN_LATENCY + 16
"""From the last word of a product's stream to its results."""


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
    """Ten groups of 64 rows: computed in 160 cycles, read in 180."""
    return mv(tiles=Count(1), groups=Count(10), **fields)


def test_masks_are_lists_of_units() -> None:
    assert UNITS_OF_MASK[0] == []
    assert UNITS_OF_MASK[0b10110] == [1, 2, 4]
    assert len(UNITS_OF_MASK) == 32


def test_an_instruction_starts_when_it_is_dispatched() -> None:
    (span,) = place(words())
    assert (span.start, span.end) == (FIRST, LOADED)


def test_a_program_is_loaded_first() -> None:
    timeline = Timeline(CONFIG)
    timeline.begin(100)
    assert timeline.advance(words(), Registers()).start == loading(100, CONFIG) + FIRST
    # the next start finds all units idle
    before = timeline.now
    timeline.begin(100)
    assert timeline.advance(words(), Registers()).start == before + loading(100, CONFIG) + FIRST


def test_a_unit_takes_one_instruction_after_the_other() -> None:
    assert starts(words(), words(), words()) == [FIRST, LOADED, LOADED + 16 + ANSWER]


def test_units_run_side_by_side() -> None:
    assert starts(words(), misc(), store()) == [FIRST, FIRST + 7 + VECTOR_ACCEPT, FIRST + 15]


def test_the_vector_machine_prepares_an_instruction_while_another_runs() -> None:
    first = FIRST + VECTOR_ACCEPT
    assert starts(misc(), misc()) == [first, first + COPIED]


def test_results_become_visible_in_order() -> None:
    found = ends(misc(reduce=Reduce.SUM), misc())
    assert found[1] > found[0] > FIRST


def test_a_wait_ends_when_the_results_are_visible() -> None:
    found = starts(words(release=mask(MISC)), misc(wait=mask(LD)))
    assert found[1] == LOADED + TOKEN + VECTOR_ACCEPT


def test_a_release_to_another_unit_ends_no_wait() -> None:
    assert starts(words(release=mask(ST)), misc(wait=mask(LD)))[1] == FIRST + 7 + VECTOR_ACCEPT
    assert starts(words(release=mask(ST)), words(wait=mask(MISC)))[1] == LOADED


def test_the_latest_of_several_waits_counts() -> None:
    program = (words(release=mask(MISC)), store(release=mask(MISC)), misc(wait=mask(LD, ST)))
    found = place(*program)
    assert found[2].start == max(found[0].end, found[1].end) + TOKEN + VECTOR_ACCEPT
    later = place(store(length=Count(256), release=mask(MISC)), *program)
    assert later[3].start > found[2].start


def test_the_first_wait_meets_the_first_release() -> None:
    found = place(words(release=mask(MISC)), words(release=mask(MISC)), misc(wait=mask(LD)), misc())
    assert found[2].start == found[0].end + TOKEN + VECTOR_ACCEPT
    assert found[3].start == found[2].end


def test_the_second_wait_meets_the_second_release() -> None:
    found = place(*[words(release=mask(MISC))] * 2, *[misc(wait=mask(LD))] * 2)
    assert [f.start for f in found[2:]] == [f.end + TOKEN + VECTOR_ACCEPT for f in found[:2]]


def test_a_full_queue_stops_the_sequencer() -> None:
    """Three loads wait behind the first; a fifth is dispatched when the second starts."""
    program = (*[words()] * 5, misc())
    assert starts(*program, queue_depth=3)[5] == LOADED + 7 + QUEUE + VECTOR_ACCEPT
    assert starts(*program, queue_depth=4)[5] == FIRST + 5 * 7 + VECTOR_ACCEPT


def test_a_wait_of_sys_stops_dispatching() -> None:
    waiting = starts(words(release=mask(SYS)), nop(wait=mask(LD)), misc())
    assert waiting[1] == LOADED + TOKEN
    assert waiting[2] == LOADED + TOKEN + 7 + QUEUE + VECTOR_ACCEPT
    assert starts(words(release=mask(SYS)), nop(), misc())[2] == FIRST + 15 + VECTOR_ACCEPT


def test_the_end_of_a_program_waits_for_all_units() -> None:
    assert starts(words(), HALT)[1] == LOADED


def test_a_fence_waits_in_its_units_place() -> None:
    found = starts(words(release=mask(MISC)), fence(MISC, wait=(LD,)), misc(), store())
    assert found[1] == LOADED + TOKEN + VECTOR_ACCEPT
    assert found[2] >= found[1]
    assert found[3] < LOADED


def test_a_product_waits_for_its_stream() -> None:
    """The stream is asked for at once; 180 words later its last one is there."""
    (span,) = place(product())
    assert span.start == FIRST
    assert span.end == FIRST + ANSWER + 180 + RESULT


def test_a_product_that_computes_longer_than_it_reads_is_not_held_up() -> None:
    """A wide memory reads 1000 groups in 18000 cycles; with four vectors they take 64000."""
    config = AcceleratorConfig(lanes=16, ports=4, port_bits=512)
    many = mm(tiles=Count(1), groups=Count(1000), outer=SmallCount(4))
    span = Timeline(config).advance(many, Registers())
    begin = FIRST + ANSWER + ASSEMBLY_LATENCY
    assert span.end - begin - RESULT_LATENCY - DRAIN_LATENCY == 64000 + 256


def test_the_stream_is_read_ahead_as_far_as_the_queues_are_deep() -> None:
    """Queues of 32 beats hold 36 words with the scales, and the read engine its own."""
    wait = (words(1024, release=mask(MPE)), product(wait=mask(LD)))
    start = FIRST + 256 + ANSWER + TOKEN + OPERANDS
    room = 36 + ENGINE_WORDS
    assert ends(*wait, prefetch_beats=32)[1] == start + 180 - room + RESULT or room > 180 - 20
    assert ends(*wait, prefetch_beats=512)[1] == start + 160 + RESULT - ASSEMBLY_LATENCY


def test_only_the_product_waits_for_the_vector_machine() -> None:
    wait = (misc(release=mask(MPE)), product(wait=mask(MISC)))
    assert starts(*wait)[1] == FIRST + VECTOR_ACCEPT + COPIED + TOKEN
    assert ends(*wait)[1] == FIRST + 7 + ANSWER + 180 + RESULT


def test_the_stream_too_waits_for_a_store() -> None:
    released = store(release=mask(MPE))
    (stored,) = ends(released)
    finish = stored + TOKEN + ANSWER + 180 + 1 + RESULT  # the port writes a word meanwhile
    assert ends(released, product(wait=mask(ST)))[1] == finish - 1
    assert ends(released, fence(MPE, wait=(ST,)), product())[2] == finish - 1
    assert ends(released, product())[1] < finish - ANSWER


def test_a_store_that_another_unit_waits_for_holds_up_no_stream() -> None:
    released = store(release=mask(MISC))
    assert ends(released, misc(wait=mask(ST)), product())[2] == FIRST + 15 + ANSWER + 180 + RESULT


def test_loads_take_their_share_of_the_port() -> None:
    """400 beats are 100 cycles of a port of 512 bits."""
    pair = (product(), product())
    assert ends(product(), words(1600), product())[2] == ends(*pair)[1] + 100


def test_totals_are_sums() -> None:
    timeline = Timeline(CONFIG)
    for instruction in (words(), words(), misc(), store(), product(), product(), HALT):
        timeline.advance(instruction, Registers())
    totals = timeline.totals
    assert totals.instructions == 7
    assert totals.transfer == 2 * 256 + 64
    assert totals.stream == 2 * 180 * 64
    assert totals.products == 2 * 64 * 320
    assert totals.busy == [2 * (16 + ANSWER), 4 + ANSWER + REQUEST_LATENCY, 320, COPIED, 1]


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
