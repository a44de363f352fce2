"""FP32 words that find mistakes, and how a pipeline is fed with them."""

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from wingbeat.sim.rtl.harness import Simulation
from wingbeat.sim.rtl.verilate import Optimise

Words = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float32]

COUNT = 1_000_000
FORMS: tuple[Optimise, ...] = ("speed", "behaviour")
"""What a component with a behavioural model is tested as: its gates, and the model."""

MINUS = np.uint32(1 << 31)
NAN = np.uint32(0x7FC00000)

_MAGNITUDES = (
    0, 0x00800000, 0x00800001, 0x00FFFFFF, 0x01000000,  # zero, the smallest normal numbers
    0x33800000, 0x3EFFFFFF, 0x3F000000, 0x3F7FFFFF, 0x3F800000, 0x3F800001, 0x3FFFFFFF, 0x40000000,
    0x42FBFFFF, 0x42FC0000, 0x42FC0001, 0x42FFFFFF, 0x43000000,  # about 126 and 128
    0x4B000000, 0x4B000001, 0x4B7FFFFF, 0x7F000000, 0x7F7FFFFF, 0x7F800000,
)  # fmt: skip
CORNERS: Words = np.array(
    [sign | size for size in _MAGNITUDES for sign in (0, 1 << 31)] + [NAN], np.uint32
)


def canonical(words: Words) -> Words:
    """Make words what the machine can hold: no subnormals, one NaN."""
    exponent = words >> 23 & 0xFF
    words = np.where(exponent == 0, words & MINUS, words)
    return np.where((exponent == 255) & (words & 0x7FFFFF != 0), NAN, words).astype(np.uint32)


def anything(random: np.random.Generator, count: int = COUNT) -> Words:
    """Every bit pattern as likely as any other, special ones replaced as above."""
    return canonical(random.integers(0, 1 << 32, count, np.uint32))


def close(random: np.random.Generator, centre: int, spread: int, count: int = COUNT) -> Words:
    """Any sign and fraction, many of them short, with exponent fields near `centre`."""
    exponent = random.integers(centre - spread, centre + spread + 1, count).clip(0, 255)
    fraction = random.integers(0, 1 << 23, count) & -(1 << random.integers(0, 24, count))
    # ones from some place on down: what carries run through
    fraction ^= np.where(random.random(count) < 0.3, (1 << random.integers(0, 24, count)) - 1, 0)
    sign = random.integers(0, 2, count)
    return canonical((sign << 31 | exponent << 23 | fraction).astype(np.uint32))


def corner_pairs() -> tuple[Words, Words]:
    """Every corner with every other."""
    pairs = np.array(list(product(CORNERS, CORNERS)), np.uint32)
    return pairs[:, 0].copy(), pairs[:, 1].copy()


def floats(words: Words) -> Floats:
    """The numbers that words are the bits of."""
    return words.view(np.float32)


def words(values: Floats) -> Words:
    """The bits of numbers."""
    return np.ascontiguousarray(values, np.float32).view(np.uint32)


class Pipeline:
    """A component of fixed latency, one operation a cycle."""

    def __init__(self, component: Any, outputs: list[str], optimise: Optimise = "speed") -> None:
        self._latency = component.LATENCY
        self._outputs = outputs
        self._simulation = Simulation(component, optimise)

    def __call__(self, **inputs: Any) -> Any:
        """Return the outputs that belong to the inputs, an array or a tuple of them."""
        count = len(next(iter(inputs.values())))
        result = self._simulation.run(inputs, self._outputs, cycles=count + self._latency)
        found = tuple(result[name][self._latency :] for name in self._outputs)
        return found if len(found) > 1 else found[0]


def equal(found: Any, expected: npt.NDArray[Any], **inputs: Any) -> None:
    """Fail with the first operands whose result differs."""
    wrong = np.flatnonzero(np.asarray(found) != expected)
    if len(wrong):
        first = wrong[0]
        operands = ", ".join(f"{name} {int(values[first]):#x}" for name, values in inputs.items())
        raise AssertionError(
            f"{len(wrong)} of {len(expected)}: {operands} gives {int(found[first]):#x}, "
            f"not {int(expected[first]):#x}"
        )
