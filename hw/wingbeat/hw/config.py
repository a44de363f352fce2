"""One validated description of an accelerator, from which every size follows."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from wingbeat.hw import enum
from wingbeat.hw.errors import ConfigError
from wingbeat.hw.formats import KEY_CACHE, VALUE_CACHE, WeightFormat
from wingbeat.hw.isa.operands import GRANULE

CHAIN_SLICES = 16
"""DSP slices of one chain."""

CHAIN_PRODUCTS = 2 * CHAIN_SLICES
"""INT8 products of one chain in a cycle: two a slice."""

BEAT_BITS = 128
"""Weight codes that enter a lane in a cycle."""

BANDWIDTH_MARGIN = 1.1
"""How much faster the lanes must be than the memory, so that queues refill after a stall."""

ACCUMULATOR_ROWS = 16
"""Rows of a tile in one lane, at most."""

LARGEST_STRANDS = 8


class Multiplier(enum.Enum, shape=2):
    """DSP primitive of a slice."""

    BEHAVIOURAL = 0
    DSP48E2 = 1
    DSP48E1 = 2
    MULT18X18D = 3


class AcceleratorConfig(BaseModel):
    """Sizes of one accelerator core.

    Raises
    ------
    ConfigError
        From `load` and `parse`: one sentence with the value, the limit and its reason.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    lanes: int = Field(ge=1, le=64)
    """Lanes of the matrix processing engine; each takes 128 bits of codes a cycle."""
    columns: int = Field(default=1, ge=1, le=8)
    """Chains of a lane, fed by the same codes and different vectors."""
    ports: int = Field(default=1, ge=1, le=32)
    """AXI read ports for weights; each serves `lanes / ports` lanes."""
    port_bits: Literal[64, 128, 256, 512] = 128
    """Width of a port: half a beat, or at most one beat for each of its lanes."""
    vector_lanes: Literal[4, 8, 16] = 16
    """FP32 elements of the vector machine a cycle."""
    tokens: int = Field(default=32, ge=1, le=128)
    """Vectors that a multiplication takes at once: the chunk of a prefill."""
    vector_memory_kib: int = Field(default=1024, ge=16, le=4096)
    """Vector memory, FP32."""
    operand_memory_kib: int = Field(default=256, ge=8, le=2048)
    """Operand memory, INT8 codes; scales and sums take 6 bytes a group more."""
    prefetch_beats: int = Field(default=512, ge=32, le=8192)
    """Depth of each lane's weight queue, beats."""
    queue_depth: int = Field(default=16, ge=2, le=64)
    """Instructions that wait at a unit."""
    formats: tuple[str, ...] = ("int4g32", "uint4g32", "int8g32")
    """Weight formats that the decode units are built for."""
    multiplier: Literal["BEHAVIOURAL", "DSP48E2", "DSP48E1", "MULT18X18D"] = "BEHAVIOURAL"
    """DSP primitive of the chain's slices."""
    clock_mhz: float = Field(default=250.0, gt=0, le=1000)
    """Clock of the accelerator; an assumption until a bitstream meets it."""

    @field_validator("formats")
    @classmethod
    def _known_formats(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        if not formats:
            raise ValueError("`formats` must name at least one weight format")
        return tuple(WeightFormat.parse(name).name for name in formats)

    @model_validator(mode="after")
    def _limits(self) -> AcceleratorConfig:
        if self.lanes % self.ports:
            raise ValueError(
                f"`lanes` must be a multiple of `ports` ({self.ports}), not {self.lanes}: "
                "a port deals its beats evenly to its lanes"
            )
        lanes, beats = self.lanes // self.ports, self.port_bits // BEAT_BITS
        if beats and lanes % beats:
            raise ValueError(
                f"`lanes` / `ports` must be a multiple of {beats}, the beats of a port's word, not "
                f"{lanes}: a port deals each word to its lanes, one beat each"
            )
        if self.tokens % self.columns:
            raise ValueError(
                f"`tokens` must be a multiple of `columns` ({self.columns}), not {self.tokens}: "
                "each column takes an equal share of the vectors"
            )
        narrowest = min(
            (WeightFormat.parse(name) for name in self.formats), key=WeightFormat.bits_per_weight
        )
        wanted = self.lanes * CHAIN_PRODUCTS * narrowest.bits_per_weight()
        offered = BANDWIDTH_MARGIN * self.ports * self.port_bits
        if wanted < offered:
            raise ValueError(
                f"`lanes` must consume at least {offered:.0f} bits a cycle (1.1 x the ports) in "
                f"the narrowest format, not {wanted:.0f} ({self.lanes} lanes of {narrowest.name}): "
                "slower lanes waste memory bandwidth"
            )
        return self

    @property
    def vector_words(self) -> int:
        """FP32 words of the vector memory."""
        return self.vector_memory_kib * 256

    @property
    def vector_granules(self) -> int:
        """Granules of 16 words of the vector memory."""
        return self.vector_words // GRANULE

    @property
    def operand_groups(self) -> int:
        """Groups of 32 codes of the operand memory."""
        return self.operand_memory_kib * 32

    @property
    def accumulators(self) -> int:
        """FP32 accumulators of one lane: 16 rows of each vector, and at least of 8 strands.

        Twice as many where two row pairs are multiplied in a step, which takes twice the strands.
        """
        return ACCUMULATOR_ROWS * max(self.tokens, LARGEST_STRANDS) * (2 if self.twins else 1)

    @property
    def twins(self) -> bool:
        """Whether a lane multiplies two row pairs of a 4:16 or 2:16 matrix by one vector in a step.

        They share the slices; two columns, of which one vector needs only one, add them up.
        """
        return self.columns > 1 and any(weights.sparse for weights in self.weight_formats)

    @property
    def port_bytes(self) -> int:
        """Bytes of all ports in a cycle: the peak memory bandwidth."""
        return self.ports * self.port_bits // 8

    @property
    def word_beats(self) -> int:
        """Beats of a port's bus word, at least one: memory is read in whole words."""
        return max(1, self.port_bits // BEAT_BITS)

    @property
    def weight_formats(self) -> tuple[WeightFormat, ...]:
        """`formats`, parsed."""
        return tuple(WeightFormat.parse(name) for name in self.formats)

    @property
    def decoded_formats(self) -> tuple[WeightFormat, ...]:
        """Formats that the lanes decode: those of `formats`, and the caches'."""
        return tuple(dict.fromkeys((*self.weight_formats, KEY_CACHE, VALUE_CACHE)))

    @property
    def digest(self) -> str:
        """Hash of everything that changes the hardware: 16 hexadecimal digits."""
        fields = self.model_dump(mode="json", exclude={"clock_mhz"})
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @classmethod
    def parse(cls, fields: object) -> AcceleratorConfig:
        """Validate a mapping."""
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise ConfigError(explain(error)) from None

    @classmethod
    def load(cls, path: Path) -> AcceleratorConfig:
        """Read a YAML file."""
        return cls.parse(read_yaml(path))


def read_yaml(path: Path) -> object:
    """Read a YAML file as plain data; ConfigError if it is none."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"`{path}` must be a readable YAML file: {reason}") from None


def explain(error: ValidationError) -> str:
    """Turn the first complaint of pydantic into one sentence."""
    first = error.errors()[0]
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    place = ".".join(str(part) for part in first["loc"]) or "description"
    rule = first["msg"][0].lower() + first["msg"][1:]
    if first["type"] in ("missing", "extra_forbidden"):
        return f"`{place}`: {rule}"
    return f"`{place}`: {rule}, not {first['input']!r}"
