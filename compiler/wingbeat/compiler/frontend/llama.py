"""The Llama family: from a checked file to a model whose every number is understood.

A file is taken only when each key and each tensor in it is known: a key that changes the
arithmetic, or a bias that nobody adds, would give a model that runs and talks nonsense.

Keys and their meaning: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

from wingbeat.compiler.frontend.checkpoint import Checkpoint
from wingbeat.compiler.frontend.llama_parameters import LIMITS, LlamaParameters
from wingbeat.compiler.frontend.llama_tensors import (
    EMBEDDING,
    HEAD,
    ROPE_FACTORS,
    TENSORS_PER_LAYER,
    check_tensors,
)
from wingbeat.compiler.frontend.metadata import Metadata, integer, number, text
from wingbeat.compiler.frontend.naming import quoted
from wingbeat.compiler.frontend.vectors import read_vector
from wingbeat.hw.errors import ModelError

ARCHITECTURES = ("llama",)
"""Values of `general.architecture` that are supported."""

_PREFIX = "llama."

_KNOWN_KEYS = {
    _PREFIX + key
    for key in (
        "attention.head_count",
        "attention.head_count_kv",
        "attention.key_length",
        "attention.layer_norm_rms_epsilon",
        "attention.value_length",
        "block_count",
        "context_length",
        "embedding_length",
        "expert_count",
        "expert_used_count",
        "feed_forward_length",
        "rope.dimension_count",
        "rope.freq_base",
        "rope.scaling.factor",
        "rope.scaling.type",
        "vocab_size",
        # these three describe where the model came from and change nothing
        "rope.scaling.finetuned",
        "rope.scaling.original_context_length",
        "tensor_data_layout",
    )
}


def read_llama(checkpoint: Checkpoint) -> LlamaParameters:
    """Read the parameters of a Llama model and check that the file holds exactly its tensors.

    Norm weights and rotary factors are read and must be finite; matrices are left alone, their
    scales are checked when `matrices.read_matrix` converts them.

    Raises
    ------
    ModelError
        For another architecture, a key or tensor that is unknown, missing or out of range, and
        for numbers that contradict each other.
    """
    metadata = checkpoint.metadata
    _check_kind(metadata)
    layers = _count(metadata, "block_count", "layers")
    # before anything is made for each layer
    if layers * TENSORS_PER_LAYER > len(checkpoint.tensors):
        raise ModelError(
            f"a Llama model of {layers} layers must have {TENSORS_PER_LAYER} tensors a layer, and "
            f"the file has {len(checkpoint.tensors)} tensors in all"
        )
    hidden = _count(metadata, "embedding_length", "hidden")
    heads = _count(metadata, "attention.head_count", "heads")
    head_dim = _head_dim(metadata, hidden, heads)
    parameters = LlamaParameters(
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=_count(metadata, "attention.head_count_kv", "kv_heads", default=heads),
        head_dim=head_dim,
        ffn=_count(metadata, "feed_forward_length", "ffn"),
        vocabulary=_vocabulary(checkpoint),
        context=_count(metadata, "context_length", "context"),
        rope_theta=number(metadata, _PREFIX + "rope.freq_base", 1, 1e12, default=10000),
        rope_divisors=_rope_divisors(checkpoint, head_dim),
        rms_epsilon=number(metadata, _PREFIX + "attention.layer_norm_rms_epsilon", 1e-12, 1),
        tied_head=HEAD not in checkpoint.tensors,
    )
    check_tensors(checkpoint, parameters)
    for tensor in checkpoint.tensors.values():
        if len(tensor.shape) == 1:
            read_vector(tensor)
    return parameters


def _count(metadata: Metadata, key: str, name: str, default: int | None = None) -> int:
    return integer(metadata, _PREFIX + key, 1, LIMITS[name], default)


def _check_kind(metadata: Metadata) -> None:
    architecture = text(metadata, "general.architecture")
    if architecture not in ARCHITECTURES:
        raise ModelError(
            f"metadata `general.architecture` must be {' or '.join(ARCHITECTURES)}, "
            f"not {quoted(architecture)}"
        )
    parts = integer(metadata, "split.count", 0, 1 << 16, default=0)
    if parts > 1:
        raise ModelError(
            f"a model must be one file, and this is one of {parts}; "
            f"join them with `llama-gguf-split --merge`"
        )
    for key in metadata:
        if key.startswith(_PREFIX) and key not in _KNOWN_KEYS:
            raise ModelError(
                f"metadata {quoted(key)} must not be there: it is not supported, and leaving it "
                f"out could change the results"
            )
    for key in ("expert_count", "expert_used_count"):
        if integer(metadata, _PREFIX + key, 0, 1 << 16, default=0):
            raise ModelError(
                f"metadata `{_PREFIX}{key}` must be 0: mixtures of experts are not supported"
            )


def _head_dim(metadata: Metadata, hidden: int, heads: int) -> int:
    key = _PREFIX + "attention.key_length"
    if key not in metadata and hidden % heads:
        raise ModelError(
            f"`hidden` must be a multiple of `heads` where `{key}` is absent, "
            f"not {hidden} of {heads}"
        )
    head_dim = integer(metadata, key, 1, LIMITS["head_dim"], default=hidden // heads)
    for other in ("attention.value_length", "rope.dimension_count"):
        value = integer(metadata, _PREFIX + other, 0, LIMITS["head_dim"], default=head_dim)
        if value != head_dim:
            raise ModelError(
                f"metadata `{_PREFIX}{other}` must equal the head dimension {head_dim}, not {value}"
            )
    return head_dim


def _vocabulary(checkpoint: Checkpoint) -> int:
    """Rows of the embedding, which the metadata must confirm wherever it speaks of them."""
    embedding = checkpoint.tensors.get(EMBEDDING)
    if embedding is None:
        raise ModelError(f"tensor `{EMBEDDING}` must be present")
    rows = embedding.shape[0]
    stated = integer(
        checkpoint.metadata, _PREFIX + "vocab_size", 1, LIMITS["vocabulary"], default=rows
    )
    if stated != rows:
        raise ModelError(
            f"metadata `{_PREFIX}vocab_size` must equal the {rows} rows of `{EMBEDDING}`, "
            f"not {stated}"
        )
    return rows


def _rope_divisors(checkpoint: Checkpoint, head_dim: int) -> tuple[float, ...]:
    metadata = checkpoint.metadata
    scaling = text(metadata, _PREFIX + "rope.scaling.type", default="none")
    if scaling not in ("none", "linear"):
        raise ModelError(
            f"metadata `{_PREFIX}rope.scaling.type` must be none or linear, not {quoted(scaling)}"
        )
    factor = 1.0
    if scaling == "linear":
        factor = number(metadata, _PREFIX + "rope.scaling.factor", 1, 1e6)
    tensor = checkpoint.tensors.get(ROPE_FACTORS)
    if tensor is None:
        return (factor,) * (head_dim // 2)
    return tuple(factor * float(divisor) for divisor in read_vector(tensor))
