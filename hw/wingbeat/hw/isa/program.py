"""A program: instructions and the arguments it is started with."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from wingbeat.hw.errors import EncodingError
from wingbeat.hw.isa.instructions import INSTRUCTION_BYTES, Instruction, decode

WORD = (1 << 32) - 1
"""Mask of a scalar register."""

PROGRAM_ALIGNMENT = 4096
"""Bytes; a program in memory begins at a multiple and is filled up to one: words of a memory port
are read whole."""


@dataclasses.dataclass(frozen=True)
class Argument:
    """A register that the host sets before a start.

    Attributes
    ----------
    name : what the host calls it
    register : where it is put
    low, high : declared range, both inclusive; a start outside it is refused
    meaning : one line for the documentation
    """

    name: str
    register: int
    low: int
    high: int
    meaning: str


@dataclasses.dataclass(frozen=True)
class Program:
    """Instructions with their arguments."""

    instructions: tuple[Instruction, ...]
    arguments: tuple[Argument, ...] = ()

    def encode(self) -> npt.NDArray[np.uint8]:
        """Return uint8 (instructions, 32), little-endian words."""
        words = [i.to_bits().to_bytes(INSTRUCTION_BYTES, "little") for i in self.instructions]
        return np.frombuffer(b"".join(words), np.uint8).reshape(-1, INSTRUCTION_BYTES)

    def page(self) -> npt.NDArray[np.uint8]:
        """Return the encoded program as it lies in device memory, uint8 (bytes,)."""
        encoded = self.encode().reshape(-1)
        return np.pad(encoded, (0, -len(encoded) % PROGRAM_ALIGNMENT))

    @classmethod
    def decode(
        cls, encoded: npt.NDArray[np.uint8], arguments: tuple[Argument, ...] = ()
    ) -> Program:
        """Decode; EncodingError names the instruction that is none."""
        instructions = []
        for index, row in enumerate(encoded.reshape(-1, INSTRUCTION_BYTES)):
            try:
                instructions.append(decode(int.from_bytes(row.tobytes(), "little")))
            except EncodingError as error:
                raise EncodingError(f"instruction {index}: {error}") from None
        return cls(tuple(instructions), arguments)
