"""Damage small model files at random and read them: a ModelError or a sound model, no third way.

    python -m tests.compiler.frontend.fuzz_gguf 100000 --seed 1

Case `i` of seed `s` is always the same file; a failure names both, and `damaged` makes it again.
"""

import argparse
import dataclasses
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType
from tests.compiler.frontend.gguf_builder import (
    SMALL,
    model_metadata,
    model_tensors,
    sentencepiece_metadata,
    write_gguf,
)

from wingbeat.compiler.frontend.container import read_gguf
from wingbeat.compiler.frontend.llama import read_llama
from wingbeat.compiler.frontend.matrices import read_matrix
from wingbeat.compiler.frontend.tokenizer import build_tokenizer
from wingbeat.compiler.frontend.vocabulary import read_special_tokens
from wingbeat.hw.errors import ModelError

MEMORY = 256 << 20
"""Bytes of address space that reading may add to the process."""

SECONDS = 0.5
"""Processor time that one file may take; a sound one of this size takes about 0.003."""

COUNTS = [0, 1, 255, 1 << 16, 1 << 20, 1 << 21, 1 << 31, (1 << 32) - 1, 1 << 62, (1 << 64) - 1]


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


@dataclasses.dataclass
class Outcome:
    """What became of the files of one run, and the processor seconds of the slowest."""

    accepted: int = 0
    refused: int = 0
    slowest: float = 0.0


def damaged(sound: bytes, header: int, seed: int, case: int) -> bytes:
    """Return one damaged copy; four places in five lie within the first `header` bytes."""
    rng = random.Random(f"{seed}/{case}")
    raw = bytearray(sound)
    for _ in range(rng.choice([1, 1, 2, 4])):
        at = rng.randrange(min(header, len(raw)) if rng.random() < 0.8 else len(raw))
        other = rng.randrange(len(raw))
        size = rng.choice([1, 4, 8, rng.randrange(1, 200)])
        match rng.randrange(8):
            case 0 | 1:
                raw[at] ^= 1 << rng.randrange(8)
            case 2:
                raw[at] = rng.choice([0, 1, 0x7F, 0x80, 0xFF])
            case 3 | 4:
                at = length_field(raw, at)
                raw[at : at + 8] = rng.choice(COUNTS).to_bytes(8, "little")
            case 5:
                raw[at : at + size] = raw[other : other + size]
            case 6:
                raw[at:at] = raw[other : other + size]
            case _:
                del raw[at : at + (size if rng.random() < 0.5 else len(raw))]
        if not raw:
            break
    return bytes(raw)


def length_field(raw: bytearray, start: int) -> int:
    """Return the next place that looks like a 64-bit length or count: small, zeros above."""
    for at in range(start, min(start + 200, len(raw) - 8)):
        if raw[at] and not any(raw[at + 3 : at + 8]):
            return at
    return start


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


@contextmanager
def bounded_memory(extra: int) -> Iterator[None]:
    """Let the process map `extra` bytes more than it has now; beyond that is a MemoryError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + extra, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


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
            path.write_bytes(damaged(sound, header, seed, case))
            start = time.process_time()
            try:
                read_everything(path)
            except ModelError:
                outcome.refused += 1
            except BaseException as error:  # a panic of `tokenizers` is no Exception
                error.add_note(f"fuzz case {case} of seed {seed}")
                raise
            else:
                outcome.accepted += 1
            seconds = time.process_time() - start
            assert seconds < SECONDS, f"case {case} of seed {seed} took {seconds:.3f} s"
            outcome.slowest = max(outcome.slowest, seconds)
    return outcome


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    start = time.perf_counter()
    outcome = fuzz(arguments.count, arguments.seed)
    rate = arguments.count / (time.perf_counter() - start)
    print(f"{outcome}, {rate:.0f} files/s")


if __name__ == "__main__":
    main()
