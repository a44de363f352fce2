"""The stream rule, for ever: an offer stands, unchanged, until it is taken.

Wherever offers depend on more than a stream, the neighbour's part of the contract is assumed.
"""

from __future__ import annotations

from amaranth.hdl import Assume, Module, Signal
from tests.formal.case import Bug, Case
from tests.formal.rules import Streams

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.rtl.broadcast import Broadcast
from wingbeat.hw.rtl.bus.arbiter import ReadArbiter
from wingbeat.hw.rtl.bus.serialiser import Serialiser
from wingbeat.hw.rtl.bus.write_word import WriteWord
from wingbeat.hw.rtl.lane.assembler import Assembler
from wingbeat.hw.rtl.lane.skid import Skid
from wingbeat.hw.rtl.lane.splitter import Splitter
from wingbeat.hw.rtl.matrix.deal import Deal
from wingbeat.hw.rtl.matrix.stream_reader import StreamReader
from wingbeat.hw.rtl.sequencer.fetch import Fetch
from wingbeat.hw.rtl.sequencer.matrix_queue import MatrixQueue
from wingbeat.hw.rtl.sequencer.queue import UnitQueue

CONFIG = AcceleratorConfig(
    lanes=1, vector_lanes=4, prefetch_beats=32, formats=("int8g32", "int4g32s")
)


class FetchStreams(Streams):
    """A program is started when none is being loaded, and beats come when they were asked for."""

    def rules(self, m: Module) -> None:
        """Keep the operands of the request."""
        super().rules(m)
        unit = self.unit
        address, count = Signal.like(unit.address), Signal.like(unit.count)
        m.d.sync += [address.eq(unit.address), count.eq(unit.count)]
        kept = (unit.address == address) & (unit.count == count)
        m.d.comb += [
            Assume(~unit.loading | (~unit.start & kept)),
            Assume(~(unit.request.valid & unit.response.valid)),
            Assume(~unit.start | (unit.count != 0)),
        ]


class RunningStreams(Streams):
    """Stopped, a unit throws away what it was about to hand on."""

    def rules(self, m: Module) -> None:
        """Look at a unit that is not stopped."""
        super().rules(m)
        m.d.comb += Assume(~self.unit.stop)


class FaultStreams(Streams):
    """A tile that is no tile ends in a fault; what was offered of it is void."""

    def rules(self, m: Module) -> None:
        """Look at tiles without a fault only."""
        super().rules(m)
        m.d.comb += Assume(~self.unit.fault)


class TokenStreams(Streams):
    """Tokens that are available stay so until the unit takes them."""

    def rules(self, m: Module) -> None:
        """Lose no token."""
        super().rules(m)
        unit = self.unit
        left = Signal.like(unit.available)
        m.d.sync += left.eq(unit.available & ~unit.take)
        m.d.comb += Assume((left & ~unit.available) == 0)


# fmt: off
CASES = (
    Case("skid", Skid, lambda unit: Streams(unit(8)),
         Bug("with m.If(room):", "with m.If(room | waiting):")),
    Case("broadcast", Broadcast, lambda unit: Streams(unit(8, 3)),
         Bug("self.source.valid & ~served[index]", "self.source.valid & served[index]")),
    Case("serialiser", Serialiser, lambda unit: Streams(unit(256)),
         Bug("with m.If(beats.valid & beats.ready):", "with m.If(beats.valid):")),
    Case("deal", Deal, lambda unit: Streams(unit(256, 4), waits=False),
         Bug("lane.valid.eq(taken & (turn == index))",
             "lane.valid.eq((self.words.valid | taken) & (turn != index))")),
    Case("write word", WriteWord, lambda unit: Streams(unit(256, 2)),
         Bug("with m.If(self.word.valid & self.word.ready):", "with m.If(self.word.valid):")),
    Case("read arbiter", ReadArbiter, lambda unit: RunningStreams(unit(128, 3)),
         Bug("with m.If(~ar.valid | ar.ready):", "with m.If(~ar.valid | ar.ready | (last == 0)):")),
    Case("splitter", Splitter, lambda unit: FaultStreams(unit(CONFIG)),
         Bug("(left != 0) & (announced | self.info.ready)", "(left != 0) & self.info.ready"),
         mode="bmc", depth=8, deep=14),
    Case("assembler", Assembler, lambda unit: Streams(unit(CONFIG)),
         Bug("wiring.connect(m, skid.output, wiring.flipped(self.slots))",
             "m.d.comb += [self.slots.valid.eq(skid.input.valid), skid.output.ready.eq(1)]"),
         cover=8),
    Case("stream reader", StreamReader, lambda unit: Streams(unit(CONFIG)),
         Bug("with m.If(both):", "with m.If(sent.any()):")),
    Case("fetch", Fetch, lambda unit: FetchStreams(unit()),
         Bug("with m.If(self.request.ready):", "with m.If(~self.request.ready):"),
         mode="bmc", depth=8, deep=30),
    Case("unit queue", UnitQueue, lambda unit: TokenStreams(unit(8, 4)),
         Bug("waiting.r_rdy & met & started.w_rdy & ~head.fence",
             "waiting.r_rdy & met & started.w_rdy & ~head.fence & ~self.done"),
         mode="bmc", depth=10, deep=20),
    Case("matrix queue", MatrixQueue, lambda unit: TokenStreams(unit(4)),
         Bug("self.ahead.valid.eq(ready & ~head.fence)",
             "self.ahead.valid.eq(ready & ~head.fence & ~self.done)"),
         mode="bmc", depth=10, deep=20),
)
# fmt: on
