"""The whole machine: a host's registers on one side, memory ports on the other."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.utils import ceil_log2

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.register_map import ADDRESS_BITS
from wingbeat.hw.rtl.bus.arbiter import ReadArbiter
from wingbeat.hw.rtl.bus.axi import Axi4, AxiLite
from wingbeat.hw.rtl.bus.read_engine import ReadEngine
from wingbeat.hw.rtl.bus.serialiser import Serialiser
from wingbeat.hw.rtl.matrix.unit import MatrixUnit
from wingbeat.hw.rtl.memory.operand_memory import OperandMemory
from wingbeat.hw.rtl.memory.vector_memory import VectorMemory
from wingbeat.hw.rtl.registers import Registers
from wingbeat.hw.rtl.sequencer.program import ACTIVITY, RETIRED
from wingbeat.hw.rtl.sequencer.sequencer import Sequencer
from wingbeat.hw.rtl.transfer.load import LoadUnit
from wingbeat.hw.rtl.transfer.store import StoreUnit
from wingbeat.hw.rtl.vector.unit import VectorUnit

FETCH_WORDS = 16
"""Bus words under way while a program is loaded."""

READERS = 4
"""Users of port 0, at most: weights, LD, ST (the ring's tail), program."""


class Accelerator(wiring.Component):
    """One core.

    Attributes
    ----------
    control : AXI4-Lite, see `register_map`
    irq : Out(1), interrupt
    memory : AXI4 managers, one a port
    retired : the instruction of each unit that ends in this cycle
    activity : further events of this cycle, see `ACTIVITY`
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "control": In(AxiLite(ADDRESS_BITS)),
                "irq": Out(1),
                "memory": Out(Axi4(config.port_bits, id_bits=ceil_log2(READERS))).array(
                    config.ports
                ),
                "retired": Out(data.ArrayLayout(RETIRED, len(Unit))),
                "activity": Out(ACTIVITY),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Units, memories, sequencer and ports, joined."""
        m = Module()
        config = self._config
        m.submodules.registers = registers = Registers(config)
        m.submodules.sequencer = sequencer = Sequencer(config)
        m.submodules.load = load = LoadUnit(config)
        m.submodules.store = store = StoreUnit(config)
        m.submodules.matrix = matrix = MatrixUnit(config)
        m.submodules.vector = vector = VectorUnit(config)
        m.submodules.vectors = vectors = VectorMemory(config)
        m.submodules.operands = operands = OperandMemory(config)

        for name, unit in (("ld", load), ("st", store), ("mpe", matrix), ("misc", vector)):
            port = getattr(sequencer, name)
            connect(m, port.command, unit.command)
            m.d.comb += port.done.eq(unit.done)
            if hasattr(unit, "fault"):
                m.d.comb += port.fault.eq(unit.fault)
        connect(m, sequencer.ahead, matrix.ahead)

        for reader, port in (
            (vector.a, vectors.a), (vector.b, vectors.b), (vector.vector, vectors.misc),
            (store.vector, vectors.store), (sequencer.peek, vectors.peek),
            (matrix.write, vectors.drain), (load.write, vectors.load),
            (vector.operand, operands.write), (matrix.operands, operands.matrix),
            (store.operand, operands.store),
        ):  # fmt: skip
            connect(m, reader, port)
        m.d.comb += vector.leave_out.eq(vectors.leave_out)

        self._host(m, registers, sequencer)
        m.d.comb += sequencer.paused.eq(store.waiting)
        self._ports(m, registers, sequencer, load, store, matrix)
        return m

    def _host(self, m: Module, registers: Registers, sequencer: Sequencer) -> None:
        """Join the registers with the sequencer."""
        connect(m, flipped(self.control), registers.bus)
        m.d.comb += [
            self.irq.eq(registers.irq),
            self.retired.eq(sequencer.retired),
            self.activity.eq(sequencer.activity),
            sequencer.start.eq(registers.start),
            sequencer.program.eq(registers.program),
            sequencer.count.eq(registers.instructions),
            sequencer.arguments.eq(registers.arguments),
            sequencer.aborted.eq(registers.aborted),
            sequencer.watchdog.eq(registers.watchdog),
            registers.retires.eq(Cat(retired.valid for retired in sequencer.retired)),
        ]
        for name in ("state", "error", "error_pc", "error_unit", "ended", "busy", "stalled"):
            m.d.comb += getattr(registers, name).eq(getattr(sequencer, name))

    def _ports(
        self,
        m: Module,
        registers: Registers,
        sequencer: Sequencer,
        load: LoadUnit,
        store: StoreUnit,
        matrix: MatrixUnit,
    ) -> None:
        """Share every port between those who read from it; ST alone writes."""
        bits = self._config.port_bits
        m.submodules.fetch = fetch = ReadEngine(bits, FETCH_WORDS)
        m.submodules.fetch_beats = beats = Serialiser(bits)
        connect(m, sequencer.request, fetch.request)
        connect(m, fetch.response, beats.words)
        connect(m, beats.beats, sequencer.beats)
        m.d.comb += sequencer.fetch_error.eq(fetch.error)
        for index, port in enumerate(self.memory):
            engine = ReadEngine(bits)
            m.submodules[f"engine_{index}"] = engine
            connect(m, matrix.requests[index], engine.request)
            connect(m, engine.response, matrix.responses[index])
            users = [engine.bus, load.bus[index]]
            users += [store.reads, fetch.bus] if index == 0 else []
            arbiter = ReadArbiter(bits, len(users))
            m.submodules[f"arbiter_{index}"] = arbiter
            for user, place in zip(users, arbiter.users, strict=True):
                connect(m, user, place)
            base = registers.memory_base[index]
            self._drive(m, port, arbiter.bus, store.writes[index], base)
            m.d.comb += registers.beats[index].eq(self._moved(port))

    def _drive(self, m: Module, port: Any, reads: Any, writes: Any, base: Any) -> None:
        """Add the port's base address to all addresses."""
        for name, source in (("ar", reads), ("aw", writes), ("w", writes)):
            channel, ours = getattr(port, name), getattr(source, name)
            for field in channel.signature.members:
                if field == "ready":
                    m.d.comb += ours.ready.eq(channel.ready)
                elif field == "addr":
                    m.d.comb += channel.addr.eq(ours.addr + base)
                elif field != "id" or "id" in ours.signature.members:
                    m.d.comb += getattr(channel, field).eq(getattr(ours, field))
        for name, source in (("r", reads), ("b", writes)):
            channel, ours = getattr(port, name), getattr(source, name)
            for field in ours.signature.members:
                if field == "ready":
                    m.d.comb += channel.ready.eq(ours.ready)
                else:
                    m.d.comb += getattr(ours, field).eq(getattr(channel, field))

    def _moved(self, port: Any) -> Any:
        """Return the beats that a port moves in this cycle."""
        read, written = port.r.valid & port.r.ready, port.w.valid & port.w.ready
        return (read + written) * max(1, self._config.port_bits // 128)
