"""A queue of two entries between two handshakes."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class Skid(wiring.Component):
    """Breaks the path of `ready`: `input.ready` comes out of a register, at full throughput.

    Attributes
    ----------
    input, output : streams of `shape`; `LATENCY` cycles if nothing waits
    """

    LATENCY = 1

    def __init__(self, shape: Any) -> None:
        self._shape = shape
        super().__init__(
            {"input": In(stream.Signature(shape)), "output": Out(stream.Signature(shape))}
        )

    def elaborate(self, platform: object) -> Module:
        """Two registers; the second is used only while the first is blocked."""
        m = Module()
        spare = Signal(self._shape, reset_less=True)
        waiting = Signal()
        room = Signal()
        m.d.comb += [self.input.ready.eq(~waiting), room.eq(self.output.ready | ~self.output.valid)]
        with m.If(~waiting):
            m.d.sync += spare.eq(self.input.payload)
        with m.If(room):
            m.d.sync += [
                self.output.valid.eq(waiting | self.input.valid),
                waiting.eq(0),
            ]
            with m.If(waiting):
                m.d.sync += self.output.payload.eq(spare)
            with m.Else():
                m.d.sync += self.output.payload.eq(self.input.payload)
        with m.Elif(self.input.valid):
            m.d.sync += waiting.eq(1)
        return m
