"""Packing: the contents of every region that does not begin empty."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from wingbeat.compiler.generate import Generated
from wingbeat.compiler.plan import MatrixPlan
from wingbeat.hw.arithmetic.fp32 import Float
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.formats import CodedMatrix
from wingbeat.hw.isa.operands import BEAT_BYTES

Bytes = npt.NDArray[np.uint8]

ReadMatrix = Callable[[str], CodedMatrix]
ReadVector = Callable[[str], Float]


def pack_weights(
    generated: Generated, config: AcceleratorConfig, read: ReadMatrix
) -> Iterator[tuple[str, Bytes]]:
    """Lay out all matrices, one at a time.

    Yields
    ------
    Name of the matrix that was just packed, and the whole region, uint8 (ports, bytes).
    """
    plan = generated.plan
    region = np.zeros((config.ports, plan.memory["weights"].bytes_per_port), np.uint8)
    for name, place in plan.matrices.items():
        start = place.offset * BEAT_BYTES
        region[:, start : start + place.beats * BEAT_BYTES] = _pack(place, read(name))
        yield name, region


def _pack(plan: MatrixPlan, matrix: CodedMatrix) -> Bytes:
    """Pack one matrix; rows that fill up its last tiles repeat the last row.

    A repeated row of the head can never be the best token, since the lowest of equals is chosen.
    """
    missing = plan.padded_rows - plan.rows
    if missing:

        def padded(part: npt.NDArray[Any] | None) -> Any:
            return None if part is None else np.pad(part, ((0, missing), (0, 0)), mode="edge")

        matrix = dataclasses.replace(
            matrix,
            codes=padded(matrix.codes),
            scales=padded(matrix.scales),
            minima=padded(matrix.minima),
            masks=_padded_masks(matrix.masks, plan.padded_rows),
        )
    return plan.layout.pack(matrix, np.full(plan.tiles, plan.kept))


def _padded_masks(masks: npt.NDArray[np.uint16] | None, rows: int) -> Any:
    """Repeat the pattern of the last row pair, whose zeros the repeated row has too."""
    if masks is None:
        return None
    return np.pad(masks, ((0, rows // 2 - len(masks)), (0, 0)), mode="edge")


def pack_vectors(generated: Generated, read: ReadVector) -> Bytes:
    """Lay out norm weights as FP32, uint8 (1, bytes)."""
    plan = generated.plan
    region = np.zeros(plan.memory["vectors"].bytes_per_port, np.uint8)
    for name, beat in plan.vectors.items():
        data = read(name).astype("<f4").view(np.uint8)
        region[beat * BEAT_BYTES : beat * BEAT_BYTES + data.size] = data
    return region[None]


def pack_constants(generated: Generated) -> dict[str, Bytes]:
    """Constants of the program, and the positions as FP32 numbers, a beat each."""
    memory = generated.plan.memory
    constants = np.zeros(memory["constants"].bytes_per_port, np.uint8)
    constants[: generated.constants.nbytes] = generated.constants.view(np.uint8)
    beats = memory["positions"].beats
    positions = np.zeros((beats, BEAT_BYTES // 4), np.float32)
    positions[:, 0] = np.arange(beats)
    return {
        "constants": constants[None],
        "positions": positions.view(np.uint8).reshape(1, -1),
    }
