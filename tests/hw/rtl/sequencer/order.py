"""Whether what units did is an order that the tokens allow."""

import random
from collections.abc import Mapping

from tests.hw.rtl.sequencer.bench import Bench, Trace
from tests.hw.rtl.sequencer.definition import Step, steps
from tests.hw.verify.programs import HALT

from wingbeat.hw.control import ErrorCode, State
from wingbeat.hw.isa.instructions import COUNTER_LIMIT, Unit
from wingbeat.hw.isa.program import Program
from wingbeat.hw.rtl.sequencer.program import UNITS
from wingbeat.hw.verify.counters import units


def check_same(trace: Trace, executed: list[Step]) -> None:
    """Commands and retirements of each unit, in order."""
    for unit in Unit:
        mine = [step for step in executed if step.instruction.unit is unit]
        assert [pc for _, pc in trace.retired[unit]] == [step.pc for step in mine]
        if unit in UNITS:
            commands = [step.command for step in mine if step.command is not None]
            assert [bits for _, bits in trace.commands[unit]] == commands
            if unit is Unit.MPE:
                assert [bits for _, bits in trace.ahead] == commands


def check_tokens(trace: Trace, executed: list[Step]) -> None:
    """No token is given before its command is done, taken before it was given, or one too many.

    A fence is known to have taken its tokens when it retires only.
    """
    positions = {unit: iter(trace.retired[unit]) for unit in Unit}
    commands = {unit: iter(trace.commands[unit]) for unit in UNITS}
    done = {unit: iter(trace.done[unit]) for unit in UNITS}
    ahead = iter(trace.ahead)
    given: dict[tuple[Unit, Unit], list[int]] = {}
    taken: dict[tuple[Unit, Unit], list[tuple[int, bool]]] = {}
    for step in executed:
        unit = step.instruction.unit
        end, _ = next(positions[unit])
        exact = step.command is not None
        start = next(commands[unit])[0] if exact else end
        early = next(ahead)[0] if exact and unit is Unit.MPE else start
        assert early <= start <= end
        assert not exact or next(done[unit]) < end
        for source in units(step.instruction.wait):
            when = early if (source, unit) == (Unit.ST, Unit.MPE) else start
            taken.setdefault((source, unit), []).append((when, exact))
        for target in units(step.instruction.release):
            given.setdefault((unit, target), []).append(end)
    for pair, takes in taken.items():
        for give, (take, _) in zip(given[pair], takes, strict=False):
            assert give < take, pair
        for (take, exact), give in zip(takes, given[pair][COUNTER_LIMIT:], strict=False):
            assert not exact or take < give, pair


def check(
    bench: Bench,
    what: Program,
    values: Mapping[str, int],
    rng: random.Random,
    slowest: Mapping[Unit, int] | None = None,
) -> Trace:
    """Run a program to its HALT, as the definition does."""
    trace = bench.run(what, values, rng, slowest=slowest)
    executed = steps(what, values, bench.config.vector_words)
    assert (trace.state, trace.error) == (State.FINISHED, ErrorCode.NONE)
    check_same(trace, executed)
    check_tokens(trace, executed)
    if executed and executed[-1].instruction == HALT:
        *others, halt = sorted(cycle for retired in trace.retired.values() for cycle, _ in retired)
        assert trace.retired[Unit.SYS][-1][0] == halt > max(others, default=-1)
    return trace
