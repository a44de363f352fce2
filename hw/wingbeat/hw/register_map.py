"""The registers through which a host starts an accelerator and reads what it did.

One declaration for the RTL and for drivers. The first four words are those of an XRT RTL kernel
(`ap_ctrl_hs`). Offsets are bytes; every register is a word of 32 bits, numbers of 64 bits take two,
the lower half first.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from wingbeat.hw.isa.instructions import Unit

ADDRESS_BITS = 12
"""Width of the byte addresses: a page of 4 KiB."""

IDENTITY = 0x54_42_47_57
"""Word at `IDENTITY`: "WGBT"."""

ARGUMENTS = 16
"""Arguments of a program, at most: argument i is put into scalar register 1 + i."""

PORTS = 32
"""Memory ports, at most."""

WATCHDOG = 1 << 24
"""Value of `WATCHDOG` that fits every model: one product may take millions of cycles."""


class Control(enum.IntFlag):
    """Bits of `CONTROL`."""

    START = 1
    """Written 1: starts; reads 1 until the program has ended."""
    DONE = 2
    """The program has ended; cleared when it is read."""
    IDLE = 4
    """No program runs."""
    READY = 8
    """As DONE: the next start may follow."""


class Interrupt(enum.IntFlag):
    """Bits of `INTERRUPT_ENABLE` and `INTERRUPT_STATUS`."""

    DONE = 1
    READY = 2


@dataclass(frozen=True)
class Register:
    """One register, or several that follow each other.

    Attributes
    ----------
    offset : of the first, bytes
    writable : whether the host may write it
    meaning : one line
    words : number of 32-bit words
    """

    offset: int
    writable: bool
    meaning: str
    words: int = 1

    def word(self, index: int = 0) -> int:
        """Return the offset of one of the words."""
        if not 0 <= index < self.words:
            raise IndexError(f"`index` must be 0 to {self.words - 1}, not {index}")
        return self.offset + 4 * index


class RegisterMap(enum.Enum):
    """Every register."""

    CONTROL = Register(0x000, True, "bits of `Control`")
    GLOBAL_INTERRUPT = Register(0x004, True, "bit 0: the interrupt wire is enabled")
    INTERRUPT_ENABLE = Register(0x008, True, "bits of `Interrupt` that are noted in the status")
    INTERRUPT_STATUS = Register(0x00C, True, "bits of `Interrupt`; a written 1 toggles a bit")
    PROGRAM = Register(0x010, True, "first beat of the program, on port 0")
    INSTRUCTIONS = Register(0x014, True, "instructions of the program")
    CONTROL_BLOCK = Register(
        0x018, True, "word address of the control block, a multiple of 4, on port 0"
    )
    WATCHDOG = Register(0x01C, True, "cycles without a retirement that end a program; 0: never")
    ABORT = Register(0x020, True, "not 0: end at the next loop boundary, or of a full ring at once")
    ARGUMENT = Register(0x040, True, "arguments of the program", ARGUMENTS)
    MEMORY_BASE = Register(0x080, True, "byte address of beat 0 on each port, 64 bits", 2 * PORTS)
    IDENTITY = Register(0x200, False, "`IDENTITY`")
    ISA_VERSION = Register(0x204, False, "`ISA_VERSION`")
    DIGEST = Register(0x208, False, "digest of the configuration, 64 bits", 2)
    STATE = Register(0x210, False, "`State`")
    ERROR = Register(0x214, False, "`ErrorCode`")
    ERROR_PC = Register(0x218, False, "instruction that failed")
    ERROR_UNIT = Register(0x21C, False, "`Unit` that it failed in")
    RETIRED = Register(0x220, False, "instructions retired since the start, modulo 2**32")
    CYCLES = Register(0x224, False, "cycles since the start, modulo 2**32")
    BUSY = Register(0x240, False, "cycles in which each unit works", len(Unit))
    STALLED = Register(0x260, False, "cycles in which each unit waits for tokens", len(Unit))
    BEATS = Register(0x280, False, "beats of 16 bytes read and written on each port", PORTS)

    def word(self, index: int = 0) -> int:
        """Return the offset of one of the words."""
        return self.value.word(index)
