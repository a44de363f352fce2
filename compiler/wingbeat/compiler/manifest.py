"""The manifest: everything about an image that is not bytes of device memory."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from wingbeat.hw.config import AcceleratorConfig

IMAGE_FORMAT: Literal[1] = 1
"""Raised whenever an image file would be read differently."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RegionEntry(_Part):
    """A region of device memory; `crc32c` of its contents, or None if it begins empty."""

    name: str
    start: int = Field(ge=0)
    beats: int = Field(ge=0)
    striped: bool
    writable: bool
    crc32c: int | None


class ArgumentEntry(_Part):
    """An argument of the program."""

    name: str
    register_: int = Field(alias="register", ge=0)
    low: int = Field(ge=0)
    high: int = Field(ge=0)
    meaning: str


class ModelEntry(_Part):
    """What the model is: for people, and for whoever streams from it."""

    name: str
    architecture: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn: int
    vocabulary: int
    trained_context: int
    weight_bytes: int


class TextEntry(_Part):
    """Special tokens and chat template.

    Attributes
    ----------
    bos, eos : token ids, None if the model has none
    stop : all ids that end a generation
    add_bos : whether a prompt begins with `bos`
    chat_template : Jinja source, None if the file has none
    """

    bos: int | None
    eos: int | None
    stop: tuple[int, ...]
    add_bos: bool
    chat_template: str | None


class ProgramEntry(_Part):
    """How to start the program and where it leaves its results.

    Attributes
    ----------
    arguments : registers that the host sets
    purposes : what each instruction is for
    chunk : tokens of a prefill chunk
    context : positions of a slot
    slots : requests whose caches are kept at once
    token_words : words from one slot's token list to the next
    logit_words : words from one row of logits to the next
    maximum_words : logits that share one maximum
    crc32c : of the encoded instructions
    """

    arguments: tuple[ArgumentEntry, ...]
    purposes: tuple[str, ...]
    chunk: int = Field(ge=1)
    context: int = Field(ge=1)
    slots: int = Field(ge=1)
    token_words: int = Field(ge=1)
    logit_words: int = Field(ge=1)
    maximum_words: int = Field(ge=1)
    crc32c: int


class Manifest(_Part):
    """The whole manifest."""

    format: Literal[1]
    isa_version: int
    config_digest: str
    board: str
    config: AcceleratorConfig
    model: ModelEntry
    text: TextEntry
    program: ProgramEntry
    regions: tuple[RegionEntry, ...]
    tokenizer_crc32c: int
