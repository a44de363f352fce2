"""The ISA machine as a device: the arithmetic of the hardware bit for bit, its cycles by model."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from wingbeat.compiler.image import Image
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.control import ControlBlock, State
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.isa.program import Program
from wingbeat.hw.timeline import Timeline
from wingbeat.sim.isa.machine import Machine
from wingbeat.sim.memory import DeviceMemory
from wingbeat.sim.trace import Recording, Retired, Run
from wingbeat.sw.device.admission import check_arguments, check_image, host_memory
from wingbeat.sw.device.protocol import Loading, Words, silently


class IsaDevice:
    """A simulated device; it runs while `advance` is called, and waits otherwise.

    Parameters
    ----------
    config : the machine to be; by default, the one that an image was compiled for
    """

    name = "isa"

    def __init__(self, config: AcceleratorConfig | None = None) -> None:
        self._config = config
        self._loaded: _Loaded | None = None

    @property
    def cycles(self) -> int:
        """Cycles since the image was loaded, by the cycle model."""
        return self._image().cycles

    def record(self) -> None:
        """Note what every instruction does from the next start on."""
        self._image().recorded = []

    @property
    def recording(self) -> Recording:
        """What has been noted since `record`, with the cycles of the cycle model."""
        return self._image().recording

    def load(self, image: Image, progress: Loading = silently) -> None:
        """Take an image; see `Device.load`."""
        config = self._config or image.manifest.config
        check_image(image, self.name, config, host_memory())
        self._loaded = _Loaded(config, image)

    def start(self, arguments: Mapping[str, int]) -> None:
        """Begin a run; nothing is computed before `advance`."""
        loaded = self._image()
        if loaded.run is not None:
            raise DeviceError(f"device {self.name} must be idle for a start, and is running")
        check_arguments(loaded.program, arguments)
        loaded.begin(arguments)

    def advance(self, deadline: float) -> State:
        """Compute up to the next news, however long that takes: the deadline is not looked at.

        A verified program cannot hang, and the machine cannot stop within an instruction.
        """
        return self._image().step()

    def read(self, word: int, count: int) -> Words:
        """Return a copy of words of port 0."""
        return self._image().memory.words(word, count).copy()

    def write(self, word: int, values: Sequence[int] | Words) -> None:
        """Write words of port 0."""
        self._image().memory.words(word, len(values))[:] = values

    def abort(self) -> None:
        """Set the abort word of the control block."""
        self._image().control("abort")[0] = 1

    def diagnose(self) -> str:
        """Return how far the cycle model has come."""
        return f"{self.cycles} cycles by the cycle model"

    def close(self) -> None:
        """Let go of memory and machine."""
        self._loaded = None

    def _image(self) -> _Loaded:
        if self._loaded is None:
            raise DeviceError(f"device {self.name} must hold an image, and none is loaded")
        return self._loaded


class _Loaded:
    """Machine and memory of one image, and the run in progress."""

    def __init__(self, config: AcceleratorConfig, image: Image) -> None:
        self.program: Program = image.program
        self.memory = DeviceMemory(image.memory, config.ports, image.contents)
        self.run: Iterator[int] | None = None
        self._config = config
        self._machine = Machine(config, image.program, self.memory)
        self._control = image.memory["control"].start * WORDS_PER_BEAT
        self._past = 0
        self.recorded: list[tuple[Mapping[str, int], int, list[Retired]]] | None = None
        """Arguments, first cycle and trace of each run, if they are to be noted."""

    @property
    def cycles(self) -> int:
        return self._past + self._machine.timeline.now

    @property
    def recording(self) -> Recording:
        if self.recorded is None:
            raise RuntimeError("`record` must be called before a program is started")
        ends = [begin for _, begin, _ in self.recorded[1:]] + [self.cycles]
        recording = Recording()
        for (arguments, begin, trace), end in zip(self.recorded, ends, strict=True):
            run = Run(arguments, begin, end, {unit: [] for unit in Unit})
            for row in trace:
                moved = dataclasses.replace(row, start=row.start + begin, end=row.end + begin)
                run.retired[row.unit].append(moved)
            recording.runs.append(run)
        return recording

    def control(self, field: str) -> Words:
        """View one word of the control block."""
        return self.memory.words(self._control + ControlBlock.word(field), 1)

    def begin(self, arguments: Mapping[str, int]) -> None:
        # a start finds all units idle, and an aborted run may have left tokens between them
        self._past += self._machine.timeline.now
        self._machine.timeline = Timeline(self._config)
        self.control("abort")[0] = 0
        self._become(State.RUNNING)
        if self.recorded is not None:
            self._machine.trace = []
            self.recorded.append((dict(arguments), self._past, self._machine.trace))
        self.run = self._machine.run(arguments)

    def step(self) -> State:
        if self.run is None:
            return State(int(self.control("state")[0]))
        try:
            next(self.run)
        except StopIteration:
            self.run = None
            return self._become(State.ABORTED if self.control("abort")[0] else State.FINISHED)
        except BaseException:
            # also an interrupt from the keyboard: a generator that raised cannot go on
            self.run = None
            self._become(State.FAILED)
            raise
        return self._become(State.RUNNING)

    def _become(self, state: State) -> State:
        self.control("state")[0] = state.value
        retired = self._machine.timeline.totals.instructions
        self.control("heartbeat")[0] = np.uint32(retired & 0xFFFFFFFF)
        return state
