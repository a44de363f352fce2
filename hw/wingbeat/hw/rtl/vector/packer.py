"""Gathers steps of codes to entries of the operand memory."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.formats import GROUP
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.format import WIDTH
from wingbeat.hw.rtl.memory.ports import ENTRY


class Packer(wiring.Component):
    """32 codes make an entry, with their sum.

    Attributes
    ----------
    codes : In, a step
    scale : In, of the group that the step belongs to
    valid : In(1)
    entry, entry_valid : Out, after the last step of 32 codes
    """

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes
        super().__init__(
            {
                "codes": In(data.ArrayLayout(signed(8), lanes)),
                "scale": In(unsigned(WIDTH)),
                "valid": In(1),
                "entry": Out(ENTRY),
                "entry_valid": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Add the codes of a step in a tree, a level a cycle; then add and join the steps."""
        m = Module()
        level = [self.codes[lane] for lane in range(self._lanes)]
        cycles = 0
        while len(level) > 1:
            pairs = zip(level[::2], level[1::2], strict=True)
            level = [
                delay(m, low + high, 1, name=f"sum_{len(level)}_{pair}")
                for pair, (low, high) in enumerate(pairs)
            ]
            cycles += 1
        (sum_of_step,) = level
        codes = delay(m, self.codes, cycles, name="codes_late")
        valid = delay(m, self.valid, cycles, name="valid_late", reset_less=False)

        steps = GROUP // self._lanes
        step = Signal(range(steps))
        # new codes push the older ones down; after the last step the first are at the bottom
        m.d.comb += self.entry_valid.eq(
            delay(m, valid & step.all(), 1, name="full", reset_less=False)
        )
        m.d.sync += self.entry.scale.eq(delay(m, self.scale, cycles, name="scale_late"))
        with m.If(valid):
            m.d.sync += [
                step.eq(step + 1),
                self.entry.codes.eq(Cat(self.entry.codes.as_value()[self._lanes * 8 :], codes)),
                self.entry.sum.eq(Mux(step == 0, 0, self.entry.sum) + sum_of_step),
            ]
        return m
