"""The manifest: everything about an image that is not bytes of device memory."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from wingbeat.hw.config import AcceleratorConfig

IMAGE_FORMAT: Literal[1] = 1
"""Raised whenever an image file would be read differently."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
Word = Annotated[int, Field(ge=0, lt=1 << 32)]
"""Token ids, check sums and addresses in beats: 32 bits."""
Size = Annotated[int, Field(ge=1, lt=1 << 32)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RegionEntry(_Part):
    """A region of device memory; `crc32c` of its contents, or None if it begins empty."""

    name: Name
    start: Word
    beats: Word
    striped: bool
    writable: bool
    crc32c: Word | None


class ArgumentEntry(_Part):
    """An argument of the program."""

    name: Name
    register_: Word = Field(alias="register")
    low: Word
    high: Word
    meaning: str


class ModelEntry(_Part):
    """What the model is: for people, and for whoever streams from it."""

    name: str
    architecture: str
    layers: Size
    hidden: Size
    heads: Size
    kv_heads: Size
    head_dim: Size
    ffn: Size
    vocabulary: Size
    trained_context: Size
    weight_bytes: int = Field(ge=0)


class TextEntry(_Part):
    """Special tokens and chat template.

    Attributes
    ----------
    bos, eos : token ids, None if the model has none
    stop : all ids that end a generation
    add_bos : whether a prompt begins with `bos`
    chat_template : Jinja source, None if the file has none
    """

    bos: Word | None
    eos: Word | None
    stop: tuple[Word, ...]
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
    chunk: Size
    context: Size
    slots: Size
    token_words: Size
    logit_words: Size
    maximum_words: Size
    crc32c: Word


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
    tokenizer_crc32c: Word
