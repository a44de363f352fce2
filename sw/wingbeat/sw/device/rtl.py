"""The generated accelerator in Verilator as a device."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from wingbeat.compiler.image import Image
from wingbeat.hw.control import ControlBlock, State
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.sim.counters import Counters
from wingbeat.sim.memory import DeviceMemory
from wingbeat.sim.rtl.machine import RtlMachine
from wingbeat.sim.rtl.memory import Timing
from wingbeat.sim.rtl.verilate import Optimise
from wingbeat.sim.rtl.waves import Waves
from wingbeat.sim.trace import Recording
from wingbeat.sw.device.admission import check_arguments, check_image, host_memory
from wingbeat.sw.device.protocol import Words


class RtlDevice:
    """The machine that an image was compiled for, cycle by cycle.

    It is generated and compiled when an image is loaded, unless the cache has it already. The
    machine itself keeps heartbeat, state and error record in device memory, and looks there for an
    abort whenever it publishes a token; `abort` also tells it by register, for what comes between.

    Parameters
    ----------
    timing : of its memory ports; by default, they never make it wait
    waves : to be written; the file is complete when the device is closed
    optimise : "behaviour" computes in the lanes as `wingbeat.hw.rtl.behaviour` does, several times
        as fast; the others simulate every gate
    """

    name = "rtl"

    def __init__(
        self,
        timing: Timing | None = None,
        waves: Waves | None = None,
        optimise: Optimise = "behaviour",
    ) -> None:
        self._waves = waves
        self._optimise = optimise
        self._timing = timing
        self._machine: RtlMachine | None = None

    @property
    def cycles(self) -> int:
        """Cycles since the image was loaded."""
        return self._loaded().cycles

    @property
    def counters(self) -> Counters:
        """Performance counters since the image was loaded; the device must be idle."""
        return self._loaded().counters

    def record(self) -> None:
        """Note what every instruction does from the next start on; see `RtlMachine.record`."""
        self._loaded().record()

    @property
    def recording(self) -> Recording:
        """What has been noted since `record`."""
        return self._loaded().recording

    def load(self, image: Image) -> None:
        """Take an image; see `Device.load`."""
        config = image.manifest.config
        check_image(image, self.name, config, host_memory())
        memory = DeviceMemory(image.memory, config.ports, image.contents)
        # whole models are not what waves are written of, and every gate is wanted: the faster build
        optimise: Optimise = self._optimise if self._waves is None else "compile"
        self._machine = RtlMachine(
            config, image.program, memory, self._timing, optimise, self._waves
        )

    def start(self, arguments: Mapping[str, int]) -> None:
        """Begin a run; it goes on while `advance` is called."""
        machine = self._loaded()
        if machine.state is State.RUNNING:
            raise DeviceError(f"device {self.name} must be idle for a start, and is running")
        check_arguments(machine.program, arguments)
        self._abort_word()[0] = 0
        machine.start(arguments)

    def advance(self, deadline: float) -> State:
        """Simulate up to the next news or the deadline."""
        machine = self._loaded()
        head, state = machine.head, machine.state
        while state is State.RUNNING and machine.head == head:
            state = machine.advance()
            if time.monotonic() >= deadline:
                break
        return state

    def read(self, word: int, count: int) -> Words:
        """Return a copy of words of port 0."""
        return self._loaded().memory.words(word, count).copy()

    def write(self, word: int, values: Sequence[int] | Words) -> None:
        """Write words of port 0."""
        self._loaded().memory.words(word, len(values))[:] = values

    def abort(self) -> None:
        """Set the abort word of the control block, and the register."""
        self._abort_word()[0] = 1
        self._loaded().abort()

    def close(self) -> None:
        """Let go of memory and machine."""
        if self._machine is not None:
            self._machine.end_waves()
        self._machine = None

    def _loaded(self) -> RtlMachine:
        if self._machine is None:
            raise DeviceError(f"device {self.name} must hold an image, and none is loaded")
        return self._machine

    def _abort_word(self) -> Words:
        """View the abort word of the control block."""
        machine = self._loaded()
        start = machine.memory.layout["control"].start * WORDS_PER_BEAT
        return machine.memory.words(start + ControlBlock.word("abort"), 1)
