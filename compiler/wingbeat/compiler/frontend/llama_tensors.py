"""The tensors of a Llama model: their GGUF names and their shapes."""

from __future__ import annotations

from wingbeat.compiler.frontend.checkpoint import Checkpoint
from wingbeat.compiler.frontend.llama_parameters import LlamaParameters
from wingbeat.compiler.frontend.naming import quoted
from wingbeat.hw.errors import ModelError

EMBEDDING = "token_embd.weight"
"""Token embedding (vocabulary, hidden); the output head as well where `HEAD` is absent."""

HEAD = "output.weight"
"""Output head (vocabulary, hidden), where it is not tied to the embedding."""

FINAL_NORM = "output_norm.weight"
"""Weights of the norm before the head (hidden,)."""

ROPE_FACTORS = "rope_freqs.weight"
"""Optional divisors of the rotary frequencies (head_dim / 2,), as Llama 3.1 has them."""

TENSORS_PER_LAYER = 9
"""Two norms, four projections of the attention, three of the feed-forward network."""


def layer_shapes(parameters: LlamaParameters, layer: int) -> dict[str, tuple[int, ...]]:
    """Return name and shape of every tensor of one decoder layer, in the order of computation."""
    p = parameters
    queries, keys = p.heads * p.head_dim, p.kv_heads * p.head_dim
    shapes: dict[str, tuple[int, ...]] = {
        "attn_norm": (p.hidden,),
        "attn_q": (queries, p.hidden),
        "attn_k": (keys, p.hidden),
        "attn_v": (keys, p.hidden),
        "attn_output": (p.hidden, queries),
        "ffn_norm": (p.hidden,),
        "ffn_gate": (p.ffn, p.hidden),
        "ffn_up": (p.ffn, p.hidden),
        "ffn_down": (p.hidden, p.ffn),
    }
    return {f"blk.{layer}.{part}.weight": shape for part, shape in shapes.items()}


def tensor_shapes(parameters: LlamaParameters) -> dict[str, tuple[int, ...]]:
    """Return name and shape of every tensor that the model must have, in the order of use."""
    matrix = (parameters.vocabulary, parameters.hidden)
    shapes: dict[str, tuple[int, ...]] = {EMBEDDING: matrix}
    for layer in range(parameters.layers):
        shapes |= layer_shapes(parameters, layer)
    shapes[FINAL_NORM] = (parameters.hidden,)
    if not parameters.tied_head:
        shapes[HEAD] = matrix
    return shapes


def check_tensors(checkpoint: Checkpoint, parameters: LlamaParameters) -> None:
    """Check that a file has exactly the tensors of the model, each of its shape.

    Raises
    ------
    ModelError
        Naming the first tensor that is missing, has another shape, or belongs to no such model.
    """
    expected = tensor_shapes(parameters)
    for name, shape in expected.items():
        tensor = checkpoint.tensors.get(name)
        if tensor is None:
            raise ModelError(f"tensor `{name}` must be present, of shape {shape}")
        if tensor.shape != shape:
            raise ModelError(f"tensor `{name}` must have shape {shape}, not {tensor.shape}")
    for name in checkpoint.tensors:
        if name not in expected and name != ROPE_FACTORS:
            raise ModelError(
                f"tensor {quoted(name)} must not be there: a Llama model has no such tensor, and "
                f"leaving it out would change the results"
            )
