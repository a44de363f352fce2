"""Small model files for tests: sound ones through `GGUFWriter`, broken ones byte by byte."""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gguf import GGMLQuantizationType, GGUFWriter, TokenType
from gguf.quants import quantize

from wingbeat.compiler.frontend.llama_parameters import LlamaParameters
from wingbeat.compiler.frontend.llama_tensors import tensor_shapes

SMALL = LlamaParameters(
    layers=2,
    hidden=64,
    heads=4,
    kv_heads=2,
    head_dim=16,
    ffn=96,
    vocabulary=12,
    context=128,
    rope_theta=10000.0,
    rope_divisors=(1.0,) * 8,
    rms_epsilon=1e-5,
    tied_head=True,
)

TOKENS = ["<s>", "</s>", "<extra>", "a", "b", "c", "Ġ", "ab", "abc", "Ġa", "Ġab", "Ġabc"]
MERGES = ["a b", "ab c", "Ġ a", "Ġ ab", "Ġab c"]
KINDS = [int(TokenType.CONTROL)] * 2 + [int(TokenType.USER_DEFINED)] + [int(TokenType.NORMAL)] * 9

BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
"""The byte tokens of a SentencePiece vocabulary."""


def sentencepiece_metadata(pieces: list[str], prefix: bool = True) -> dict[str, Any]:
    """A vocabulary of `pieces`, best first, behind the begin, end and byte tokens."""
    kinds = [TokenType.CONTROL] * 2 + [TokenType.BYTE] * 256 + [TokenType.NORMAL] * len(pieces)
    return {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.add_space_prefix": prefix,
        "tokenizer.ggml.tokens": ("<s>", "</s>", *BYTES, *pieces),
        "tokenizer.ggml.token_type": np.array(kinds, np.int32),
        "tokenizer.ggml.scores": -np.arange(len(kinds), dtype=np.float32),
    }


def model_metadata() -> dict[str, Any]:
    """Metadata of a sound model of the shape `SMALL`."""
    return {
        "general.name": "small",
        "llama.block_count": SMALL.layers,
        "llama.context_length": SMALL.context,
        "llama.embedding_length": SMALL.hidden,
        "llama.feed_forward_length": SMALL.ffn,
        "llama.attention.head_count": SMALL.heads,
        "llama.attention.head_count_kv": SMALL.kv_heads,
        "llama.attention.layer_norm_rms_epsilon": SMALL.rms_epsilon,
        "llama.rope.freq_base": SMALL.rope_theta,
        "llama.rope.dimension_count": SMALL.head_dim,
        "llama.vocab_size": SMALL.vocabulary,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": TOKENS,
        "tokenizer.ggml.token_type": KINDS,
        "tokenizer.ggml.merges": MERGES,
        "tokenizer.ggml.bos_token_id": 0,
        "tokenizer.ggml.eos_token_id": 1,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": "{{ messages }}",
    }


def model_tensors(
    parameters: LlamaParameters = SMALL,
    matrices: GGMLQuantizationType = GGMLQuantizationType.Q4_1,
    vectors: GGMLQuantizationType = GGMLQuantizationType.F32,
) -> dict[str, tuple[npt.NDArray[np.float32], GGMLQuantizationType]]:
    """Random weights of a sound model, its embedding Q8_0."""
    rng = np.random.default_rng(0)
    tensors = {}
    for name, shape in tensor_shapes(parameters).items():
        kind = vectors if len(shape) == 1 else matrices
        if name == "token_embd.weight":
            kind = GGMLQuantizationType.Q8_0
        tensors[name] = (rng.standard_normal(shape).astype(np.float32), kind)
    return tensors


def write_gguf(
    path: Path,
    metadata: Mapping[str, Any] | None = None,
    tensors: Mapping[str, tuple[npt.NDArray[np.float32], GGMLQuantizationType]] | None = None,
    architecture: str = "llama",
    alignment: int | None = None,
) -> Path:
    """Write a file with the reference writer; without arguments, a sound model."""
    writer = GGUFWriter(path, architecture)
    if alignment is not None:
        writer.add_custom_alignment(alignment)
    for key, value in (model_metadata() if metadata is None else metadata).items():
        if isinstance(value, bool):
            writer.add_bool(key, value)
        elif isinstance(value, int):
            writer.add_uint32(key, value)
        elif isinstance(value, float):
            writer.add_float32(key, value)
        elif isinstance(value, str):
            writer.add_string(key, value)
        else:
            writer.add_array(key, value.tolist() if isinstance(value, np.ndarray) else value)
    for name, (values, kind) in (model_tensors() if tensors is None else tensors).items():
        writer.add_tensor(name, quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def string(text: str | bytes) -> bytes:
    """A length and the bytes."""
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(raw)) + raw


def entry(key: str | bytes, kind: int, payload: bytes) -> bytes:
    """One metadata entry."""
    return string(key) + struct.pack("<I", kind) + payload


def tensor(name: str, dimensions: tuple[int, ...], kind: int = 0, offset: int = 0) -> bytes:
    """One entry of the directory; `dimensions` in the order of the file."""
    return (
        string(name)
        + struct.pack("<I", len(dimensions))
        + struct.pack(f"<{len(dimensions)}Q", *dimensions)
        + struct.pack("<IQ", kind, offset)
    )


def container(
    entries: tuple[bytes, ...] = (),
    tensors: tuple[bytes, ...] = (),
    data: bytes = b"",
    *,
    version: int = 3,
    counts: tuple[int, int] | None = None,
) -> bytes:
    """A whole file of given parts, data aligned to 32; `counts` are tensors and entries."""
    tensor_count, entry_count = counts or (len(tensors), len(entries))
    header = b"GGUF" + struct.pack("<IQQ", version, tensor_count, entry_count)
    header += b"".join(entries) + b"".join(tensors)
    return header + bytes(-len(header) % 32) + data
