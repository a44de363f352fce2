"""The drain: joins the strands of a bank and hands its words out."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.lane.accumulators import access
from wingbeat.hw.rtl.lane.commands import QUAD, Mode, accumulator_depth, drain_layout
from wingbeat.hw.rtl.lane.strand_adder import StrandAdder


class Drain(wiring.Component):
    """Takes two cycles for each addition that joins strands, and four for each quad.

    Addresses count accumulators of one field; the field is the lowest bit in front of them.

    Parameters
    ----------
    column : number of the column

    Attributes
    ----------
    command : In stream of `commands.drain_layout`; ready while the drain is idle
    bank : Out of `accumulators.access`
    quads : Out stream of `QUAD`
    """

    def __init__(self, config: AcceleratorConfig, column: int) -> None:
        self._config = config
        self._column = column
        self._depth = accumulator_depth(config)
        super().__init__(
            {
                "command": In(stream.Signature(drain_layout(config))),
                "bank": Out(access(2 * self._depth)),
                "quads": Out(stream.Signature(QUAD)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the state machine: set up, join pass by pass, read."""
        m = Module()
        command = Signal(drain_layout(self._config), reset_less=True)
        address = Signal(range(2 * self._depth), reset_less=True)  # a pass may end at the depth
        field = Signal()
        span = Signal(range(2 * self._depth), reset_less=True)  # accumulators of the lower half
        limit = Signal(range(2 * self._depth), reset_less=True)  # those behind it are +0
        passes = Signal(2)
        upper = Signal()  # the addend of the upper half is read
        pause = Signal(range(StrandAdder.LATENCY + 1))
        join = Signal()
        place = Signal(range(2 * self._depth))
        m.d.comb += [
            place.eq(Mux(upper, address + span, address)),
            self.bank.bank.eq(command.bank),
            self.bank.active.eq(~self.command.ready),
            self.bank.read_address.eq((place << 1) | field),
        ]
        m.submodules.adder = adder = StrandAdder(2 * self._depth)
        m.d.comb += [
            adder.read.eq(join),
            adder.upper.eq(upper),
            adder.present.eq(place < limit),
            adder.address.eq(self.bank.read_address),
            adder.data.eq(self.bank.read_data),
            self.bank.write_enable.eq(adder.write),
            self.bank.write_address.eq(adder.write_address),
            self.bank.write_data.eq(adder.sum),
        ]

        vector = Signal(range(self._config.tokens + 2 * self._config.columns), reset_less=True)
        first = Signal(range(self._depth), reset_less=True)  # vector pair
        row = Signal(4)
        mv = command.mode == Mode.MV
        rows = (command.tile_rows.as_value() + 1) << 2
        # words are shifted in from the top; the last one of a quad goes out together with them
        words = [Signal(32, name=f"word_{k}", reset_less=True) for k in range(3)]
        read, last, room = Signal(), Signal(), Signal()
        m.d.comb += [room.eq(~self.quads.valid | self.quads.ready), last.eq(row[:2] == 3)]
        landed = Cat(words, self.bank.read_data)
        with m.If(delay(m, read, 1, name="landed")):
            m.d.sync += Cat(words).eq(landed[32:])
        with m.If(self.quads.ready):
            m.d.sync += self.quads.valid.eq(0)
        with m.If(delay(m, read & last, 1, name="complete", reset_less=False)):
            m.d.sync += [self.quads.payload.eq(landed), self.quads.valid.eq(1)]

        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.command.ready.eq(1)
                m.d.sync += [
                    command.eq(self.command.payload),
                    vector.eq(2 * self._column),
                    first.eq(0),
                    address.eq(0),
                    field.eq(0),
                    row.eq(0),
                ]
                with m.If(self.command.valid):
                    m.next = "STRAND"
            with m.State("STRAND"):
                m.d.sync += [
                    span.eq(Mux(mv, rows >> 1, rows * command.pairs)),
                    passes.eq(command.strands),
                    upper.eq(1),
                ]
                m.next = "SPAN"
            with m.State("SPAN"):
                m.d.sync += [
                    limit.eq(span * command.filled),
                    span.eq((span << command.strands) >> 1),
                ]
                m.next = "READ"
                with m.If(command.strands != 0):
                    m.next = "JOIN"
                with m.Else():
                    m.d.sync += upper.eq(0)
            with m.State("JOIN"):
                m.d.comb += join.eq(1)
                m.d.sync += upper.eq(~upper)
                with m.If(~upper):
                    m.d.sync += field.eq(~field)
                    with m.If(field):
                        m.d.sync += address.eq(address + 1)
                        with m.If(address + 1 == span):
                            m.d.sync += [
                                address.eq(0),
                                pause.eq(StrandAdder.LATENCY),
                                passes.eq(passes - 1),
                            ]
                            m.next = "WAIT"
            with m.State("WAIT"):
                m.d.sync += pause.eq(pause - 1)
                with m.If(pause == 0):
                    m.d.sync += [span.eq(span >> 1), upper.eq(1)]
                    m.next = "JOIN"
                    with m.If(passes == 0):
                        m.d.sync += upper.eq(0)
                        m.next = "READ"
            with m.State("READ"):
                with m.If(vector >= command.vectors):
                    m.next = "IDLE"
                # a quad is read to its end only if it can go out then
                with m.Elif(~last | room):
                    m.d.comb += read.eq(1)
                    m.d.sync += row.eq(row + 1)
                    with m.If(mv):
                        m.d.sync += [field.eq(~field), address.eq(address + field)]
                    with m.Else():
                        m.d.sync += address.eq(address + command.pairs)
                    with m.If(row == rows - 1):
                        m.d.sync += row.eq(0)
                        self._next_vector(m, command, vector, first, field, address)
        return m

    def _next_vector(
        self, m: Module, command: Any, vector: Signal, first: Signal, field: Signal, address: Signal
    ) -> None:
        """Go on to the other field of the same vector pair, or to the next pair."""
        with m.If((command.mode == Mode.MV) | field):
            m.d.sync += [
                vector.eq(vector + 2 * self._config.columns - 1),
                first.eq(first + 1),
                address.eq(first + 1),
                field.eq(0),
            ]
        with m.Else():
            m.d.sync += [vector.eq(vector + 1), address.eq(first), field.eq(1)]
