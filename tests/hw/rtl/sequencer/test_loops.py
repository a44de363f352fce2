"""The stack of loops against a list."""

import random

from wingbeat.hw.isa.instructions import LOOP_DEPTH
from wingbeat.hw.rtl.sequencer.loops import END_BITS, LOOP, Loops
from wingbeat.hw.rtl.sequencer.program import PC_BITS
from wingbeat.sim.rtl.harness import Simulation


def test_random_pushes_and_steps() -> None:
    sim, rng = Simulation(Loops()), random.Random(2)
    stack: list[list[int]] = []
    depths = set()
    for _ in range(5000):
        depths.add(len(stack))
        assert sim.get("full") == (len(stack) == LOOP_DEPTH)
        pc = rng.choice((stack[-1][1], rng.getrandbits(END_BITS)) if stack else (0, 1))
        sim.set("pc", pc)
        push = rng.random() < 0.4 and len(stack) < LOOP_DEPTH
        ends = bool(stack) and stack[-1][1] == pc
        assert sim.get("ends") == ends
        step = ends and not push and rng.random() < 0.8
        sim.set("push", push)
        sim.set("step", step)
        if push:
            entry = [rng.getrandbits(PC_BITS), rng.getrandbits(END_BITS), rng.randint(1, 4)]
            fields = dict(zip(("first", "last", "left"), entry, strict=True))
            sim.set("loop", int(LOOP.const(fields).as_bits()))
            stack.append(entry)
        elif step:
            assert sim.get("again") == (stack[-1][2] > 1)
            assert sim.get("first") == stack[-1][0]
            stack[-1][2] -= 1
            if not stack[-1][2]:
                stack.pop()
        sim.step()
    assert depths == set(range(LOOP_DEPTH + 1))
