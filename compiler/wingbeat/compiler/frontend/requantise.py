"""Rounding to int8 in groups of 32, for matrices whose stored codes no decode unit reads."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wingbeat.hw.formats import GROUP

LARGEST_CODE = 127

LARGEST_WEIGHT = LARGEST_CODE * float(np.finfo(np.float16).max)
"""Magnitude up to which a weight fits a half as scale and a signed byte as code."""


def requantise(
    values: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.uint16]]:
    """Round to nearest, each group with the smallest half as scale that needs no clipping.

    Parameters
    ----------
    values : float32 (rows, columns), magnitudes up to `LARGEST_WEIGHT`; columns is a multiple
        of 32

    Returns
    -------
    codes : int8 (rows, columns), -127..127
    scales : uint16 (rows, columns / 32), bit patterns of IEEE halves
    """
    groups = values.reshape(values.shape[0], -1, GROUP)
    wanted = np.abs(groups).max(axis=2) / np.float32(LARGEST_CODE)
    scales = wanted.astype(np.float16).view(np.uint16)
    # the next bit pattern is the next larger half
    scales += scales.view(np.float16).astype(np.float32) < wanted
    steps = scales.view(np.float16).astype(np.float32)
    steps[steps == 0] = 1  # a group of zeros
    codes = np.rint(groups / steps[:, :, None]).astype(np.int8)
    return codes.reshape(values.shape), scales
