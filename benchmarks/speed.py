"""Speed and memory of the ISA machine on SmolLM2, llama.cpp on the same file beside it.

llama.cpp is measured through `llama-cpp-python` where that is installed; it computes in another
arithmetic, with hand-written kernels, and is named for scale.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.models import smollm2
from wingbeat.sw.llm import LLM

PROMPT_TOKENS = 512
DECODED = 64

_SENTENCE = "The river runs past the old mill, under the bridge and on towards the town. "


def measure_machine(path: Path) -> dict[str, float]:
    """Prefill 512 tokens, then decode 64, greedily."""
    opened = time.perf_counter()
    with LLM(path) as model:
        start_up = time.perf_counter() - opened
        ids = model.tokenizer.encode(_SENTENCE * 64).ids[:PROMPT_TOKENS]
        # once without counting: weights are decoded on first use
        list(model.session.generate([1, 2, 3], 2))
        list(model.session.generate([1] * 40, 1))
        begin = time.perf_counter()
        tokens = model.session.generate(ids, DECODED)
        next(tokens)
        first = time.perf_counter()
        decoded = sum(1 for _ in tokens)
        end = time.perf_counter()
    return {
        "start_up_seconds": start_up,
        "prefill_tokens_per_second": PROMPT_TOKENS / (first - begin),
        "decode_tokens_per_second": decoded / (end - first),
        "peak_memory_mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measure_llama_cpp(path: Path) -> dict[str, float] | str:
    """Return the same figures for llama.cpp on one thread, or why there are none.

    Its threads wait in spinning loops: on shared cores two of them are slower than one.
    """
    if find_spec("llama_cpp") is None:
        return "llama-cpp-python is not installed"
    from llama_cpp import Llama

    model: Any = Llama(
        str(path), n_ctx=1024, verbose=False, n_threads=1, n_threads_batch=1,
        use_extra_bufts=False,
    )  # fmt: skip
    ids = model.tokenize((_SENTENCE * 64).encode())[:PROMPT_TOKENS]
    model.eval([1, 2, 3])
    model.reset()
    begin = time.perf_counter()
    model.eval(ids)
    first = time.perf_counter()
    for _ in range(DECODED):
        model.eval([model.sample(temp=0.0)])
    end = time.perf_counter()
    return {
        "prefill_tokens_per_second": len(ids) / (first - begin),
        "decode_tokens_per_second": DECODED / (end - first),
    }


def main() -> None:
    """Measure, print, and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    path = smollm2()
    figures = json.dumps(
        {
            "command": "make bench",
            "model": path.name,
            "cores": os.cpu_count(),
            "isa_machine": measure_machine(path),
            "llama_cpp": measure_llama_cpp(path),
        },
        indent=2,
    )
    print(figures)
    if options.json is not None:
        options.json.write_text(figures + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
