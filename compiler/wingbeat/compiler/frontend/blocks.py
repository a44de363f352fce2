"""GGUF blocks whose codes run unchanged: Q4_0, Q4_1 and Q8_0, taken apart.

A block holds 32 consecutive columns of one row. Halves are IEEE binary16, little-endian:

======  =====  ======================================  ==================================
kind    bytes  layout                                  a weight
======  =====  ======================================  ==================================
Q4_0       18  scale, 16 bytes of two codes            scale * (code - 8), code 0..15
Q4_1       20  scale, minimum, 16 bytes of two codes   scale * code + minimum, code 0..15
Q8_0       34  scale, 32 signed bytes                  scale * code, code -127..127
======  =====  ======================================  ==================================

Byte j of a 4-bit block holds column j in its low half and column j + 16 in its high half. Source:
`block_q4_0`, `block_q4_1` and `block_q8_0` in ggml-common.h of https://github.com/ggml-org/ggml.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wingbeat.compiler.frontend.checkpoint import StoredTensor
from wingbeat.compiler.frontend.naming import quoted
from wingbeat.hw.errors import ModelError
from wingbeat.hw.formats import GROUP, Q4_0, Q4_1, Q8_0, CodedMatrix

_HALF = 2
"""Bytes of a scale or a minimum."""

_EXPONENT = 0x7C00
"""Exponent field of a half; all ones in an infinity and in a NaN."""


def take_q4_0(tensor: StoredTensor) -> CodedMatrix:
    """Take a Q4_0 matrix apart: codes -8..7, scales; the values are those of the file.

    Raises
    ------
    ModelError
        When a scale is infinite or not a number.
    """
    blocks = _blocks(tensor, _HALF + GROUP // 2)
    codes = _nibbles(blocks[:, :, _HALF:]).view(np.int8)
    codes -= 8
    return CodedMatrix(Q4_0, codes, _halves(blocks, 0, tensor, "scale"))


def take_q4_1(tensor: StoredTensor) -> CodedMatrix:
    """Take a Q4_1 matrix apart: codes 0..15, scales, minima; the values are those of the file.

    Raises
    ------
    ModelError
        When a scale or a minimum is infinite or not a number.
    """
    blocks = _blocks(tensor, 2 * _HALF + GROUP // 2)
    return CodedMatrix(
        Q4_1,
        _nibbles(blocks[:, :, 2 * _HALF :]),
        _halves(blocks, 0, tensor, "scale"),
        _halves(blocks, _HALF, tensor, "minimum"),
    )


def take_q8_0(tensor: StoredTensor) -> tuple[CodedMatrix, int]:
    """Take a Q8_0 matrix apart: codes -127..127 and scales.

    Returns
    -------
    matrix : with the values of the file, but for the codes counted next
    clamped : codes of -128, which llama.cpp never writes, that have become -127

    Raises
    ------
    ModelError
        When a scale is infinite or not a number.
    """
    blocks = _blocks(tensor, _HALF + GROUP)
    codes = blocks[:, :, _HALF:].copy().view(np.int8).reshape(tensor.shape)
    clamped = int(np.count_nonzero(codes == -128))
    if clamped:
        np.maximum(codes, -127, out=codes)
    return CodedMatrix(Q8_0, codes, _halves(blocks, 0, tensor, "scale")), clamped


def _blocks(tensor: StoredTensor, block_bytes: int) -> npt.NDArray[np.uint8]:
    """View the data as (rows, blocks, bytes of a block)."""
    return tensor.data.reshape(tensor.data.shape[0], -1, block_bytes)


def _nibbles(packed: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Unpack (rows, blocks, 16) bytes into (rows, 32 * blocks) codes 0..15."""
    codes = np.empty((*packed.shape[:2], GROUP), np.uint8)
    np.bitwise_and(packed, 0x0F, out=codes[:, :, : GROUP // 2])
    np.right_shift(packed, 4, out=codes[:, :, GROUP // 2 :])
    return codes.reshape(packed.shape[0], -1)


def _halves(
    blocks: npt.NDArray[np.uint8], at: int, tensor: StoredTensor, part: str
) -> npt.NDArray[np.uint16]:
    """Copy the half at byte `at` of every block, as bit patterns (rows, blocks)."""
    bits = blocks[:, :, at : at + _HALF].copy().view("<u2")[:, :, 0].astype(np.uint16)
    bad = (bits & _EXPONENT) == _EXPONENT
    if bad.any():
        row, block = np.unravel_index(int(bad.argmax()), bad.shape)
        raise ModelError(
            f"every {part} of tensor {quoted(tensor.name)} must be finite, and that of "
            f"row {row}, block {block} is {bits[row, block].view(np.float16)}"
        )
    return bits
