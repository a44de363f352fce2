"""`wingbeat serve` under eight clients at once, and beside a plain loop over the same device."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.models import smollm2
from benchmarks.serve_clients import Heard, Server, serving
from wingbeat.compiler.image import Image, save_image
from wingbeat.sw.cache import open_image
from wingbeat.sw.llm import LLM

CLIENTS = 8
TURN = 4
CPU = "process_cpu_seconds_total"
TINY = Path(__file__).parent.parent / "tests" / "models" / "tiny.gguf"

_SUBJECTS = ("mill", "road", "king", "ship", "bird", "tree", "town", "lamp")


@dataclass(frozen=True)
class Case:
    """A model on a device.

    Attributes
    ----------
    model, board, device : what is served
    context : positions of a slot
    tokens : of an answer
    rounds : of the comparison with a plain loop
    """

    model: Path
    board: str
    device: str
    context: int
    tokens: int
    rounds: int


def prompts(llm: LLM) -> list[str]:
    """Return prompts of equal length, in tokens."""
    texts = [f"Once there was a {subject} in the north, and" for subject in _SUBJECTS]
    lengths = {len(llm.prompts.raw(text)) for text in texts}
    shortest = min(lengths)
    texts = [llm.tokenizer.decode(llm.prompts.raw(text)[:shortest]) for text in texts]
    assert len({len(llm.prompts.raw(text)) for text in texts}) == 1
    assert len(set(texts)) == CLIENTS
    return texts


def loop(llm: LLM, prompt: str, count: int) -> Heard:
    """Generate a text without a server, as `Server.ask` does with one."""
    begin = time.perf_counter()
    first, pieces = None, []
    stream = llm.stream(prompt, max_tokens=count)
    for piece in stream:
        first = first or time.perf_counter()
        pieces.append(piece)
    end = time.perf_counter()
    assert first is not None
    done = stream.statistics
    return Heard(
        "".join(pieces), first - begin, end - begin, done.generated_tokens, done.reused_tokens
    )


def compare(server: Server, llm: LLM, prompt: str, case: Case) -> dict[str, float]:
    """Measure a plain loop and one client of the server in turns; medians of the rounds.

    Seconds of the processor are what the server costs; on a shared machine, the clock also shows
    what others do.
    """
    clock: dict[str, list[float]] = {"loop": [], "server": []}
    processor: dict[str, list[float]] = {"loop": [], "server": []}
    with server.client() as client:
        for _ in range(case.rounds):
            begin = time.process_time()
            clock["loop"].append(loop(llm, prompt, case.tokens).seconds_a_token)
            processor["loop"].append((time.process_time() - begin) / case.tokens)
            begin = server.figure(CPU)
            clock["server"].append(server.ask(client, prompt, case.tokens).seconds_a_token)
            processor["server"].append((server.figure(CPU) - begin) / case.tokens)
    figures: dict[str, float] = {}
    for kind, taken in (("clock", clock), ("processor", processor)):
        a, b = (1e3 * statistics.median(taken[who]) for who in ("loop", "server"))
        figures |= {
            f"loop_ms_a_token_by_{kind}": a,
            f"server_ms_a_token_by_{kind}": b,
            f"overhead_ms_a_token_by_{kind}": b - a,
        }
    return figures


def together(server: Server, texts: Sequence[str], case: Case, alone: list[str]) -> dict[str, Any]:
    """Measure eight clients at once, whose answers must be those that each gets alone."""
    begin = time.perf_counter()
    heard = server.ask_at_once(texts, case.tokens)
    seconds = time.perf_counter() - begin
    firsts = [one.first for one in heard]
    return {
        "clients": len(heard),
        "answers_as_alone": sum(a.text == b for a, b in zip(heard, alone, strict=True)),
        "first_token_seconds_mean": statistics.mean(firsts),
        "first_token_seconds_max": max(firsts),
        "first_token_max_over_mean": max(firsts) / statistics.mean(firsts),
        "whole_seconds_max_over_mean": max(one.whole for one in heard)
        / statistics.mean(one.whole for one in heard),
        "tokens_per_second": sum(one.tokens for one in heard) / seconds,
    }


def killed(server: Server, texts: Sequence[str], case: Case, alone: list[str]) -> dict[str, Any]:
    """Kill one client in mid-stream; count the others' answers that are as they should be."""
    body = json.dumps(server.options(texts[0], case.context // 2))
    with ThreadPoolExecutor(1) as pool:
        with server.victim(body) as victim:
            assert victim.stdout is not None
            victim.stdout.readline()
            waiting = pool.submit(server.ask_at_once, texts[1:], case.tokens)
            # two more of its pieces, each with an empty line: the others are being served by now
            for _ in range(4):
                victim.stdout.readline()
        heard = waiting.result()
    return {
        "others": len(heard),
        "answers_as_alone": sum(a.text == b for a, b in zip(heard, alone[1:], strict=True)),
        "requests_cancelled": server.figure('wingbeat_requests_total{outcome="cancelled"}'),
    }


def next_turn(server: Server, llm: LLM, prompt: str, case: Case) -> dict[str, float]:
    """Measure a text that goes on from an answer: what its slot holds is not processed again."""
    long = prompt * (case.context // 2 // len(llm.prompts.raw(prompt)))
    with server.client() as client:
        first = server.ask(client, long, case.tokens)
        second = server.ask(client, long + first.text + " Then", case.tokens)
    return {
        "prompt_tokens": len(llm.prompts.raw(long)),
        "first_turn_seconds_to_first_token": first.first,
        "second_turn_seconds_to_first_token": second.first,
        "second_turn_tokens_reused": second.cached,
    }


def measure(case: Case, folder: Path) -> dict[str, Any]:
    """Measure one case."""
    image: Image = open_image(case.model, case.board, context=case.context, slots=CLIENTS)
    path = folder / f"{case.device}.safetensors"
    save_image(image, path)
    with LLM(image, case.device) as llm, serving(path, case.device, TURN) as server:
        texts = prompts(llm)
        alone = [loop(llm, text, case.tokens).text for text in texts]
        return {
            "model": image.manifest.model.name,
            "board": case.board,
            "slots": CLIENTS,
            "tokens_a_turn": TURN,
            "tokens_of_prompt_and_answer": [len(llm.prompts.raw(texts[0])), case.tokens],
            "at_once": together(server, texts, case, alone),
            "one_killed": killed(server, texts, case, alone),
            "beside_a_loop": compare(server, llm, texts[0], case),
            "next_turn": next_turn(server, llm, texts[0], case),
        }


def main() -> None:
    """Measure, print, and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    cases = {
        "isa": Case(smollm2(), "kv260", "isa", context=512, tokens=16, rounds=5),
        "isa_small": Case(TINY, "sim4", "isa", context=256, tokens=32, rounds=7),
        "rtl": Case(TINY, "sim1", "rtl", context=128, tokens=6, rounds=3),
    }
    found: dict[str, Any] = {"command": "make serve-bench", "cores": os.cpu_count()}
    with tempfile.TemporaryDirectory() as folder:
        for name, case in cases.items():
            found[name] = measure(case, Path(folder))
            print(json.dumps({name: found[name]}, indent=2), flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
