"""The generated accelerator in Verilator as its host sees it: registers, and time that passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.control import ErrorCode, State
from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.register_map import RegisterMap
from wingbeat.hw.rtl.accelerator import Accelerator
from wingbeat.sim.counters import Counters
from wingbeat.sim.rtl.exercise import practise
from wingbeat.sim.rtl.harness import Simulation
from wingbeat.sim.rtl.lite import LiteHost
from wingbeat.sim.rtl.memory import MemoryPort
from wingbeat.sim.rtl.prepared import prepared
from wingbeat.sim.rtl.recorder import Recorder
from wingbeat.sim.rtl.verilate import Optimise
from wingbeat.sim.rtl.waves import Waves
from wingbeat.sim.trace import Recording


class Chip:
    """One accelerator; it belongs to one thread at a time.

    Parameters
    ----------
    config : the machine
    ports : what answers its memory ports
    optimise : "behaviour" for whole models, "speed" for all gates, "compile" for a quick build
    waves : to be written, by a build of their own
    """

    def __init__(
        self,
        config: AcceleratorConfig,
        ports: Sequence[MemoryPort],
        optimise: Optimise = "behaviour",
        waves: Waves | None = None,
    ) -> None:
        self.ports = ports
        self._word_beats = config.word_beats
        # the clock is no part of the hardware's digest, nor of the netlist
        key = f"accelerator {config.digest}"
        format = waves.format if waves is not None else None
        practice = partial(practise, config) if optimise == "behaviour" and not waves else None
        self._simulation = Simulation(
            prepared(key, lambda: Accelerator(config), optimise, format, practice)
        )
        if waves is not None:
            # bit 0 of `activity` is `running`
            self._simulation.write_waves(waves, "activity")
        self._recorder: Recorder | None = None
        self._host = LiteHost(self._simulation, "control")
        for index, port in enumerate(ports):
            self._simulation.attach(f"memory__{index}", port)

    def read_register(self, offset: int) -> int:
        """Read the register at a byte offset; some cycles pass."""
        return self._host.read(offset)

    def write_register(self, offset: int, value: int) -> None:
        """Write the register at a byte offset; some cycles pass."""
        self._host.write(offset, value)

    def register(self, register: RegisterMap, index: int = 0) -> int:
        """Read a register."""
        return self._host.read(register.word(index))

    def set_register(self, register: RegisterMap, value: int, index: int = 0) -> None:
        """Write a register."""
        self._host.write(register.word(index), value)

    def step(self, cycles: int) -> None:
        """Let the clock rise so often."""
        (self._recorder or self._simulation).step(cycles)

    @property
    def running(self) -> bool:
        """Whether a program runs."""
        return bool(self._simulation.get("activity") & 1)

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

    @property
    def counters(self) -> Counters:
        """The performance counters of the last run, or of the one in progress."""
        units, ports = range(len(Unit)), range(len(self.ports))
        return Counters(
            cycles=self.register(RegisterMap.CYCLES),
            retired=self.register(RegisterMap.RETIRED),
            busy=tuple(self.register(RegisterMap.BUSY, unit) for unit in units),
            stalled=tuple(self.register(RegisterMap.STALLED, unit) for unit in units),
            beats=tuple(self.register(RegisterMap.BEATS, port) for port in ports),
        )

    def reset(self) -> None:
        """Reset machine and buses; memory stays as it is."""
        self._simulation.reset()

    def end_waves(self) -> None:
        """Close the file of waves, if there is one."""
        self._simulation.end_waves()

    def record(self) -> None:
        """Note from now on what the machine does; no program may run.

        It costs little time and, for each retired instruction, about 100 bytes.
        """
        self._recorder = Recorder(self._simulation, self.ports, self._word_beats)

    def record_start(self, arguments: Mapping[str, int]) -> None:
        """Tell the recording, if there is one, the arguments of the run that follows."""
        if self._recorder is not None:
            self._recorder.start(arguments)

    def record_failure(self) -> None:
        """Tell the recording, if there is one, that the last run has failed."""
        if self._recorder is not None:
            self._recorder.fail(self.failure)

    @property
    def recording(self) -> Recording:
        """What has been noted since `record`."""
        if self._recorder is None:
            raise RuntimeError("`record` must be called before a program is started")
        return self._recorder.recording
