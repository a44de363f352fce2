"""The subordinate side of AXI4-Lite: one access at a time, as strobes."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.register_map import ADDRESS_BITS
from wingbeat.hw.rtl.bus.axi import AxiLite, Response


class LitePort(wiring.Component):
    """Turns accesses to words into strobes; a read takes two cycles, a write one.

    A write of part of a word is refused with SLVERR. The two lowest bits of an address are ignored.

    Attributes
    ----------
    bus : seen from the manager
    write : `write_data` is written to word `write_address`
    read : word `read_address` is read; `read_data` is to be there in the same cycle
    """

    bus: In(AxiLite(ADDRESS_BITS))
    write: Out(1)
    write_address: Out(ADDRESS_BITS - 2)
    write_data: Out(32)
    read: Out(1)
    read_address: Out(ADDRESS_BITS - 2)
    read_data: In(32)

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        self._write(m)
        self._read(m)
        return m

    def _write(self, m: Module) -> None:
        """Take address and data together, then answer."""
        aw, w, b = self.bus.aw, self.bus.w, self.bus.b
        taken, whole = Signal(), Signal()
        m.d.comb += [
            taken.eq(aw.valid & w.valid & ~b.valid),
            whole.eq(w.strb.all()),
            aw.ready.eq(taken),
            w.ready.eq(taken),
            self.write.eq(taken & whole),
            self.write_address.eq(aw.addr >> 2),
            self.write_data.eq(w.data),
        ]
        with m.If(taken):
            m.d.sync += [b.valid.eq(1), b.resp.eq(Response.OKAY)]
            with m.If(~whole):
                m.d.sync += b.resp.eq(Response.SLVERR)
        with m.Elif(b.ready):
            m.d.sync += b.valid.eq(0)

    def _read(self, m: Module) -> None:
        """Note the address, look the word up in the next cycle, then answer."""
        ar, r = self.bus.ar, self.bus.r
        m.d.comb += [
            ar.ready.eq(~self.read & ~r.valid),
            r.resp.eq(Response.OKAY),
        ]
        m.d.sync += self.read.eq(ar.valid & ar.ready)
        with m.If(ar.ready):
            m.d.sync += self.read_address.eq(ar.addr >> 2)
        with m.If(self.read):
            m.d.sync += [r.data.eq(self.read_data), r.valid.eq(1)]
        with m.Elif(r.ready):
            m.d.sync += r.valid.eq(0)
