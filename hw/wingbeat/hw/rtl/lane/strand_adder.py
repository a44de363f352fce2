"""The adder that joins strands."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.adder import Adder


class StrandAdder(wiring.Component):
    """Adds two accumulators of a bank, read one after the other, back into the second.

    Attributes
    ----------
    read : In(1), a read is issued in this cycle
    upper : In(1), it is that of the first addend
    present : In(1), the accumulator was added to; otherwise it counts as +0
    address : In, of the read
    data : In(32), what was read the cycle before
    write, write_address, sum : Out, the sum and where it belongs
    """

    LATENCY = 2 + Adder.LATENCY
    """Cycles from reading the second addend until their sum can be read."""

    def __init__(self, depth: int) -> None:
        super().__init__(
            {
                "read": In(1),
                "upper": In(1),
                "present": In(1),
                "address": In(range(depth)),
                "data": In(32),
                "write": Out(1),
                "write_address": Out(range(depth)),
                "sum": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Keep the first addend for the cycle in which the second comes."""
        m = Module()
        m.submodules.adder = adder = Adder()
        value = Signal(32)
        first = Signal(32, reset_less=True)
        cycles = self.LATENCY - 1
        m.d.sync += first.eq(value)
        m.d.comb += [
            value.eq(Mux(delay(m, self.present, 1, name="present"), self.data, 0)),
            adder.a.eq(value),
            adder.b.eq(first),
            self.sum.eq(adder.sum),
            self.write.eq(
                delay(m, self.read & ~self.upper, cycles, name="write", reset_less=False)
            ),
            self.write_address.eq(delay(m, self.address, cycles, name="address")),
        ]
        return m
