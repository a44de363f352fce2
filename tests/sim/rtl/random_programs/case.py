"""One random program with everything it needs, and how it is run on both machines."""

from __future__ import annotations

import dataclasses
import random

from tests.sim.rtl.random_programs import contents
from tests.sim.rtl.random_programs.builder import ARGUMENTS, SEQUENCE, Block
from tests.sim.rtl.random_programs.machines import MEMORY, TARGETS, Target
from tests.sim.rtl.random_programs.order import ordered

from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.isa.program import Argument, Program
from wingbeat.hw.verify import verify
from wingbeat.sim.memory import DeviceMemory
from wingbeat.sim.rtl.memory import Timing

_ARGUMENTS = tuple(
    Argument(f"argument {register}", register, 0, 0xFFFFFFFF, "any number")
    for register in ARGUMENTS
)
_SEQUENCE = Argument("sequence", SEQUENCE, 0, 0xFFFF, "tokens published so far")


@dataclasses.dataclass(frozen=True)
class Case:
    """A program, and in what surroundings it runs.

    Attributes
    ----------
    target : name of the machine
    block : statements, without the tokens between the units
    ending : statements that bring what is on the chip to memory
    starts : the arguments of each start
    words, headers : see `Builder`
    timing : of every memory port
    seed : of what the memories hold
    """

    target: str
    block: Block
    ending: Block
    starts: tuple[dict[str, int], ...]
    words: dict[int, int]
    headers: dict[int, int]
    timing: Timing
    seed: str

    @property
    def machine(self) -> Target:
        """The machine to run on."""
        return TARGETS[self.target]

    def program(self) -> Program:
        """The program, verified; ProgramError if it is not sound."""
        arguments = (*_ARGUMENTS, _SEQUENCE)
        program = ordered([*self.block, *self.ending], arguments, self.machine.config)
        verify(program, MEMORY, self.machine.config)
        return program

    def memory(self) -> DeviceMemory:
        """Device memory as it is at the first start."""
        config = self.machine.config
        regions = contents.regions(random.Random(self.seed), config)
        for beat, kept in self.headers.items():
            regions["weights"][:, BEAT_BYTES * (beat - MEMORY["weights"].start)] = kept
        memory = DeviceMemory(MEMORY, config.ports, regions)
        for place, number in self.words.items():
            memory.words(place, 1)[0] = number
        return memory
