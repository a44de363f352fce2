"""The operand buffer against a list of the vectors that each step should see."""

import dataclasses
import random

import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.rtl.matrix.operand_buffer import WALK, OperandBuffer, steps_of
from wingbeat.hw.rtl.memory.operand_memory import OperandMemory
from wingbeat.hw.rtl.memory.ports import operand_write
from wingbeat.sim.rtl.harness import Simulation


class Bench(wiring.Component):
    """The buffer in front of a memory that the test fills."""

    def __init__(self, config: AcceleratorConfig) -> None:
        self.buffer = OperandBuffer(config)
        self.memory = OperandMemory(config)
        super().__init__(
            {
                "write": In(operand_write(config)),
                "walk": In(stream.Signature(WALK)),
                "ready": Out(1),
                "fetch": In(1),
                "step": In(range(steps_of(config))),
                "vectors": Out(self.buffer.vectors.shape()),
                "release": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.buffer = buffer = self.buffer
        m.submodules.memory = memory = self.memory
        connect(m, flipped(self.write), memory.write)
        connect(m, buffer.read, memory.matrix)
        connect(m, flipped(self.walk), buffer.walk)
        m.d.comb += [
            self.ready.eq(buffer.ready),
            buffer.fetch.eq(self.fetch),
            buffer.step.eq(self.step),
            self.vectors.eq(buffer.vectors),
            buffer.release.eq(self.release),
        ]
        return m


@dataclasses.dataclass
class Walk:
    base: int
    outer_stride: int
    inner_stride: int
    outer: int
    inner: int
    groups: int
    tiles: int

    def bits(self) -> int:
        number = 0
        for name, field in WALK:
            number |= getattr(self, name) << field.offset
        return number

    def addresses(self, group: int) -> list[int]:
        """Memory groups of all vectors."""
        return [
            self.base + group + o * self.outer_stride + h * self.inner_stride
            for o in range(self.outer)
            for h in range(self.inner)
        ]


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_every_step_sees_its_vectors(columns: int) -> None:
    rng = random.Random(columns)
    config = AcceleratorConfig(
        lanes=4, ports=1, port_bits=512, columns=columns, tokens=4 * columns, operand_memory_kib=8
    )
    sim = Simulation(Bench(config))
    entries = [rng.getrandbits(304) for _ in range(config.operand_groups)]
    for address, entry in enumerate(entries):
        sim.set("write__address", address)
        sim.set("write__entry", entry)
        sim.set("write__valid", 1)
        sim.step()
    sim.set("write__valid", 0)
    walks = [
        Walk(3, 20, 0, 4 * columns, 1, 5, 2),
        Walk(0, 0, 7, 1, 3, 7, 1),
        Walk(9, 0, 0, 1, 1, 1, 3),
        Walk(100, 30, 10, 2, 2, 3, 2),
        Walk(11, 1, 1, 1, 1, 9, 1),
    ]
    for walk in walks:
        sim.set("walk__payload", walk.bits())
        sim.set("walk__valid", 1)
        while not sim.get("walk__ready"):
            sim.step()
        sim.step()
        sim.set("walk__valid", 0)
        for _ in range(walk.tiles):
            for group in range(walk.groups):
                take_group(sim, rng, [entries[a] for a in walk.addresses(group)], 2 * columns)


def take_group(sim: Simulation, rng: random.Random, wanted: list[int], width: int) -> None:
    for _ in range(rng.choice([0, 0, 3, 30])):
        sim.step()
    for _ in range(1000):
        if sim.get("ready"):
            break
        sim.step()
    assert sim.get("ready")
    for step in range(-(-len(wanted) // width)):
        sim.set("step", step)
        sim.set("fetch", 1)
        sim.step()
        sim.set("fetch", 0)
        sim.set("step", 0)
        sim.step(rng.randrange(3))
        row = wanted[step * width : (step + 1) * width]
        found = sim.get("vectors")
        assert [found >> 304 * j & (1 << 304) - 1 for j in range(len(row))] == row
    sim.set("release", 1)
    sim.step()
    sim.set("release", 0)
