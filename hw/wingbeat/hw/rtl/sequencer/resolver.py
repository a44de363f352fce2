"""Adds registers to the operands of an instruction."""

from typing import Any

from amaranth.hdl import Module, Mux, Shape, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from wingbeat.hw.isa.instructions import CLASSES, INSTRUCTION_BITS, Instruction, Opcode
from wingbeat.hw.rtl.command import VALUE_BITS, operands
from wingbeat.hw.rtl.sequencer.register_file import READ_PORTS, REGISTER_BITS

VALUES = max(len(operands(cls)) for cls in CLASSES)
"""Operands of an instruction, at most."""


def steps(cls: type[Instruction]) -> int:
    """Return the cycles in which the operands of an instruction class are read."""
    return -(-len(operands(cls)) // READ_PORTS)


class Resolver(wiring.Component):
    """Resolves two operands a cycle, in two stages: read the registers, add the constants.

    Attributes
    ----------
    start : `instruction` is there, and stays until `done`
    done : 2 (SYS) to 4 (ST) cycles later; from the next cycle on `values` are the sums, in order
        of `command.operands`, until the next start
    number, value : to the register file
    """

    start: In(1)
    instruction: In(INSTRUCTION_BITS)
    done: Out(1)
    values: Out(data.ArrayLayout(VALUE_BITS, VALUES))
    number: Out(data.ArrayLayout(REGISTER_BITS, READ_PORTS))
    value: In(data.ArrayLayout(VALUE_BITS, READ_PORTS))

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        step = Signal(range(max(steps(cls) for cls in CLASSES)))
        running = Signal()
        reading = Signal()
        last = Signal()
        constant = Signal(data.ArrayLayout(VALUE_BITS, READ_PORTS))
        m.d.comb += reading.eq(self.start | running)
        with m.Switch(self.instruction[: Shape.cast(Opcode).width]):
            for cls in CLASSES:
                with m.Case(*(opcode.value for opcode in cls.opcodes)):
                    m.d.comb += last.eq(step == steps(cls) - 1)
                    self._read(m, cls, step, constant)
        with m.If(reading):
            m.d.sync += [running.eq(~last), step.eq(Mux(last, 0, step + 1))]

        held = Signal.like(constant, reset_less=True)
        read = Signal.like(self.value, reset_less=True)
        adding, place = Signal(), Signal.like(step)
        m.d.sync += [
            held.eq(constant),
            read.eq(self.value),
            adding.eq(reading),
            place.eq(step),
            self.done.eq(reading & last),
        ]
        for index in range(VALUES):
            port = index % READ_PORTS
            with m.If(adding & (place == index // READ_PORTS)):
                m.d.sync += self.values[index].eq(held[port] + read[port])
        return m

    def _read(self, m: Module, cls: type[Instruction], step: Signal, constant: Any) -> None:
        """Read the two operands of this step."""
        view = cls.layout()(self.instruction)
        for index, operand in enumerate(operands(cls)):
            port = index % READ_PORTS
            with m.If(step == index // READ_PORTS):
                m.d.comb += [
                    self.number[port].eq(operand.register_of(view)),
                    constant[port].eq(operand.constant_of(view)),
                ]
