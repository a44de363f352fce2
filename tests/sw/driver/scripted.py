"""An accelerator without a machine: what it does while it is waited for is written in advance."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from wingbeat.compiler.image import Image
from wingbeat.hw.control import RING_ENTRIES, RING_WORD, ControlBlock, State
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.register_map import IDENTITY, Control, RegisterMap
from wingbeat.sim.heap import Heap
from wingbeat.sw.driver.transport import Bytes

Step = Callable[["ScriptedTransport"], None]

ADDRESS = 0x12_0000_0000
"""Where its memory begins: above what 32 bits hold."""


class ScriptedTransport:
    """Registers that hold what was written, memory of garbage, and a list of what happens."""

    name = "scripted"

    def __init__(self, image: Image, steps: Sequence[Step] = (), room: int = 1 << 30) -> None:
        manifest = image.manifest
        digest = int(manifest.config_digest, 16)
        self.registers = {
            RegisterMap.IDENTITY.word(): IDENTITY,
            RegisterMap.ISA_VERSION.word(): manifest.isa_version,
            RegisterMap.DIGEST.word(0): digest & 0xFFFFFFFF,
            RegisterMap.DIGEST.word(1): digest >> 32,
            RegisterMap.CONTROL.word(): int(Control.IDLE),
        }
        self.steps = list(steps)
        self.registers_in_flight = True
        self.idles = True
        """Whether the machine becomes idle when its program ends."""
        self.forgets: int | None = None
        """Byte of the first buffer that reads back changed."""
        self.resets = self.closes = self.in_flight = 0
        self.log: list[tuple[int, int]] = []
        """Offset and value of each register that was written."""
        self.buffers: list[ScriptedBuffer] = []
        self._control = image.memory["control"].start * BEAT_BYTES
        self.heap = Heap(ADDRESS, room)

    @property
    def running(self) -> bool:
        return not self.registers.get(RegisterMap.CONTROL.word(), 0) & Control.IDLE

    def read_register(self, offset: int) -> int:
        self.in_flight += self.running
        return self.registers.get(offset, 0)

    def write_register(self, offset: int, value: int) -> None:
        self.log.append((offset, value))
        if offset != RegisterMap.CONTROL.word():
            self.registers[offset] = value
        elif value & Control.START:
            self.registers[offset] = int(Control.START)

    def allocate(self, count: int, port: int) -> ScriptedBuffer:
        buffer = ScriptedBuffer(self, self.heap.allocate(count), count)
        self.buffers.append(buffer)
        return buffer

    def wait(self, seconds: float) -> None:
        if self.steps:
            self.steps.pop(0)(self)

    def reset(self) -> None:
        self.resets += 1
        self.registers[RegisterMap.CONTROL.word()] = int(Control.IDLE)

    def close(self) -> None:
        self.closes += 1

    # ---- what a step may do ---------------------------------------------------------------

    @property
    def words(self) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
        """The control block and its ring."""
        return self.buffers[-len(self.heap_ports) :][0].bytes[self._control :].view(np.uint32)

    @property
    def heap_ports(self) -> list[ScriptedBuffer]:
        return [buffer for buffer in self.buffers if not buffer.freed]

    def set(self, **fields: int) -> None:
        for name, value in fields.items():
            self.words[ControlBlock.word(name)] = value

    def field(self, name: str) -> int:
        return int(self.words[ControlBlock.word(name)])


class ScriptedBuffer:
    def __init__(self, transport: ScriptedTransport, address: int, count: int) -> None:
        self.address = address
        self.bytes = np.full(count, 0xA5, np.uint8)
        self.freed = False
        self._transport = transport

    def read(self, offset: int, count: int) -> Bytes:
        data = self.bytes[offset : offset + count].copy()
        place = self._transport.forgets
        if place is not None and self is self._transport.buffers[0] and 0 <= place - offset < count:
            data[place - offset] ^= 0x10
        return data

    def write(self, offset: int, data: Bytes) -> None:
        self.bytes[offset : offset + len(data)] = data

    def free(self) -> None:
        if not self.freed:
            self._transport.heap.free(self.address)
        self.freed = True


def publish(*tokens: int) -> Step:
    """A step that puts tokens into the ring."""

    def step(transport: ScriptedTransport) -> None:
        for token in tokens:
            head = transport.field("head")
            transport.words[RING_WORD + head % RING_ENTRIES] = token
            transport.set(head=head + 1)

    return step


def end(state: State, cycles: int = 100) -> Step:
    """A step that ends the program."""

    def step(transport: ScriptedTransport) -> None:
        transport.set(state=state.value)
        transport.registers[RegisterMap.CYCLES.word()] = cycles
        if transport.idles:
            transport.registers[RegisterMap.CONTROL.word()] = int(Control.IDLE | Control.DONE)

    return step


def fail_link(transport: ScriptedTransport) -> None:
    """A step in which the connection breaks."""
    raise DeviceError("connection lost")


def nothing(transport: ScriptedTransport) -> None:
    """A step in which nothing happens."""
