"""Packing: two INT8 products in one multiplication, and how many may be added before they mix."""

from __future__ import annotations

from dataclasses import dataclass

from wingbeat.hw.config import CHAIN_SLICES, Multiplier

_CODE_BITS = 8
_LARGEST_PRODUCT = 127 * 127
_OPERAND_BITS = {Multiplier.DSP48E2: 27, Multiplier.DSP48E1: 25, Multiplier.MULT18X18D: 18}
"""Signed bits of the wider operand, that of the pre-adder where there is one."""


@dataclass(frozen=True)
class Packing:
    """How a slice's word is made: the high code `shift` bits above the low one.

    Attributes
    ----------
    shift : bits of the low field
    taps : slices whose low fields can be added without leaving it; 0 if the multiplier cannot pack
    """

    shift: int
    taps: int

    def nodes(self) -> tuple[int, ...]:
        """Return the slices behind which a reduction node cuts the cascade."""
        return tuple(last for last in range(CHAIN_SLICES) if (last + 1) % self.taps == 0) or (
            CHAIN_SLICES - 1,
        )


def packing_of(multiplier: Multiplier) -> Packing:
    """Return the packing of a primitive.

    The packed word is the high code times 2**shift plus the low code, both -127 to 127: its
    magnitude is below 2**(shift + 7), so that shift + 8 signed bits hold it. A signed field of
    `shift` bits holds sums up to 2**(shift - 1) - 1.
    """
    shift = _OPERAND_BITS[multiplier] - _CODE_BITS
    taps = ((1 << (shift - 1)) - 1) // _LARGEST_PRODUCT
    return Packing(shift, min(taps, CHAIN_SLICES))
