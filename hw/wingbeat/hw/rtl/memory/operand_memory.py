"""The operand memory: INT8 codes in groups of 32, each with its scale and its sum."""

from __future__ import annotations

from amaranth.hdl import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.rtl.delay import delay
from wingbeat.hw.rtl.memory.block_ram import BlockRam
from wingbeat.hw.rtl.memory.ports import (
    ENTRY,
    READ_LATENCY,
    operand_fixed_read,
    operand_read,
    operand_write,
)


class OperandMemory(wiring.Component):
    """One group written and one read in a cycle; the matrix unit reads first.

    Attributes
    ----------
    write : In, from the vector machine
    matrix : In, read port of the matrix unit, always served
    store : In, read port of ST, served when the matrix unit does not read
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._groups = config.operand_groups
        super().__init__(
            {
                "write": In(operand_write(config)),
                "matrix": In(operand_fixed_read(config)),
                "store": In(operand_read(config)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """A memory of one write and one read port, its output registered."""
        m = Module()
        m.submodules.ram = ram = BlockRam(ENTRY.size, self._groups)
        m.d.comb += [
            ram.write_address.eq(self.write.address),
            ram.write_data.eq(self.write.entry),
            ram.write_enable.eq(self.write.valid),
            self.store.ready.eq(~self.matrix.enable),
            ram.read_address.eq(Mux(self.matrix.enable, self.matrix.address, self.store.address)),
        ]
        entry = delay(m, ram.read_data, READ_LATENCY - 1, name="entry")
        m.d.comb += [self.matrix.data.eq(entry), self.store.data.eq(entry)]
        return m
