"""Reads the sources of an instruction, step by step, as late as the pipeline needs them."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.instructions import Combine, Function
from wingbeat.hw.isa.operands import GRANULE
from wingbeat.hw.rtl.delay import delay, delay_by
from wingbeat.hw.rtl.memory.ports import READ_LATENCY, vector_fixed_read, words
from wingbeat.hw.rtl.vector.rows import COMMAND, LENGTH_BITS, STEP_BITS, RowIterator, lanes_before


class SourceReader(wiring.Component):
    """Delivers a, b and, some cycles behind them, c of one step a cycle.

    a is read on port `a`, b and c on port `b`. Where both b and c are read, a step begins in every
    second cycle only; since c comes an odd number of cycles later, it takes the cycle that b leaves
    free. Reading c late saves registers for its values.

    Parameters
    ----------
    c_delay, c_delay_short : cycles from a and b to c, odd: of an instruction with a function, and
        of one without

    Attributes
    ----------
    start : In(1), begin
    command : In, stable from `start` on
    steps : In, steps of a row, at least 1; stable
    leave_out : In(1), a writer of the vector memory waits: begin a step in every second cycle only
    port_a, port_b : Out, read ports of the vector memory
    valid : Out(1), a step is delivered
    inside : Out, a bit for each lane: its element lies before its row's own end
    a, b, c : Out, words of a step, a scalar repeated
    """

    def __init__(self, config: AcceleratorConfig, c_delay: int, c_delay_short: int) -> None:
        assert c_delay % 2 == c_delay_short % 2 == 1
        self._lanes = config.vector_lanes
        self._c_delay = c_delay
        self._c_delay_short = c_delay_short
        step = words(config)
        super().__init__(
            {
                "start": In(1),
                "command": In(COMMAND),
                "steps": In(STEP_BITS),
                "leave_out": In(1),
                "port_a": Out(vector_fixed_read(config)),
                "port_b": Out(vector_fixed_read(config)),
                "valid": Out(1),
                "inside": Out(config.vector_lanes),
                "a": Out(step),
                "b": Out(step),
                "c": Out(step),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Iterate, register the addresses, read, repeat scalars."""
        m = Module()
        command = self.command
        m.submodules.iterator = iterator = RowIterator(views=3)
        m.d.comb += [
            iterator.start.eq(self.start),
            iterator.outer.eq(command.outer),
            iterator.inner.eq(command.inner),
            iterator.steps.eq(self.steps),
            iterator.views.eq(Cat(command.a, command.b, command.c)),
        ]
        uses_b, uses_c = command.first != Combine.PASS, command.second != Combine.PASS
        odd, issue = Signal(), Signal()
        m.d.sync += odd.eq(~odd)
        every_second = self.leave_out | (uses_b & uses_c)
        m.d.comb += [
            issue.eq(iterator.valid & ~(odd & every_second)),
            iterator.advance.eq(issue),
        ]

        # the end of the present rows: with `step` one element later for each outer index
        end = Signal(LENGTH_BITS)
        with m.If(self.start):
            m.d.sync += end.eq(command.length)
        with m.Elif(issue & iterator.last_step & iterator.last_inner):
            m.d.sync += end.eq(end + command.step)

        # addresses are registered once, then follows the memory, then the scalars' multiplexer
        latency = 1 + READ_LATENCY + 1
        m.d.comb += self.valid.eq(delay(m, issue, latency, name="valid", reset_less=False))
        inside = lanes_before(end, iterator.step, self._lanes)
        m.d.comb += self.inside.eq(delay(m, inside, latency, name="inside"))

        address_a, address_b, address_c = (
            delay(m, self._address(iterator, i, view), 1, name=f"address_{name}")
            for i, (name, view) in enumerate((("a", command.a), ("b", command.b), ("c", command.c)))
        )
        early = delay(m, address_c, self._c_delay_short, name="address_c_early")
        longer = self._c_delay - self._c_delay_short
        has_function = Signal()
        m.d.comb += has_function.eq(command.function != Function.IDENTITY)
        address_c = Mux(has_function, delay(m, early, longer, name="address_c_late"), early)
        reads_a = delay(m, issue, 1, name="reads_a", reset_less=False)
        reads_b = delay(m, issue & uses_b, 1, name="reads_b", reset_less=False)
        ways = {1 + self._c_delay: has_function, 1 + self._c_delay_short: ~has_function}
        reads_c = delay_by(m, issue & uses_c, ways, name="reads_c")
        m.d.comb += [
            self.port_a.enable.eq(reads_a),
            self.port_a.address.eq(address_a),
            self.port_b.enable.eq(reads_b | reads_c),
            self.port_b.address.eq(Mux(reads_b, address_b, address_c)),
        ]
        for port, view, source in (
            (self.port_a, command.a, self.a),
            (self.port_b, command.b, self.b),
            (self.port_b, command.c, self.c),
        ):
            m.d.sync += source.eq(self._spread(port.data, view.scalar))
        return m

    def _address(self, iterator: RowIterator, index: int, view: Any) -> Any:
        """Return the address of a step in a view; a scalar's is that of its row."""
        row = iterator.rows[index] << ceil_log2(GRANULE // self._lanes)
        return (row + Mux(view.scalar, 0, iterator.step))[: len(self.port_a.address)]

    def _spread(self, step: data.View, scalar: Any) -> Any:
        """Return the words of a step, or its first word for all lanes."""
        value = step.as_value()
        return Mux(scalar, step[0].replicate(self._lanes), value)
