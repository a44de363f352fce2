"""Scales of weights: IEEE halves read as ARM's alternative half precision.

Uninitialised memory may hold any bits. Without infinities and NaNs, whatever a lane decodes is a
finite number, so garbage behind the end of a KV cache can never turn into a NaN.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wingbeat.hw.arithmetic.fp32 import Float

LARGEST_HALF = np.float32(65504.0)


def decode_half(bits: npt.NDArray[np.uint16]) -> Float:
    """Decode scales; exponent 31 is an ordinary exponent (values up to 131008).

    Parameters
    ----------
    bits : uint16 array

    Returns
    -------
    float32 array of the same shape, exact, never subnormal, infinite or NaN.
    """
    values = bits.view(np.float16).astype(np.float32)
    special = (bits & 0x7C00) == 0x7C00
    if special.any():
        # one exponent lower is an ordinary half; twice its value is what the bits mean here
        lower = (bits[special] - np.uint16(0x0400)).view(np.float16)
        values[special] = np.float32(2) * lower.astype(np.float32)
    return values


def encode_half(values: Float) -> npt.NDArray[np.uint16]:
    """Encode non-negative scales, rounded to nearest even and limited to 65504; NaN becomes 0."""
    limited = np.minimum(np.where(np.isnan(values), np.float32(0), values), LARGEST_HALF)
    return limited.astype(np.float16).view(np.uint16)
