"""Damage small model files at random and read them: a ModelError or a sound model, no third way.

    python -m tests.compiler.frontend.fuzz_gguf 100000 --seed 1

Case `i` of seed `s` is always the same file; a failure names both, and `damaged` makes it again.
"""

import dataclasses
import random
import tempfile
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType
from tests.compiler.damage import Outcome, bounded_memory, damaged
from tests.compiler.frontend.gguf_builder import (
    SMALL,
    model_metadata,
    model_tensors,
    sentencepiece_metadata,
    write_gguf,
)
from tests.fuzzing import command_line

from wingbeat.compiler.frontend.container import read_gguf
from wingbeat.compiler.frontend.llama import read_llama
from wingbeat.compiler.frontend.matrices import read_matrix
from wingbeat.compiler.frontend.tokenizer import build_tokenizer
from wingbeat.compiler.frontend.vocabulary import read_special_tokens
from wingbeat.hw.errors import ModelError

MEMORY = 256 << 20
"""Bytes of address space that reading may add to the process."""


def sound_models(folder: Path) -> list[Path]:
    """Two models that between them take most ways through the front end."""
    pieces = ["▁a", "ab", "▁ab", "▁", "a", "b"]
    vocabulary = sentencepiece_metadata(pieces)
    parameters = dataclasses.replace(
        SMALL, tied_head=False, vocabulary=len(vocabulary["tokenizer.ggml.tokens"])
    )
    kinds = GGMLQuantizationType
    other = {**model_metadata(), **vocabulary, "llama.vocab_size": parameters.vocabulary}
    tensors = model_tensors(parameters, matrices=kinds.Q5_0, vectors=kinds.BF16)
    return [
        write_gguf(folder / "byte_level.gguf"),
        write_gguf(folder / "sentencepiece.gguf", other, tensors),
    ]


def read_everything(path: Path) -> None:
    """Take a file through the whole front end, and use what comes out."""
    checkpoint = read_gguf(path)
    read_llama(checkpoint)
    read_special_tokens(checkpoint.metadata)
    tokenizer = build_tokenizer(checkpoint.metadata)
    tokenizer.decode(tokenizer.encode("<s>abc ab 123\n").ids)
    for tensor in checkpoint.tensors.values():
        if len(tensor.shape) == 2:
            matrix, _ = read_matrix(tensor)
            assert np.isfinite(matrix.values()).all(), tensor.name


def fuzz(count: int, seed: int) -> Outcome:
    """Read `count` damaged files; whatever is not a ModelError comes through, with its case."""
    outcome = Outcome()
    with tempfile.TemporaryDirectory() as folder, bounded_memory(MEMORY):
        models = []
        for path in sound_models(Path(folder)):
            read_everything(path)
            data = sum(tensor.data.nbytes for tensor in read_gguf(path).tensors.values())
            models.append((path.read_bytes(), path.stat().st_size - data))
        for case in range(count):
            sound, header = models[case % 2]
            # a new name each time, so that nothing still mapped is overwritten
            path = Path(folder) / f"{case % 2}.gguf"
            path.unlink(missing_ok=True)
            path.write_bytes(damaged(sound, header, random.Random(f"{seed}/{case}")))
            outcome.attempt(read_everything, path, ModelError, f"{case} of seed {seed}")
    return outcome


if __name__ == "__main__":
    command_line(fuzz, __doc__)
