"""The scalar operations on intervals instead of numbers.

Each result holds every value that `sequencer.compute` gives for operands in the given intervals;
arithmetic is modulo 2**32. An interval that would wrap in part becomes the whole range; one that
wraps as a whole stays as narrow as it is, so that adding 2**32 - 1 subtracts 1.
"""

from __future__ import annotations

from wingbeat.hw.isa.footprint import Interval
from wingbeat.hw.isa.instructions import Scalar
from wingbeat.hw.isa.program import WORD

ANYTHING = Interval(0, WORD)
"""Every value of a register."""


def wrapped(low: int, high: int) -> Interval:
    """Reduce an interval of integers modulo 2**32."""
    if low >> 32 == high >> 32:
        return Interval(low & WORD, high & WORD)
    return ANYTHING


def joined(one: Interval, other: Interval) -> Interval:
    """Return the smallest interval that holds both."""
    return Interval(min(one.low, other.low), max(one.high, other.high))


def within(inner: Interval, outer: Interval) -> bool:
    """Whether `outer` holds all of `inner`."""
    return outer.low <= inner.low and inner.high <= outer.high


def transfer(operation: Scalar, a: Interval, b: Interval) -> Interval:
    """Return what `R[a] operation b` may be, for the operations ADD to EQUAL."""
    match operation:
        case Scalar.ADD:
            return wrapped(a.low + b.low, a.high + b.high)
        case Scalar.SUB:
            return wrapped(a.low - b.high, a.high - b.low)
        case Scalar.MUL:
            return wrapped(a.low * b.low, a.high * b.high)
        case Scalar.SHL:
            by = _shift(b)
            return wrapped(a.low << by.low, a.high << by.high)
        case Scalar.SHR:
            by = _shift(b)
            return Interval(a.low >> by.high, a.high >> by.low)
        case Scalar.AND:
            return _and(a, b)
        case Scalar.MIN:
            return Interval(min(a.low, b.low), min(a.high, b.high))
        case Scalar.MAX:
            return Interval(max(a.low, b.low), max(a.high, b.high))
        case Scalar.CEILDIV:
            return _ceildiv(a, b)
        case Scalar.LESS:
            return Interval(int(a.high < b.low), int(a.low < b.high))
        case Scalar.EQUAL:
            same = a.low == a.high == b.low == b.high
            return Interval(int(same), int(a.low <= b.high and b.low <= a.high))
        case _:
            return ANYTHING


def _shift(b: Interval) -> Interval:
    """The low five bits of `b`."""
    if b.low >> 5 == b.high >> 5:
        return Interval(b.low & 31, b.high & 31)
    return Interval(0, 31)


def _and(a: Interval, b: Interval) -> Interval:
    if a.low == a.high and b.low == b.high:
        return Interval.point(a.low & b.low)
    for number, mask in ((a, b), (b, a)):
        if mask.low == mask.high and mask.low & (mask.low + 1) == 0 and number.high <= mask.low:
            return number
    return Interval(0, min(a.high, b.high))


def _ceildiv(a: Interval, b: Interval) -> Interval:
    """Rounded up; a divisor of 0 gives 0."""
    if b.high == 0:
        return Interval.point(0)
    high = -(-a.high // max(b.low, 1))
    return Interval(-(-a.low // b.high) if b.low else 0, high)
