"""ST WORD and PUBLISH: one word to memory, behind a look at the control block."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import BEAT_BITS, AcceleratorConfig
from wingbeat.hw.control import ControlBlock
from wingbeat.hw.isa.instructions import Store, StoreKind
from wingbeat.hw.rtl.bus.read_engine import REQUEST
from wingbeat.hw.rtl.bus.write_word import beat_layout
from wingbeat.hw.rtl.command import resolved
from wingbeat.hw.rtl.fp32.format import WIDTH

PAUSE = 64
"""Cycles between two looks at a full ring: it is the host that has to come."""


class StoreWord(wiring.Component):
    """Writes a register's value; PUBLISH first reads the tail until the ring has room.

    Tail and abort word lie in one beat, if the ring is that of a control block.

    Attributes
    ----------
    command : resolved `Store`, WORD or PUBLISH; must hold from `start` to `done`
    start, done : pulses; `done` when the beat has been accepted
    waiting : the ring was full when its tail was last read
    aborted : from reset on, the abort word was found set
    request, tail : beats of port 0
    beats : to port 0
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        super().__init__(
            {
                "command": In(resolved(Store)),
                "start": In(1),
                "done": Out(1),
                "waiting": Out(1),
                "aborted": Out(1),
                "request": Out(stream.Signature(REQUEST)),
                "tail": In(stream.Signature(BEAT_BITS)),
                "beats": Out(stream.Signature(beat_layout(config.ports))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Ask, compare, perhaps pause and ask again; write."""
        m = Module()
        command, request, beats = self.command, self.request, self.beats
        behind, used = Signal(WIDTH), Signal(WIDTH)
        pause = Signal(range(PAUSE))
        block = Signal()
        asked_to_stop = self.tail.payload.word_select(ControlBlock.word("abort"), WIDTH) != 0
        m.d.comb += [
            behind.eq(command.list + 1),
            block.eq(command.list[:2] == 0),
            request.payload.address.eq(behind >> 2),
            request.payload.beats.eq(1),
            used.eq(command.position - self.tail.payload.word_select(behind[:2], WIDTH)),
            beats.payload.address.eq(command.list >> 2),
            beats.payload.data.eq(command.position.replicate(BEAT_BITS // WIDTH)),
            beats.payload.strobes.eq(0xF << (4 * command.list[:2])),
            beats.payload.last.eq(1),
        ]
        with m.FSM():
            with m.State("IDLE"), m.If(self.start):
                m.next = "WRITE"
                with m.If(command.kind == StoreKind.PUBLISH):
                    m.next = "ASK"
            with m.State("ASK"):
                m.d.comb += request.valid.eq(1)
                with m.If(request.ready):
                    m.next = "COMPARE"
            with m.State("COMPARE"):
                m.d.comb += self.tail.ready.eq(1)
                with m.If(self.tail.valid):
                    m.d.sync += [
                        self.waiting.eq(used > command.length),
                        self.aborted.eq(self.aborted | (block & asked_to_stop)),
                    ]
                    m.next = "WRITE"
                    with m.If(used > command.length):
                        m.next = "PAUSE"
            with m.State("PAUSE"):
                m.d.sync += pause.eq(pause + 1)
                with m.If(pause == PAUSE - 1):
                    m.next = "ASK"
            with m.State("WRITE"):
                m.d.comb += beats.valid.eq(1)
                with m.If(beats.ready):
                    m.d.comb += self.done.eq(1)
                    m.next = "IDLE"
        return m
