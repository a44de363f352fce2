"""The whole machine: a host's registers on one side, memory ports on the other."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import (
    Cat,
    ClockDomain,
    ClockSignal,
    DomainRenamer,
    Module,
    ResetInserter,
    ResetSignal,
    Value,
)
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from amaranth.utils import ceil_log2

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.control import ErrorCode
from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.register_map import ADDRESS_BITS
from wingbeat.hw.rtl.bus.arbiter import ReadArbiter
from wingbeat.hw.rtl.bus.axi import Axi4, AxiLite
from wingbeat.hw.rtl.bus.port import beats_moved, drive
from wingbeat.hw.rtl.bus.read_engine import ReadEngine
from wingbeat.hw.rtl.bus.serialiser import Serialiser
from wingbeat.hw.rtl.bus.write_engine import WriteEngine
from wingbeat.hw.rtl.clock_gate import rest
from wingbeat.hw.rtl.matrix.unit import MatrixUnit
from wingbeat.hw.rtl.memory.operand_memory import OperandMemory
from wingbeat.hw.rtl.memory.vector_memory import VectorMemory
from wingbeat.hw.rtl.registers import Registers
from wingbeat.hw.rtl.report import Reporter
from wingbeat.hw.rtl.sequencer.program import ACTIVITY, RETIRED
from wingbeat.hw.rtl.sequencer.sequencer import Sequencer
from wingbeat.hw.rtl.transfer.load import LoadUnit
from wingbeat.hw.rtl.transfer.store import StoreUnit
from wingbeat.hw.rtl.vector.unit import VectorUnit

FETCH_WORDS = 16
"""Bus words under way while a program is loaded."""

READERS = 4
"""Users of port 0, at most: weights, LD, ST (the ring's tail), program."""


_IN_RUN = DomainRenamer("run")


class Accelerator(wiring.Component):
    """One core.

    Units and read engines lie in the domain `run`: clocked as `sync`, and in reset whenever no
    program runs. The clocks of LD, ST, MISC and the write engine rest while these have nothing to
    do. What finishes bursts after a program has failed, arbiters and write engine, is not in that
    domain, nor are the memories and all that the host sees.

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
        m.domains.run = ClockDomain("run", local=True)
        m.d.comb += [
            ClockSignal("run").eq(ClockSignal()),
            ResetSignal("run").eq(ResetSignal() | sequencer.clear),
        ]
        load, store = LoadUnit(config), StoreUnit(config)
        matrix, vector = MatrixUnit(config), VectorUnit(config)
        m.submodules.matrix = _IN_RUN(matrix)
        for unit, number in ((load, Unit.LD), (store, Unit.ST), (vector, Unit.MISC)):
            active = unit.command.valid | sequencer.busy[number.value]
            rest(m, unit, active, name=number.name.lower(), domain="run")
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
        m.d.comb += [
            sequencer.paused.eq(store.waiting),
            sequencer.aborted.eq(registers.aborted | store.aborted),
        ]
        writer = WriteEngine(config.port_bits, config.ports)
        written = self._write(m, registers, sequencer, store, writer)
        read = self._read(m, registers, sequencer, load, store, matrix, writer)
        m.d.comb += sequencer.quiet.eq(written & read)
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
            sequencer.watchdog.eq(registers.watchdog),
            registers.retires.eq(Cat(retired.valid for retired in sequencer.retired)),
            registers.running.eq(~sequencer.clear),
        ]
        for name in ("state", "error", "error_pc", "error_unit", "ended", "busy", "stalled"):
            m.d.comb += getattr(registers, name).eq(getattr(sequencer, name))

    def _write(
        self,
        m: Module,
        registers: Registers,
        sequencer: Sequencer,
        store: StoreUnit,
        writer: WriteEngine,
    ) -> Value:
        """Let ST write, and the machine itself report; return whether all is written."""
        reporter = Reporter(self._config.ports)
        m.submodules.reporter = ResetInserter(sequencer.stop)(reporter)
        rest(m, writer, reporter.merged.valid | ~writer.idle | sequencer.stop, name="writer")
        connect(m, store.beats, reporter.beats)
        connect(m, reporter.merged, writer.beats)
        m.d.comb += [
            store.written.eq(writer.idle),
            store.write_error.eq(writer.error),
            writer.stop.eq(sequencer.stop),
            reporter.block.eq(registers.control_block),
            reporter.now.eq(sequencer.report),
            reporter.running.eq(~sequencer.clear),
            reporter.heartbeat.eq(registers.retired),
            reporter.state.eq(sequencer.reported),
        ]
        for name in ("error", "error_pc", "error_unit"):
            m.d.comb += getattr(reporter, name).eq(getattr(sequencer, name))
        return reporter.idle & writer.idle

    def _read(
        self,
        m: Module,
        registers: Registers,
        sequencer: Sequencer,
        load: LoadUnit,
        store: StoreUnit,
        matrix: MatrixUnit,
        writer: WriteEngine,
    ) -> Value:
        """Share every port between those who read from it; return whether all is read."""
        bits = self._config.port_bits
        fetch, beats = ReadEngine(bits, FETCH_WORDS), Serialiser(bits)
        m.submodules.fetch = _IN_RUN(fetch)
        m.submodules.fetch_beats = _IN_RUN(beats)
        connect(m, sequencer.request, fetch.request)
        connect(m, fetch.response, beats.words)
        connect(m, beats.beats, sequencer.beats)
        m.d.comb += sequencer.fetch_error.eq(fetch.error)
        quiet, errors = [], []
        for index, port in enumerate(self.memory):
            engine = ReadEngine(bits)
            m.submodules[f"engine_{index}"] = _IN_RUN(engine)
            connect(m, matrix.requests[index], engine.request)
            connect(m, engine.response, matrix.responses[index])
            users = [engine.bus, load.bus[index]]
            users += [store.reads, fetch.bus] if index == 0 else []
            arbiter = ReadArbiter(bits, len(users))
            m.submodules[f"arbiter_{index}"] = arbiter
            for user, place in zip(users, arbiter.users, strict=True):
                connect(m, user, place)
            base = registers.memory_base[index]
            drive(m, port, arbiter.bus, writer.bus[index], base)
            m.d.comb += registers.beats[index].eq(beats_moved(port))
            m.d.comb += arbiter.stop.eq(sequencer.clear)
            quiet.append(arbiter.quiet)
            errors.append(engine.error)
        with m.If(Cat(errors).any()):
            m.d.comb += sequencer.mpe.fault.eq(ErrorCode.MEMORY_BUS)
        return Cat(quiet).all()
