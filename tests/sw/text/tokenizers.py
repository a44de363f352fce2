"""Tokenizers for tests, and what their tokens are in bytes."""

from __future__ import annotations

from functools import cache

from tests.sim.runner import TINY
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers

from wingbeat.compiler.frontend.container import read_gguf
from wingbeat.compiler.frontend.tokenizer import build_tokenizer


@cache
def byte_level() -> Tokenizer:
    """The 512 byte-level tokens of tiny.gguf."""
    return build_tokenizer(read_gguf(TINY).metadata)


@cache
def byte_of() -> dict[str, int]:
    """GPT-2's letters for bytes: printable ones stand for themselves, the rest is from 256 on."""
    own = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {chr(byte): byte for byte in own}
    rest = [byte for byte in range(256) if byte not in own]
    return letters | {chr(256 + index): byte for index, byte in enumerate(rest)}


@cache
def token_bytes() -> list[bytes]:
    """Bytes of each token of `byte_level`; control tokens are none."""
    tokenizer = byte_level()
    control = tokenizer.get_added_tokens_decoder()
    found = []
    for index in range(tokenizer.get_vocab_size()):
        letters = "" if index in control else tokenizer.id_to_token(index) or ""
        found.append(bytes(byte_of()[letter] for letter in letters))
    return found


@cache
def byte_fallback() -> Tokenizer:
    """A SentencePiece one: control token 0, bytes from 1 on, then a few words."""
    words = ["▁", "▁the", "re", "é", "▁wir"]
    names = ["<s>", *(f"<0x{byte:02X}>" for byte in range(256)), *words]
    model = models.BPE(
        vocab={name: i for i, name in enumerate(names)}, merges=[], byte_fallback=True
    )
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    tokenizer.add_special_tokens([AddedToken("<s>", special=True)])
    return tokenizer
