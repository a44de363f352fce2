"""The numbers that describe a model of the Llama family, checked against each other."""

from __future__ import annotations

import dataclasses
import math

from wingbeat.hw.errors import ModelError

LIMITS = {
    "layers": 1024,
    "hidden": 1 << 16,
    "heads": 1024,
    "kv_heads": 1024,
    "head_dim": 1024,
    "ffn": 1 << 18,
    "vocabulary": 1 << 20,
    "context": 1 << 24,
}
"""Largest value of each count, several times that of any published Llama; the least is 1."""


@dataclasses.dataclass(frozen=True)
class LlamaParameters:
    """What a Llama model is, apart from its weights.

    Attributes
    ----------
    layers : decoder layers
    hidden : elements of the residual stream
    heads : query heads
    kv_heads : key and value heads, each shared by heads / kv_heads query heads
    head_dim : elements of one head
    ffn : elements between the up and the down projection
    vocabulary : tokens
    context : positions that the model was trained for
    rope_theta : base of the rotary frequencies
    rope_divisors : head_dim / 2 divisors, 1.0 where positions are not stretched: pair i turns by
        `rope_theta ** (-2 * i / head_dim) / rope_divisors[i]` radians a position
    rms_epsilon : added to the mean square before its root is taken
    tied_head : the token embedding is the output head as well

    Raises
    ------
    ModelError
        When a number is out of range or does not fit another.
    """

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn: int
    vocabulary: int
    context: int
    rope_theta: float
    rope_divisors: tuple[float, ...]
    rms_epsilon: float
    tied_head: bool

    def __post_init__(self) -> None:
        for name, limit in LIMITS.items():
            value = getattr(self, name)
            if not 1 <= value <= limit:
                raise ModelError(f"`{name}` of a Llama model must be 1 to {limit}, not {value}")
        if self.heads % self.kv_heads:
            raise ModelError(
                f"`heads` must be a multiple of `kv_heads`, not {self.heads} of {self.kv_heads}"
            )
        if self.head_dim % 2:
            raise ModelError(f"`head_dim` must be even for rotary pairs, not {self.head_dim}")
        if len(self.rope_divisors) != self.head_dim // 2:
            raise ModelError(
                f"`rope_divisors` must be {self.head_dim // 2} numbers, half of `head_dim`, "
                f"not {len(self.rope_divisors)}"
            )
        for name, value in (
            ("rope_theta", self.rope_theta),
            ("rms_epsilon", self.rms_epsilon),
            *(("rope_divisors", divisor) for divisor in self.rope_divisors),
        ):
            if not (math.isfinite(value) and value > 0):
                raise ModelError(f"`{name}` must be positive and finite, not {value}")
