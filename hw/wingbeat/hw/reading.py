"""Reading an affine operand: the one question that cost and execution ask of the registers."""

from __future__ import annotations

from typing import Protocol

from wingbeat.hw.isa.operands import Address, Count, SmallCount


class Resolve(Protocol):
    """Returns the value of an operand with the register values of the moment."""

    def __call__(self, operand: Address | Count | SmallCount) -> int:
        """Return the value."""
