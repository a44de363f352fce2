"""The larger of two FP32 numbers."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import C, Cat, Mux

from wingbeat.hw.rtl.fp32.format import NAN_BITS, WIDTH, is_nan


def order_key(word: Any) -> Any:
    """Return 32 unsigned bits that sort as the numbers do, -0 below +0; not for NaNs."""
    sign = word[WIDTH - 1]
    return Cat(word[: WIDTH - 1] ^ sign.replicate(WIDTH - 1), ~sign)


def maximum(a: Any, b: Any) -> Any:
    """Return `arithmetic.fp32.maximum` of two words, combinational."""
    larger = Mux(order_key(a) > order_key(b), a, b)
    return Mux(is_nan(a) | is_nan(b), C(NAN_BITS, WIDTH), larger)
