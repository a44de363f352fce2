"""A column: one chain of a lane and what becomes of its sums."""

from __future__ import annotations

from amaranth.hdl import DomainRenamer, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import CHAIN_SLICES, AcceleratorConfig, Multiplier
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.lane.cascade_chain import chain_of
from wingbeat.hw.rtl.lane.chain import SUM_BITS, Chain
from wingbeat.hw.rtl.lane.commands import (
    OPERANDS,
    QUAD,
    SCALARS,
    STEP,
    Mode,
    drain_layout,
    result_layout,
)
from wingbeat.hw.rtl.lane.decode import CODES
from wingbeat.hw.rtl.lane.drain import Drain
from wingbeat.hw.rtl.lane.indices import SELECTS
from wingbeat.hw.rtl.lane.multiplexer import SparseMultiplexer
from wingbeat.hw.rtl.lane.result_path import ResultPath
from wingbeat.hw.rtl.lane.scale_bank import SCALE
from wingbeat.hw.rtl.lane.sections import is_sparse

DRAINS = "drains"
"""The clock domain of what empties a column's accumulators."""


class Column(wiring.Component):
    """Multiplies the lane's weights with two vectors (or, MV, with one).

    Attributes
    ----------
    step, operands : In, see `lane.Lane`
    codes, selects, whole : In, weights of this step
    scales : In of 2 x `SCALE`, `RESULT_OFFSET` cycles after the step, as is what follows
    result, scalars : In, see `lane.Lane`
    drain : In stream of `commands.drain_layout`
    quads : Out stream of `QUAD`
    """

    RESULT_OFFSET = SparseMultiplexer.LATENCY + Chain.LATENCY + 1
    """Cycles from a step to its result."""
    SETTLE = 1 + ResultPath.LATENCY
    """Cycles from a result until a drain may read it."""

    def __init__(self, config: AcceleratorConfig, number: int) -> None:
        self._config = config
        self._number = number
        super().__init__(
            {
                "step": In(STEP),
                "operands": In(OPERANDS),
                "codes": In(CODES),
                "selects": In(SELECTS),
                "whole": In(1),
                "scales": In(data.ArrayLayout(SCALE, 2)),
                "result": In(result_layout(config)),
                "scalars": In(SCALARS),
                "drain": In(stream.Signature(drain_layout(config))),
                "quads": Out(stream.Signature(QUAD)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Multiplexer, chain, sum of the halves, scale units, accumulators, drain."""
        m = Module()
        m.submodules.multiplexer = multiplexer = SparseMultiplexer(is_sparse(self._config))
        m.submodules.chain = chain = chain_of(Multiplier[self._config.multiplier])
        m.submodules.path = path = ResultPath(self._config)
        drain = Drain(self._config, self._number)
        m.submodules.drain = DomainRenamer(DRAINS)(drain)
        wiring.connect(m, wiring.flipped(self.drain), drain.command)
        wiring.connect(m, drain.bank, path.drain)
        wiring.connect(m, drain.quads, wiring.flipped(self.quads))
        m.d.comb += [
            multiplexer.operands.eq(self.operands),
            multiplexer.half.eq(self.step.half),
            multiplexer.whole.eq(self.whole),
            multiplexer.selects.eq(self.selects),
        ]

        # MV packs the two rows, MM the two vectors
        codes = delay(m, self.codes, SparseMultiplexer.LATENCY, name="codes")
        step = delay(m, self.step, SparseMultiplexer.LATENCY, name="step")
        mv = step.mode == Mode.MV
        activations = multiplexer.activations
        for k in range(CHAIN_SLICES):
            weights = [codes[k][row].as_signed() for row in range(2)]
            m.d.comb += [
                chain.packed[0][k].eq(Mux(mv, weights[0], activations[0][k])),
                chain.packed[1][k].eq(Mux(mv, weights[1], activations[1][k])),
                chain.factor[k].eq(
                    Mux(mv, activations[0][k], Mux(step.row, weights[1], weights[0]))
                ),
            ]

        # the two halves of a group are consecutive steps
        second = delay(m, chain.sums, 1, name="second")
        first = delay(m, second, 1, name="first")
        for field in range(2):
            total = Signal(signed(SUM_BITS), name=f"total_{field}", reset_less=True)
            m.d.sync += total.eq(second[field] + Mux(self.result.joined, first[field], 0))
            m.d.comb += path.sums[field].eq(total)
        m.d.comb += [
            path.result.eq(delay(m, self.result, 1, name="result", reset_less=False)),
            path.scales.eq(delay(m, self.scales, 1, name="scales")),
        ]
        scalars = delay(m, self.scalars, 1, name="scalars")
        mv = path.result.mode == Mode.MV
        m.d.comb += [
            path.scalars[0].eq(scalars[0]),
            path.scalars[1].eq(Mux(mv, scalars[0].as_value(), scalars[1].as_value())),
        ]
        return m
