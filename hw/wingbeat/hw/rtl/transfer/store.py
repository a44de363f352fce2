"""ST: vector or operand memory to memory."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.control import ErrorCode
from wingbeat.hw.isa.instructions import Store, StoreKind
from wingbeat.hw.rtl.bus.axi import Axi4Read
from wingbeat.hw.rtl.bus.read_engine import ReadEngine
from wingbeat.hw.rtl.bus.serialiser import Serialiser
from wingbeat.hw.rtl.bus.write_word import beat_layout
from wingbeat.hw.rtl.command import resolved
from wingbeat.hw.rtl.memory.ports import operand_read, vector_read
from wingbeat.hw.rtl.transfer.load_rows import COUNT_BITS
from wingbeat.hw.rtl.transfer.store_keys import StoreKeys
from wingbeat.hw.rtl.transfer.store_rows import StoreRows
from wingbeat.hw.rtl.transfer.store_values import StoreValues
from wingbeat.hw.rtl.transfer.store_word import StoreWord

TAIL_WORDS = 4
"""Room for one beat on the narrowest port, and to spare."""


class StoreUnit(wiring.Component):
    """Executes `Store` commands, each to its last write response before the next begins.

    Attributes
    ----------
    command : resolved `Store`
    done : pulse, all writes of the command are answered
    fault : MEMORY_BUS from an error response on until the command's `done`, that cycle included
    waiting : PUBLISH waits for the host, so the watchdog sleeps
    aborted : PUBLISH has found the abort word of the control block set
    vector, operand : read ports of the on-chip memories
    beats : to the write engine
    written, write_error : `idle` and `error` of the write engine
    reads : read half of port 0, for the ring's tail
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "command": In(stream.Signature(resolved(Store))),
                "done": Out(1),
                "fault": Out(ErrorCode),
                "waiting": Out(1),
                "aborted": Out(1),
                "vector": Out(vector_read(config)),
                "operand": Out(operand_read(config)),
                "beats": Out(stream.Signature(beat_layout(config.ports))),
                "written": In(1),
                "write_error": In(1),
                "reads": Out(Axi4Read(config.port_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Take a command, start the part that is for it, wait for it and for its writes."""
        m = Module()
        config = self._config
        m.submodules.rows = rows = StoreRows(config)
        m.submodules.keys = keys = StoreKeys(config)
        m.submodules.values = values = StoreValues(config)
        m.submodules.word = word = StoreWord(config)
        m.submodules.reader = reader = ReadEngine(config.port_bits, TAIL_WORDS)
        m.submodules.serialiser = serialiser = Serialiser(config.port_bits)
        wiring.connect(m, reader.response, serialiser.words)
        wiring.connect(m, word.request, reader.request)
        wiring.connect(m, serialiser.beats, word.tail)
        wiring.connect(m, reader.bus, wiring.flipped(self.reads))
        wiring.connect(m, rows.vector, wiring.flipped(self.vector))

        command = Signal(resolved(Store), reset_less=True)
        start, something = Signal(), Signal()
        parts: dict[StoreKind, Any] = {
            StoreKind.VECTOR: rows,
            StoreKind.KEYS: keys,
            StoreKind.VALUES: values,
            StoreKind.WORD: word,
            StoreKind.PUBLISH: word,
        }
        for part in (rows, keys, values, word):
            m.d.comb += part.command.eq(command)
        m.d.comb += [
            self.waiting.eq(word.waiting),
            self.aborted.eq(word.aborted),
            something.eq((command.rows != 0) & (command.length[:COUNT_BITS] != 0)),
        ]
        with m.Switch(command.kind):
            for kind, part in parts.items():
                with m.Case(kind):
                    wiring.connect(m, part.beats, wiring.flipped(self.beats))
                    m.d.comb += part.start.eq(start)
                    if part in (keys, values):
                        wiring.connect(m, part.operand, wiring.flipped(self.operand))
                    if part is word:
                        m.d.comb += something.eq(1)

        finished = Cat(part.done for part in (rows, keys, values, word)).any()
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.command.ready.eq(1)
                with m.If(self.command.valid):
                    m.d.sync += command.eq(self.command.payload)
                    m.next = "START"
            with m.State("START"):
                m.d.comb += start.eq(something)
                m.next = "RUN"
                with m.If(~something):
                    m.next = "DONE"
            with m.State("RUN"), m.If(finished):
                m.next = "ANSWERS"
            with m.State("ANSWERS"), m.If(self.written):
                m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                m.next = "IDLE"
        with m.If(self.done):
            m.d.sync += self.fault.eq(ErrorCode.NONE)
        with m.If(self.write_error | reader.error):
            m.d.sync += self.fault.eq(ErrorCode.MEMORY_BUS)
        return m
