"""The activation quantiser: FP32 to INT8 with one scale a group, computed on the fly.

Symmetric, -127..127. The scale has an 11-bit significand, which makes the product of a group's
result and its scale one DSP slice, its inverse one ROM of 1024 words, and a key's scale an IEEE
half without further rounding.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from wingbeat.hw.arithmetic.fp32 import QUIET_NAN, Float

LARGEST_CODE = 127
QUIET_LIMIT = np.float32(2.0**-60)
"""A group whose largest magnitude is below this is all zeros.

It keeps every product and sum of the matrix unit a multiple of 2**-114 (2**-24 from the halves,
2**-67 from the scale, 2**-23 from rounding), so that no subnormal can arise there and the lanes
need no logic for one.
"""

_ROUND_UP = np.uint32((1 << 13) - 1)
_ONE_127TH = np.float32(1 / 127)


@dataclasses.dataclass(frozen=True)
class Quantised:
    """Groups of activation codes, as the operand memory holds them.

    Attributes
    ----------
    codes : int8 (..., groups, group)
    scales : float32 (..., groups), 11-bit significand
    sums : int16 (..., groups), sum of the codes of a group
    """

    codes: npt.NDArray[np.int8]
    scales: Float
    sums: npt.NDArray[np.int16]


def scale_of(largest: Float) -> Float:
    """Return the scale of groups with these largest magnitudes.

    The quotient by 127 is rounded *up* to 11 bits of significand, so that codes stay in range.
    Zero below `QUIET_LIMIT`; NaN (as poison, it reaches the logits) for a non-finite magnitude.
    """
    quotient = largest * _ONE_127TH
    scale = ((quotient.view(np.uint32) + _ROUND_UP) & ~_ROUND_UP).view(np.float32)
    quiet = largest < QUIET_LIMIT
    if quiet.any():
        scale[quiet] = 0
    finite = np.isfinite(largest)
    if not finite.all():
        scale[~finite] = QUIET_NAN
    return scale


def quantise(values: Float, group: int) -> Quantised:
    """Quantise the last axis in groups.

    Parameters
    ----------
    values : float32 (..., n), n a multiple of `group`
    group : elements that share a scale; a multiple of 32

    Returns
    -------
    Quantised with groups of 32, the scale repeated where `group` is longer.
    """
    shape = values.shape[:-1]
    wide = values.reshape(*shape, -1, group)
    scales = scale_of(np.abs(wide).max(axis=-1))
    usable = scales > 0
    if usable.all():
        inverse = np.float32(1) / scales
    else:
        inverse = np.divide(np.float32(1), scales, out=np.zeros_like(scales), where=usable)
        # a group of NaNs has no codes, whatever it holds
        wide = np.where(np.isnan(scales)[..., None], np.float32(0), wide)
    # the scale was rounded up, so that no product reaches 127.5
    codes = np.rint(wide * inverse[..., None]).astype(np.int8).reshape(*shape, -1, 32)
    if group > 32:
        scales = np.repeat(scales, group // 32, axis=-1)
    return Quantised(codes, scales, codes.sum(axis=-1, dtype=np.int16))
