"""LD: memory to vector memory."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.control import ErrorCode
from wingbeat.hw.isa.instructions import Load, LoadKind
from wingbeat.hw.rtl.bus.axi import Axi4Read
from wingbeat.hw.rtl.bus.read_engine import ReadEngine
from wingbeat.hw.rtl.bus.serialiser import Serialiser
from wingbeat.hw.rtl.command import resolved
from wingbeat.hw.rtl.memory.ports import vector_write
from wingbeat.hw.rtl.memory.vector_memory import VectorMemory
from wingbeat.hw.rtl.transfer.gather import Gather
from wingbeat.hw.rtl.transfer.load_rows import COUNT_BITS, LoadRows

WORDS = 64
"""Bus words under way or stored: LD is no weight stream."""


class LoadUnit(wiring.Component):
    """Executes `Load` commands one after the other.

    VECTOR reads port 0; GATHER reads its list there and its matrix on any port. One engine serves
    all ports, because only one of them is read at a time.

    Attributes
    ----------
    command : resolved `Load`
    done : pulse when every read that is accepted from the next cycle on sees the results
    fault : MEMORY_BUS from an error response on until the command's `done`, that cycle included
    write : to the vector memory
    bus : read halves of all ports
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "command": In(stream.Signature(resolved(Load))),
                "done": Out(1),
                "fault": Out(ErrorCode),
                "write": Out(vector_write(config)),
                "bus": Out(Axi4Read(config.port_bits)).array(config.ports),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Take a command, start the part that is for it, wait for it."""
        m = Module()
        config = self._config
        m.submodules.load_rows = rows = LoadRows(config)
        m.submodules.gather = gather = Gather(config)
        m.submodules.engine = engine = ReadEngine(config.port_bits, WORDS)
        m.submodules.serialiser = serialiser = Serialiser(config.port_bits)
        wiring.connect(m, engine.response, serialiser.words)
        command = Signal(resolved(Load), reset_less=True)
        start, gathers = Signal(), Signal()
        port = Signal.like(gather.port)
        m.d.comb += [
            gathers.eq(command.kind == LoadKind.GATHER),
            port.eq(Mux(gathers, gather.port, 0)),
            rows.command.eq(command),
            gather.command.eq(command),
            rows.start.eq(start & ~gathers),
            gather.start.eq(start & gathers),
        ]
        for part, chosen in ((rows, ~gathers), (gather, gathers)):
            with m.If(chosen):
                wiring.connect(m, part.request, engine.request)
                wiring.connect(m, serialiser.beats, part.beats)
                wiring.connect(m, part.write, wiring.flipped(self.write))
        self._choose_port(m, engine, port)

        something = (command.rows != 0) & (command.length[:COUNT_BITS] != 0)
        settling = Signal(range(VectorMemory.WRITE_LATENCY + 1))
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.command.ready.eq(1)
                with m.If(self.command.valid):
                    m.d.sync += command.eq(self.command.payload)
                    m.next = "START"
            with m.State("START"):
                m.d.comb += start.eq(something)
                m.d.sync += settling.eq(VectorMemory.WRITE_LATENCY - 3)
                m.next = "RUN"
                with m.If(~something):
                    m.next = "DONE"
            with m.State("RUN"), m.If(rows.done | gather.done):
                m.next = "SETTLE"
            with m.State("SETTLE"):
                m.d.sync += settling.eq(settling - 1)
                with m.If(settling == 0):
                    m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                m.next = "IDLE"
        with m.If(self.done):
            m.d.sync += self.fault.eq(ErrorCode.NONE)
        with m.If(engine.error):
            m.d.sync += self.fault.eq(ErrorCode.MEMORY_BUS)
        return m

    def _choose_port(self, m: Module, engine: ReadEngine, port: Signal) -> None:
        """Pass the engine's bus on; nothing is under way when `port` changes."""
        for index, bus in enumerate(self.bus):
            with m.If(port == index):
                wiring.connect(m, engine.bus, wiring.flipped(bus))
