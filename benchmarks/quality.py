"""Quality of the accelerator's arithmetic: SmolLM2 on the ISA machine against plain FP32.

Both read the same GGUF weights. Perplexity, Kullback-Leibler divergence and agreement of the best
token, over windows of 512 tokens from two texts; caches and activations are INT8 on the machine.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import platform
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from benchmarks.models import smollm2
from benchmarks.texts import load_texts
from wingbeat.compiler.driver import float_reference
from wingbeat.sw.llm import LLM

WINDOW = 512

Logs = npt.NDArray[np.float64]


@dataclasses.dataclass
class Sums:
    """Sums over tokens; each token is predicted from those before it in its window."""

    tokens: int = 0
    float_loss: float = 0.0
    machine_loss: float = 0.0
    divergence: float = 0.0
    agreed: int = 0

    def add(self, reference: Logs, machine: Logs, targets: npt.NDArray[np.int64]) -> None:
        """Add one window: log-probabilities (tokens, vocabulary) and the tokens that followed."""
        rows = np.arange(len(targets))
        self.tokens += len(targets)
        self.float_loss -= float(reference[rows, targets].sum())
        self.machine_loss -= float(machine[rows, targets].sum())
        self.divergence += float((np.exp(reference) * (reference - machine)).sum())
        self.agreed += int((reference.argmax(axis=1) == machine.argmax(axis=1)).sum())

    def report(self) -> dict[str, float]:
        """Return the figures."""
        float_perplexity = math.exp(self.float_loss / self.tokens)
        machine_perplexity = math.exp(self.machine_loss / self.tokens)
        return {
            "tokens": self.tokens,
            "perplexity_float": float_perplexity,
            "perplexity_machine": machine_perplexity,
            "perplexity_change_percent": 100 * (machine_perplexity / float_perplexity - 1),
            "kl": self.divergence / self.tokens,
            "top1_agreement_percent": 100 * self.agreed / self.tokens,
        }


def log_softmax(logits: npt.NDArray[np.float32]) -> Logs:
    """Return log-probabilities in float64."""
    wide = logits.astype(np.float64)
    wide -= wide.max(axis=1, keepdims=True)
    return np.asarray(wide - np.log(np.exp(wide).sum(axis=1, keepdims=True)))


def measure(windows: int) -> dict[str, object]:
    """Measure `windows` windows of each text."""
    path = smollm2()
    reference = float_reference(path)
    results: dict[str, dict[str, float]] = {}
    with LLM(path) as model, Progress() as progress:
        for name, text in load_texts().items():
            ids = model.tokenizer.encode(text).ids[: windows * WINDOW]
            sums = Sums()
            task = progress.add_task(name, total=len(ids) // WINDOW)
            for start in range(0, len(ids) - WINDOW + 1, WINDOW):
                window = np.array(ids[start : start + WINDOW])
                expected = log_softmax(reference.logits(window)[:-1])
                found = log_softmax(model.session.score(window.tolist())[:-1])
                sums.add(expected, found, window[1:])
                progress.advance(task)
            results[name] = sums.report()
        board = model.image.manifest.board
    keys = ("perplexity_change_percent", "kl", "top1_agreement_percent")
    mean = {key: float(np.mean([result[key] for result in results.values()])) for key in keys}
    return {
        "command": "make quality",
        "model": path.name,
        "board": board,
        "window": WINDOW,
        "machine": platform.processor() or platform.machine(),
        "texts": results,
        "mean": mean,
    }


def main() -> None:
    """Measure, print, and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=20, help="windows of each text")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    figures = json.dumps(measure(options.windows), indent=2)
    print(figures)
    if options.json is not None:
        options.json.write_text(figures + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
