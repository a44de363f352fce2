"""The generated accelerator with an image in its memory, cycle by cycle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.control import ControlBlock, ErrorCode, State
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.isa.program import Program
from wingbeat.hw.register_map import Control, RegisterMap
from wingbeat.hw.rtl.accelerator import Accelerator
from wingbeat.hw.rtl.bus.axi import PAGE_BYTES
from wingbeat.sim.counters import Counters
from wingbeat.sim.memory import DeviceMemory
from wingbeat.sim.rtl.harness import Simulation
from wingbeat.sim.rtl.lite import LiteHost
from wingbeat.sim.rtl.memory import MemoryPort, Timing
from wingbeat.sim.rtl.prepared import prepared
from wingbeat.sim.rtl.recorder import Recorder
from wingbeat.sim.rtl.verilate import Optimise
from wingbeat.sim.rtl.waves import Waves
from wingbeat.sim.trace import Recording, Retired

SLICE = 2048
"""Cycles between two looks at the control block."""

WATCHDOG = 1 << 24
"""Cycles without a retirement after which the machine gives up; one product may take millions."""

_PROGRAM_ALIGNMENT = 256  # beats


class RtlMachine:
    """One accelerator in Verilator; what `sim.isa.Machine` is to the instruction set.

    Parameters
    ----------
    config : the machine
    program : a verified program; it is put behind the last region of port 0
    memory : device memory with the image's regions, used in place
    timing : of every port
    optimise : "behaviour" for whole models, "speed" for all gates, "compile" for a quick build
    waves : to be written, by a build of their own
    watchdog : cycles without a retirement after which the machine gives up, 0: never
    """

    def __init__(
        self,
        config: AcceleratorConfig,
        program: Program,
        memory: DeviceMemory,
        timing: Timing | None = None,
        optimise: Optimise = "behaviour",
        waves: Waves | None = None,
        watchdog: int = WATCHDOG,
    ) -> None:
        self.memory = memory
        self._past = Counters.none(config.ports)  # before the last reset or start
        self.program = program
        self._control = memory.layout["control"].start * WORDS_PER_BEAT
        # the clock is no part of the hardware's digest, nor of the netlist
        format = waves.format if waves is not None else None
        key = f"accelerator {config.digest}"
        model = prepared(key, lambda: Accelerator(config), optimise, format)
        self._simulation = Simulation(model)
        if waves is not None:
            # bit 0 of `activity` is `running`
            self._simulation.write_waves(waves, "activity")
        self._recorder: Recorder | None = None
        self._host = LiteHost(self._simulation, "control")
        start = -(-memory.layout.beats // _PROGRAM_ALIGNMENT) * _PROGRAM_ALIGNMENT
        self._word_beats = config.word_beats
        self.ports: list[MemoryPort] = []
        for port in range(config.ports):
            regions = _regions_of(memory, port)
            if port == 0:
                regions[start * BEAT_BYTES] = _page(program)
            self.ports.append(MemoryPort(regions, timing))
            self._simulation.attach(f"memory__{port}", self.ports[-1])
        self._settings = {
            RegisterMap.PROGRAM: start,
            RegisterMap.INSTRUCTIONS: len(program.instructions),
            RegisterMap.CONTROL_BLOCK: self._control,
            RegisterMap.WATCHDOG: watchdog,
        }
        self._configure()

    def _configure(self) -> None:
        for register, value in self._settings.items():
            self._host.write(register.word(), value)

    def reset(self) -> None:
        """Reset machine and buses; device memory stays as it is."""
        self._past = self.counters
        self._simulation.reset()
        self._configure()

    def start(self, arguments: Mapping[str, int]) -> None:
        """Set the program's arguments, then start it."""
        self._past = self.counters
        if self._recorder is not None:
            self._recorder.start(arguments)
        for argument in self.program.arguments:
            self._host.write(
                RegisterMap.ARGUMENT.word(argument.register - 1), arguments[argument.name]
            )
        self._host.write(RegisterMap.ABORT.word(), 0)
        self._host.write(RegisterMap.CONTROL.word(), Control.START)

    def advance(self, cycles: int = SLICE) -> State:
        """Run for so many cycles, and return the state then."""
        (self._recorder or self._simulation).step(cycles)
        state = self.state
        if state is State.FAILED and self._recorder is not None:
            self._recorder.fail(self.failure)
        return state

    @property
    def state(self) -> State:
        """What the machine is doing."""
        return State(self.register(RegisterMap.STATE))

    @property
    def failure(self) -> tuple[Unit, int, ErrorCode]:
        """Unit, instruction and error of the last program that failed."""
        return (
            Unit(self.register(RegisterMap.ERROR_UNIT)),
            self.register(RegisterMap.ERROR_PC),
            ErrorCode(self.register(RegisterMap.ERROR)),
        )

    def end_waves(self) -> None:
        """Close the file of waves, if there is one."""
        self._simulation.end_waves()

    def record(self) -> None:
        """Note from now on what the machine does; no program may run.

        It costs little time and, for each retired instruction, about 100 bytes.
        """
        self._recorder = Recorder(self._simulation, self.ports, self._word_beats)

    @property
    def recording(self) -> Recording:
        """What has been noted since `record`."""
        if self._recorder is None:
            raise RuntimeError("`record` must be called before a program is started")
        return self._recorder.recording

    @property
    def trace(self) -> list[Retired]:
        """Every instruction since `record`, in order of `end`."""
        return self.recording.retired

    def run(self, arguments: Mapping[str, int]) -> Iterator[int]:
        """Run the program to its end, as `sim.isa.Machine` does.

        Yields
        ------
        The cycle, whenever the ring's head has moved.

        Raises
        ------
        DeviceError
            If the machine reports an error.
        """
        self.start(arguments)
        head = self.head
        state = State.RUNNING
        while state is State.RUNNING:
            state = self.advance()
            if self.head != head:
                head = self.head
                yield self.cycles
        if state is State.FAILED:
            unit, pc, error = self.failure
            raise DeviceError(
                f"instruction {pc} must run without an error, and {unit.name} reports {error.name}"
            )

    def abort(self) -> None:
        """Stop at the next loop boundary, or at once if the program waits for room in the ring."""
        self._host.write(RegisterMap.ABORT.word(), 1)

    def register(self, register: RegisterMap, index: int = 0) -> int:
        """Read a register of the accelerator."""
        return self._host.read(register.word(index))

    @property
    def cycles(self) -> int:
        """Cycles that programs have run."""
        return self._past.cycles + self.register(RegisterMap.CYCLES)

    @property
    def counters(self) -> Counters:
        """The performance counters, summed up over all runs."""
        units, ports = range(len(Unit)), range(len(self.ports))
        return self._past + Counters(
            cycles=self.register(RegisterMap.CYCLES),
            retired=self.register(RegisterMap.RETIRED),
            busy=tuple(self.register(RegisterMap.BUSY, unit) for unit in units),
            stalled=tuple(self.register(RegisterMap.STALLED, unit) for unit in units),
            beats=tuple(self.register(RegisterMap.BEATS, port) for port in ports),
        )

    @property
    def head(self) -> int:
        """Tokens published since the image was loaded."""
        return int(self.memory.words(self._control + ControlBlock.word("head"), 1)[0])


def _page(program: Program) -> npt.NDArray[np.uint8]:
    """Return the encoded program, filled up: its last bus word is read whole."""
    encoded = program.encode().reshape(-1)
    return np.pad(encoded, (0, -len(encoded) % PAGE_BYTES))


def _regions_of(memory: DeviceMemory, port: int) -> dict[int, npt.NDArray[np.uint8]]:
    """Return the arrays that lie on a port, by byte address."""
    found = {}
    for region in memory.layout.regions:
        rows = memory.region(region.name) if region.beats else ()
        if port < len(rows):
            found[region.start * BEAT_BYTES] = rows[port]
    return found
