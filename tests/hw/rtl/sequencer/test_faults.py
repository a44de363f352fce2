"""Programs that fail: what is reported, and that the next program runs."""

import random

import pytest
from tests.hw.rtl.sequencer.bench import Bench, Trace
from tests.hw.rtl.sequencer.order import check
from tests.hw.verify.programs import HALT, add, fence, load, loop, mask, misc, mv, program, store

from wingbeat.hw.control import ErrorCode, State
from wingbeat.hw.isa.instructions import INSTRUCTION_BYTES, LOOP_DEPTH, Instruction, Unit
from wingbeat.hw.isa.program import Program
from wingbeat.hw.rtl.sequencer.program import INSTRUCTIONS, UNITS

ILLEGAL = ErrorCode.ILLEGAL_INSTRUCTION
SYSTEM = HALT.to_bits()
OPERATION, TARGET = (
    next(slot.offset for slot in type(HALT).slots() if slot.name == name)
    for name in ("operation", "target")
)
FENCE = fence(Unit.LD).to_bits()


def encode(*instructions: Instruction | int) -> bytes:
    words = [each if isinstance(each, int) else each.to_bits() for each in instructions]
    return b"".join(word.to_bytes(INSTRUCTION_BYTES, "little") for word in words)


def failed(bench: Bench, what: Program | bytes, **options: object) -> Trace:
    """A run that fails; the next one does not."""
    trace = bench.run(what, {}, random.Random(1), **options)  # type: ignore[arg-type]
    assert trace.state is State.FAILED
    return trace


def recovers(bench: Bench) -> None:
    """The queues were emptied and the counters cleared."""
    body = [load(release=mask(Unit.MISC)), misc(wait=mask(Unit.LD)), add(1, 1, 1)]
    check(bench, program(*loop(body, times=3)), {}, random.Random(3))


@pytest.mark.parametrize(
    "word",
    [0, 7, 15, SYSTEM | 15 << OPERATION, *(FENCE | target << TARGET for target in (5, 6, 7))],
)
def test_what_is_no_instruction(small: Bench, word: int) -> None:
    release = load(release=mask(Unit.MISC))
    trace = failed(small, encode(load(), release, add(1, 1, 1), word, HALT))
    assert (trace.error, trace.place) == (ILLEGAL, (Unit.SYS, 3))
    recovers(small)


def test_a_program_that_is_too_long(small: Bench) -> None:
    trace = failed(small, program(*[misc()] * INSTRUCTIONS))
    assert (trace.error, trace.place) == (ILLEGAL, (Unit.SYS, 0))
    assert not any(trace.retired.values())
    recovers(small)


def test_nine_loops(small: Bench) -> None:
    body: list[Instruction] = [misc()]
    for _ in range(LOOP_DEPTH + 1):
        body = loop(body, times=2)
    trace = failed(small, program(*body))
    assert (trace.error, trace.place) == (ILLEGAL, (Unit.SYS, LOOP_DEPTH))
    recovers(small)


@pytest.mark.parametrize("when", (150, 400, 650))
@pytest.mark.parametrize("unit", UNITS)
def test_a_fault_is_that_of_the_oldest_command(small: Bench, unit: Unit, when: int) -> None:
    make = {Unit.LD: load, Unit.ST: store, Unit.MPE: mv, Unit.MISC: misc}[unit]
    name = f"{unit.name.lower()}__fault"
    trace = failed(
        small,
        program(*(make(), fence(unit)) * 3, make()),
        each=lambda cycle: small.sim.set(name, ErrorCode.MEMORY_BUS.value * (cycle == when)),
        slowest={unit: 1000},
    )
    small.sim.set(name, 0)
    # what has retired lies before it, in program order
    assert trace.place == (unit, len(trace.retired[unit]))
    assert trace.error is ErrorCode.MEMORY_BUS and trace.cycles == when + 4
    recovers(small)


def test_a_bus_error_while_the_program_is_read(small: Bench) -> None:
    trace = failed(
        small,
        program(misc()),
        each=lambda cycle: small.sim.set("fetch_error", cycle == 3),
    )
    small.sim.set("fetch_error", 0)
    assert (trace.error, trace.place) == (ErrorCode.MEMORY_BUS, (Unit.SYS, 0))
    recovers(small)


def stuck(bench: Bench, watchdog: int, paused: int = 0) -> Trace:
    """A program that waits for a token that nobody gives."""
    bench.sim.set("watchdog", watchdog)
    try:
        return bench.run(
            program(load(), misc(wait=mask(Unit.LD))),
            {},
            random.Random(1),
            each=lambda cycle: bench.sim.set("paused", 100 <= cycle < 100 + paused),
            limit=4000,
        )
    finally:
        bench.sim.set("watchdog", 0)
        bench.sim.set("paused", 0)


def test_the_watchdog_ends_a_program_in_which_nothing_happens(small: Bench) -> None:
    quick, slow, paused = stuck(small, 500), stuck(small, 1500), stuck(small, 500, 1000)
    assert {t.error for t in (quick, slow, paused)} == {ErrorCode.WATCHDOG}
    assert quick.place == (Unit.SYS, 2)
    assert slow.cycles - quick.cycles == paused.cycles - quick.cycles == 1000
    recovers(small)


def test_the_watchdog_is_off(small: Bench) -> None:
    with pytest.raises(AssertionError, match="not ended after 4000 cycles"):
        stuck(small, 0)
    small.sim.reset()
    recovers(small)


def test_the_watchdog_lets_a_working_program_run(small: Bench) -> None:
    small.sim.set("watchdog", 200)
    check(small, program(*loop([misc(), add(1, 1, 1)], times=200)), {}, random.Random(2))
    small.sim.set("watchdog", 0)


def test_a_start_waits_until_the_bus_is_quiet(small: Bench) -> None:
    trace = small.run(
        program(load(), misc()),
        {},
        random.Random(4),
        each=lambda cycle: small.sim.set("quiet", cycle >= 300),
    )
    assert trace.state is State.FINISHED
    assert min(cycle for cycle, _ in trace.commands[Unit.LD]) > 300


def test_the_watchdog_sees_a_start_that_waits(small: Bench) -> None:
    small.sim.set("watchdog", 100)
    trace = failed(small, program(load()), each=lambda cycle: small.sim.set("quiet", cycle >= 200))
    small.sim.set("watchdog", 0)
    assert (trace.error, trace.place[0]) == (ErrorCode.WATCHDOG, Unit.SYS)
    assert trace.cycles in range(200, 206)
    assert not any(trace.commands.values())
    recovers(small)


def test_a_program_ends_when_the_bus_is_quiet(small: Bench) -> None:
    clear = []

    def each(cycle: int) -> None:
        small.sim.set("mpe__fault", ErrorCode.OPERAND.value * (cycle in (150, 170)))
        small.sim.set("ld__fault", ErrorCode.MEMORY_BUS.value * (cycle == 160))
        small.sim.set("quiet", not 151 <= cycle < 400)
        clear.append(small.sim.get("clear"))

    trace = failed(small, program(*[mv()] * 100), each=each)
    # the first fault is reported, although others follow
    assert (trace.error, trace.place[0]) == (ErrorCode.OPERAND, Unit.MPE)
    assert trace.cycles == 403
    assert clear[1:151] == [0] * 150
    assert clear[151:] == [1] * len(clear[151:])
    recovers(small)


def test_an_abort_ends_at_once_what_waits_for_the_host(small: Bench) -> None:
    def each(cycle: int) -> None:
        small.sim.set("aborted", cycle >= 250)
        small.sim.set("paused", cycle >= 300)

    trace = small.run(program(*[misc()] * 500), {}, random.Random(1), each=each)
    small.sim.set("aborted", 0)
    small.sim.set("paused", 0)
    assert trace.state is State.ABORTED
    assert trace.cycles == 304
    recovers(small)


def test_a_start_while_running_is_ignored(small: Bench) -> None:
    what = program(*loop([misc(), add(1, 1, 1)], times=20))
    trace = small.run(
        what, {}, random.Random(2), each=lambda cycle: small.sim.set("start", cycle in (5, 80))
    )
    assert trace.state is State.FINISHED
    assert len(trace.retired[Unit.MISC]) == 20
