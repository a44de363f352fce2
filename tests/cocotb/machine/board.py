"""An accelerator with a host and memories around it, as on a board."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from cocotb.triggers import RisingEdge, with_timeout
from cocotbext.axi import AxiResp
from tests.cocotb.axi_monitor import AxiMonitor
from tests.cocotb.bench import start
from tests.cocotb.host import Host
from tests.cocotb.memory import PortMemory

from wingbeat.compiler.image import Image
from wingbeat.hw.control import REPORTED, ControlBlock
from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.register_map import Control, Interrupt, RegisterMap
from wingbeat.sim.memory import DeviceMemory

R = RegisterMap

BASE = 0x12_0040_0000
"""Byte address of beat 0 on port 0: the image lies at a place of its own on each port."""
SKEW = 0x1000
MEMORY_BYTES = 0x80_0000
PROGRAM_ALIGNMENT = 256
DEADLINE_US = 20_000


class Board:
    """One accelerator; make it before the clock starts.

    Parameters
    ----------
    dut : the accelerator
    image : what is put into its memory
    watched : whether a monitor checks the ports; it doubles the time of a simulation

    Attributes
    ----------
    memories, monitors : one a port
    """

    def __init__(self, dut: Any, image: Image, watched: bool = True) -> None:
        self.dut = dut
        self.image = image
        self.host = Host(dut)
        self.ports = image.manifest.config.ports
        names = [f"memory_{port}" for port in range(self.ports)]
        self.memories = [PortMemory(dut, name, MEMORY_BYTES) for name in names]
        self.monitors = [AxiMonitor(dut, name) for name in names] if watched else []
        self._program = -(-image.memory.beats // PROGRAM_ALIGNMENT) * PROGRAM_ALIGNMENT
        loaded = DeviceMemory(image.memory, self.ports, image.contents)
        for region in image.memory.regions:
            for port, row in enumerate(loaded.region(region.name) if region.beats else ()):
                self.store(port, region.start * BEAT_BYTES, row.tobytes())
        self.store(0, self._program * BEAT_BYTES, image.program.encode().tobytes())

    @staticmethod
    def base(port: int) -> int:
        """Return the byte address of beat 0 on a port."""
        return BASE + port * SKEW

    def store(self, port: int, address: int, data: bytes) -> None:
        """Write memory from behind, at a byte address of the image."""
        place = (self.base(port) + address) % MEMORY_BYTES
        self.memories[port].contents[place : place + len(data)] = data

    def load(self, port: int, address: int, size: int) -> bytes:
        """Read memory from behind."""
        place = (self.base(port) + address) % MEMORY_BYTES
        return self.memories[port].contents[place : place + size]

    def place(self, name: str) -> int:
        """Return the address on port 0 at which a region begins, or the program."""
        beat = self._program if name == "program" else self.image.memory[name].start
        return self.base(0) + beat * BEAT_BYTES

    def fail(self, addresses: range, response: AxiResp = AxiResp.SLVERR) -> None:
        """Answer every access to words on port 0 with an error; to none, if the range is empty."""
        for half in (self.memories[0].reads, self.memories[0].writes):
            half.faults.addresses = addresses
            half.faults.response = response

    async def power_up(self) -> None:
        """Start the clock, reset, and tell the accelerator where everything is."""
        await start(self.dut)
        await self.configure()

    async def configure(self) -> None:
        """Tell the accelerator, which was reset, where everything is."""
        control = self.image.memory["control"].start * BEAT_BYTES // 4
        for register, value in (
            (R.PROGRAM, self._program),
            (R.INSTRUCTIONS, len(self.image.program.instructions)),
            (R.CONTROL_BLOCK, control),
            (R.WATCHDOG, 100_000),
            (R.INTERRUPT_ENABLE, Interrupt.DONE),
            (R.GLOBAL_INTERRUPT, 1),
        ):
            await self.host.write(register, value)
        for port in range(self.ports):
            await self.host.write(R.MEMORY_BASE, self.base(port) & 0xFFFFFFFF, 2 * port)
            await self.host.write(R.MEMORY_BASE, self.base(port) >> 32, 2 * port + 1)

    async def start(self, tokens: list[int], count: int, position: int = 0) -> None:
        """Start the program: it reads the tokens from `position` on and generates `count` more."""
        words = b"".join(token.to_bytes(4, "little") for token in tokens)
        self.store(0, self.image.memory["tokens"].start * BEAT_BYTES, words)
        await self.start_with(
            {
                "known": len(tokens), "position": position, "generate": count, "slot": 0,
                "all_logits": 0, "sequence": self.control("head"),
            }
        )  # fmt: skip

    async def start_with(self, arguments: Mapping[str, int]) -> None:
        """Start the program with arguments by name."""
        for argument in self.image.program.arguments:
            value = arguments[argument.name]
            await self.host.write(R.ARGUMENT, value, argument.register - 1)
        await self.host.write(R.CONTROL, Control.START)

    async def finish(self) -> None:
        """Wait for the interrupt, and acknowledge it."""
        if not self.dut.irq.value:
            await with_timeout(RisingEdge(self.dut.irq), DEADLINE_US, "us")
        await self.host.write(R.INTERRUPT_STATUS, Interrupt.DONE)

    def control(self, name: str) -> int:
        """Return a word of the control block."""
        return int.from_bytes(self.load(0, self._control_address(name), 4), "little")

    def take_tokens(self) -> None:
        """Move the ring's tail up to its head, as a host does that has read the tokens."""
        head = self.load(0, self._control_address("head"), 4)
        self.store(0, self._control_address("tail"), head)

    def _control_address(self, name: str) -> int:
        return self.image.memory["control"].start * BEAT_BYTES + 4 * ControlBlock.word(name)

    def writable(self) -> dict[str, bytes]:
        """Return everything that the program may have written, as `DeviceMemory.written` does."""
        ports = {r.name: self.ports if r.striped else 1 for r in self.image.memory.regions}
        found = {
            region.name: b"".join(
                self.load(port, region.start * BEAT_BYTES, region.bytes_per_port)
                for port in range(ports[region.name])
            )
            for region in self.image.memory.regions
            if region.writable
        }
        control = np.frombuffer(found["control"], np.uint32).copy()
        control[[ControlBlock.word(name) for name in REPORTED]] = 0
        return found | {"control": control.tobytes()}
