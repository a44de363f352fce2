"""A large memory without initial contents.

`amaranth.lib.memory` writes an initial value for every row, which makes megabytes of netlist of a
memory that needs none. So large ones are a module in Verilog, in the form that every synthesis tool
turns into block RAM.
"""

from __future__ import annotations

from pathlib import Path

from amaranth.hdl import ClockSignal, Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

VERILOG = Path(__file__).with_suffix(".v")
"""The source of the module, a part of every design."""


class BlockRam(wiring.Component):
    """One write and one read port; data are there a cycle after their address.

    A read of a row that is being written returns what was there before.

    Parameters
    ----------
    width : bits of a row
    depth : rows
    parts : equal parts of a row, written one by one

    Attributes
    ----------
    write_address, write_data, write_enable : In; bit i of the enable is for part i
    read_address : In
    read_data : Out, a cycle later
    """

    def __init__(self, width: int, depth: int, parts: int = 1) -> None:
        self._parameters = {"WIDTH": width, "DEPTH": depth, "PARTS": parts}
        address = max(1, ceil_log2(depth))
        super().__init__(
            {
                "write_address": In(address),
                "write_data": In(width),
                "write_enable": In(parts),
                "read_address": In(address),
                "read_data": Out(width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Instantiate the module in Verilog."""
        m = Module()
        parameters = {**self._parameters, "ADDRESS": len(self.read_address)}
        m.submodules.ram = Instance(
            "wingbeat_block_ram",
            *(("p", name, value) for name, value in parameters.items()),
            i_clk=ClockSignal(),
            i_write_address=self.write_address,
            i_write_data=self.write_data,
            i_write_enable=self.write_enable,
            i_read_address=self.read_address,
            o_read_data=self.read_data,
        )
        return m
