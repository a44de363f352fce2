"""Leading zeros: count them and shift them out."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.utils import ceil_log2


def normalise(m: Module, value: Any, *, name: str) -> tuple[Any, Any]:
    """Shift a value left until its highest bit is set. Combinational.

    Parameters
    ----------
    m : module that gets the logic
    value : unsigned, any width
    name : of the intermediate signals

    Returns
    -------
    (shifted, zeros): `shifted` is as wide as `value` and `zeros` is the distance; of a zero,
    `shifted` is 0 and `zeros` has no meaning.
    """
    width = len(value)
    digits: list[Any] = []
    for digit in reversed(range(ceil_log2(width))):
        step = 1 << digit
        empty = Signal(name=f"{name}_zeros_{digit}")
        shifted = Signal(width, name=f"{name}_shifted_{digit}")
        m.d.comb += [
            empty.eq(value[width - step :] == 0),
            shifted.eq(Mux(empty, value << step, value)),
        ]
        digits.insert(0, empty)
        value = shifted
    return value, Cat(*digits)
