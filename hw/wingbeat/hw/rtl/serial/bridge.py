"""Frames of a serial line in, accesses to registers and memory out."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.crc.catalog import CRC16_IBM_3740
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from wingbeat.hw.register_map import ADDRESS_BITS as REGISTER_BITS
from wingbeat.hw.rtl.bus.axi import Axi4, AxiLite
from wingbeat.hw.rtl.serial.word_access import WORD_BITS, WordAccess
from wingbeat.hw.serial_frame import (
    CRC_BYTES,
    HEADER_BYTES,
    MOST_WORDS,
    Operation,
    Reply,
)

WORD_BYTES = WORD_BITS // 8


class Bridge(wiring.Component):
    """Answers the requests of `wingbeat.hw.serial_frame`.

    The words of a message wait in a buffer: what is to be written is written when its CRC was
    right, and what was read is sent when all of it is there.

    Parameters
    ----------
    gap : clock cycles of `GAP_SECONDS`
    memory_units : size of device memory, in units of `MEMORY_UNIT`

    Attributes
    ----------
    byte, strobe : from `Receiver`
    bytes : to `Transmitter`
    reset : one cycle: the accelerator is to be reset
    control, ram : see `WordAccess`
    """

    def __init__(self, gap: int, memory_units: int) -> None:
        self._gap = gap
        self._memory_units = memory_units
        super().__init__(
            {
                "byte": In(8),
                "strobe": In(1),
                "bytes": Out(stream.Signature(8)),
                "reset": Out(1),
                "control": Out(AxiLite(REGISTER_BITS)),
                "ram": Out(Axi4(WORD_BITS)),
            }
        )
        self._access = WordAccess()
        self._crc = CRC16_IBM_3740(8).create()
        self._buffer = Memory(shape=WORD_BITS, depth=MOST_WORDS, init=[])
        self._reader = self._buffer.read_port(domain="comb")
        self._writer = self._buffer.write_port()
        self._head = Signal(8 * HEADER_BYTES)
        self._kind = Signal(data.StructLayout({"known": 1, "write": 1, "memory": 1, "bus": 1}))
        self._reply = Signal(Reply, init=Reply.DONE)
        self._count = Signal(range(WORD_BYTES * MOST_WORDS + CRC_BYTES))  # bytes of a part
        self._size = Signal.like(self._count)  # bytes of the data
        self._index = Signal(range(MOST_WORDS))  # words accessed
        self._quiet = Signal()

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        m.submodules.access = access = self._access
        m.submodules.crc = self._crc
        m.submodules.buffer = self._buffer
        connect(m, access.control, flipped(self.control))
        connect(m, access.ram, flipped(self.ram))
        last, address = self._head[8:16], self._head[16:]
        m.d.comb += [
            self._size.eq(Cat(Const(0, 2), last + 1)),
            self._crc.data.eq(self.byte),
            access.memory.eq(self._kind.memory),
            access.write.eq(self._kind.write),
            access.address.eq(address + Cat(Const(0, 2), self._index)),
            access.data.eq(self._reader.data),
            self._reader.addr.eq(self._index),
            self._writer.addr.eq(self._index),
        ]
        self._decode(m)
        self._listen(m)
        with m.FSM():
            self._receive(m)
            self._perform(m, last)
            self._answer(m)
        return m

    def _decode(self, m: Module) -> None:
        """Find out what the header asks for."""
        written = (Operation.WRITE_REGISTER, Operation.WRITE_MEMORY)
        read = (Operation.READ_REGISTER, Operation.READ_MEMORY)
        of_memory = (Operation.READ_MEMORY, Operation.WRITE_MEMORY)
        with m.Switch(self._head[:8]):
            for kind in Operation:
                with m.Case(kind.value):
                    m.d.comb += [
                        self._kind.known.eq(1),
                        self._kind.write.eq(kind in written),
                        self._kind.memory.eq(kind in of_memory),
                        self._kind.bus.eq(kind in written or kind in read),
                    ]

    def _listen(self, m: Module) -> None:
        """Measure silence."""
        silence = Signal(range(self._gap + 1))
        m.d.comb += self._quiet.eq(silence == self._gap)
        with m.If(self.strobe):
            m.d.sync += silence.eq(0)
        with m.Elif(~self._quiet):
            m.d.sync += silence.eq(silence + 1)

    def _receive(self, m: Module) -> None:
        """Take header and data, each with its CRC."""
        crc, count, writer = self._crc, self._count, self._writer
        word = Signal(WORD_BITS)
        received = Cat(word[8:], self.byte)
        with m.State("HEADER"):
            m.d.comb += crc.valid.eq(self.strobe)
            with m.If(self.strobe):
                m.d.sync += count.eq(count + 1)
                with m.If(count < HEADER_BYTES):
                    m.d.sync += self._head.eq(Cat(self._head[8:], self.byte))
                with m.If(count == HEADER_BYTES + CRC_BYTES - 1):
                    m.next = "CHECK"
            with m.Elif(self._quiet):
                m.d.comb += crc.start.eq(1)
                m.d.sync += count.eq(0)
        with m.State("CHECK"):
            m.d.comb += crc.start.eq(1)
            m.d.sync += [count.eq(0), self._index.eq(0), self._reply.eq(Reply.DONE)]
            with m.If(~crc.match_detected | ~self._kind.known):
                m.next = "DISCARD"
            with m.Elif(self._kind.write):
                m.next = "DATA"
            with m.Else():
                m.next = "ACCESS"
        with m.State("DATA"):
            m.d.comb += [
                crc.valid.eq(self.strobe),
                writer.addr.eq(count[2:]),
                writer.data.eq(received),
            ]
            with m.If(self.strobe):
                m.d.sync += [count.eq(count + 1), word.eq(received)]
                # the CRC is no whole word
                m.d.comb += writer.en.eq(count[:2] == WORD_BYTES - 1)
                with m.If(count == self._size + CRC_BYTES - 1):
                    m.next = "VERIFY"
            with m.Elif(self._quiet):
                m.next = "DISCARD"
        with m.State("VERIFY"):
            m.next = "ACCESS"
            with m.If(~crc.match_detected):
                m.next = "DISCARD"
        with m.State("DISCARD"):
            m.d.sync += self._reply.eq(Reply.DAMAGED)
            with m.If(self._quiet):
                m.next = "REPLY"

    def _perform(self, m: Module, last: Value) -> None:
        """Access one word after the other."""
        access, writer, index = self._access, self._writer, self._index
        bus = self._kind.bus
        with m.State("ACCESS"):
            m.d.comb += access.start.eq(bus)
            m.next = "WAIT"
        with m.State("WAIT"):
            resets = self._head[:8] == Operation.RESET
            m.d.comb += [
                writer.data.eq(Mux(bus, access.found, Mux(resets, 0, self._memory_units))),
                self.reset.eq(resets),
            ]
            with m.If(access.done | ~bus):
                m.d.comb += writer.en.eq(~self._kind.write)
                m.d.sync += index.eq(index + 1)
                m.next = "ACCESS"
                with m.If(bus & access.error):
                    m.d.sync += self._reply.eq(Reply.BUS_ERROR)
                    m.next = "REPLY"
                with m.Elif(index == last):
                    m.next = "REPLY"

    def _answer(self, m: Module) -> None:
        """Send the reply, what was read, and the CRC over both."""
        crc, count, out = self._crc, self._count, self.bytes
        with m.State("REPLY"):
            m.d.comb += [out.valid.eq(1), out.payload.eq(self._reply)]
            m.d.comb += [crc.data.eq(out.payload), crc.start.eq(1), crc.valid.eq(1)]
            m.d.sync += count.eq(0)
            with m.If(out.ready):
                m.next = "CRC"
                with m.If(~self._kind.write & (self._reply == Reply.DONE)):
                    m.next = "SEND"
        with m.State("SEND"):
            word = self._reader.data.word_select(count[:2], 8)
            m.d.comb += [self._reader.addr.eq(count[2:]), out.valid.eq(1), out.payload.eq(word)]
            m.d.comb += [crc.data.eq(word), crc.valid.eq(out.ready)]
            with m.If(out.ready):
                m.d.sync += count.eq(count + 1)
                with m.If(count == self._size - 1):
                    m.d.sync += count.eq(0)
                    m.next = "CRC"
        with m.State("CRC"):
            m.d.comb += [out.valid.eq(1), out.payload.eq(crc.crc.word_select(count == 0, 8))]
            with m.If(out.ready):
                m.d.sync += count.eq(count + 1)
                with m.If(count == CRC_BYTES - 1):
                    m.d.comb += crc.start.eq(1)
                    m.d.sync += count.eq(0)
                    m.next = "HEADER"
