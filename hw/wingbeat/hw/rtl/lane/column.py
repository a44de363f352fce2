"""A column: one chain of a lane and what becomes of its sums."""

from __future__ import annotations

from amaranth.hdl import DomainRenamer, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.config import CHAIN_SLICES, AcceleratorConfig, Multiplier
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.lane.accumulators import access
from wingbeat.hw.rtl.lane.cascade_chain import chain_of
from wingbeat.hw.rtl.lane.chain import SUM_BITS, Chain
from wingbeat.hw.rtl.lane.commands import (
    OPERANDS,
    QUAD,
    SCALARS,
    STEP,
    Mode,
    accumulator_depth,
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
from wingbeat.hw.rtl.lane.twin_banks import TwinBanks, Visitor

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
    neighbour : Out of `accumulators.access`, column 0, if there are twins: what its drain does with
        the accumulators of column 1
    guest : In of `accumulators.access`, column 1: the same from there
    """

    RESULT_OFFSET = SparseMultiplexer.LATENCY + Chain.LATENCY + 1
    """Cycles from a step to its result."""
    SETTLE = 1 + ResultPath.LATENCY
    """Cycles from a result until a drain may read it."""

    def __init__(self, config: AcceleratorConfig, number: int) -> None:
        self._config = config
        self._number = number
        ports = {}
        if config.twins and number < 2:
            bank = access(2 * accumulator_depth(config))
            ports = {"guest": In(bank)} if number else {"neighbour": Out(bank)}
        super().__init__(
            ports
            | {
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
        self._reach(m, drain, path)
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

    def _reach(self, m: Module, drain: Drain, path: ResultPath) -> None:
        """Connect drain and accumulators; the drain of column 0 reads twins in both columns."""
        if not self._config.twins or self._number > 1:
            wiring.connect(m, drain.bank, path.drain)
        elif self._number == 1:
            m.submodules.visitor = visitor = Visitor(2 * accumulator_depth(self._config))
            wiring.connect(m, drain.bank, visitor.own)
            wiring.connect(m, wiring.flipped(self.guest), visitor.guest)
            wiring.connect(m, visitor.bank, path.drain)
        else:
            m.submodules.twins = twins = TwinBanks(2 * accumulator_depth(self._config))
            wiring.connect(m, drain.bank, twins.drain)
            wiring.connect(m, twins.banks[0], path.drain)
            wiring.connect(m, twins.banks[1], wiring.flipped(self.neighbour))
            with m.If(self.drain.valid & self.drain.ready):
                m.d.sync += twins.together.eq(self.drain.payload.twins)
