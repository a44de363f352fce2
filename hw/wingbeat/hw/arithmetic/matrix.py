"""The matrix unit's arithmetic: exact integers inside a group of 32, FP32 across groups.

For weight row r, group g and operand vector v, with `d` and `m` the weight's scale and minimum,
`s` and `A` the operand's scale and sum of codes:

    I   = sum over the group of weight code * operand code      exact integer, below 2**24
    u   = d * I                                                 rounded, one DSP slice
    t   = u + m * A       (formats with a minimum)              m * A is exact, sum rounded
    p   = t * s                                                 rounded, one DSP slice
    acc = acc + p                                               rounded

Groups are dealt to `strands` accumulators (group index mod strands), each ascending from +0, joined
by a fixed tree: the upper half of the strands is added to the lower half until one is left. See
`quantise.QUIET_LIMIT` for why no subnormal can arise.

A group of zero codes, or of zero operand codes, adds a zero: results do not depend on how far a
reduction is padded, nor on how tokens are chunked.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wingbeat.hw.arithmetic.fp32 import QUIET_NAN, Float

_BLOCK = 1 << 16
"""Group results computed at once: what fits a processor's second-level cache."""


def multiply(
    codes: npt.NDArray[np.int8],
    scales: Float | None,
    minima: Float | None,
    operand_codes: npt.NDArray[np.int8],
    operand_scales: Float,
    operand_sums: npt.NDArray[np.int16],
    strands: int,
) -> Float:
    """Multiply a coded matrix with quantised operand vectors.

    Parameters
    ----------
    codes : int8 (groups, 32, rows)
    scales, minima : float32 (groups, rows), or None
    operand_codes : int8 (groups, vectors, 32)
    operand_scales : float32 (groups, vectors)
    operand_sums : int16 (groups, vectors)
    strands : 1, 2, 4 or 8

    Returns
    -------
    float32 (vectors, rows)
    """
    groups, _, rows = codes.shape
    vectors = operand_codes.shape[1]
    operands = operand_codes.astype(np.float32, order="C")
    sums = operand_sums.astype(np.float32)
    accumulators = np.zeros((strands, vectors, rows), np.float32)
    step = max(1, _BLOCK // max(1, rows * vectors))
    for first in range(0, groups, step):
        block = slice(first, first + step)
        # float32 is exact here: |I| is at most 32 * 127 * 127
        results = np.matmul(operands[block], codes[block].astype(np.float32))
        if scales is not None:
            results *= scales[block, None, :]
        if minima is not None:
            results += minima[block, None, :] * sums[block, :, None]
        results *= operand_scales[block, :, None]
        for offset, result in enumerate(results):
            accumulators[(first + offset) % strands] += result
    while len(accumulators) > 1:
        half = len(accumulators) // 2
        accumulators = accumulators[:half] + accumulators[half:]
    joined: Float = accumulators[0]
    nan = np.isnan(joined)
    if nan.any():
        joined[nan] = QUIET_NAN
    return joined
