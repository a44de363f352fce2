from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.compiler import small
from tests.compiler.graph.models import GROUPED, graph, weights

from wingbeat.compiler.frontend.llama_parameters import LlamaParameters
from wingbeat.compiler.graph.passes import fuse_swiglu
from wingbeat.compiler.graph.reference import Reference

Double = npt.NDArray[np.float64]


def forward(p: LlamaParameters, tensors: dict[str, Any], tokens: list[int]) -> Double:
    """Llama in float64, position by position and head by head, with no graph."""
    w = {name: array.astype(np.float64) for name, array in tensors.items()}
    pairs = np.arange(p.head_dim // 2)
    angles = p.rope_theta ** (-2.0 * pairs / p.head_dim) / np.array(p.rope_divisors)
    keys: list[list[Any]] = [[] for _ in range(p.layers)]
    values: list[list[Any]] = [[] for _ in range(p.layers)]

    def norm(x: Double, gain: Double) -> Double:
        return np.asarray(x / np.sqrt((x @ x) / len(x) + p.rms_epsilon) * gain)

    def rotated(v: Double, position: int) -> Any:
        return (v[: len(pairs)] + 1j * v[len(pairs) :]) * np.exp(1j * position * angles)

    def layer(i: int, x: Double, position: int) -> Double:
        t = {name.split(".")[2]: w[name] for name in w if name.startswith(f"blk.{i}.")}
        h = norm(x, t["attn_norm"])
        q, k, v = ((t[f"attn_{n}"] @ h).reshape(-1, p.head_dim) for n in "qkv")
        keys[i].append([rotated(head, position) for head in k])
        values[i].append(v)
        out = []
        for head in range(p.heads):
            kv = head * p.kv_heads // p.heads
            turned = rotated(q[head], position)
            scores = np.array([(turned @ np.conj(past[kv])).real for past in keys[i]])
            e = np.exp(scores / np.sqrt(p.head_dim))
            out.append(e / e.sum() @ np.array([past[kv] for past in values[i]]))
        x = x + t["attn_output"] @ np.concatenate(out)
        h = norm(x, t["ffn_norm"])
        gate = t["ffn_gate"] @ h
        return np.asarray(x + t["ffn_down"] @ (gate / (1 + np.exp(-gate)) * (t["ffn_up"] @ h)))

    rows = []
    for position, token in enumerate(tokens):
        x = w["token_embd.weight"][token]
        for i in range(p.layers):
            x = layer(i, x, position)
        head_matrix = w["token_embd.weight" if p.tied_head else "output.weight"]
        rows.append(head_matrix @ norm(x, w["output_norm.weight"]))
    return np.array(rows)


@pytest.mark.parametrize("parameters", [small.LLAMA, GROUPED])
@pytest.mark.parametrize("seed", [1, 2])
def test_logits_are_those_of_an_independent_llama(parameters: LlamaParameters, seed: int) -> None:
    tensors = weights(parameters, seed)
    tokens = np.random.default_rng(seed).integers(0, parameters.vocabulary, 20)
    for made in (graph(parameters), fuse_swiglu(graph(parameters))):
        reference = Reference(made, tensors.__getitem__, tensors.__getitem__)
        logits = reference.logits(tokens)
        assert logits.dtype == np.float32
        expected = forward(parameters, tensors, tokens.tolist())
        assert np.abs(expected).max() > 0.5
        np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


def test_a_token_sees_nothing_behind_it() -> None:
    tensors = weights(GROUPED, 4)
    reference = Reference(graph(GROUPED), tensors.__getitem__, tensors.__getitem__)
    whole = reference.logits(np.arange(10))
    np.testing.assert_allclose(reference.logits(np.arange(4)), whole[:4], rtol=1e-4, atol=1e-6)


def test_a_large_negative_gate_does_not_overflow() -> None:
    tensors = weights(small.LLAMA, 5)
    for name in tensors:
        if "ffn_gate" in name:
            tensors[name] *= np.float32(1e4)
    reference = Reference(graph(), tensors.__getitem__, tensors.__getitem__)
    with np.errstate(over="raise"):
        assert np.isfinite(reference.logits(np.arange(8))).all()
