"""How the verifier says no."""

from __future__ import annotations

from wingbeat.hw.errors import ProgramError
from wingbeat.hw.isa.footprint import Interval
from wingbeat.hw.isa.instructions import Instruction
from wingbeat.hw.isa.mnemonics import mnemonic


def refusal(index: int, instruction: Instruction, rule: str) -> ProgramError:
    """Return the error that names instruction `index` and the rule it breaks."""
    return ProgramError(f"instruction {index} ({mnemonic(instruction)}): {rule}")


def text(interval: Interval) -> str:
    """Return `5` or `3 to 9`."""
    if interval.low == interval.high:
        return str(interval.low)
    return f"{interval.low} to {interval.high}"
