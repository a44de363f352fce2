"""The driver's core: any transport to an accelerator as a device that runs images."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence

import numpy as np

from wingbeat.compiler.image import Image
from wingbeat.hw.control import RING_ENTRIES, ControlBlock, State
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.program import WORD
from wingbeat.hw.register_map import IDENTITY, WATCHDOG, Control, RegisterMap
from wingbeat.sw.device.admission import check_arguments, check_identity, check_program
from wingbeat.sw.device.protocol import Loading, Words, silently
from wingbeat.sw.driver.diagnosis import diagnose
from wingbeat.sw.driver.link import Link, Traffic
from wingbeat.sw.driver.loading import load_parts
from wingbeat.sw.driver.placement import buffer_sizes
from wingbeat.sw.driver.transport import Buffer, Transport

POLL = 0.0002
"""Seconds between two looks at the control block."""

ENDING = 2.0
"""Seconds within which a program that has reported its end is idle, and a reset one too."""

_BYTES = 4  # of a word


class DriverDevice:
    """An accelerator behind a transport; see `wingbeat.sw.device.protocol.Device`.

    While a program runs only device memory is looked at, unless the transport can do more: what a
    host polls is the control block.

    Parameters
    ----------
    transport : to the accelerator; it is closed with the device
    """

    def __init__(self, transport: Transport) -> None:
        self._link = Link(transport)
        self._buffers: list[Buffer] = []
        self._image: Image | None = None
        self._control = 0  # byte offset of the control block in the buffer of port 0
        self.running = False
        """Whether a program was started, and its end has not been seen."""
        self._seen = 0  # head of the ring at the last news
        self._past = 0  # cycles of the runs that have ended

    @property
    def name(self) -> str:
        """The transport's."""
        return self._link.transport.name

    @property
    def traffic(self) -> Traffic:
        """What went over the link since the device was opened."""
        return self._link.traffic

    @property
    def cycles(self) -> int:
        """Cycles since the image was loaded; a run in progress counts if the transport can tell."""
        self._loaded()
        if self.running and self._link.transport.registers_in_flight:
            # nor can a broken link tell; whoever met it knows of it
            with contextlib.suppress(DeviceError):
                return self._past + self._link.read(RegisterMap.CYCLES)
        return self._past

    def load(self, image: Image, progress: Loading = silently) -> None:
        """Take an image; see `Device.load`. What ran before is stopped."""
        link = self._link
        self._identify(image)
        check_program(image, self.name)
        self.unload()
        if not link.read(RegisterMap.CONTROL) & Control.IDLE:
            # somebody else's program, or one that has hung
            link.reset()
            self._await_idle()
        try:
            for port, size in enumerate(buffer_sizes(image)):
                self._buffers.append(link.transport.allocate(size, port))
            load_parts(link, image, self._buffers, progress)
        except BaseException:
            self.unload()
            raise
        for port, buffer in enumerate(self._buffers):
            link.hold(RegisterMap.MEMORY_BASE, buffer.address & WORD, 2 * port)
            link.hold(RegisterMap.MEMORY_BASE, buffer.address >> 32, 2 * port + 1)
        first = image.memory["control"].start * WORDS_PER_BEAT
        link.hold(RegisterMap.PROGRAM, image.memory.program_start)
        link.hold(RegisterMap.INSTRUCTIONS, len(image.program.instructions))
        link.hold(RegisterMap.CONTROL_BLOCK, first)
        link.hold(RegisterMap.WATCHDOG, WATCHDOG)
        self._control = first * _BYTES
        self._image = image
        self._past = self._seen = 0

    def start(self, arguments: Mapping[str, int]) -> None:
        """Begin a run."""
        program = self._loaded().program
        if self.running:
            raise DeviceError(f"device {self.name} must be idle for a start, and is running")
        check_arguments(program, arguments)
        # the machine says RUNNING itself, but not before the first look at what the last run left
        block = np.zeros(1 + ControlBlock.word("state"), np.uint32)
        block[ControlBlock.word("state")] = State.RUNNING.value
        first = ControlBlock.word("abort")
        self._write(self._control // _BYTES + first, block[first:])
        for argument in program.arguments:
            self._link.hold(RegisterMap.ARGUMENT, arguments[argument.name], argument.register - 1)
        self._link.hold(RegisterMap.ABORT, 0)
        self._link.write(RegisterMap.CONTROL, Control.START)
        self.running = True

    def advance(self, deadline: float) -> State:
        """Wait for the next news or the deadline."""
        self._loaded()
        tail: int | None = None  # nobody moves it meanwhile
        while True:
            # a token is the news that hurry, and over some links every word takes its time
            head = self._field("head")
            if self.running and head != self._seen:
                self._seen = head
                return State.RUNNING
            state = self._state(self._field("state"))
            if not self.running:
                return state
            if state is not State.RUNNING:
                self._end()
                return state
            tail = self._field("tail") if tail is None else tail
            full = (head - tail) & WORD >= RING_ENTRIES
            if full or time.monotonic() >= deadline:
                return state
            self._link.transport.wait(POLL)

    def read(self, word: int, count: int) -> Words:
        """Return a copy of words of port 0."""
        self._loaded()
        data = self._link.load(self._buffers[0], word * _BYTES, count * _BYTES)
        return data.view(np.uint32)

    def write(self, word: int, values: Sequence[int] | Words) -> None:
        """Write words of port 0."""
        self._loaded()
        self._write(word, np.asarray(values, np.uint32))

    def abort(self) -> None:
        """Set the abort word of the control block, and the register where that can be done."""
        self._loaded()
        self._write(self._control // _BYTES + ControlBlock.word("abort"), np.ones(1, np.uint32))
        if self._link.transport.registers_in_flight:
            self._link.hold(RegisterMap.ABORT, 1)

    def diagnose(self) -> str:
        """Return one line about what the accelerator is doing, for an error's end."""
        return diagnose(self._link)

    def unload(self) -> None:
        """Let go of the image and its memory, in which no program may be at work then."""
        buffers, self._buffers, self._image = self._buffers, [], None
        running, self.running = self.running, False
        self._link.forget()
        if running:
            self._link.reset()
        for buffer in buffers:
            buffer.free()

    def close(self) -> None:
        """Give up memory and connection."""
        # a broken connection has nothing to give back, and whoever met it knows
        with contextlib.suppress(DeviceError):
            self.unload()
        self._link.transport.close()

    def _field(self, name: str) -> int:
        """Read one word of the control block."""
        return int(self.read(self._control // _BYTES + ControlBlock.word(name), 1)[0])

    def _write(self, word: int, values: Words) -> None:
        self._link.store(self._buffers[0], word * _BYTES, values.view(np.uint8))

    def _identify(self, image: Image) -> None:
        """Refuse a device that is no accelerator, or not the one that the image is for."""
        found = self._link.read(RegisterMap.IDENTITY)
        if found != IDENTITY:
            raise DeviceError(
                f"device {self.name} must identify itself as a wingbeat accelerator "
                f"({IDENTITY:#010x}), not as {found:#010x}"
            )
        low, high = (self._link.read(RegisterMap.DIGEST, i) for i in range(2))
        version = self._link.read(RegisterMap.ISA_VERSION)
        check_identity(image, self.name, version, f"{high << 32 | low:016x}")

    def _state(self, value: int) -> State:
        for state in State:
            if state.value == value:
                return state
        raise DeviceError(f"device {self.name} must be in a state that there is, not {value}")

    def _end(self) -> None:
        """Take what a run leaves in the registers, once the machine is idle."""
        self._await_idle()
        self.running = False
        self._seen = self._field("head")
        self._past += self._link.read(RegisterMap.CYCLES)

    def _await_idle(self) -> None:
        deadline = time.monotonic() + ENDING
        while not self._link.read(RegisterMap.CONTROL) & Control.IDLE:
            if time.monotonic() >= deadline:
                raise DeviceError(
                    f"device {self.name} must be idle within {ENDING:g} s of its program's end; "
                    + self.diagnose()
                )
            self._link.transport.wait(POLL)

    def _loaded(self) -> Image:
        if self._image is None:
            raise DeviceError(f"device {self.name} must hold an image, and none is loaded")
        return self._image
