"""A host on the accelerator's control port: cocotbext-axi's manager, register by register."""

from __future__ import annotations

from typing import Any

from cocotb.triggers import with_timeout
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from wingbeat.hw.register_map import RegisterMap

DEADLINE_US = 10


class Host:
    """Reads and writes words.

    Parameters
    ----------
    dut, prefix : component, and its port's wires

    Attributes
    ----------
    manager : for what the methods do not do
    """

    def __init__(self, dut: Any, prefix: str = "control") -> None:
        self.manager = AxiLiteMaster(AxiLiteBus.from_prefix(dut, prefix), dut.clk, dut.rst)

    async def write_bytes(self, offset: int, data: bytes) -> AxiResp:
        """Write bytes within a word, and return the response."""
        answer = await with_timeout(self.manager.write(offset, data), DEADLINE_US, "us")
        return AxiResp(answer.resp)

    async def read_word(self, offset: int) -> int:
        """Read the word at a byte offset."""
        answer = await with_timeout(self.manager.read(offset, 4), DEADLINE_US, "us")
        assert answer.resp == AxiResp.OKAY
        return int.from_bytes(answer.data, "little")

    async def write(self, register: RegisterMap, value: int, index: int = 0) -> None:
        """Write a register."""
        assert await self.write_bytes(register.word(index), value.to_bytes(4, "little")) == 0

    async def read(self, register: RegisterMap, index: int = 0) -> int:
        """Read a register."""
        return await self.read_word(register.word(index))
