"""What memory holds before a program runs."""

from __future__ import annotations

import random

import numpy as np
import numpy.typing as npt
from tests.sim.rtl.random_programs.ending import MATRIX_BEAT, reading_matrix
from tests.sim.rtl.random_programs.machines import MEMORY

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.operands import BEAT_BYTES

Bytes = npt.NDArray[np.uint8]

SPECIAL = np.array(
    [
        0x7FC00000, 0xFFC00001, 0x7F800001, 0x7F800000, 0xFF800000, 0x80000000, 0x00000000,
        0x00000001, 0x807FFFFF, 0x00800000, 0x80800000, 0x7F7FFFFF, 0xFF7FFFFF, 0x3F800000,
        0x7C007E00, 0x8000FC00, 0x03FF0001, 0x80018400, 0x7BFFFBFF,
    ],
    np.uint32,
)  # fmt: skip
"""NaNs, infinities, zeros, subnormals, largest and smallest; then the same as pairs of halves."""


def regions(rng: random.Random, config: AcceleratorConfig) -> dict[str, Bytes]:
    """Contents of every region that does not begin as zeros, uint8 (ports or 1, bytes)."""
    source = np.random.default_rng(rng.getrandbits(64))
    wild, special = rng.random() < 0.3, rng.choice((0.0, 0.002, 0.05))
    found = {}
    for region in MEMORY.regions:
        rows = config.ports if region.striped else 1
        if region.name in ("weights", "cache"):
            found[region.name] = _weights(source, (rows, region.bytes_per_port), wild)
        elif region.name in ("constants", "data", "lists"):
            found[region.name] = _numbers(source, region.bytes_per_port, special)
    matrix = reading_matrix(config)
    start = BEAT_BYTES * (MATRIX_BEAT - MEMORY["weights"].start)
    found["weights"][:, start : start + matrix.shape[1]] = matrix
    return found


def _weights(rng: np.random.Generator, shape: tuple[int, int], wild: bool) -> Bytes:
    """Any bits; or bits of which two bytes, as a half, are of a usual size."""
    if wild:
        return rng.integers(0, 256, shape, np.uint8)
    halves = rng.uniform(-2, 2, (shape[0], shape[1] // 2)).astype(np.float16)
    return halves.view(np.uint8)


def _numbers(rng: np.random.Generator, size: int, special: float) -> Bytes:
    """FP32 numbers of usual sizes, some of them special."""
    numbers = rng.normal(0, 1, size // 4) * 2.0 ** rng.integers(-8, 8, size // 4)
    words = numbers.astype(np.float32).view(np.uint32)
    replaced = rng.random(size // 4) < special
    words[replaced] = rng.choice(SPECIAL, np.count_nonzero(replaced))
    return words.view(np.uint8).reshape(1, -1)
