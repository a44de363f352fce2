"""The control block: what a host and a running program tell each other through device memory.

It lies at the start of the image's `control` region, on port 0, and holds what a host polls while
a program runs. Tokens pass through a ring: the program writes entry `head mod RING_ENTRIES`, then
the head; the host reads entries up to the head, then moves the tail.

Who publishes a token looks at the abort word too. The machine writes `REPORTED` when a program
begins, when it ends, and now and then in between.
"""

from __future__ import annotations

from dataclasses import dataclass

from wingbeat.hw import enum
from wingbeat.hw.isa.packed import Packed, bits, choice


class State(enum.Enum, shape=32):
    """What the device is doing."""

    IDLE = 0
    RUNNING = 1
    FINISHED = 2
    ABORTED = 3
    FAILED = 4


class ErrorCode(enum.Enum, shape=32):
    """Why a device stopped."""

    NONE = 0
    ILLEGAL_INSTRUCTION = 1
    ADDRESS = 2
    OPERAND = 3
    MEMORY_BUS = 4
    WATCHDOG = 5


RING_ENTRIES = 64
"""Tokens that wait for the host; a power of two."""


@dataclass(frozen=True)
class ControlBlock(Packed):
    """32-bit words at the start of the control region."""

    head: int = bits(32, "tokens published since the image was loaded")
    tail: int = bits(32, "tokens that the host has taken")
    abort: int = bits(32, "not 0: stop at the next loop boundary, or of a full ring at once")
    heartbeat: int = bits(32, "instructions retired, modulo 2**32")
    state: State = choice(State, "what the device is doing")
    error: ErrorCode = choice(ErrorCode, "why it stopped")
    error_pc: int = bits(32, "instruction that failed")
    error_unit: int = bits(32, "unit that it failed in")

    @classmethod
    def word(cls, name: str) -> int:
        """Return the word offset of a field."""
        return next(slot.offset for slot in cls.slots() if slot.name == name) // 32


REPORTED = ("heartbeat", "state", "error", "error_pc", "error_unit")
"""Fields that the machine itself writes: the last word of the first beat, and the second beat."""

RING_WORD = 16
"""Word offset of the ring's first entry: a beat boundary behind the block."""

CONTROL_WORDS = RING_WORD + RING_ENTRIES
