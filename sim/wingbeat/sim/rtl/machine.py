"""The generated accelerator with an image in its memory, cycle by cycle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.control import ControlBlock, ErrorCode, State
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.isa.program import Program
from wingbeat.hw.register_map import WATCHDOG, Control, RegisterMap
from wingbeat.sim.counters import Counters
from wingbeat.sim.memory import DeviceMemory
from wingbeat.sim.rtl.chip import Chip
from wingbeat.sim.rtl.image_ports import image_ports
from wingbeat.sim.rtl.memory import Timing
from wingbeat.sim.rtl.verilate import Optimise
from wingbeat.sim.trace import Recording, Retired

SLICE = 2048
"""Cycles between two looks at the control block."""


class RtlMachine:
    """One accelerator in Verilator; what `sim.isa.Machine` is to the instruction set.

    Its memory is strict: an address outside the image's regions is answered with an error.

    Parameters
    ----------
    config : the machine
    program : a verified program; it is put behind the last region of port 0
    memory : device memory with the image's regions, used in place
    timing : of every port
    optimise : see `Chip`
    watchdog : cycles without a retirement after which the machine gives up, 0: never
    """

    def __init__(
        self,
        config: AcceleratorConfig,
        program: Program,
        memory: DeviceMemory,
        timing: Timing | None = None,
        optimise: Optimise = "behaviour",
        watchdog: int = WATCHDOG,
    ) -> None:
        self.memory = memory
        self.program = program
        self._past = Counters.none(config.ports)  # before the last reset or start
        self._control = memory.layout["control"].start * WORDS_PER_BEAT
        self.ports = image_ports(config.ports, program, memory, timing)
        self._chip = Chip(config, self.ports, optimise)
        self._settings = {
            RegisterMap.PROGRAM: memory.layout.program_start,
            RegisterMap.INSTRUCTIONS: len(program.instructions),
            RegisterMap.CONTROL_BLOCK: self._control,
            RegisterMap.WATCHDOG: watchdog,
        }
        self._configure()

    def _configure(self) -> None:
        for register, value in self._settings.items():
            self._chip.set_register(register, value)

    def reset(self) -> None:
        """Reset machine and buses; device memory stays as it is."""
        self._past = self.counters
        self._chip.reset()
        self._configure()

    def start(self, arguments: Mapping[str, int]) -> None:
        """Set the program's arguments, then start it."""
        self._past = self.counters
        self._chip.record_start(arguments)
        for argument in self.program.arguments:
            value = arguments[argument.name]
            self._chip.set_register(RegisterMap.ARGUMENT, value, argument.register - 1)
        self._chip.set_register(RegisterMap.ABORT, 0)
        self._chip.set_register(RegisterMap.CONTROL, Control.START)

    def advance(self, cycles: int = SLICE) -> State:
        """Run for so many cycles, and return the state then."""
        self._chip.step(cycles)
        state = self.state
        if state is State.FAILED:
            self._chip.record_failure()
        return state

    @property
    def state(self) -> State:
        """What the machine is doing."""
        return self._chip.state

    @property
    def failure(self) -> tuple[Unit, int, ErrorCode]:
        """Unit, instruction and error of the last program that failed."""
        return self._chip.failure

    def record(self) -> None:
        """Note from now on what the machine does; see `Chip.record`."""
        self._chip.record()

    @property
    def recording(self) -> Recording:
        """What has been noted since `record`."""
        return self._chip.recording

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
        self._chip.set_register(RegisterMap.ABORT, 1)

    def register(self, register: RegisterMap, index: int = 0) -> int:
        """Read a register of the accelerator."""
        return self._chip.register(register, index)

    @property
    def cycles(self) -> int:
        """Cycles that programs have run."""
        return self._past.cycles + self.register(RegisterMap.CYCLES)

    @property
    def counters(self) -> Counters:
        """The performance counters, summed up over all runs."""
        return self._past + self._chip.counters

    @property
    def head(self) -> int:
        """Tokens published since the image was loaded."""
        return int(self.memory.words(self._control + ControlBlock.word("head"), 1)[0])
