"""The scalar registers."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from wingbeat.hw.isa.operands import REGISTERS
from wingbeat.hw.register_map import ARGUMENTS
from wingbeat.hw.rtl.command import VALUE_BITS

READ_PORTS = 2
"""Registers read in a cycle."""

REGISTER_BITS = (REGISTERS - 1).bit_length()
"""Width of a register number."""


class RegisterFile(wiring.Component):
    """32 registers of 32 bits in distributed memory: two are read and one is written in a cycle.

    Register 0 is never written but with 0.

    Attributes
    ----------
    loading : after reset, for 32 cycles: register 1 + i becomes argument i, the others 0
    number, value : registers read, in the same cycle
    write, target, result : the register written at the end of the cycle
    """

    arguments: In(data.ArrayLayout(VALUE_BITS, ARGUMENTS))
    loading: Out(1, init=1)
    number: In(data.ArrayLayout(REGISTER_BITS, READ_PORTS))
    value: Out(data.ArrayLayout(VALUE_BITS, READ_PORTS))
    write: In(1)
    target: In(REGISTER_BITS)
    result: In(VALUE_BITS)

    def elaborate(self, platform: object) -> Module:
        """Build the module."""
        m = Module()
        m.submodules.memory = memory = Memory(shape=VALUE_BITS, depth=REGISTERS, init=[])
        for index in range(READ_PORTS):
            read = memory.read_port(domain="comb")
            m.d.comb += [read.addr.eq(self.number[index]), self.value[index].eq(read.data)]

        write = memory.write_port()
        loaded = Signal(REGISTER_BITS)
        argument = loaded - 1
        with m.If(self.loading):
            m.d.sync += [loaded.eq(loaded + 1), self.loading.eq(loaded != REGISTERS - 1)]
            has_argument = (loaded != 0) & (loaded <= ARGUMENTS)
            m.d.comb += [
                write.addr.eq(loaded),
                write.data.eq(Mux(has_argument, self.arguments[argument[:4]], 0)),
                write.en.eq(1),
            ]
        with m.Else():
            m.d.comb += [
                write.addr.eq(self.target),
                write.data.eq(self.result),
                write.en.eq(self.write & (self.target != 0)),
            ]
        return m
