"""The generated accelerator in Verilator as a device."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np

from wingbeat.compiler.image import Image
from wingbeat.hw.control import ControlBlock, State
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.register_map import RegisterMap
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

    It is generated and compiled when an image is loaded, unless the cache has it already.

    Parameters
    ----------
    timing : of its memory ports; by default, they never make it wait
    waves : to be written; the file is complete when the device is closed
    """

    name = "rtl"

    def __init__(self, timing: Timing | None = None, waves: Waves | None = None) -> None:
        self._waves = waves
        self._timing = timing
        self._machine: RtlMachine | None = None
        self._running = False

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
        # whole models are not what waves are written of: the faster build
        optimise: Optimise = "speed" if self._waves is None else "compile"
        self._machine = RtlMachine(
            config, image.program, memory, self._timing, optimise, self._waves
        )
        self._running = False

    def start(self, arguments: Mapping[str, int]) -> None:
        """Begin a run; it goes on while `advance` is called."""
        machine = self._loaded()
        if self._running:
            raise DeviceError(f"device {self.name} must be idle for a start, and is running")
        check_arguments(machine.program, arguments)
        self._control("abort")[0] = 0
        machine.start(arguments)
        self._become(State.RUNNING)

    def advance(self, deadline: float) -> State:
        """Simulate up to the next news or the deadline."""
        machine = self._loaded()
        head = machine.head
        if self._running:
            if self._control("abort")[0]:
                machine.abort()
            state = State.RUNNING
            try:
                while state is State.RUNNING and machine.head == head:
                    state = machine.advance()
                    if time.monotonic() >= deadline:
                        break
            except BaseException:
                self._become(State.FAILED)
                raise
            self._become(state)
        return State(int(self._control("state")[0]))

    def read(self, word: int, count: int) -> Words:
        """Return a copy of words of port 0."""
        return self._loaded().memory.words(word, count).copy()

    def write(self, word: int, values: Sequence[int] | Words) -> None:
        """Write words of port 0."""
        self._loaded().memory.words(word, len(values))[:] = values

    def abort(self) -> None:
        """Set the abort word of the control block."""
        self._control("abort")[0] = 1

    def close(self) -> None:
        """Let go of memory and machine."""
        if self._machine is not None:
            self._machine.end_waves()
        self._machine = None

    def _loaded(self) -> RtlMachine:
        if self._machine is None:
            raise DeviceError(f"device {self.name} must hold an image, and none is loaded")
        return self._machine

    def _control(self, field: str) -> Words:
        """View one word of the control block."""
        machine = self._loaded()
        start = machine.memory.layout["control"].start * WORDS_PER_BEAT
        return machine.memory.words(start + ControlBlock.word(field), 1)

    def _become(self, state: State) -> None:
        """Keep the record that a host finds in memory: the machine has it in registers."""
        self._running = state is State.RUNNING
        self._control("state")[0] = state.value
        retired = self._loaded().register(RegisterMap.RETIRED)
        self._control("heartbeat")[0] = np.uint32(retired)
