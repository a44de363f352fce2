"""The vector unit between its memories, and the ISA machine's beside it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from tests.hw.rtl.commands import command_bits

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.instructions import Vector
from wingbeat.hw.isa.operands import OperandView
from wingbeat.hw.rtl.memory.operand_memory import OperandMemory
from wingbeat.hw.rtl.memory.ports import (
    READ_LATENCY,
    operand_read,
    operand_write,
    vector_read,
    vector_write,
)
from wingbeat.hw.rtl.memory.vector_memory import VectorMemory
from wingbeat.hw.rtl.vector.rows import COMMAND
from wingbeat.hw.rtl.vector.unit import VectorUnit
from wingbeat.hw.sequencer import Registers
from wingbeat.sim.isa import scratchpads, vector
from wingbeat.sim.rtl.harness import Simulation
from wingbeat.sim.rtl.values import Values

ENTRY_BYTES = 38
LIMIT = 50_000
"""Cycles after which a command counts as lost."""


class Machine(wiring.Component):
    """VectorUnit, VectorMemory and OperandMemory; the other units' ports are outside."""

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "command": In(stream.Signature(COMMAND)),
                "done": Out(1),
                "load": In(vector_write(config)),
                "drain": In(vector_write(config)),
                "store": In(vector_read(config)),
                "peek": In(vector_read(config)),
                "fill": In(operand_write(config)),
                "look": In(operand_read(config)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.unit = unit = VectorUnit(self._config)
        m.submodules.vectors = vectors = VectorMemory(self._config)
        m.submodules.operands = operands = OperandMemory(self._config)
        connect(m, flipped(self.command), unit.command)
        for name in ("load", "drain", "store", "peek"):
            connect(m, flipped(getattr(self, name)), getattr(vectors, name))
        connect(m, flipped(self.look), operands.store)
        for mine, theirs in ((unit.a, vectors.a), (unit.b, vectors.b), (unit.vector, vectors.misc)):
            connect(m, mine, theirs)
        m.d.comb += [unit.leave_out.eq(vectors.leave_out), self.done.eq(unit.done)]
        for name in ("address", "entry", "valid"):
            m.d.comb += getattr(operands.write, name).eq(getattr(unit.operand, name))
        with m.If(self.fill.valid):
            for name in ("address", "entry", "valid"):
                m.d.comb += getattr(operands.write, name).eq(getattr(self.fill, name))
        return m


class Bench:
    """Runs the same instructions on the RTL and on the ISA machine."""

    def __init__(self, config: AcceleratorConfig) -> None:
        self.config = config
        self.simulation = Simulation(Machine(config))
        self.vectors = scratchpads.VectorMemory(config)
        self.operands = scratchpads.OperandMemory(config)
        self._unit = vector.VectorUnit(self.vectors, self.operands)

    def fill(self, rng: np.random.Generator, words: npt.NDArray[np.float32]) -> None:
        """Put these words and random groups into both machines' memories."""
        lanes = self.config.vector_lanes
        self.vectors.words[:] = words
        rows = words.view(np.uint32).reshape(-1, lanes)
        self.simulation.run(
            {
                "load__valid": [1] * len(rows) + [0],
                "load__quad": np.arange(len(rows)) * (lanes // 4),
                "load__enable": (1 << lanes) - 1,
                "load__words": rows,
            },
            [],
            len(rows) + 1,
        )
        groups = self.config.operand_groups
        entries = rng.integers(0, 256, (groups, ENTRY_BYTES), np.uint8)
        view = self.operands.view(OperandView(0), Registers(), 1, 1, groups)
        view.codes[0, 0] = entries[:, :32].view(np.int8)
        view.scales[0, 0] = entries[:, 32:36].copy().view(np.float32)[:, 0]
        view.sums[0, 0] = entries[:, 36:].copy().view(np.int16)[:, 0]
        self.simulation.run(
            {
                "fill__valid": [1] * groups + [0],
                "fill__address": np.arange(groups),
                "fill__entry": entries,
            },
            [],
            groups + 1,
        )

    def execute(self, instructions: Sequence[Vector], registers: Registers) -> list[int]:
        """Run them on both; return the cycles in which the RTL was done with each."""
        for instruction in instructions:
            self._unit.execute(instruction, registers)
        commands = [command_bits(instruction, registers) for instruction in instructions]
        done: list[int] = []
        simulation, cycle, given = self.simulation, 0, 0
        simulation.set("command__valid", 1)
        simulation.set("command__payload", commands[0])
        while len(done) < len(commands):
            assert cycle < LIMIT, f"{len(done)} of {len(commands)} commands are done"
            if simulation.get("done"):
                done.append(cycle)
            taken = given < len(commands) and simulation.get("command__ready")
            simulation.step()
            cycle += 1
            if taken:
                given += 1
                simulation.set("command__valid", int(given < len(commands)))
                if given < len(commands):
                    simulation.set("command__payload", commands[given])
        return done

    def compare(self) -> None:
        """Whole memories, bit for bit; the first read follows the last `done` at once."""
        lanes = self.config.vector_lanes
        steps, groups = self.config.vector_words // lanes, self.config.operand_groups
        inputs: dict[str, Values] = {
            "store__valid": [1],
            "store__address": np.arange(steps),
            "look__valid": [1],
            "look__address": np.arange(groups),
        }
        cycles = max(steps, groups) + READ_LATENCY
        found = self.simulation.run(inputs, ["store__data", "look__data"], cycles)
        rows = found["store__data"].view(np.uint32).reshape(cycles, -1)
        words = rows[READ_LATENCY : READ_LATENCY + steps, :lanes].ravel()
        wanted = self.vectors.words.view(np.uint32)
        wrong = np.flatnonzero(words != wanted)
        assert not wrong.size, [(int(i), hex(words[i]), hex(wanted[i])) for i in wrong[:8]]
        entries = found["look__data"].view(np.uint8).reshape(cycles, -1)
        entries = entries[READ_LATENCY : READ_LATENCY + groups, :ENTRY_BYTES]
        view = self.operands.view(OperandView(0), Registers(), 1, 1, groups)
        parts = (view.codes[0, 0], view.scales[0, 0, :, None], view.sums[0, 0, :, None])
        contents = np.concatenate([np.ascontiguousarray(p).view(np.uint8) for p in parts], axis=1)
        wrong = np.flatnonzero((entries != contents).any(axis=1))
        assert not wrong.size, [
            (int(i), entries[i].tolist(), contents[i].tolist()) for i in wrong[:3]
        ]
