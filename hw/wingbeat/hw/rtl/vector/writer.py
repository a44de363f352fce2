"""Writes results to their destination and says when the last of an instruction is written."""

from __future__ import annotations

from amaranth.hdl import C, Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.instructions import Destination, Reduce
from wingbeat.hw.isa.operands import GRANULE
from wingbeat.hw.rtl.fp32.format import WIDTH
from wingbeat.hw.rtl.memory.ports import ENTRY, QUAD, operand_write, vector_write, words
from wingbeat.hw.rtl.vector.rows import COMMAND, LENGTH_BITS, STEP_BITS, RowIterator, lanes_before


class Writer(wiring.Component):
    """Goes through the destination as results arrive; nothing waits.

    Attributes
    ----------
    start : In(1), begin; there must be something to write
    command : In, stable from `start` on
    longest, steps, groups : In, elements, steps and operand groups of a row; stable
    step_words, step_valid : In, a step of elements, for `reduce` NONE
    result, index, result_valid : In, of a row
    entry, entry_valid : In, a group of 32 codes
    vector : Out, write port of the vector memory
    operand : Out, write port of the operand memory
    finished : Out(1), the last result of the instruction is at a write port in the next cycle
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "command": In(COMMAND),
                "longest": In(LENGTH_BITS),
                "steps": In(STEP_BITS),
                "groups": In(STEP_BITS),
                "step_words": In(words(config)),
                "step_valid": In(1),
                "result": In(WIDTH),
                "index": In(WIDTH),
                "result_valid": In(1),
                "entry": In(ENTRY),
                "entry_valid": In(1),
                "vector": Out(vector_write(config)),
                "operand": Out(operand_write(config)),
                "finished": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Choose the shape of the destination, its address and its words."""
        m = Module()
        command, lanes = self.command, self._config.vector_lanes
        operand = command.target == Destination.OPERAND
        reduces = command.reduce != Reduce.NONE
        argmax = command.reduce == Reduce.ARGMAX

        m.submodules.iterator = iterator = RowIterator(views=1)
        arrived = self.step_valid | self.result_valid | self.entry_valid
        m.d.comb += [
            iterator.start.eq(self.start),
            iterator.outer.eq(command.outer),
            iterator.inner.eq(command.inner),
            iterator.steps.eq(self.steps),
            iterator.views.eq(command.destination),
            iterator.advance.eq(arrived),
            self.finished.eq(arrived & iterator.last),
        ]
        with m.If(operand):
            m.d.comb += iterator.steps.eq(self.groups)
        with m.Elif(reduces & (argmax | command.destination.scalar)):
            m.d.comb += iterator.steps.eq(1)
        with m.Elif(reduces):
            # the results of a row of inner indices are the words of one row
            m.d.comb += [iterator.inner.eq(1), iterator.steps.eq(command.inner)]

        row, step = iterator.rows[0], iterator.step
        quads_of_step = step << ceil_log2(lanes // QUAD)
        quad_of_row = row << ceil_log2(GRANULE // QUAD)
        vector = self.vector
        register = {
            name: Signal.like(getattr(vector, name), name=name, reset_less=True)
            for name in ("quad", "words", "enable")
        }
        word = step[: ceil_log2(QUAD)]
        with m.If(reduces):
            m.d.sync += [
                register["quad"].eq(quad_of_row + (step >> ceil_log2(QUAD))),
                register["words"].eq(
                    Cat(self.result, Mux(argmax, self.index, self.result), self.result, self.result)
                ),
                register["enable"].eq(Mux(argmax, 0b11, C(1, QUAD) << word)),
            ]
        with m.Else():
            m.d.sync += [
                register["quad"].eq(quad_of_row + quads_of_step),
                register["words"].eq(self.step_words),
                register["enable"].eq(lanes_before(self.longest, step, lanes)),
            ]
        m.d.comb += [getattr(vector, name).eq(value) for name, value in register.items()]
        valid = Signal()
        m.d.sync += valid.eq(self.step_valid | self.result_valid)
        m.d.comb += vector.valid.eq(valid)

        address = Signal.like(self.operand.address, name="address", reset_less=True)
        entry = Signal(ENTRY, name="entry_written", reset_less=True)
        entry_valid = Signal()
        m.d.sync += [address.eq(row + step), entry.eq(self.entry), entry_valid.eq(self.entry_valid)]
        m.d.comb += [
            self.operand.address.eq(address),
            self.operand.entry.eq(entry),
            self.operand.valid.eq(entry_valid),
        ]
        return m
