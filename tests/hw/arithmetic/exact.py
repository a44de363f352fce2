"""FP32 in exact rational arithmetic: the oracle, which shares nothing with NumPy's floats."""

from fractions import Fraction

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float32]

NAN = 0x7FC00000
INFINITY = 0x7F800000
MINUS = 1 << 31


def fraction(word: int) -> Fraction:
    """The value of a finite FP32 word."""
    field, significand = word >> 23 & 0xFF, word & 0x7FFFFF
    assert field < 0xFF
    if field:
        significand |= 1 << 23
    value = Fraction(significand) * Fraction(2) ** (max(field, 1) - 150)
    return -value if word & MINUS else value


def nearest_even(value: Fraction) -> int:
    """The nearest integer; of two equally near ones the even one."""
    below, rest = divmod(value.numerator, value.denominator)
    twice = 2 * rest - value.denominator
    return below + (twice > 0 or (twice == 0 and below % 2 == 1))


def word(value: Fraction, negative_zero: bool = False) -> int:
    """Round as IEEE-754 does, subnormals included, and only then replace a subnormal by a zero."""
    sign = MINUS if value < 0 or (value == 0 and negative_zero) else 0
    size = abs(value)
    exponent = -126  # of the smallest normal number, whose spacing subnormals have
    while size >= Fraction(2) ** (exponent + 1):
        exponent += 1
    steps = nearest_even(size / Fraction(2) ** (exponent - 23))
    if steps < 1 << 23:
        return sign
    # a carry out of the significand runs into the exponent, as it should
    return sign | min((exponent + 126 << 23) + steps, INFINITY)


def _classes(a: int, b: int) -> tuple[bool, bool, bool]:
    sizes = (a & ~MINUS, b & ~MINUS)
    nan = any(size > INFINITY for size in sizes)
    return nan, sizes[0] == INFINITY, sizes[1] == INFINITY


def add(a: int, b: int) -> int:
    """a + b, as words."""
    nan, a_infinite, b_infinite = _classes(a, b)
    if nan or (a_infinite and b_infinite and a != b):
        return NAN
    if a_infinite or b_infinite:
        return a if a_infinite else b
    return word(fraction(a) + fraction(b), negative_zero=bool(a & b & MINUS))


def multiply(a: int, b: int) -> int:
    """a * b, as words."""
    nan, a_infinite, b_infinite = _classes(a, b)
    sign = (a ^ b) & MINUS
    if a_infinite or b_infinite:
        zero = not (a & ~MINUS and b & ~MINUS)
        return NAN if nan or zero else sign | INFINITY
    return NAN if nan else word(fraction(a) * fraction(b), negative_zero=bool(sign))


def floats(words: list[int]) -> Floats:
    """Words as the array that they are the bits of."""
    return np.array(words, np.uint32).view(np.float32)


def words(values: Floats) -> Words:
    """The bits of an array."""
    return np.ascontiguousarray(values, np.float32).view(np.uint32)


def corners() -> list[int]:
    """Zeros, extremes, infinities, a NaN, and numbers next to powers of two; of both signs."""
    fields = (1, 2, 24, 64, 102, 126, 127, 128, 150, 151, 190, 253, 254)
    significands = (0, 1, 2, 0x400000, 0x7FFFFE, 0x7FFFFF)
    positive = [0, INFINITY, NAN, *(f << 23 | s for f in fields for s in significands)]
    return positive + [MINUS | word for word in positive]


def random_words(rng: np.random.Generator, count: int) -> list[int]:
    """Numbers of any exponent, none subnormal, their significands often short."""
    fields = rng.integers(1, 255, count)
    short = 1 << rng.integers(0, 24, count)
    significands = rng.integers(0, 1 << 23, count) // short * short
    signs = rng.integers(0, 2, count) << 31
    return [int(w) for w in signs | fields << 23 | significands]
