"""One stream to several receivers."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class Broadcast(wiring.Component):
    """Gives every payload to each receiver once; they may take it at different times.

    Parameters
    ----------
    shape : of the payload
    receivers : how many

    Attributes
    ----------
    source : In, stream; taken when the last receiver takes its payload
    sinks : Out, streams
    """

    def __init__(self, shape: Any, receivers: int) -> None:
        self._receivers = receivers
        super().__init__(
            {
                "source": In(stream.Signature(shape)),
                "sinks": Out(stream.Signature(shape)).array(receivers),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Remember who has it already."""
        m = Module()
        served, accepted = Signal(self._receivers), Signal(self._receivers)
        for index, sink in enumerate(self.sinks):
            m.d.comb += [
                sink.payload.eq(self.source.payload),
                sink.valid.eq(self.source.valid & ~served[index]),
                accepted[index].eq(sink.ready | served[index]),
            ]
        m.d.comb += self.source.ready.eq(accepted.all())
        with m.If(self.source.valid):
            m.d.sync += served.eq(Cat(a & ~accepted.all() for a in accepted))
        return m
