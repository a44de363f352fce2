"""MISC: the vector machine's unit."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.instructions import Destination, Reduce
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.fp32.format import INFINITY_BITS
from wingbeat.hw.rtl.memory.ports import operand_write, vector_fixed_read, vector_write
from wingbeat.hw.rtl.memory.vector_memory import VectorMemory
from wingbeat.hw.rtl.vector.elements import ElementPipeline
from wingbeat.hw.rtl.vector.extent import Extent
from wingbeat.hw.rtl.vector.largest import Compare, Largest
from wingbeat.hw.rtl.vector.position import Position
from wingbeat.hw.rtl.vector.quantiser import Quantiser
from wingbeat.hw.rtl.vector.rows import COMMAND
from wingbeat.hw.rtl.vector.sources import SourceReader
from wingbeat.hw.rtl.vector.total import Total
from wingbeat.hw.rtl.vector.writer import Writer

_MINUS_INFINITY = 1 << 31 | INFINITY_BITS


class VectorUnit(wiring.Component):
    """Executes MISC, one command after the other.

    Elements flow from the source reader through the element pipeline to one of three: the writer
    (`reduce` NONE), the quantiser (target OPERAND), the reductions. A command begins when all that
    the one before it wrote is visible; it is taken, and its size is worked out, before that.

    The first results are written while later elements are read. An instruction may write what it
    reads in place, element for element; it must not read what it wrote to another element.

    Attributes
    ----------
    command : In, stream of commands
    done : Out(1), a pulse for each command, when what it wrote is visible
    a, b : Out, read ports of the vector memory
    vector : Out, write port of the vector memory
    operand : Out, write port of the operand memory
    leave_out : In(1), a step in every second cycle only, for other writers
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "command": In(stream.Signature(COMMAND)),
                "done": Out(1),
                "a": Out(vector_fixed_read(config)),
                "b": Out(vector_fixed_read(config)),
                "vector": Out(vector_write(config)),
                "operand": Out(operand_write(config)),
                "leave_out": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Control, and the way of the elements."""
        m = Module()
        command = Signal(COMMAND, reset_less=True)
        start = Signal()
        m.submodules.extent = extent = Extent(self._config)
        size = {
            name: Signal.like(getattr(extent, name), name=name, reset_less=True)
            for name in ("longest", "steps", "groups")
        }
        m.submodules.sources = sources = SourceReader(
            self._config, ElementPipeline.C_DELAY, ElementPipeline.C_DELAY_SHORT
        )
        m.submodules.elements = elements = ElementPipeline(self._config)
        m.submodules.position = position = Position(self._config)
        m.submodules.writer = writer = Writer(self._config)
        connect(m, sources.port_a, flipped(self.a))
        connect(m, sources.port_b, flipped(self.b))
        connect(m, writer.vector, flipped(self.vector))
        connect(m, writer.operand, flipped(self.operand))
        m.d.comb += [
            sources.start.eq(start),
            sources.command.eq(command),
            sources.steps.eq(size["steps"]),
            sources.leave_out.eq(self.leave_out),
            elements.first.eq(command.first),
            elements.function.eq(command.function),
            elements.second.eq(command.second),
            elements.left_out.eq(_left_out(command)),
            elements.valid.eq(sources.valid),
            elements.inside.eq(sources.inside),
            elements.a.eq(sources.a),
            elements.b.eq(sources.b),
            elements.c.eq(sources.c),
            position.command.eq(command),
            position.steps.eq(size["steps"]),
            position.advance.eq(elements.result_valid),
            writer.start.eq(start),
            writer.command.eq(command),
            *(getattr(writer, name).eq(value) for name, value in size.items()),
        ]
        self._sinks(m, command, size["steps"], elements, position, writer)
        begins, following = self._control(m, extent, writer)
        m.d.sync += start.eq(begins)
        with m.If(begins):
            m.d.sync += command.eq(following)
            m.d.sync += [value.eq(getattr(extent, name)) for name, value in size.items()]
        return m

    def _sinks(
        self,
        m: Module,
        command: Any,
        steps: Signal,
        elements: ElementPipeline,
        position: Position,
        writer: Writer,
    ) -> None:
        """Send elements to where the command wants them, and what comes of them to the writer."""
        m.submodules.largest = largest = Largest(self._config)
        m.submodules.total = total = Total(self._config)
        m.submodules.quantiser = quantiser = Quantiser(self._config)
        operand = command.target == Destination.OPERAND
        sums = command.reduce == Reduce.SUM
        compares = (command.reduce == Reduce.MAX) | (command.reduce == Reduce.ARGMAX)
        maps = ~operand & (command.reduce == Reduce.NONE)
        valid = elements.result_valid
        m.d.comb += [
            largest.compare.eq(
                Mux(
                    operand,
                    Compare.MAGNITUDE,
                    Mux(command.reduce == Reduce.ARGMAX, Compare.FIRST, Compare.VALUE),
                )
            ),
            largest.valid.eq(valid & (operand | compares)),
            largest.first.eq(position.first),
            largest.last.eq(position.last),
            largest.step.eq(position.step),
            largest.words.eq(elements.result),
            total.steps.eq(steps),
            total.valid.eq(valid & sums),
            total.step.eq(position.step),
            total.words.eq(elements.result),
            quantiser.group.eq(command.group),
            quantiser.words.eq(elements.result),
            quantiser.valid.eq(valid & operand),
            quantiser.largest.eq(largest.largest),
            quantiser.largest_valid.eq(largest.largest_valid & operand),
            writer.step_words.eq(elements.result),
            writer.step_valid.eq(valid & maps),
            writer.result.eq(Mux(sums, total.total, largest.largest)),
            writer.index.eq(largest.index),
            writer.result_valid.eq(total.total_valid | (largest.largest_valid & ~operand)),
            writer.entry.eq(quantiser.entry),
            writer.entry_valid.eq(quantiser.entry_valid),
        ]

    def _control(self, m: Module, extent: Extent, writer: Writer) -> tuple[Signal, Any]:
        """Take commands and see how much they are; return when one begins, and which."""
        following = Signal(COMMAND, reset_less=True)
        begins, running = Signal(), Signal()
        # one cycle to the write port, then the memory
        visible = delay(
            m, writer.finished, 1 + VectorMemory.WRITE_LATENCY, name="visible", reset_less=False
        )
        counted = Signal(range(Extent.LATENCY + 1))
        free = ~running | visible
        m.d.comb += [extent.command.eq(following), self.done.eq(visible)]
        with m.FSM():
            with m.State("TAKE"):
                m.d.comb += self.command.ready.eq(1)
                m.d.sync += [following.eq(self.command.payload), counted.eq(0)]
                with m.If(self.command.valid):
                    m.next = "COUNT"
            with m.State("COUNT"):
                m.d.sync += counted.eq(counted + 1)
                with m.If(counted == Extent.LATENCY - 1):
                    m.next = "BEGIN"
            with m.State("BEGIN"):
                # what has nothing to do ends in its turn, and not in the cycle of the one before
                m.d.comb += begins.eq(free & ~extent.empty)
                with m.If(begins):
                    m.next = "TAKE"
                with m.If(extent.empty & ~running):
                    m.d.comb += self.done.eq(1)
                    m.next = "TAKE"
        with m.If(begins):
            m.d.sync += running.eq(1)
        with m.Elif(visible):
            m.d.sync += running.eq(0)
        return begins, following


def _left_out(command: Any) -> Any:
    """Return what an element behind its row's end counts as."""
    compares = (command.reduce == Reduce.MAX) | (command.reduce == Reduce.ARGMAX)
    return Mux(compares, _MINUS_INFINITY, 0)
