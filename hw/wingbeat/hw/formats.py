"""Weight formats: how the numbers of a matrix are coded, whatever file they came from.

A weight is `scale * code` or, with a minimum, `scale * code + minimum`; scale and minimum are
IEEE halves shared by a *group* of consecutive columns of one row. Four numbers describe every
format, and they are what an instruction carries to the decode unit:

========  =====================================================================================
bits      2..8 bits a code
group     32, 64 or 128 columns share a scale
scale     NONE (scale is 1: value cache), SCALE (signed codes), SCALE_MIN (unsigned codes)
sparse    N of every 16 columns are stored, N in {2, 4, 8, 16} chosen per row tile
========  =====================================================================================

GGUF's Q4_0 *is* int4g32, Q4_1 is uint4g32 and Q8_0 is int8g32: their codes run unchanged.
The N:16 pattern follows FlightLLM (FPGA'24, section 4.2), shared by the two rows of a DSP slice.
"""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import numpy.typing as npt

from wingbeat.hw import enum
from wingbeat.hw.arithmetic.half import decode_half
from wingbeat.hw.errors import ConfigError, EncodingError

GROUP = 32
"""Columns of one activation group, the unit of every reduction."""

WINDOW = 16
"""Columns from which a sparse multiplexer picks, one window a DSP chain."""

SPARSE_COUNTS = (2, 4, 8, 16)
"""Codes kept of a window: the N of N:16."""


TWIN_KEPT = WINDOW // 4
"""The largest N of N:16 of which two row pairs share the slices of a chain."""


class ScaleKind(enum.Enum, shape=2):
    """What travels beside the codes of a group."""

    NONE = 0
    SCALE = 1
    SCALE_MIN = 2


@dataclasses.dataclass(frozen=True)
class WeightFormat:
    """One way of coding weights.

    Raises
    ------
    ConfigError
        For a combination that the decode unit does not build.
    """

    bits: int
    group: int = GROUP
    scale: ScaleKind = ScaleKind.SCALE
    sparse: bool = False

    def __post_init__(self) -> None:
        if not 2 <= self.bits <= 8:
            raise ConfigError(f"`bits` of a weight format must be 2 to 8, not {self.bits}")
        if self.group not in (32, 64, 128):
            raise ConfigError(f"`group` of a weight format must be 32, 64 or 128, not {self.group}")
        if self.scale is ScaleKind.SCALE_MIN and self.bits == 8:
            raise ConfigError(
                "`bits` of a format with a minimum must be at most 7, not 8: "
                "an unsigned 8-bit code does not fit the signed DSP operand"
            )
        if self.scale is ScaleKind.NONE and (self.group != GROUP or self.sparse):
            raise ConfigError("a format without scales must be dense with `group` 32")

    @property
    def name(self) -> str:
        """Name such as `int4g32`, `uint4g32` (with a minimum), `raw8` (no scale), `int4g64s`."""
        stem = {ScaleKind.NONE: "raw", ScaleKind.SCALE: "int", ScaleKind.SCALE_MIN: "uint"}
        group = "" if self.scale is ScaleKind.NONE else f"g{self.group}"
        return f"{stem[self.scale]}{self.bits}{group}{'s' if self.sparse else ''}"

    @classmethod
    def parse(cls, name: str) -> WeightFormat:
        """Inverse of `name`; `int4` is short for `int4g32`."""
        match = re.fullmatch(r"(raw|int|uint)([2-8])(?:g(32|64|128))?(s?)", name)
        if match is None:
            raise ConfigError(
                f"weight format must look like int4, uint4g32 or int8g128s, not `{name}`"
            )
        stem, bits, group, sparse = match.groups()
        kinds = {"raw": ScaleKind.NONE, "int": ScaleKind.SCALE, "uint": ScaleKind.SCALE_MIN}
        return cls(int(bits), int(group or GROUP), kinds[stem], bool(sparse))

    @property
    def scale_bytes(self) -> int:
        """Bytes beside the codes for one group of one row."""
        return {ScaleKind.NONE: 0, ScaleKind.SCALE: 2, ScaleKind.SCALE_MIN: 4}[self.scale]

    @property
    def code_range(self) -> tuple[int, int]:
        """Smallest and largest code; -128 is never used (see ARITHMETIC in docs)."""
        if self.scale is ScaleKind.SCALE_MIN:
            return 0, (1 << self.bits) - 1
        return max(-(1 << (self.bits - 1)), -127), (1 << (self.bits - 1)) - 1

    def bits_per_weight(self, kept: int = WINDOW) -> float:
        """Stored bits a weight, scales and patterns included, when `kept` of 16 are stored."""
        pattern = 16 / 2 / WINDOW if self.sparse else 0.0
        codes = self.bits * (kept / WINDOW if self.sparse else 1.0)
        return codes + pattern + 8 * self.scale_bytes / self.group


Q4_0 = WeightFormat(4)
Q4_1 = WeightFormat(4, scale=ScaleKind.SCALE_MIN)
Q8_0 = WeightFormat(8)
KEY_CACHE = Q8_0
VALUE_CACHE = WeightFormat(8, scale=ScaleKind.NONE)


@dataclasses.dataclass(frozen=True)
class CodedMatrix:
    """A matrix in coded form, before it is laid out as a stream.

    Attributes
    ----------
    format : WeightFormat
    codes : int8 (rows, columns) for signed formats, uint8 for formats with a minimum;
        a sparse matrix has zeros wherever `masks` has no bit
    scales : uint16 (rows, columns / group), bit patterns of IEEE halves; None without scales
    minima : like `scales`; None without a minimum
    masks : uint16 (rows / 2, columns / 16), bit k is column k of the window; None when dense
    """

    format: WeightFormat
    codes: npt.NDArray[np.int8] | npt.NDArray[np.uint8]
    scales: npt.NDArray[np.uint16] | None = None
    minima: npt.NDArray[np.uint16] | None = None
    masks: npt.NDArray[np.uint16] | None = None

    def __post_init__(self) -> None:
        rows, columns = self.codes.shape
        if columns % self.format.group:
            raise EncodingError(
                f"columns of a {self.format.name} matrix must be a multiple of "
                f"{self.format.group}, not {columns}"
            )
        grouped = (rows, columns // self.format.group)
        for part, wanted, shape in (
            ("scales", self.format.scale is not ScaleKind.NONE, grouped),
            ("minima", self.format.scale is ScaleKind.SCALE_MIN, grouped),
            ("masks", self.format.sparse, ((rows + 1) // 2, columns // WINDOW)),
        ):
            array = getattr(self, part)
            if wanted != (array is not None) or (wanted and array.shape != shape):
                found = "none" if array is None else str(array.shape)
                expected = str(shape) if wanted else "none"
                raise EncodingError(
                    f"`{part}` of a {self.format.name} matrix of {rows} x {columns} must be "
                    f"{expected}, not {found}"
                )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.codes.shape[0], self.codes.shape[1]

    def values(self) -> npt.NDArray[np.float32]:
        """Return the weights as FP32 (rows, columns): one rounding, after the minimum is added."""
        rows, columns = self.shape
        values = self.codes.astype(np.float32).reshape(rows, -1, self.format.group)
        if self.scales is not None:
            values *= decode_half(self.scales)[:, :, None]
        if self.minima is not None:
            values += decode_half(self.minima)[:, :, None]
        return values.reshape(rows, columns)
