"""MPE: a weight stream times operand vectors."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from wingbeat.hw.arithmetic.matrix import multiply
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.formats import GROUP, SPARSE_COUNTS
from wingbeat.hw.isa.instructions import Multiply
from wingbeat.hw.isa.layouts import layout_of
from wingbeat.hw.sequencer import Registers
from wingbeat.hw.stream import TileLayout, Unpacked
from wingbeat.sim.isa.scratchpads import OperandMemory, VectorMemory
from wingbeat.sim.memory import DeviceMemory

_SHARED_WORK = 1 << 22
"""Products from which a multiplication is shared between threads."""


class MatrixUnit:
    """Executes MM and MV.

    Decoded weights are kept where no program can change them: a lane decodes them anew every time,
    a simulator need not. Large matrices are cut by rows, which do not depend on each other, and
    NumPy works on the pieces in threads.
    """

    def __init__(
        self,
        config: AcceleratorConfig,
        memory: DeviceMemory,
        vectors: VectorMemory,
        operands: OperandMemory,
    ) -> None:
        self._config = config
        self._memory = memory
        self._vectors = vectors
        self._operands = operands
        self._decoded: dict[tuple[object, ...], Unpacked] = {}
        self._workers = min(os.cpu_count() or 1, 4)
        self._pool = ThreadPoolExecutor(self._workers)

    def execute(self, instruction: Multiply, registers: Registers) -> None:
        """Run one instruction to its end."""
        tiles, groups = registers.resolve(instruction.tiles), registers.resolve(instruction.groups)
        outer, inner = registers.resolve(instruction.outer), instruction.inner
        vectors = outer * inner
        if not vectors * tiles * groups:
            return
        address = registers.resolve(instruction.address) & -self._config.word_beats
        weights = self._weights(instruction, address, tiles, groups)
        operand = self._operands.view(instruction.operand, registers, outer, inner, groups)
        codes = operand.codes.reshape(vectors, groups, GROUP).swapaxes(0, 1)
        scales = operand.scales.reshape(vectors, groups).T
        sums = operand.sums.reshape(vectors, groups).T

        rows = weights.codes.shape[2]
        target = self._vectors.view(instruction.destination, registers, outer, inner, rows)

        def product(part: slice) -> None:
            result = multiply(
                weights.codes[..., part],
                None if weights.scales is None else weights.scales[:, part],
                None if weights.minima is None else weights.minima[:, part],
                codes, scales, sums, 1 << instruction.strands,
            )  # fmt: skip
            target[..., part] = result.reshape(outer, inner, -1)

        if weights.codes.size * vectors < _SHARED_WORK:
            product(slice(None))
        else:
            step = -(-rows // self._workers)
            list(self._pool.map(product, (slice(i, i + step) for i in range(0, rows, step))))

    def _weights(self, instruction: Multiply, address: int, tiles: int, groups: int) -> Unpacked:
        constant = self._memory.constant(address)
        key = (
            address,
            tiles,
            groups,
            instruction.stride,
            instruction.format,
            instruction.tile_rows,
        )
        if constant and key in self._decoded:
            return self._decoded[key]
        config = self._config
        layout = layout_of(instruction.format, instruction.tile_rows, config.lanes, config.ports)
        weights = decode_stream(self._memory, layout, address, tiles, groups, instruction.stride)
        if constant:
            self._decoded[key] = weights
        return weights


def decode_stream(
    memory: DeviceMemory, layout: TileLayout, address: int, tiles: int, groups: int, stride: int
) -> Unpacked:
    """Decode tiles of a stream; the N of a sparse tile stands in its header."""
    if not layout.format.sparse:
        beats = layout.lane_beats(groups)
        size = (tiles - 1) * stride + layout.tile_beats(groups)
        stream = memory.stream(address, size)
        return layout.unpack(layout.from_ports(stream, tiles, stride, beats), groups)
    parts = []
    for tile in range(tiles):
        start = address + tile * stride
        kept = int(memory.stream(start, 1)[0, 0])
        if kept not in SPARSE_COUNTS:
            raise DeviceError(f"N of a sparse tile must be 2, 4, 8 or 16, not {kept}")
        beats = layout.tile_beats(groups, kept)
        if beats > stride:
            raise DeviceError(
                f"a {kept}:16 tile of {beats} beats must fit its stride of {stride} beats"
            )
        stream = memory.stream(start, beats)
        lanes = layout.from_ports(stream, 1, beats, layout.lane_beats(groups, kept))
        parts.append(layout.unpack(lanes, groups, kept))
    scales = [part.scales for part in parts if part.scales is not None]
    minima = [part.minima for part in parts if part.minima is not None]
    return Unpacked(
        np.concatenate([part.codes for part in parts], axis=-1),
        np.concatenate(scales, axis=-1) if scales else None,
        np.concatenate(minima, axis=-1) if minima else None,
    )
