"""The counters against a model that counts in Python."""

import random

from wingbeat.hw.isa.instructions import COUNTER_LIMIT, Unit
from wingbeat.hw.rtl.sequencer.tokens import Tokens
from wingbeat.sim.rtl.harness import Simulation

UNITS = len(Unit)
PAIRS = [(source, target) for source in range(UNITS) for target in range(UNITS)]


def test_random_gives_and_takes() -> None:
    sim, rng = Simulation(Tokens()), random.Random(5)
    counts = {pair: 0 for pair in PAIRS if pair[0] != pair[1]}
    full = 0
    for cycle in range(6000):
        # phases of many gives and of many takes reach both ends of the counters
        eager = 0.9 if cycle // 100 % 2 else 0.1
        available, room = sim.get("available"), sim.get("room")
        give = take = 0
        for (source, target), count in list(counts.items()):
            assert available >> UNITS * target + source & 1 == (count != 0)
            assert room >> UNITS * source + target & 1 == (count != COUNTER_LIMIT)
            full += count == COUNTER_LIMIT
            if count < COUNTER_LIMIT and rng.random() < eager:
                give |= 1 << UNITS * source + target
                counts[source, target] += 1
            if count and rng.random() < 0.4:
                take |= 1 << UNITS * target + source
                counts[source, target] -= 1
        sim.set("give", give)
        sim.set("take", take)
        sim.step()
    assert full > 100


def test_there_is_nothing_from_a_unit_to_itself() -> None:
    sim = Simulation(Tokens())
    sim.set("give", (1 << UNITS * UNITS) - 1)
    sim.set("take", 0)
    sim.step()
    assert sim.get("available") == sum(
        1 << UNITS * target + source for source, target in PAIRS if source != target
    )
