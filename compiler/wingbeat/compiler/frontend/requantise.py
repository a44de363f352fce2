"""Rounding to signed codes, for matrices whose stored ones no decode unit reads."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wingbeat.hw.formats import Q8_0, WeightFormat


def largest_weight(weights: WeightFormat) -> float:
    """Return the magnitude up to which a weight fits a half as scale and a signed code."""
    return weights.code_range[1] * float(np.finfo(np.float16).max)


def requantise(
    values: npt.NDArray[np.float32], weights: WeightFormat = Q8_0
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.uint16]]:
    """Round to nearest, each group with the smallest half as scale that needs no clipping.

    Parameters
    ----------
    values : float32 (rows, columns), magnitudes up to `largest_weight`; columns is a multiple
        of the format's group
    weights : a format of signed codes

    Returns
    -------
    codes : int8 (rows, columns), as many below zero as above
    scales : uint16 (rows, columns / group), bit patterns of IEEE halves
    """
    groups = values.reshape(values.shape[0], -1, weights.group)
    wanted = np.abs(groups).max(axis=2) / np.float32(weights.code_range[1])
    scales = wanted.astype(np.float16).view(np.uint16)
    # the next bit pattern is the next larger half
    scales += scales.view(np.float16).astype(np.float32) < wanted
    steps = scales.view(np.float16).astype(np.float32)
    steps[steps == 0] = 1  # a group of zeros
    codes = np.rint(groups / steps[:, :, None]).astype(np.int8)
    return codes.reshape(values.shape), scales
