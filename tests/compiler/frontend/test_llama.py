import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pytest
from gguf import GGMLQuantizationType
from gguf.quants import quantize
from tests.compiler.frontend.gguf_builder import SMALL, model_metadata, model_tensors

from wingbeat.compiler.frontend.checkpoint import Checkpoint, StoredTensor
from wingbeat.compiler.frontend.container import read_gguf
from wingbeat.compiler.frontend.llama import read_llama
from wingbeat.compiler.frontend.llama_parameters import LlamaParameters
from wingbeat.compiler.frontend.llama_tensors import HEAD, ROPE_FACTORS, tensor_shapes
from wingbeat.compiler.frontend.metadata import MetadataValue
from wingbeat.hw.errors import ModelError

F32 = GGMLQuantizationType.F32
Tensors = Mapping[str, StoredTensor]


def stored(
    name: str, values: npt.NDArray[np.float32], kind: GGMLQuantizationType = F32
) -> StoredTensor:
    rows = values.shape[0] if values.ndim > 1 else 1
    raw = quantize(values, kind).view(np.uint8).reshape(rows, -1)
    return StoredTensor(name, values.shape, kind, raw)


def checkpoint(
    changes: Mapping[str, MetadataValue | None] = MappingProxyType({}),
    tensors: Mapping[str, npt.NDArray[np.float32] | None] = MappingProxyType({}),
    parameters: LlamaParameters = SMALL,
) -> Checkpoint:
    """A sound model with some keys and tensors changed; None takes one away."""
    metadata = {"general.architecture": "llama", **model_metadata(), **changes}
    parts = {name: stored(name, *model) for name, model in model_tensors(parameters).items()}
    parts |= {name: stored(name, values) for name, values in tensors.items() if values is not None}
    return Checkpoint(
        {key: value for key, value in metadata.items() if value is not None},
        {name: part for name, part in parts.items() if tensors.get(name, 0) is not None},
    )


def ones(*shape: int) -> npt.NDArray[np.float32]:
    return np.ones(shape, np.float32)


def test_reads_a_small_model() -> None:
    assert read_llama(checkpoint()) == SMALL


def test_vocabulary_comes_from_the_embedding() -> None:
    assert read_llama(checkpoint({"llama.vocab_size": None})) == SMALL


def test_defaults_of_llama_cpp() -> None:
    parameters = dataclasses.replace(SMALL, kv_heads=4)
    changes = {
        "llama.attention.head_count_kv": None,
        "llama.rope.freq_base": None,
        "llama.rope.dimension_count": None,
    }
    assert read_llama(checkpoint(changes, parameters=parameters)) == parameters


def test_head_of_its_own() -> None:
    parameters = dataclasses.replace(SMALL, tied_head=False)
    assert read_llama(checkpoint(parameters=parameters)) == parameters


def test_head_dimension_of_its_own() -> None:
    parameters = dataclasses.replace(SMALL, head_dim=32, rope_divisors=(1.0,) * 16)
    changes = {
        "llama.attention.key_length": 32,
        "llama.attention.value_length": 32,
        "llama.rope.dimension_count": 32,
    }
    assert read_llama(checkpoint(changes, parameters=parameters)) == parameters


def test_rope_divisors_multiply() -> None:
    factors = np.arange(1, 9, dtype=np.float32)
    changes: dict[str, MetadataValue] = {
        "llama.rope.scaling.type": "linear",
        "llama.rope.scaling.factor": 4.0,
    }
    parameters = read_llama(checkpoint(changes, {ROPE_FACTORS: factors}))
    assert parameters.rope_divisors == (4, 8, 12, 16, 20, 24, 28, 32)
    assert read_llama(checkpoint(changes)).rope_divisors == (4.0,) * 8


def test_names_every_tensor_once() -> None:
    names = list(tensor_shapes(dataclasses.replace(SMALL, tied_head=False)))
    assert len(names) == 3 + 9 * SMALL.layers
    assert (names[0], names[-1]) == ("token_embd.weight", HEAD)


REFUSED_KEYS: dict[str, tuple[dict[str, MetadataValue | None], str]] = {
    "architecture": (
        {"general.architecture": "gemma3"},
        "metadata `general.architecture` must be llama, not `gemma3`",
    ),
    "no architecture": (
        {"general.architecture": None},
        "metadata `general.architecture` must be a string, and is missing",
    ),
    "split": ({"split.count": 3}, "a model must be one file, and this is one of 3"),
    "unknown key": (
        {"llama.attention.sliding_window": 4096},
        "metadata `llama.attention.sliding_window` must not be there",
    ),
    "experts": (
        {"llama.expert_count": 8},
        "metadata `llama.expert_count` must be 0: mixtures of experts are not supported",
    ),
    "absurd layers": (
        {"llama.block_count": 10**9},
        "metadata `llama.block_count` must be an integer within 1..1024, not 1000000000",
    ),
    "too many layers": (
        {"llama.block_count": 3},
        "a Llama model of 3 layers must have 9 tensors a layer, and the file has 20 tensors in all",
    ),
    "too few layers": ({"llama.block_count": 1}, "tensor `blk.1.attn_norm.weight` must not be"),
    "no layers": ({"llama.block_count": 0}, "must be an integer within 1..1024, not 0"),
    "hidden missing": (
        {"llama.embedding_length": None},
        "metadata `llama.embedding_length` must be an integer within 1..65536, and is missing",
    ),
    "hidden of a string": (
        {"llama.embedding_length": "64"},
        "metadata `llama.embedding_length` must be an integer within 1..65536, not the string `64`",
    ),
    "hidden true": ({"llama.embedding_length": True}, "an integer within 1..65536, not True"),
    "hidden other": (
        {"llama.embedding_length": 128, "llama.rope.dimension_count": 32},
        "tensor `token_embd.weight` must have shape (12, 128), not (12, 64)",
    ),
    "heads a layer": (
        {"llama.attention.head_count": np.array([4, 4], np.int32)},
        "must be an integer within 1..1024, not an array of 2 int32 values",
    ),
    "heads do not divide": (
        {"llama.attention.head_count": 5},
        "`hidden` must be a multiple of `heads` where `llama.attention.key_length` is absent, "
        "not 64 of 5",
    ),
    "kv heads do not divide": (
        {"llama.attention.head_count_kv": 3},
        "`heads` must be a multiple of `kv_heads`, not 4 of 3",
    ),
    "odd head": (
        {"llama.attention.key_length": 15, "llama.rope.dimension_count": 15},
        "`head_dim` must be even for rotary pairs, not 15",
    ),
    "values of another length": (
        {"llama.attention.value_length": 8},
        "metadata `llama.attention.value_length` must equal the head dimension 16, not 8",
    ),
    "partial rotation": (
        {"llama.rope.dimension_count": 8},
        "metadata `llama.rope.dimension_count` must equal the head dimension 16, not 8",
    ),
    "vocabulary": (
        {"llama.vocab_size": 13},
        "metadata `llama.vocab_size` must equal the 12 rows of `token_embd.weight`, not 13",
    ),
    "feed-forward": (
        {"llama.feed_forward_length": 128},
        "tensor `blk.0.ffn_gate.weight` must have shape (128, 64), not (96, 64)",
    ),
    "epsilon": (
        {"llama.attention.layer_norm_rms_epsilon": float("nan")},
        "must be a number within 1e-12..1, not nan",
    ),
    "theta": ({"llama.rope.freq_base": 0.0}, "must be a number within 1..1e+12, not 0.0"),
    "yarn": (
        {"llama.rope.scaling.type": "yarn"},
        "metadata `llama.rope.scaling.type` must be none or linear, not `yarn`",
    ),
    "no factor": (
        {"llama.rope.scaling.type": "linear"},
        "metadata `llama.rope.scaling.factor` must be a number within 1..1e+06, and is missing",
    ),
}


@pytest.mark.parametrize("case", REFUSED_KEYS)
def test_refuses_metadata(case: str) -> None:
    changes, sentence = REFUSED_KEYS[case]
    with pytest.raises(ModelError, match=re.escape(sentence)):
        read_llama(checkpoint(changes))


REFUSED_TENSORS: dict[str, tuple[dict[str, npt.NDArray[np.float32] | None], str]] = {
    "no embedding": ({"token_embd.weight": None}, "tensor `token_embd.weight` must be present"),
    "no projection": (
        {"blk.1.attn_k.weight": None},
        "tensor `blk.1.attn_k.weight` must be present, of shape (32, 64)",
    ),
    "transposed": (
        {"blk.0.attn_k.weight": ones(64, 32)},
        "tensor `blk.0.attn_k.weight` must have shape (32, 64), not (64, 32)",
    ),
    "bias": ({"blk.0.attn_q.bias": ones(64)}, "tensor `blk.0.attn_q.bias` must not be there"),
    "layer behind the last": (
        {"blk.2.attn_norm.weight": ones(64)},
        "tensor `blk.2.attn_norm.weight` must not be there",
    ),
    "terminal escapes": (
        {"\x1b[31m\n": ones(64)},
        "tensor `\\x1b[31m\\n` must not be there",
    ),
    "infinite norm": (
        {"output_norm.weight": np.array([1] * 63 + [np.inf], np.float32)},
        "tensor `output_norm.weight` must be finite, and its element 63 is inf",
    ),
    "factors of another length": (
        {ROPE_FACTORS: ones(9)},
        "`rope_divisors` must be 8 numbers, half of `head_dim`, not 9",
    ),
    "factor 0": (
        {ROPE_FACTORS: np.zeros(8, np.float32)},
        "`rope_divisors` must be positive and finite, not 0.0",
    ),
    "factors in a matrix": (
        {ROPE_FACTORS: ones(8, 1)},
        "tensor `rope_freqs.weight` must be a vector, not of shape (8, 1)",
    ),
}


@pytest.mark.parametrize("case", REFUSED_TENSORS)
def test_refuses_tensors(case: str) -> None:
    changes, sentence = REFUSED_TENSORS[case]
    with pytest.raises(ModelError, match=re.escape(sentence)):
        read_llama(checkpoint(tensors=changes))


def test_parameters_check_themselves() -> None:
    with pytest.raises(ModelError, match="`layers` of a Llama model must be 1 to 1024, not 0"):
        dataclasses.replace(SMALL, layers=0)


def test_the_model_in_the_repository() -> None:
    checkpoint = read_gguf(Path(__file__).parents[2] / "models" / "tiny.gguf")
    assert set(tensor_shapes(read_llama(checkpoint))) == set(checkpoint.tensors)
