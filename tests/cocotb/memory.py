"""cocotbext-axi's memories, made to answer some words with an error."""

from __future__ import annotations

import mmap
from typing import Any

from cocotbext.axi import AxiBus, AxiRamRead, AxiRamWrite, AxiResp
from tests.cocotb.pauses import Pauses


class Faults:
    """What a memory answers with an error.

    Attributes
    ----------
    addresses : bytes whose words fail
    response : what they are answered with
    """

    def __init__(self) -> None:
        self.addresses = range(0)
        self.response = AxiResp.SLVERR

    def check(self, address: int) -> None:
        """Raise if an access fails; cocotbext-axi answers an exception with SLVERR."""
        if address in self.addresses:
            raise ValueError(f"a fault at {address:#x}")


class ReadMemory(AxiRamRead):
    """The read half of a memory; parameters as for `AxiRamRead`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.faults = Faults()
        super().__init__(*arguments, **options)
        self._pass_on = self.r_channel.send
        self.r_channel.send = self._answer

    def pause(self, pauses: Pauses, seed: int = 0) -> None:
        """Pause both channels, each by itself."""
        self.ar_channel.set_pause_generator(pauses(seed))
        self.r_channel.set_pause_generator(pauses(seed + 1))

    async def _read(self, address: int, length: int) -> bytes:
        self.faults.check(address)
        return bytes(await super()._read(address, length))

    async def _answer(self, transfer: Any) -> None:
        if transfer.rresp == AxiResp.SLVERR:
            transfer.rresp = self.faults.response
        await self._pass_on(transfer)


class WriteMemory(AxiRamWrite):
    """The write half of a memory; parameters as for `AxiRamWrite`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.faults = Faults()
        super().__init__(*arguments, **options)
        self._pass_on = self.b_channel.send
        self.b_channel.send = self._answer

    def pause(self, pauses: Pauses, seed: int = 0) -> None:
        """Pause the three channels, each by itself."""
        self.aw_channel.set_pause_generator(pauses(seed))
        self.w_channel.set_pause_generator(pauses(seed + 1))
        self.b_channel.set_pause_generator(pauses(seed + 2))

    async def _write(self, address: int, data: bytes) -> None:
        self.faults.check(address)
        await super()._write(address, data)

    async def _answer(self, transfer: Any) -> None:
        if transfer.bresp == AxiResp.SLVERR:
            transfer.bresp = self.faults.response
        await self._pass_on(transfer)


class PortMemory:
    """The memory on a port: both halves, which share their bytes.

    Addresses wrap around at the memory's end.

    Parameters
    ----------
    dut, prefix : component, and its port's wires
    size : bytes

    Attributes
    ----------
    contents : the bytes
    """

    def __init__(self, dut: Any, prefix: str, size: int) -> None:
        bus = AxiBus.from_prefix(dut, prefix)
        self.contents = mmap.mmap(-1, size)
        self.reads = ReadMemory(bus.read, dut.clk, dut.rst, mem=self.contents)
        self.writes = WriteMemory(bus.write, dut.clk, dut.rst, mem=self.contents)

    def pause(self, pauses: Pauses, seed: int = 0) -> None:
        """Pause all five channels, each by itself."""
        self.reads.pause(pauses, seed)
        self.writes.pause(pauses, seed + 2)
