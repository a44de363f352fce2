"""From a chain's sums to accumulators: one scale unit, or one for each field."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import C, Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.lane.accumulators import Accumulators, access
from wingbeat.hw.rtl.lane.chain import SUM_BITS
from wingbeat.hw.rtl.lane.commands import SCALARS, accumulator_depth, result_layout
from wingbeat.hw.rtl.lane.scale_bank import SCALE
from wingbeat.hw.rtl.lane.scale_unit import OPERAND_SUM_BITS, ScaleUnit
from wingbeat.hw.rtl.lane.sections import is_sparse


def _task_layout(depth: int) -> data.StructLayout:
    return data.StructLayout(
        {
            "integer": signed(SUM_BITS),
            "scale": 16,
            "minimum": 16,
            "operand_scale": 32,
            "operand_sum": signed(OPERAND_SUM_BITS),
            "first": 1,
            "bank": 1,
            "address": range(depth),
        }
    )


class ResultPath(wiring.Component):
    """Dense groups take two steps, so that the two results of a pair share a scale unit.

    With a sparse format a pair may come every cycle: then each field has a scale unit and its own
    half of the accumulators.

    Attributes
    ----------
    result : In of `commands.result_layout`; all other inputs belong to it
    sums : In of 2 x signed 21, group results
    scales : In of 2 x `SCALE`, of the weights of each field
    scalars : In of `SCALARS`, of the operands of each field
    drain : In of `accumulators.access`, the field is the lowest bit of its addresses
    """

    LATENCY = 1 + ScaleUnit.LATENCY + Accumulators.LATENCY
    """Cycles from a result until its accumulators can be read."""

    def __init__(self, config: AcceleratorConfig) -> None:
        self._depth = accumulator_depth(config)
        self._units = 2 if is_sparse(config) else 1
        super().__init__(
            {
                "result": In(result_layout(config)),
                "sums": In(data.ArrayLayout(signed(SUM_BITS), 2)),
                "scales": In(data.ArrayLayout(SCALE, 2)),
                "scalars": In(SCALARS),
                "drain": In(access(2 * self._depth)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Deal the fields to the units."""
        m = Module()
        fields = [self._task(field) for field in range(2)]
        valid = [self.result.valid] * 2
        if self._units == 1:
            second = Signal()
            m.d.sync += second.eq(self.result.valid)
            held = delay(m, fields[1], 1, name="held")
            fields, valid = [Mux(second, held, fields[0])], [self.result.valid | second]
        banks = []
        for unit in range(self._units):
            task = Signal(_task_layout(2 * self._depth), name=f"task_{unit}")
            m.d.comb += task.as_value().eq(fields[unit])
            banks.append(self._unit(m, unit, task, valid[unit]))
        self._connect_drain(m, banks)
        return m

    def _task(self, field: int) -> Value:
        """All that a scale unit needs for one result, in the order of `_task_layout`."""
        scalars, scales = self.scalars[field], self.scales[field]
        return Cat(
            self.sums[field],
            scales.scale,
            scales.minimum,
            scalars.scale,
            scalars.sum[:OPERAND_SUM_BITS],
            self.result.first,
            self.result.bank,
            C(field, 1),
            self.result.address,
        )

    def _unit(self, m: Module, unit: int, task: Any, valid: Value) -> Accumulators:
        scale_unit, accumulators = ScaleUnit(), Accumulators(2 * self._depth // self._units)
        m.submodules[f"scale_unit_{unit}"] = scale_unit
        m.submodules[f"accumulators_{unit}"] = accumulators
        add = accumulators.add
        m.d.comb += [
            scale_unit.integer.eq(task.integer),
            scale_unit.scale.eq(task.scale),
            scale_unit.minimum.eq(task.minimum),
            scale_unit.operand_scale.eq(task.operand_scale),
            scale_unit.operand_sum.eq(task.operand_sum),
            add.value.eq(scale_unit.result),
        ]
        tag = {"first": task.first, "bank": task.bank, "address": task.address}
        if self._units == 2:
            tag["address"] = task.address[1:]
        for name, value in tag.items():
            m.d.comb += add[name].eq(delay(m, value, ScaleUnit.LATENCY, name=f"{name}_{unit}"))
        later = delay(m, valid, ScaleUnit.LATENCY, name=f"valid_{unit}", reset_less=False)
        m.d.comb += add.valid.eq(later)
        return accumulators

    def _connect_drain(self, m: Module, banks: list[Accumulators]) -> None:
        """Let the lowest bit of the address choose between the fields' accumulators."""
        if len(banks) == 1:
            wiring.connect(m, wiring.flipped(self.drain), banks[0].drain)
            return
        drain = self.drain
        for field, accumulators in enumerate(banks):
            port = accumulators.drain
            m.d.comb += [
                port.active.eq(drain.active),
                port.bank.eq(drain.bank),
                port.read_address.eq(drain.read_address[1:]),
                port.write_address.eq(drain.write_address[1:]),
                port.write_data.eq(drain.write_data),
                port.write_enable.eq(drain.write_enable & (drain.write_address[0] == field)),
            ]
        field = delay(m, drain.read_address[0], 1, name="field_read")
        m.d.comb += drain.read_data.eq(
            Mux(field, banks[1].drain.read_data, banks[0].drain.read_data)
        )
