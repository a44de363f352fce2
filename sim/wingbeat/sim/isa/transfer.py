"""LD and ST: between memory and the scratchpads."""

from __future__ import annotations

import dataclasses
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from wingbeat.hw.arithmetic import fp32
from wingbeat.hw.arithmetic.half import decode_half, encode_half
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.formats import GROUP, KEY_CACHE, VALUE_CACHE
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.instructions import Element, Load, LoadKind, Store, StoreKind
from wingbeat.hw.isa.layouts import layout_of
from wingbeat.hw.sequencer import Registers
from wingbeat.hw.stream import TileLayout
from wingbeat.sim.isa.matrix import decode_stream
from wingbeat.sim.isa.scratchpads import OperandMemory, VectorMemory
from wingbeat.sim.memory import DeviceMemory


class TransferUnit:
    """Executes LD and ST."""

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

    # ---- LD -------------------------------------------------------------------------------

    def load(self, load: Load, registers: Registers) -> None:
        """Run one LD to its end."""
        rows, length = registers.resolve(load.rows), registers.resolve(load.length)
        if not rows * length:
            return
        target = self._vectors.view(load.destination, registers, rows, 1, length)[:, 0]
        if load.kind is LoadKind.GATHER:
            indices = self._memory.words(registers.resolve(load.list), rows).view(np.int32)
            for row, index in enumerate(np.clip(indices, 0, load.last)):
                target[row] = self._gather(load, registers, int(index), length // GROUP)
            return
        address = registers.resolve(load.address)
        for row in range(rows):
            word = (address + row * load.stride) * WORDS_PER_BEAT
            if load.element is Element.F16:
                halves = self._memory.words(word, -(-length // 2)).view(np.uint16)[:length]
                target[row] = decode_half(halves)
            else:
                values = self._memory.words(word, length).view(np.float32)
                target[row] = fp32.settle(values.copy())

    def _gather(
        self, load: Load, registers: Registers, index: int, groups: int
    ) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        """Decode one row: the tile it is in, as a lane would, then the row of it."""
        config = self._config
        layout = layout_of(load.format, load.tile_rows, config.lanes, config.ports)
        tile, row = divmod(index, layout.tile_height)
        stride = layout.tile_beats(groups)
        address = registers.resolve(load.address) + tile * stride
        decoded = decode_stream(self._memory, layout, address, 1, groups, stride)
        values = decoded.codes[:, :, row].astype(np.float32)
        if decoded.scales is not None:
            values *= decoded.scales[:, row, None]
        if decoded.minima is not None:
            values += decoded.minima[:, row, None]
        return values.reshape(-1)

    # ---- ST -------------------------------------------------------------------------------

    def store(self, store: Store, registers: Registers) -> None:
        """Run one ST to its end; PUBLISH finds room in the ring."""
        rows, length = registers.resolve(store.rows), registers.resolve(store.length)
        if store.kind in (StoreKind.WORD, StoreKind.PUBLISH):
            self._memory.words(registers.resolve(store.list), 1)[0] = registers[store.position]
        elif not rows * length:
            return
        elif store.kind is StoreKind.VECTOR:
            source = self._vectors.view(store.vector, registers, rows, 1, length)[:, 0]
            address = registers.resolve(store.address)
            for row in range(rows):
                word = (address + row * store.stride) * WORDS_PER_BEAT
                self._memory.words(word, length)[:] = source[row].view(np.uint32)
        else:
            self._append(store, registers, rows, length)

    def ring_full(self, store: Store, registers: Registers) -> bool:
        """Whether a PUBLISH has to wait for the host."""
        tail = int(self._memory.words(registers.resolve(store.list) + 1, 1)[0])
        entries = registers.resolve(store.length)
        return (registers[store.position] - tail) & 0xFFFFFFFF > entries

    def _append(self, store: Store, registers: Registers, rows: int, length: int) -> None:
        """Write `rows` positions of one head to its key or value cache."""
        groups = length // GROUP
        config = self._config
        source = self._operands.view(store.operand, registers, rows, 1, groups)
        codes = source.codes.reshape(rows, length).view(np.uint8)
        halves = encode_half(source.scales[:, 0])
        first = registers[store.position]
        address = registers.resolve(store.address)
        if store.kind is StoreKind.KEYS:
            layout = TileLayout(KEY_CACHE, store.tile_rows.rows, config.lanes, config.ports)
            stride = layout.tile_beats(groups)
            cache = self._memory.stream(address, layout.tiles(first + rows) * stride)
            places = _key_places(layout, first, rows, length, stride)
            cache[places.codes] = codes
            port, byte = places.scales
            cache[port, byte] = halves & 0xFF
            cache[port, byte + 1] = halves >> 8
            return
        layout = TileLayout(VALUE_CACHE, store.tile_rows.rows, config.lanes, config.ports)
        last = layout.tile_beats((first + rows - 1) // GROUP + 1)
        cache = self._memory.stream(address, (layout.tiles(length) - 1) * store.stride + last)
        cache[_value_places(layout, first, rows, length, store.stride)] = codes
        words = -(-(first + rows) // 2)
        scales = self._memory.words(registers.resolve(store.list) * WORDS_PER_BEAT, words)
        scales.view(np.uint16)[first : first + rows] = halves[:, 0]


Places = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""Port and byte of each code or scale."""


@dataclasses.dataclass(frozen=True)
class _KeyPlaces:
    codes: Places
    scales: Places


# every layer and head appends at the same positions
@lru_cache(maxsize=8)
def _key_places(layout: TileLayout, first: int, rows: int, length: int, stride: int) -> _KeyPlaces:
    positions = first + np.arange(rows)[:, None]
    return _KeyPlaces(
        layout.locate_codes(positions, np.arange(length)[None], length // GROUP, stride),
        layout.locate_scales(positions, np.arange(length // GROUP)[None], stride),
    )


@lru_cache(maxsize=8)
def _value_places(layout: TileLayout, first: int, rows: int, length: int, stride: int) -> Places:
    positions = first + np.arange(rows)[:, None]
    groups = (first + rows - 1) // GROUP + 1
    return layout.locate_codes(np.arange(length)[None], positions, groups, stride)
