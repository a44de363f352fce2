"""The machine's part of the control block: heartbeat, state and error, written for the host."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import BEAT_BITS
from wingbeat.hw.control import REPORTED, ControlBlock, ErrorCode, State
from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.rtl.bus.write_word import beat_layout
from wingbeat.hw.rtl.sequencer.program import PC_BITS

WORD_BITS = 32
WORDS = BEAT_BITS // WORD_BITS

INTERVAL = 1 << 16
"""Cycles from one report to the next while a program runs."""


class Reporter(wiring.Component):
    """Puts reports between the beats that ST writes.

    A report is two beats: the heartbeat, one word of the block's first beat, and the record, all of
    its second. It is made when `now` pulses, and every `INTERVAL` cycles while a program runs.

    Parameters
    ----------
    ports : of the memory; the control block lies on port 0

    Attributes
    ----------
    block : word address of the control block, a multiple of 4
    now : report at once
    running : a program runs
    heartbeat, state, error, error_pc, error_unit : what is reported
    idle : no report is on its way to `merged`
    beats : from ST
    merged : to the write engine
    """

    def __init__(self, ports: int) -> None:
        beats = stream.Signature(beat_layout(ports))
        super().__init__(
            {
                "block": In(WORD_BITS),
                "now": In(1),
                "running": In(1),
                "heartbeat": In(WORD_BITS),
                "state": In(State),
                "error": In(ErrorCode),
                "error_pc": In(PC_BITS),
                "error_unit": In(Unit),
                "idle": Out(1),
                "beats": In(beats),
                "merged": Out(beats),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """A counter, the two beats, and whose turn it is."""
        m = Module()
        merged = self.merged
        since = Signal(range(INTERVAL))
        heartbeat = Signal(WORD_BITS, reset_less=True)
        due, second, turn = Signal(), Signal(), Signal()
        m.d.comb += self.idle.eq(~due)

        # an offer stands until it is taken: turns change in between
        with m.If(~merged.valid | merged.ready):
            m.d.sync += turn.eq(due & ~(turn & second))
        with m.If(turn):
            m.d.comb += merged.valid.eq(1)
            self._report(m, second, heartbeat)
            with m.If(merged.ready):
                m.d.sync += [second.eq(~second), due.eq(~second)]
        with m.Else():
            wiring.connect(m, wiring.flipped(self.beats), wiring.flipped(merged))

        with m.If(self.running):
            m.d.sync += since.eq(since + 1)
        with m.If(self.now | (self.running & (since == INTERVAL - 1))):
            m.d.sync += [due.eq(1), heartbeat.eq(self.heartbeat)]
        return m

    def _report(self, m: Module, second: Signal, heartbeat: Signal) -> None:
        """Offer one of the two beats."""
        beat = self.merged.payload
        place, *record = map(ControlBlock.word, REPORTED)
        assert place < WORDS
        assert record == list(range(WORDS, 2 * WORDS))
        words = [getattr(self, name) for name in REPORTED[1:]]
        words = [word.as_value() if hasattr(word, "as_value") else word for word in words]
        block = self.block // WORDS
        with m.If(second):
            m.d.comb += [
                beat.address.eq(block + 1),
                beat.data.eq(Cat(Cat(word, Const(0, WORD_BITS - len(word))) for word in words)),
                beat.strobes.eq(0xFFFF),
                beat.last.eq(1),
            ]
        with m.Else():
            m.d.comb += [
                beat.address.eq(block),
                beat.data.eq(heartbeat.replicate(WORDS)),
                beat.strobes.eq(0xF << (4 * place)),
            ]
