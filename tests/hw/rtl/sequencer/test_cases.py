"""What random programs do not reach."""

import random

import pytest
from tests.hw.rtl.sequencer.bench import Bench
from tests.hw.rtl.sequencer.definition import Step, steps
from tests.hw.rtl.sequencer.order import check, check_same
from tests.hw.verify.programs import (
    HALT,
    add,
    argument,
    fence,
    load,
    loop,
    mask,
    misc,
    mv,
    nop,
    program,
    store,
    sys,
)

from wingbeat.hw.control import State
from wingbeat.hw.isa.instructions import (
    COUNTER_LIMIT,
    LOOP_DEPTH,
    Instruction,
    Opcode,
    Scalar,
    Store,
    StoreKind,
    System,
    Unit,
)
from wingbeat.hw.isa.operands import VectorView
from wingbeat.hw.isa.program import Program
from wingbeat.hw.rtl.sequencer.program import INSTRUCTIONS

OPERATIONS = tuple(Scalar)[: Scalar.LOOP.value]
WORDS = (0, 1, 2, 7, 31, 32, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)


def show(register: int) -> Store:
    """Make a register visible, as a command."""
    return Store(Opcode.ST, kind=StoreKind.WORD, position=register)


@pytest.mark.parametrize("seed", range(4))
def test_registers(deep: Bench, seed: int) -> None:
    rng = random.Random(seed)
    arguments = tuple(argument(r, 0, 2**32 - 1) for r in range(1, 17))
    body: list[Instruction] = [show(r) for r in range(32)]
    for _ in range(80):
        target, a, b = (rng.randrange(32) for _ in range(3))
        immediate = rng.choice((0, *WORDS, rng.getrandbits(32)))
        body += [sys(rng.choice(OPERATIONS), target, a, b, immediate=immediate), show(target)]
    body += [show(r) for r in range(32)]
    values = {a.name: rng.choice((*WORDS, rng.getrandbits(32))) for a in arguments}
    check(deep, program(*body, arguments=arguments), values, rng)


def counted(register: int) -> list[Instruction]:
    """Count a register up and show it."""
    return [add(register, register, 1), show(register)]


LOOPS = {
    "none": loop(counted(1), times=0),
    "one": loop(counted(1), times=1),
    "by register": [*loop(counted(1), times=0, register=9), *loop(counted(1), 2**32 - 3, 9)],
    "not changed by its body": loop([add(9, 9, 5), *counted(1)], register=9),
    "end together": loop(loop(loop(counted(1), times=2), times=3), times=2),
    "inner is skipped": loop([nop(), *loop(counted(1), times=0)], times=2),
    "skipped at the end of all": loop(loop([*loop(counted(1))], times=2), times=2),
    "a length behind a skipped one": [
        *loop(counted(1), times=0),
        sys(Scalar.PEEK, 4, length=3),
        *[show(4)] * 6,
    ],
    "empty": [sys(Scalar.LOOP, immediate=9, length=0), *counted(1)],
    "empty at an end": loop([nop(), sys(Scalar.LOOP, immediate=9, length=0)], times=3),
    "one after another": loop(loop(counted(1), times=2) * 5, times=2),
}


@pytest.mark.parametrize("name", LOOPS)
def test_loops(small: Bench, name: str) -> None:
    what = program(*LOOPS[name], *counted(2), arguments=(argument(9, 0, 9),))
    check(small, what, {"argument 9": 5}, random.Random(1))


def nested(depth: int) -> list[Instruction]:
    body = counted(1)
    for _ in range(depth):
        body = loop(body, times=2)
    return body


def test_eight_loops(small: Bench) -> None:
    check(small, program(*nested(LOOP_DEPTH)), {}, random.Random(1))


def test_nine_loops_of_which_the_innermost_is_skipped(small: Bench) -> None:
    body = loop(counted(1), times=0)
    for _ in range(LOOP_DEPTH):
        body = loop([*body, nop()], times=1)
    check(small, program(*body), {}, random.Random(1))


def test_a_full_counter_blocks(deep: Bench) -> None:
    body = [load(release=mask(Unit.MISC)), misc(wait=mask(Unit.LD))]
    trace = check(
        deep,
        program(*loop(body, times=60)),
        {},
        random.Random(4),
        {Unit.LD: 1, Unit.MISC: 400},
    )
    gives = [cycle for cycle, _ in trace.retired[Unit.LD]]
    takes = [cycle for cycle, _ in trace.commands[Unit.MISC]]
    most = max(i + 1 - sum(take <= give for take in takes) for i, give in enumerate(gives))
    assert most == COUNTER_LIMIT


def test_a_full_counter_blocks_sys(deep: Bench) -> None:
    body = [nop(release=mask(Unit.MISC)), fence(Unit.LD), misc(wait=mask(Unit.SYS))]
    slowest = {Unit.MISC: 1000}
    trace = check(deep, program(*loop(body, times=40)), {}, random.Random(4), slowest)
    assert len(trace.done[Unit.MISC]) == 40


def test_the_stream_reader_waits_for_st_only(deep: Bench) -> None:
    st, misc_, mpe = mask(Unit.ST), mask(Unit.MISC), mask(Unit.MPE)
    body = [
        store(release=mpe),
        misc(release=mpe),
        mv(wait=misc_),
        fence(Unit.MPE, wait=(Unit.ST,)),
        mv(),
        store(release=mpe),
        misc(release=mpe),
        mv(wait=st | misc_),
    ]
    slowest = {Unit.ST: 1, Unit.MISC: 400, Unit.MPE: 1}
    trace = check(deep, program(*loop(body, times=6)), {}, random.Random(4), slowest)
    early = sum(
        ahead + 100 < command
        for (ahead, _), (command, _) in zip(trace.ahead, trace.commands[Unit.MPE], strict=True)
    )
    assert early > 5


def test_a_fence_of_the_matrix_unit_holds_the_stream_back(deep: Bench) -> None:
    body = [store(release=mask(Unit.MPE)), fence(Unit.MPE, wait=(Unit.ST,)), mv()]
    trace = check(
        deep, program(*loop(body, times=5)), {}, random.Random(4), {Unit.ST: 300, Unit.MPE: 1}
    )
    for (stored, _), (ahead, _) in zip(trace.retired[Unit.ST], trace.ahead, strict=True):
        assert stored < ahead


def test_sys_waits_and_releases(small: Bench) -> None:
    units = (Unit.LD, Unit.ST, Unit.MPE, Unit.MISC)
    every = mask(*units)
    body = [
        nop(release=every),
        *(unit(wait=mask(Unit.SYS), release=mask(Unit.SYS)) for unit in (load, store, mv, misc)),
        fence(Unit.SYS, wait=units, release=units),
        *(fence(unit, wait=(Unit.SYS,)) for unit in units),
        *counted(3),
    ]
    check(small, program(*loop(body, times=4)), {}, random.Random(4))


def test_peek_reads_any_word_when_all_is_done(small: Bench, deep: Bench) -> None:
    rng = random.Random(8)
    body: list[Instruction] = []
    for _ in range(60):
        view = VectorView(base=rng.randrange(256), register=rng.choice((0, 1)))
        length = rng.choice((rng.randrange(16), rng.randrange(4096)))
        work: Instruction = rng.choice((load, misc, mv, store))()
        body += [work, sys(Scalar.PEEK, 2, vector=view, length=length), show(2)]
    what = program(*body, arguments=(argument(1, 0, 256),))
    for bench in (small, deep):
        check(bench, what, {"argument 1": 77}, rng)


def test_a_program_ends_when_all_is_done(deep: Bench) -> None:
    trace = check(deep, program(misc()), {}, random.Random(1), {Unit.MISC: 2000})
    assert trace.cycles > trace.retired[Unit.MISC][0][0]


def test_a_program_without_halt(deep: Bench) -> None:
    check(deep, Program((misc(), *loop([misc()], times=2))), {}, random.Random(1))


CYCLES: dict[str, tuple[Instruction, int]] = {
    "LD": (load(), 7),
    "ST": (store(), 8),
    "MPE": (mv(), 7),
    "MISC": (misc(), 7),
    "fence": (fence(Unit.LD), 6),
    "ADD": (add(1, 1, 1), 8),
    "MUL": (sys(Scalar.MUL, 1, 1, 1), 10),
    "CEILDIV": (sys(Scalar.CEILDIV, 1, 1, 1), 42),
}


@pytest.mark.parametrize("name", CYCLES)
def test_cycles_of_an_instruction(deep: Bench, name: str) -> None:
    """As long as its queue has room."""
    instruction, cycles = CYCLES[name]
    marks = [add(2, 2, 1), *[instruction] * 8, add(3, 3, 1)]
    trace = check(deep, program(*marks), {}, random.Random(1))
    first, last = (next(c for c, pc in trace.retired[Unit.SYS] if pc == at) for at in (0, 9))
    assert last - first == 8 * cycles + CYCLES["ADD"][1]


def test_no_program(deep: Bench) -> None:
    check(deep, Program(()), {}, random.Random(1))


def test_the_longest_program(deep: Bench) -> None:
    check(deep, program(*[misc()] * (INSTRUCTIONS - 1)), {}, random.Random(1))


def test_halt_may_stand_anywhere(deep: Bench) -> None:
    check(deep, program(*loop([misc(), HALT], times=3), misc()), {}, random.Random(1))


@pytest.mark.parametrize("when", (0, 150, 230, 400, 1000))
def test_an_abort_ends_at_a_loop_boundary(small: Bench, when: int) -> None:
    body = loop([misc(), *loop([load(), add(1, 1, 1)], times=2), add(2, 2, 1)], times=20)
    what = program(misc(), *body)
    trace = small.run(
        what,
        {},
        random.Random(when),
        each=lambda cycle: small.sim.set("aborted", cycle >= when),
    )
    small.sim.set("aborted", 0)
    assert trace.state is State.ABORTED
    count = sum(len(retired) for retired in trace.retired.values())
    boundary = next(n for n in range(1, 62) if len(until_abort(what, n)) == count)
    check_same(trace, until_abort(what, boundary))
    assert (boundary == 1) == (when == 0)


def until_abort(what: Program, boundary: int) -> list[Step]:
    """What is executed when the abort is seen at a loop boundary, counted from 1."""
    asked = iter(range(1, 100))
    return steps(what, {}, 4096, lambda: next(asked) == boundary)


def test_a_fence_is_not_executed(deep: Bench) -> None:
    """A fence for a unit changes no register, whatever its fields hold."""
    other = System(Opcode.SYS, operation=Scalar.FENCE, destination=1, immediate=3, target=Unit.LD)
    check(deep, program(other, show(1)), {}, random.Random(1))
