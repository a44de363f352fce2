"""Amaranth's enumerations, with the types that Amaranth does not ship.

`class Unit(enum.Enum, shape=3)` is a Python enumeration and a 3-bit shape. To a type checker it is
a plain `enum.Enum` whose members are members, not integers.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:

    class Enum(enum.Enum):
        """An enumeration whose values fit `shape` bits, unsigned."""

        def __init_subclass__(cls, *, shape: int) -> None: ...

else:
    from amaranth.lib.enum import Enum

__all__ = ["Enum"]
