"""Groups of elements become INT8 codes with a scale."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.operands import GroupSize
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.format import WIDTH
from wingbeat.hw.rtl.fp32.multiplier import Multiplier
from wingbeat.hw.rtl.fp32.quantiser import ScaleOf, ToCode
from wingbeat.hw.rtl.memory.ports import ENTRY, words
from wingbeat.hw.rtl.vector.packer import Packer


class Quantiser(wiring.Component):
    """Keeps a group until its largest magnitude is known, then makes codes of it.

    A step comes in and a step of codes goes out in every cycle; a group leaves while the next one
    arrives.

    Attributes
    ----------
    group : In, elements that share a scale; stable while elements are in progress
    words, valid : In, a step of elements
    largest, largest_valid : In, the group's largest magnitude, after its last step
    entry, entry_valid : Out, 32 codes with their scale and sum
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._lanes = config.vector_lanes
        super().__init__(
            {
                "group": In(GroupSize),
                "words": In(words(config)),
                "valid": In(1),
                "largest": In(WIDTH),
                "largest_valid": In(1),
                "entry": Out(ENTRY),
                "entry_valid": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Buffer, scale, codes, entries."""
        m = Module()
        m.submodules.scale_of = scale_of = ScaleOf()
        m.d.comb += scale_of.largest.eq(self.largest)
        ready = delay(m, self.largest_valid, ScaleOf.LATENCY, name="scale_ready", reset_less=False)
        scale = Signal(WIDTH, reset_less=True)
        inverse = Signal(WIDTH, reset_less=True)
        left = Signal(range(self._steps(GroupSize.G256) + 1))
        reading = left != 0
        with m.If(ready):
            m.d.sync += [
                scale.eq(scale_of.scale),
                inverse.eq(scale_of.inverse),
                left.eq(self._steps(GroupSize.G32) << self.group.as_value()),
            ]
        with m.Elif(reading):
            m.d.sync += left.eq(left - 1)

        step = self._buffer(m, reading)
        inverse = delay(m, inverse, 1, name="inverse_read")
        codes = []
        for lane in range(self._lanes):
            m.submodules[f"multiplier_{lane}"] = multiplier = Multiplier()
            m.submodules[f"to_code_{lane}"] = to_code = ToCode()
            m.d.comb += [
                multiplier.a.eq(step.word_select(lane, WIDTH)),
                multiplier.b.eq(inverse),
                to_code.value.eq(multiplier.product),
            ]
            codes.append(to_code.code)

        cycles = 1 + Multiplier.LATENCY + ToCode.LATENCY
        m.submodules.packer = packer = Packer(self._lanes)
        m.d.comb += [
            packer.codes.eq(Cat(*codes)),
            packer.scale.eq(delay(m, scale, cycles, name="scale_late")),
            packer.valid.eq(delay(m, reading, cycles, name="valid", reset_less=False)),
            self.entry.eq(packer.entry),
            self.entry_valid.eq(packer.entry_valid),
        ]
        return m

    def _steps(self, group: GroupSize) -> int:
        return group.elements // self._lanes

    def _buffer(self, m: Module, reading: Any) -> Any:
        """Write every step into a ring and read it a group later; return the step read."""
        waiting = ceil_log2(self._lanes) + 2 + ScaleOf.LATENCY
        depth = 1 << ceil_log2(self._steps(GroupSize.G256) + waiting + 2)
        m.submodules.buffer = buffer = Memory(shape=self._lanes * WIDTH, depth=depth, init=[])
        write, read = buffer.write_port(), buffer.read_port()
        place = Signal(range(depth))
        m.d.comb += [
            write.data.eq(self.words),
            write.addr.eq(place),
            write.en.eq(self.valid),
        ]
        with m.If(self.valid):
            m.d.sync += place.eq(place + 1)
        with m.If(reading):
            m.d.sync += read.addr.eq(read.addr + 1)
        return read.data
