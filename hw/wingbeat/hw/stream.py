"""How a coded matrix lies in memory: exactly in the order in which the lanes use it.

A matrix is cut into *tiles* of `rows` rows (4, 8, 12 or 16) in each of the L lanes. Row r of the
matrix is in tile r // (rows * L); within the tile, lane l holds `rows` consecutive rows. For each
lane, a tile is a sequence of 128-bit beats:

    [header]                      sparse formats only: byte 0 holds N of N:16
    record 0, record 1, ...       each `span` groups of 32 columns, the last maybe fewer

    record = scales | patterns | codes, each section filled up to a whole beat

    scales    [scale group][row](scale, minimum)            halves
    patterns  [group][row pair][window of 16]               16-bit masks, sparse only
    codes     [group][row pair][k][row of the pair]         `bits` each, lowest bit first

The tiles of a dense matrix follow each other without gaps. So do those of a sparse one if all have
the same N; if not, each is filled up with zeros to the longest, because a multiplication finds its
tiles one `stride` apart, and reads a sparse stream in whole strides.

The two rows of a pair alternate because a DSP slice multiplies both by one activation. `span` is
the smallest power of two for which full sections end on a beat, so that padding is rare.

A port serves L / ports lanes and its memory interleaves their beats. All ports hold the same number
of beats at the same addresses; an address names a beat on every port at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from wingbeat.hw.arithmetic.fp32 import Float
from wingbeat.hw.arithmetic.half import decode_half
from wingbeat.hw.errors import EncodingError
from wingbeat.hw.formats import GROUP, WINDOW, CodedMatrix, ScaleKind, WeightFormat
from wingbeat.hw.isa.operands import BEAT_BYTES

Bytes = npt.NDArray[np.uint8]

TILE_ROWS = (4, 8, 12, 16)
"""Rows of a tile in one lane: whole row pairs whose codes end on a beat."""

_LARGEST_SPAN = 8


def _beats(size: int) -> int:
    return -(-size // BEAT_BYTES)


def rows_of_tile(rows: int, lanes: int, heights: Sequence[int] = TILE_ROWS) -> int:
    """Choose the rows of a tile among `heights`: least padding, then the most rows a lane."""
    return min(reversed(heights), key=lambda r: -(-rows // (r * lanes)) * r)


@dataclasses.dataclass(frozen=True)
class Section:
    """Byte sizes of one record in one lane, before filling up to beats."""

    scales: int
    masks: int
    codes: int

    @property
    def beats(self) -> int:
        """Beats of the record."""
        return _beats(self.scales) + _beats(self.masks) + _beats(self.codes)


@dataclasses.dataclass(frozen=True)
class TileLayout:
    """Stream layout of matrices of one format, tile height and machine width.

    Parameters
    ----------
    format : weight format
    rows : rows of a tile in one lane: 4, 8, 12 or 16
    lanes : lanes of the machine
    ports : memory ports; divides `lanes`
    """

    format: WeightFormat
    rows: int
    lanes: int
    ports: int

    @property
    def tile_height(self) -> int:
        """Rows of a tile over all lanes."""
        return self.rows * self.lanes

    @property
    def lanes_per_port(self) -> int:
        """Lanes whose beats alternate in one port's memory."""
        return self.lanes // self.ports

    def section(self, groups: int, kept: int = WINDOW) -> Section:
        """Return the sizes of a record of `groups` groups when `kept` of 16 codes are stored."""
        weights = self.format
        scale_groups = -(-groups * GROUP // weights.group)
        codes = self.rows * GROUP * groups * weights.bits // 8
        return Section(
            scales=self.rows * scale_groups * weights.scale_bytes,
            masks=self.rows // 2 * 2 * 2 * groups if weights.sparse else 0,
            codes=codes * kept // WINDOW if weights.sparse else codes,
        )

    @cache  # noqa: B019 - layouts are few and live as long as the program
    def span(self, kept: int = WINDOW) -> int:
        """Groups of a full record."""
        span = self.format.group // GROUP
        while span < _LARGEST_SPAN:
            section = self.section(span, kept)
            if not any(size % BEAT_BYTES for size in dataclasses.astuple(section)):
                break
            span *= 2
        return span

    def lane_beats(self, groups: int, kept: int = WINDOW) -> int:
        """Beats of one tile in one lane."""
        span = self.span(kept)
        full, rest = divmod(groups, span)
        tail = self.section(rest, kept).beats if rest else 0
        return int(self.format.sparse) + full * self.section(span, kept).beats + tail

    def tile_beats(self, groups: int, kept: int = WINDOW) -> int:
        """Beats of one tile on one port: the least `stride` of a multiplication."""
        return self.lane_beats(groups, kept) * self.lanes_per_port

    def sparse_stride(self, groups: int, kept: npt.NDArray[np.int64]) -> int:
        """Beats on one port from a tile to the next, given the N of each: those of the longest."""
        return max(self.tile_beats(groups, n) for n in set(kept.tolist()))

    def tiles(self, rows: int) -> int:
        """Tiles that hold `rows` rows."""
        return -(-rows // self.tile_height)

    # ---- packing --------------------------------------------------------------------------

    def pack(self, matrix: CodedMatrix, kept: npt.NDArray[np.int64] | None = None) -> Bytes:
        """Lay a matrix out as a stream.

        Parameters
        ----------
        matrix : rows are padded with zeros to whole tiles
        kept : N of each tile, sparse formats only

        Returns
        -------
        uint8 (ports, bytes)
        """
        if matrix.format != self.format:
            raise EncodingError(
                f"a {self.format.name} stream cannot hold a {matrix.format.name} matrix"
            )
        tiles = self.tiles(matrix.shape[0])
        if not self.format.sparse:
            return self._to_ports(self._pack_tiles(matrix, 0, tiles, WINDOW))
        if kept is None or len(kept) != tiles:
            raise EncodingError(f"a sparse stream needs the N of each of its {tiles} tiles")
        stride = self.sparse_stride(matrix.shape[1] // GROUP, kept) * BEAT_BYTES
        stream = np.zeros((self.ports, tiles, stride), np.uint8)
        for tile, n in enumerate(kept.tolist()):
            part = self._to_ports(self._pack_tiles(matrix, tile, tile + 1, n))
            stream[:, tile, : part.shape[1]] = part
        return stream.reshape(self.ports, -1)

    def _to_ports(self, tiles: Bytes) -> Bytes:
        """(tiles, lanes, beats, 16) to (ports, bytes)."""
        count, _, beats, _ = tiles.shape
        split = tiles.reshape(count, self.ports, self.lanes_per_port, beats, BEAT_BYTES)
        return np.ascontiguousarray(split.transpose(1, 0, 3, 2, 4)).reshape(self.ports, -1)

    def _pack_tiles(self, matrix: CodedMatrix, first: int, last: int, kept: int) -> Bytes:
        """Tiles `first` to `last` as uint8 (tiles, lanes, beats, 16)."""
        rows = slice(first * self.tile_height, last * self.tile_height)
        tiles, height = last - first, self.rows
        groups = matrix.shape[1] // GROUP

        def padded(part: npt.NDArray[np.generic], unit: int) -> npt.NDArray[np.generic]:
            block = part[rows.start // unit : rows.stop // unit]
            missing = (rows.stop - rows.start) // unit - len(block)
            return np.pad(block, ((0, missing), (0, 0))) if missing else block

        codes = padded(matrix.codes, 1).view(np.uint8)
        pairs = codes.reshape(tiles, self.lanes, height // 2, 2, groups, GROUP)
        ordered = pairs.transpose(0, 1, 4, 2, 5, 3)  # tile, lane, group, pair, k, row of the pair
        masks = None
        if matrix.masks is not None:
            mask = padded(matrix.masks, 2).reshape(tiles, self.lanes, height // 2, groups, 2)
            masks = np.ascontiguousarray(mask.transpose(0, 1, 3, 2, 4))
            ordered = _select(ordered, masks.view(np.uint16), kept)
        coded = _pack_bits(ordered.reshape(tiles, self.lanes, groups, -1), self.format.bits)
        scales = None
        if matrix.scales is not None:
            parts = [matrix.scales] if matrix.minima is None else [matrix.scales, matrix.minima]
            stacked = np.stack([padded(part, 1) for part in parts], axis=-1)
            shaped = stacked.reshape(tiles, self.lanes, height, -1, len(parts))
            scales = np.ascontiguousarray(shaped.transpose(0, 1, 3, 2, 4)).view(np.uint8)
            scales = scales.reshape(tiles, self.lanes, scales.shape[2], -1)
        result = np.zeros((tiles, self.lanes, self.lane_beats(groups, kept), BEAT_BYTES), np.uint8)
        if self.format.sparse:
            result[:, :, 0, 0] = kept
        flat = result.reshape(tiles, self.lanes, -1)
        for record in self._records(groups, kept):
            view = flat[:, :, record.start : record.stop]
            view = view.reshape(tiles, self.lanes, record.count, -1)
            split = (tiles, self.lanes, record.count, -1)
            if scales is not None:
                chosen = scales[:, :, record.scale_groups].reshape(split)
                view[..., : record.section.scales] = chosen
            if masks is not None:
                chosen = masks[:, :, record.groups].view(np.uint8).reshape(split)
                view[..., record.masks_at : record.masks_at + record.section.masks] = chosen
            chosen = coded[:, :, record.groups].reshape(split)
            view[..., record.codes_at : record.codes_at + record.section.codes] = chosen
        return result

    def _records(self, groups: int, kept: int) -> list[_Run]:
        """Runs of equal records: the full ones, then the shorter last one."""
        span = self.span(kept)
        full, rest = divmod(groups, span)
        scale = self.format.group // GROUP
        runs = []
        start = BEAT_BYTES * int(self.format.sparse)
        for count, size, first in ((full, span, 0), (int(bool(rest)), rest, full * span)):
            if count:
                section = self.section(size, kept)
                runs.append(_Run(count, section, start, first, count * size, scale))
                start = runs[-1].stop
        return runs

    # ---- unpacking ------------------------------------------------------------------------

    def from_ports(self, stream: Bytes, tiles: int, stride: int, beats: int) -> Bytes:
        """View `tiles` tiles of a stream by lane.

        Parameters
        ----------
        stream : uint8 (ports, bytes), at least up to the last tile's end
        tiles, stride : tiles, and beats on a port from one to the next
        beats : beats of a tile in one lane

        Returns
        -------
        uint8 (tiles, lanes, beats * 16)
        """
        used = beats * self.lanes_per_port * BEAT_BYTES
        step = stride * BEAT_BYTES
        view = np.lib.stride_tricks.as_strided(
            stream,
            shape=(self.ports, tiles, used),
            strides=(stream.strides[0], step, 1),
            writeable=False,
        )
        words = view.reshape(self.ports, tiles, beats, self.lanes_per_port, BEAT_BYTES)
        return words.transpose(1, 0, 3, 2, 4).reshape(tiles, self.lanes, beats * BEAT_BYTES)

    def unpack(self, lanes: Bytes, groups: int, kept: int = WINDOW) -> Unpacked:
        """Decode tiles as a lane does.

        Parameters
        ----------
        lanes : uint8 (tiles, lanes, bytes), from `from_ports`
        groups : groups of 32 columns
        kept : N of these tiles, if sparse

        Returns
        -------
        Unpacked, rows of all tiles in matrix order.
        """
        tiles, width = lanes.shape[:2]
        count = tiles * width * self.rows
        codes: list[npt.NDArray[np.int8]] = []
        scales: list[npt.NDArray[np.uint16]] = []
        for record in self._records(groups, kept):
            view = lanes[:, :, record.start : record.stop].reshape(tiles, width, record.count, -1)
            size = len(range(groups)[record.groups]) // record.count
            packed = view[..., record.codes_at : record.codes_at + record.section.codes]
            packed = packed.reshape(tiles, width, record.count * size, -1)
            values = _unpack_bits(packed, self.format.bits)
            if self.format.sparse:
                mask = view[..., record.masks_at : record.masks_at + record.section.masks]
                masks = np.ascontiguousarray(mask).view(np.uint16)
                shape = (tiles, width, record.count * size, self.rows // 2, 2)
                values = _spread(values, masks.reshape(shape), kept)
            shaped = values.reshape(tiles, width, -1, self.rows // 2, GROUP, 2)
            ordered = shaped.transpose(2, 4, 0, 1, 3, 5)  # group, k, tile, lane, pair, row of pair
            codes.append(self._signed(ordered.reshape(-1, GROUP, count)))
            if self.format.scale is not ScaleKind.NONE:
                halves = np.ascontiguousarray(view[..., : record.section.scales]).view(np.uint16)
                split = halves.reshape(tiles, width, -1, self.rows, self.format.scale_bytes // 2)
                ordered_scales = split.transpose(2, 4, 0, 1, 3).reshape(split.shape[2], -1, count)
                scales.append(np.repeat(ordered_scales, self.format.group // GROUP, axis=0))
        joined = np.concatenate(codes) if len(codes) > 1 else codes[0]
        if not scales:
            return Unpacked(joined, None, None)
        halves = (np.concatenate(scales) if len(scales) > 1 else scales[0])[:groups]
        minima = decode_half(halves[:, 1]) if halves.shape[1] == 2 else None
        return Unpacked(joined, decode_half(halves[:, 0]), minima)

    def _signed(self, raw: Bytes) -> npt.NDArray[np.int8]:
        """Make codes of `bits` bits signed; -128, which only garbage can hold, becomes -127."""
        if self.format.scale is ScaleKind.SCALE_MIN:
            return raw.view(np.int8)
        if self.format.bits == 8:
            return np.maximum(raw.view(np.int8), np.int8(-127))
        sign = np.uint8(1 << (self.format.bits - 1))
        return ((raw ^ sign) - sign).view(np.int8)

    # ---- single elements, for caches that grow ----------------------------------------------

    @cached_property
    def _dense_span(self) -> int:
        return self.span()

    def locate_codes(
        self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], groups: int, stride: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return port and byte offset of codes of a dense 8-bit matrix.

        Parameters
        ----------
        rows, columns : int64, broadcast against each other
        groups : groups of 32 columns that the matrix has; its last record may be shorter
        stride : beats on a port from one tile to the next
        """
        span = self._dense_span
        full, rest = divmod(groups, span)
        record, group = np.divmod(columns // GROUP, span)
        scales = np.where(
            record < full,
            _beats(self.section(span).scales),
            _beats(self.section(rest).scales),
        )
        start = (record * self.section(span).beats + scales) * BEAT_BYTES
        pair, odd = np.divmod(rows % self.rows, 2)
        code = ((group * (self.rows // 2) + pair) * GROUP + columns % GROUP) * 2 + odd
        return self._locate(rows, start + code, stride)

    def locate_scales(
        self, rows: npt.NDArray[np.int64], groups: npt.NDArray[np.int64], stride: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return port and byte offset of the scales of a dense int8g32 matrix."""
        span = self._dense_span
        record, group = np.divmod(groups, span)
        start = record * self.section(span).beats * BEAT_BYTES
        return self._locate(rows, start + (group * self.rows + rows % self.rows) * 2, stride)

    def _locate(
        self, rows: npt.NDArray[np.int64], lane_byte: npt.NDArray[np.int64], stride: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Byte of a lane's tile to port and byte of the port's stream."""
        tile, row = np.divmod(rows, self.tile_height)
        port, slot = np.divmod(row // self.rows, self.lanes_per_port)
        beat, byte = np.divmod(lane_byte, BEAT_BYTES)
        word = tile * stride + beat * self.lanes_per_port + slot
        return np.broadcast_to(port, word.shape), word * BEAT_BYTES + byte


@dataclasses.dataclass(frozen=True)
class _Run:
    """Equal records that follow each other in one lane's tile."""

    count: int
    section: Section
    start: int
    first_group: int
    group_count: int
    groups_per_scale: int

    @property
    def stop(self) -> int:
        return self.start + self.count * self.section.beats * BEAT_BYTES

    @property
    def groups(self) -> slice:
        return slice(self.first_group, self.first_group + self.group_count)

    @property
    def scale_groups(self) -> slice:
        per = self.groups_per_scale
        return slice(self.first_group // per, -(-(self.first_group + self.group_count) // per))

    @property
    def masks_at(self) -> int:
        return _beats(self.section.scales) * BEAT_BYTES

    @property
    def codes_at(self) -> int:
        return self.masks_at + _beats(self.section.masks) * BEAT_BYTES


@dataclasses.dataclass(frozen=True)
class Unpacked:
    """What the decode units of all lanes hand to their chains.

    Attributes
    ----------
    codes : int8 (groups, 32, rows), zeros where a pattern has none
    scales, minima : float32 (groups, rows) or None
    """

    codes: npt.NDArray[np.int8]
    scales: Float | None
    minima: Float | None


def _pack_bits(codes: Bytes, width: int) -> Bytes:
    """Pack the last axis, `width` bits a code, lowest bit first, into whole bytes."""
    if width == 8:
        return codes
    if width in (2, 4):
        parts = codes.reshape(*codes.shape[:-1], -1, 8 // width) & np.uint8((1 << width) - 1)
        packed: Bytes = parts[..., 0].copy()
        for index in range(1, 8 // width):
            packed |= parts[..., index] << (index * width)
        return packed
    planes = np.unpackbits(codes[..., None], axis=-1, bitorder="little")[..., :width]
    return np.packbits(planes.reshape(*codes.shape[:-1], -1), axis=-1, bitorder="little")


def _unpack_bits(packed: Bytes, width: int) -> Bytes:
    """Undo `_pack_bits`."""
    if width == 8:
        return packed
    if width in (2, 4):
        result = np.empty((*packed.shape, 8 // width), np.uint8)
        for index in range(8 // width):
            result[..., index] = packed >> (index * width) & ((1 << width) - 1)
        return result.reshape(*packed.shape[:-1], -1)
    planes = np.unpackbits(packed, axis=-1, bitorder="little")
    planes = planes.reshape(*packed.shape[:-1], -1, width)
    weights = (1 << np.arange(width)).astype(np.uint8)
    unpacked: Bytes = (planes * weights).sum(axis=-1, dtype=np.uint8)
    return unpacked


def _chosen(masks: npt.NDArray[np.uint16]) -> npt.NDArray[np.bool_]:
    """(...) masks to (..., 16) booleans."""
    return (masks[..., None] >> np.arange(WINDOW, dtype=np.uint16) & 1).astype(bool)


def _select(ordered: Bytes, masks: npt.NDArray[np.uint16], kept: int) -> Bytes:
    """Keep the codes that a pattern names: (..., pair, 32, 2) to (..., pair, 2, kept, 2)."""
    chosen = _chosen(masks)
    counts = chosen.sum(axis=-1)
    # the last tile is padded with rows that have no pattern: give them any
    chosen[counts == 0, :kept] = True
    if (chosen.sum(axis=-1) != kept).any():
        raise EncodingError(f"each pattern of a {kept}:16 tile must have {kept} bits set")
    windows = ordered.reshape(*ordered.shape[:-2], 2, WINDOW, 2)
    masks[...] = (chosen * (1 << np.arange(WINDOW))).sum(axis=-1).astype(np.uint16)
    return windows[chosen].reshape(*windows.shape[:-2], kept, 2)


def _spread(codes: Bytes, masks: npt.NDArray[np.uint16], kept: int) -> Bytes:
    """Undo `_select`: (..., codes of a group) to (..., pair * 32 * 2), zeros elsewhere.

    A pattern with more than N bits takes the lowest N, as the sparse multiplexer does; one with
    fewer leaves the surplus codes unused.
    """
    chosen = _chosen(masks)
    rank = chosen.cumsum(axis=-1) - 1
    chosen &= rank < kept
    windows = codes.reshape(*masks.shape, kept, 2)
    spread = np.take_along_axis(windows, np.clip(rank, 0, kept - 1)[..., None], axis=-2)
    spread = np.where(chosen[..., None], spread, np.uint8(0))
    return spread.reshape(*masks.shape[:-2], -1)
