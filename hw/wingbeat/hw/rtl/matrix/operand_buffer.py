"""The operand vectors of the group in work, wide enough for all columns at once.

Every step takes two vectors a column, the operand memory gives one group a cycle. So the same group
of all vectors is gathered here while the group before it is multiplied; two banks take turns.
"""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.rtl.command import BASE_BITS
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.memory.ports import ENTRY, READ_LATENCY, operand_fixed_read

COUNT_BITS = 17
"""Bits of a number of tiles or groups."""

WALK = data.StructLayout(
    {
        "base": BASE_BITS,
        "outer_stride": 13,
        "inner_stride": 11,
        "outer": 8,
        "inner": 8,
        "groups": COUNT_BITS,
        "tiles": COUNT_BITS,
    }
)
"""Groups to gather: all of `outer` x `inner` vectors, for every group, and again for every tile."""


def steps_of(config: AcceleratorConfig) -> int:
    """Return how many steps serve all vectors once: each takes two a column."""
    return -(-config.tokens // (2 * config.columns))


class OperandBuffer(wiring.Component):
    """Two banks of one group of every vector.

    Attributes
    ----------
    walk : stream of `WALK`, one a multiplication
    read : port of the operand memory
    ready : Out(1), the bank in front holds a group
    fetch, step : In, vectors `2 * columns * step` and following are wanted
    vectors : Out, these vectors, from the next cycle to the one behind the next `fetch`
    release : In(1), the bank in front is done with
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "walk": In(stream.Signature(WALK)),
                "read": Out(operand_fixed_read(config)),
                "ready": Out(1),
                "fetch": In(1),
                "step": In(range(steps_of(config))),
                "vectors": Out(data.ArrayLayout(ENTRY, 2 * config.columns)),
                "release": In(1),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Read ahead as long as a bank is free; write what comes back; count banks."""
        m = Module()
        width = 2 * self._config.columns
        step_bits = ceil_log2(steps_of(self._config))
        memory = Memory(shape=self.vectors.shape(), depth=2 << step_bits, init=[])
        m.submodules.memory = memory

        claimed, filled = Signal(range(3)), Signal(range(3))
        front, bank, place, step, last = self._fetch(m, claimed)

        tag = delay(m, Cat(bank, step), READ_LATENCY, name="tag")
        chosen = delay(m, place, READ_LATENCY, name="chosen", reset_less=False)
        complete = delay(m, last, READ_LATENCY, name="complete", reset_less=False)
        write = memory.write_port(granularity=1)
        m.d.comb += [write.addr.eq(Cat(tag[1:], tag[0])), write.en.eq(chosen)]
        m.d.comb += [write.data[j].eq(self.read.data) for j in range(width)]
        m.d.sync += filled.eq(filled + complete - self.release)
        m.d.comb += self.ready.eq(filled != 0)

        out = memory.read_port()
        m.d.comb += [
            out.addr.eq(Cat(self.step, front)),
            out.en.eq(self.fetch),
            self.vectors.eq(out.data),
        ]
        with m.If(self.release):
            m.d.sync += front.eq(~front)
        return m

    def _fetch(self, m: Module, claimed: Signal) -> tuple[Signal, Signal, Signal, Signal, Signal]:
        """Walk groups and vectors; return front bank, bank, one-hot place, step, last read."""
        width = 2 * self._config.columns
        work = Signal(WALK, reset_less=True)
        front, bank, busy = Signal(), Signal(), Signal()
        group, tile = Signal(COUNT_BITS, reset_less=True), Signal(COUNT_BITS, reset_less=True)
        outer, inner = Signal(8, reset_less=True), Signal(8, reset_less=True)
        # addresses of the group, of the outer index in it, and of the vector
        at_group, at_outer, at = (Signal(BASE_BITS, reset_less=True, name=n) for n in
                                  ("at_group", "at_outer", "at"))  # fmt: skip
        step = Signal(range(steps_of(self._config)), reset_less=True)
        place = Signal(width, init=1)
        running, started = Signal(), Signal()
        chosen, last = Signal(width), Signal()

        m.d.comb += [
            running.eq(busy & (started | (claimed != 2))),
            self.read.enable.eq(running),
            self.read.address.eq(at),
            chosen.eq(place & running.replicate(width)),
            self.walk.ready.eq(~busy),
        ]
        m.d.sync += claimed.eq(claimed + (running & ~started) - self.release)
        last_inner, last_outer = inner == work.inner - 1, outer == work.outer - 1
        last_group, last_tile = group == work.groups - 1, tile == work.tiles - 1
        m.d.comb += last.eq(running & last_inner & last_outer)
        with m.If(running):
            m.d.sync += [started.eq(1), inner.eq(inner + 1), at.eq(at + work.inner_stride)]
            m.d.sync += place.eq(place.rotate_left(1))
            with m.If(place[-1]):
                m.d.sync += step.eq(step + 1)
            with m.If(last_inner):
                following = (at_outer + work.outer_stride)[:BASE_BITS]
                m.d.sync += [inner.eq(0), outer.eq(outer + 1)]
                m.d.sync += [at_outer.eq(following), at.eq(following)]
            with m.If(last):
                following = (at_group + 1)[:BASE_BITS]
                m.d.sync += [started.eq(0), bank.eq(~bank), step.eq(0), place.eq(1)]
                m.d.sync += [outer.eq(0), group.eq(group + 1)]
                m.d.sync += [s.eq(following) for s in (at_group, at_outer, at)]
                with m.If(last_group):
                    m.d.sync += [group.eq(0), tile.eq(tile + 1)]
                    m.d.sync += [s.eq(work.base) for s in (at_group, at_outer, at)]
                    with m.If(last_tile):
                        m.d.sync += busy.eq(0)
        with m.If(self.walk.valid & self.walk.ready):
            new = self.walk.payload
            m.d.sync += [work.eq(new), busy.eq(1), group.eq(0), tile.eq(0)]
            m.d.sync += [inner.eq(0), outer.eq(0), step.eq(0), place.eq(1), started.eq(0)]
            m.d.sync += [s.eq(new.base) for s in (at_group, at_outer, at)]
        return front, bank, chosen, step, last
