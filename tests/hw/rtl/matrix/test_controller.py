"""The order of steps, their results and drains, against loops over a multiplication."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass

import pytest
from tests.hw.rtl.matrix.test_stream_reader import fields, packed

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.instructions import Opcode
from wingbeat.hw.isa.operands import TileRows
from wingbeat.hw.rtl.lane.commands import Mode, drain_layout, result_layout
from wingbeat.hw.rtl.matrix.controller import WORK, Controller
from wingbeat.hw.stream import TILE_ROWS
from wingbeat.sim.rtl.harness import Simulation

CONFIG = AcceleratorConfig(lanes=1, columns=2, tokens=8, formats=("int4g32", "int4g32s"))
OFFSET, SETTLE = 5, 4

Fields = dict[str, int]


@dataclass(frozen=True)
class Job:
    """A multiplication, and what its units are."""

    opcode: Opcode
    rows: int
    strands: int
    tiles: int
    groups: int
    vectors: int
    whole: bool
    twins: bool

    @property
    def units(self) -> int:
        return self.tiles * self.groups * self.rows // (4 if self.twins else 2)

    @property
    def steps(self) -> int:
        return -(-self.vectors // (2 * CONFIG.columns))

    def results(self, bank: int) -> list[Fields]:
        """Result pairs in order; `bank` is that of the first tile."""
        each = 1 if self.opcode is Opcode.MV else 2 * self.steps
        found = []
        for tile in range(self.tiles):
            for group in range(self.groups):
                turn = group % (1 << self.strands)
                units = self.units // self.tiles // self.groups
                found += [
                    {
                        "valid": 1, "joined": int(not self.whole), "twins": int(self.twins),
                        "mode": (Mode.MV if self.opcode is Opcode.MV else Mode.MM).value,
                        "first": int(group < 1 << self.strands), "bank": (bank + tile) % 2,
                        "address": turn * units * each + place,
                    }
                    for place in range(units * each)
                ]  # fmt: skip
        return found


def random_job(rng: random.Random) -> Job:
    mv = rng.random() < 0.6
    whole = rng.random() < 0.6
    return Job(
        opcode=Opcode.MV if mv else Opcode.MM,
        rows=rng.choice(TILE_ROWS),
        strands=rng.randrange(2),
        tiles=rng.randrange(1, 4),
        groups=rng.randrange(1, 6),
        vectors=1 if mv else rng.randrange(1, 9),
        whole=whole,
        twins=mv and whole and rng.random() < 0.5,
    )


@pytest.mark.parametrize("stall", [0.0, 0.4])
def test_steps_of_random_multiplications(stall: float) -> None:
    rng = random.Random(3)
    jobs = [random_job(rng) for _ in range(60)]
    assert sum(job.twins for job in jobs) > 5
    sim = Simulation(Controller(CONFIG, OFFSET, SETTLE))
    units = deque((job.whole, job.twins) for job in jobs for _ in range(job.units))
    waiting, released = deque(jobs), 0
    results: list[Fields] = []
    drains: list[Fields] = []
    ready, busy, idle = deque([False] * OFFSET), 0, 0
    while idle < 40:
        offered = bool(waiting)
        if offered:
            job = waiting[0]
            sim.set("work__payload", packed(
                WORK, opcode=job.opcode.value, tile_rows=TileRows.of(job.rows).value,
                strands=job.strands, tiles=job.tiles, groups=job.groups, vectors=job.vectors,
            ))  # fmt: skip
        sim.set("work__valid", offered)
        there = bool(units) and rng.random() >= stall
        sim.set("unit_ready", there)
        sim.set("whole", units[0][0] if units else 0)
        sim.set("twins", units[0][1] if units else 0)
        sim.set("operands_ready", rng.random() >= stall)
        free = not busy
        sim.set("drain__ready", free)
        sim.set("drained", busy == 1)
        busy = max(0, busy - 1)
        ready.append(there)
        result = fields(result_layout(CONFIG), sim.get("result"))
        was_ready = ready.popleft()
        idle = 0 if offered or units or busy else idle + 1
        if result["valid"]:
            assert was_ready
            results.append(result)
            idle = 0
        if sim.get("drain__valid") and free:
            drains.append(fields(drain_layout(CONFIG), sim.get("drain__payload")))
            busy = rng.randrange(2, 30)
        released += sim.get("operands_release")
        if sim.get("advance"):
            assert there
            units.popleft()
        if offered and sim.get("work__ready"):
            waiting.popleft()
        sim.step()
    wanted: list[Fields] = []
    expected: list[tuple[int, bool, int]] = []
    bank = 0
    for job in jobs:
        wanted += job.results(bank)
        expected += [((bank + tile) % 2, job.twins, job.vectors) for tile in range(job.tiles)]
        bank = (bank + job.tiles) % 2
    assert results == wanted
    assert [(d["bank"], d["twins"], d["vectors"]) for d in drains] == expected
    assert released == sum(job.tiles * job.groups for job in jobs)
