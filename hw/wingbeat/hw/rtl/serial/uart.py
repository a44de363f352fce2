"""Bytes on a wire: one start bit, eight data bits from the lowest on, one stop bit."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

BITS = 10
"""Of a byte on the wire."""


class Receiver(wiring.Component):
    """Samples each bit in its middle.

    Parameters
    ----------
    divisor : clock cycles of a bit, at least 4

    Attributes
    ----------
    wire : of another clock; high when nothing is sent
    byte : what was received, while `strobe` is high; it does not wait
    strobe : one cycle for each byte with a sound stop bit
    """

    def __init__(self, divisor: int) -> None:
        if divisor < 4:
            raise ValueError(f"`divisor` must be at least 4, not {divisor}")
        self._divisor = divisor
        super().__init__({"wire": In(1, init=1), "byte": Out(8), "strobe": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        wire = Signal(init=1)
        m.submodules.synchroniser = FFSynchronizer(self.wire, wire, init=1)
        timer = Signal(range(2 * self._divisor))
        left = Signal(range(BITS))  # bits to come, the stop bit included
        with m.If(timer != 0):
            m.d.sync += timer.eq(timer - 1)
        with m.If(left == 0), m.If(~wire):
            # from the edge of the start bit to the middle of the first data bit
            m.d.sync += [timer.eq(self._divisor * 3 // 2 - 1), left.eq(BITS - 1)]
        with m.Elif(timer == 0):
            m.d.sync += [timer.eq(self._divisor - 1), left.eq(left - 1)]
            with m.If(left == 1):
                m.d.comb += self.strobe.eq(wire)
            with m.Else():
                m.d.sync += self.byte.eq(Cat(self.byte[1:], wire))
        return m


class Transmitter(wiring.Component):
    """Sends one byte after the other.

    Parameters
    ----------
    divisor : clock cycles of a bit

    Attributes
    ----------
    bytes : stream of what is to be sent
    wire : high when nothing is sent
    """

    def __init__(self, divisor: int) -> None:
        self._divisor = divisor
        super().__init__({"bytes": In(stream.Signature(8)), "wire": Out(1, init=1)})

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        timer = Signal(range(self._divisor))
        left = Signal(range(BITS + 1))
        rest = Signal(BITS - 1)
        m.d.comb += self.bytes.ready.eq((left == 0) & (timer == 0))
        with m.If(timer != 0):
            m.d.sync += timer.eq(timer - 1)
        with m.Elif(left != 0):
            m.d.sync += [Cat(self.wire, rest).eq(Cat(rest, Const(1))), left.eq(left - 1)]
            m.d.sync += timer.eq(self._divisor - 1)
        with m.Elif(self.bytes.valid):
            # the start bit now, then the byte and the stop bit
            m.d.sync += [self.wire.eq(0), rest.eq(Cat(self.bytes.payload, Const(1)))]
            m.d.sync += [left.eq(BITS - 1), timer.eq(self._divisor - 1)]
        return m
