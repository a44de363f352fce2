"""Decode random words: an instruction that encodes to the same word, or an EncodingError.

    python -m tests.hw.isa.fuzz_decode 1000000 --seed 1

Half of the words are any 256 bits with a known opcode and zeros where no field is; half are
instructions with up to three bits flipped.
"""

import random
from dataclasses import dataclass

from tests.fuzzing import command_line
from tests.hw.isa.words import random_word

from wingbeat.hw.errors import EncodingError
from wingbeat.hw.isa.disassembler import line
from wingbeat.hw.isa.instructions import BY_OPCODE, CLASSES, INSTRUCTION_BITS, Opcode, decode


@dataclass
class Outcome:
    """How many words were instructions, and how many were refused."""

    accepted: int = 0
    refused: int = 0


def random_bits(rng: random.Random) -> int:
    """A word that has a chance of being an instruction."""
    if rng.random() < 0.5:
        word = rng.getrandbits(INSTRUCTION_BITS)
        opcode = rng.choice(list(Opcode))
        if rng.random() < 0.9:
            last = BY_OPCODE[opcode].slots()[-1]
            word &= (1 << last.offset + last.width) - 1
        return word & ~0xF | opcode.value
    word = random_word(rng.choice(CLASSES), rng).to_bits()
    for _ in range(rng.randrange(4)):
        word ^= 1 << rng.randrange(INSTRUCTION_BITS)
    return word


def fuzz(count: int, seed: int) -> Outcome:
    """Try `count` words; an AssertionError or any other error names the word."""
    rng = random.Random(seed)
    outcome = Outcome()
    for _ in range(count):
        word = random_bits(rng)
        try:
            try:
                instruction = decode(word)
            except EncodingError as error:
                assert "\n" not in str(error)
                outcome.refused += 1
                continue
            assert instruction.to_bits() == word
            assert line(instruction)
            outcome.accepted += 1
        except BaseException as error:
            error.add_note(f"word {word:#x}")
            raise
    return outcome


if __name__ == "__main__":
    command_line(fuzz, __doc__)
