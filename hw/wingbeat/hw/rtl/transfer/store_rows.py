"""ST VECTOR: rows of words from the vector memory."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from wingbeat.hw.config import BEAT_BITS, AcceleratorConfig
from wingbeat.hw.isa.instructions import Store
from wingbeat.hw.isa.operands import GRANULE
from wingbeat.hw.rtl.bus.write_word import beat_layout
from wingbeat.hw.rtl.command import resolved
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.format import WIDTH
from wingbeat.hw.rtl.memory.ports import QUAD, READ_LATENCY, step_bits, vector_read
from wingbeat.hw.rtl.transfer.load_rows import COUNT_BITS

STEPS = 4
"""Steps read ahead of the one whose beats go out."""


class StoreRows(wiring.Component):
    """Reads steps ahead and sends their beats, one a cycle.

    Attributes
    ----------
    command : resolved `Store`, VECTOR with at least one word; must hold from `start` to `done`
    start, done : pulses; `done` when the last beat has been accepted
    vector : read port of the vector memory
    beats : to port 0
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._lanes = config.vector_lanes
        self._step_bits = step_bits(config)
        super().__init__(
            {
                "command": In(resolved(Store)),
                "start": In(1),
                "done": Out(1),
                "vector": Out(vector_read(config)),
                "beats": Out(stream.Signature(beat_layout(config.ports))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Reader and sender walk the same rows; a FIFO of steps lies between them."""
        m = Module()
        m.submodules.steps = steps = SyncFIFOBuffered(width=self._lanes * WIDTH, depth=STEPS)
        taken = Signal()
        self._read(m, steps, taken)
        self._send(m, steps, taken)
        return m

    def _read(self, m: Module, steps: SyncFIFOBuffered, taken: Signal) -> None:
        """Read as long as there is room for every step that is under way."""
        view, vector = self.command.vector, self.vector
        length = self.command.length[:COUNT_BITS]
        rows, left = Signal(COUNT_BITS), Signal(COUNT_BITS)
        row, step = Signal(self._step_bits), Signal(self._step_bits)
        below = Signal(self._step_bits)
        room = Signal(range(STEPS + 1), init=STEPS)
        accepted = Signal()
        per_granule = GRANULE // self._lanes
        m.d.comb += [
            vector.valid.eq((rows != 0) & (room != 0)),
            vector.address.eq(step),
            accepted.eq(vector.valid & vector.ready),
            below.eq(row + view.outer * per_granule),
            steps.w_data.eq(vector.data),
            steps.w_en.eq(delay(m, accepted, READ_LATENCY, name="read", reset_less=False)),
        ]
        m.d.sync += room.eq(room + taken - accepted)
        with m.If(accepted):
            m.d.sync += [left.eq(left - self._lanes), step.eq(step + ~view.scalar)]
            with m.If(left <= self._lanes):
                m.d.sync += [rows.eq(rows - 1), left.eq(length), row.eq(below), step.eq(below)]
        first = view.base * per_granule
        with m.If(self.start):
            m.d.sync += [rows.eq(self.command.rows), left.eq(length), row.eq(first), step.eq(first)]

    def _send(self, m: Module, steps: SyncFIFOBuffered, taken: Signal) -> None:
        """Cut steps into beats; the last beat of a row may hold fewer words."""
        command, beats = self.command, self.beats
        length = command.length[:COUNT_BITS]
        rows, left = Signal(COUNT_BITS), Signal(COUNT_BITS)
        row = Signal(32)
        index = Signal(exact_log2(self._lanes // QUAD))
        ends, sent = Signal(), Signal()
        words = steps.r_data.word_select(index, BEAT_BITS)
        m.d.comb += [
            beats.valid.eq(steps.r_rdy & (rows != 0)),
            beats.payload.data.eq(
                Mux(command.vector.scalar, steps.r_data[:WIDTH].replicate(QUAD), words)
            ),
            beats.payload.strobes.eq(
                Cat((left > word).replicate(WIDTH // 8) for word in range(QUAD))
            ),
            beats.payload.last.eq(ends & (rows == 1)),
            ends.eq(left <= QUAD),
            sent.eq(beats.valid & beats.ready),
            taken.eq(sent & (ends | (index == self._lanes // QUAD - 1))),
            steps.r_en.eq(taken),
            self.done.eq(sent & beats.payload.last),
        ]
        with m.If(sent):
            m.d.sync += [
                left.eq(left - QUAD),
                index.eq(index + 1),
                beats.payload.address.eq(beats.payload.address + 1),
            ]
            with m.If(ends):
                below = row + command.stride
                m.d.sync += [rows.eq(rows - 1), left.eq(length), index.eq(0)]
                m.d.sync += [row.eq(below), beats.payload.address.eq(below)]
        with m.If(self.start):
            m.d.sync += [rows.eq(command.rows), left.eq(length), index.eq(0)]
            m.d.sync += [row.eq(command.address), beats.payload.address.eq(command.address)]
