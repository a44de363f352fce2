"""LD VECTOR: rows of numbers, FP32 or halves, to the vector memory."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import BEAT_BITS, AcceleratorConfig
from wingbeat.hw.isa.instructions import Element, Load
from wingbeat.hw.isa.operands import GRANULE
from wingbeat.hw.rtl.bus.read_engine import REQUEST
from wingbeat.hw.rtl.command import resolved
from wingbeat.hw.rtl.fp32.format import WIDTH
from wingbeat.hw.rtl.memory.ports import QUAD, quad_bits, vector_write
from wingbeat.hw.rtl.transfer.half import HALF_BITS, decode_half, settle

COUNT_BITS = 24
"""Rows, and numbers of a row."""


class LoadRows(wiring.Component):
    """Asks for row after row and writes what comes, a quad of words a cycle.

    A beat holds one quad of FP32 numbers, or two of halves. Rows are asked for without waiting for
    the data of the one before.

    Attributes
    ----------
    command : resolved `Load`, VECTOR with at least one number; must hold from `start` to `done`
    start, done : pulses; `done` when the last write has been accepted
    request : beats of port 0
    beats : those beats
    write : to the vector memory, the first quad of its port only
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._quad_bits = quad_bits(config)
        super().__init__(
            {
                "command": In(resolved(Load)),
                "start": In(1),
                "done": Out(1),
                "request": Out(stream.Signature(REQUEST)),
                "beats": In(stream.Signature(BEAT_BITS)),
                "write": Out(vector_write(config)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Requests and data have counters of their own."""
        m = Module()
        self._ask(m)
        self._store(m)
        return m

    def _ask(self, m: Module) -> None:
        command, request = self.command, self.request
        left = Signal(COUNT_BITS)
        length = command.length[:COUNT_BITS]
        numbers = Mux(command.element == Element.F16, BEAT_BITS // HALF_BITS, BEAT_BITS // WIDTH)
        shift = Mux(command.element == Element.F16, 3, 2)
        m.d.comb += [
            request.valid.eq(left != 0),
            request.payload.beats.eq((length + numbers - 1) >> shift),
        ]
        with m.If(request.valid & request.ready):
            m.d.sync += left.eq(left - 1)
            m.d.sync += request.payload.address.eq(request.payload.address + command.stride)
        with m.If(self.start):
            m.d.sync += [left.eq(command.rows), request.payload.address.eq(command.address)]

    def _store(self, m: Module) -> None:
        command, beats, write = self.command, self.beats, self.write
        rows = Signal(COUNT_BITS)
        left = Signal(COUNT_BITS)
        row = Signal(self._quad_bits)
        quad = Signal(self._quad_bits)
        upper = Signal()
        step, ends, second = Signal(), Signal(), Signal()
        below = Signal(self._quad_bits)
        is_half = command.element == Element.F16
        halves = beats.payload.word_select(upper, QUAD * HALF_BITS)
        words = []
        for index in range(QUAD):
            half = decode_half(m, halves.word_select(index, HALF_BITS), name=f"half_{index}")
            words.append(Mux(is_half, half, settle(beats.payload.word_select(index, WIDTH))))
        m.d.comb += [
            step.eq(beats.valid & (rows != 0) & (~write.valid | write.ready)),
            ends.eq(left <= QUAD),
            second.eq(upper | ends | ~is_half),
            beats.ready.eq(step & second),
            below.eq(row + command.destination.outer * (GRANULE // QUAD)),
        ]
        with m.If(write.ready):
            m.d.sync += write.valid.eq(0)
        with m.If(step):
            m.d.sync += [
                write.valid.eq(1),
                write.quad.eq(quad),
                write.enable.eq(Cat(left > index for index in range(QUAD))),
                upper.eq(~second),
                quad.eq(quad + 1),
                left.eq(left - QUAD),
                write.words.eq(Cat(words)),
            ]
            with m.If(ends):
                m.d.sync += [rows.eq(rows - 1), left.eq(command.length)]
                m.d.sync += [row.eq(below), quad.eq(below)]
        active = Signal()
        m.d.comb += self.done.eq(active & (rows == 0) & (~write.valid | write.ready))
        with m.If(self.done):
            m.d.sync += active.eq(0)
        first = command.destination.base * (GRANULE // QUAD)
        with m.If(self.start):
            m.d.sync += [active.eq(1), rows.eq(command.rows), left.eq(command.length)]
            m.d.sync += [row.eq(first), quad.eq(first)]
