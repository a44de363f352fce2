"""One word at a time, on the bus of the registers or on that of the memory."""

from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.register_map import ADDRESS_BITS as REGISTER_BITS
from wingbeat.hw.rtl.bus.axi import ADDRESS_BITS, Axi4, AxiLite, Burst, is_error

WORD_BITS = 32


class WordAccess(wiring.Component):
    """Reads or writes a word of 32 bits.

    Attributes
    ----------
    start : begin with `memory`, `write`, `address` and `data`, which stay as they are until `done`
    memory : the word is one of memory, not of the registers
    write : it is written
    address : in bytes, a multiple of 4
    data : to be written
    done : one cycle, with `found` and `error`
    found : what was read
    error : the bus answered with an error
    control : the bus of the registers
    ram : the bus of the memory, without ids
    """

    start: In(1)
    memory: In(1)
    write: In(1)
    address: In(ADDRESS_BITS)
    data: In(WORD_BITS)
    done: Out(1)
    found: Out(WORD_BITS)
    error: Out(1)
    control: Out(AxiLite(REGISTER_BITS))
    ram: Out(Axi4(WORD_BITS))

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        m.d.comb += self.found.eq(Mux(self.memory, self.ram.r.data, self.control.r.data))
        for address in (self.ram.aw, self.ram.ar):
            m.d.comb += [address.size.eq(2), address.burst.eq(Burst.INCR)]
        m.d.comb += self.ram.w.last.eq(1)
        for bus, chosen in ((self.control, ~self.memory), (self.ram, self.memory)):
            for address in (bus.aw, bus.ar):
                m.d.comb += address.addr.eq(self.address)
            m.d.comb += [bus.w.data.eq(self.data), bus.w.strb.eq(Const(15, 4))]
            self._offer(m, (bus.aw, bus.w), self.start & chosen & self.write)
            self._offer(m, (bus.ar,), self.start & chosen & ~self.write)
            for answer in (bus.b, bus.r):
                m.d.comb += answer.ready.eq(1)
                with m.If(answer.valid):
                    m.d.comb += [self.done.eq(1), self.error.eq(is_error(answer.resp))]
        return m

    def _offer(self, m: Module, channels: tuple[Any, ...], start: Any) -> None:
        """Offer each channel from `start` on until it is taken."""
        for channel in channels:
            pending = Signal()
            m.d.comb += channel.valid.eq(pending)
            with m.If(start):
                m.d.sync += pending.eq(1)
            with m.Elif(channel.ready):
                m.d.sync += pending.eq(0)
