"""How much of the memory's bandwidth, and of the chains' peak, whole tokens use on the RTL.

    share = (tensor bytes of the file, read once, + logical bytes of keys and values)
            / (cycles * sum of the ports' widths)

A decoded token is one start of the program: its instructions are loaded, the last token's position
goes through all layers and the head, and the best token is published. What lies in the caches
before it makes no difference to the time. The layers of a model are alike, so a model may be cut
to a few of them; the head is left out then, whose weights would be most of it. The estimate of the
ISA machine stands beside the RTL; with `--estimate` it stands alone, in seconds instead of hours.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from benchmarks.bandwidth_cases import CASES, IDEAL, Case
from benchmarks.models import smollm2
from wingbeat.boards.board import Board, load_board
from wingbeat.compiler.driver import fit, source_formats
from wingbeat.compiler.frontend.container import read_gguf
from wingbeat.compiler.frontend.llama import read_llama
from wingbeat.compiler.frontend.llama_parameters import LlamaParameters
from wingbeat.compiler.frontend.llama_tensors import tensor_shapes
from wingbeat.compiler.generate import Generated
from wingbeat.compiler.pack import pack_constants
from wingbeat.hw.config import CHAIN_PRODUCTS
from wingbeat.hw.estimate import estimate
from wingbeat.hw.formats import Q4_0, WeightFormat
from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.sim.memory import DeviceMemory
from wingbeat.sim.rtl.machine import RtlMachine
from wingbeat.sim.trace import Retired
from wingbeat.sw.shapes import SHAPES

LAYERS = "blk."
"""What the names of the layers' tensors begin with."""


def board_of(case: Case) -> Board:
    """Return board sim4 with the machine of a case."""
    sim4 = load_board("sim4")
    config = type(sim4.accelerator).parse({**sim4.accelerator.model_dump(), **case.machine})
    return sim4.model_copy(update={"accelerator": config})


def shape_of(case: Case) -> tuple[LlamaParameters, dict[str, WeightFormat]]:
    """Return the numbers of a model and the formats of its matrices."""
    if case.model == "smollm2":
        checkpoint = read_gguf(smollm2())
        parameters = read_llama(checkpoint)
        formats = source_formats(checkpoint, parameters)
    else:
        parameters = SHAPES[case.model].parameters
        matrices = [name for name, shape in tensor_shapes(parameters).items() if len(shape) == 2]
        formats = dict.fromkeys(matrices, Q4_0)
    if case.layers:
        parameters = dataclasses.replace(parameters, layers=case.layers)
        formats = {name: formats[name] for name in tensor_shapes(parameters) if name in formats}
    if case.weights is not None:
        layers = [name for name in formats if name.startswith(LAYERS)]
        formats |= dict.fromkeys(layers, WeightFormat.parse(case.weights))
    return parameters, formats


def useful_bytes(
    case: Case, parameters: LlamaParameters, formats: dict[str, WeightFormat]
) -> float:
    """Tensors of the file, or of the layers alone, and keys and values with their scales."""
    p, size = parameters, 0.0
    for name, shape in tensor_shapes(p).items():
        if case.layers and not name.startswith(LAYERS):
            continue
        bits = formats[name].bits_per_weight(case.kept) if len(shape) == 2 else 32
        size += float(np.prod(shape)) * bits / 8
    position = p.head_dim * 2 + 2 * (p.head_dim // 32) + 2
    return size + p.layers * p.kv_heads * case.positions * position


def memory_of(made: Generated, board: Board) -> DeviceMemory:
    """Fill the weights with random bytes that are finite numbers as halves; sparse tiles say N."""
    ports = board.accelerator.ports
    region = made.plan.memory["weights"]
    rng = np.random.default_rng(1)
    size = (ports, region.bytes_per_port)
    weights: npt.NDArray[np.uint8] = rng.integers(0, 256, size, np.uint8) & np.uint8(0xBB)
    for plan in made.plan.matrices.values():
        if plan.layout.format.sparse:
            tiles = weights[:, plan.offset * BEAT_BYTES :][:, : plan.beats * BEAT_BYTES]
            beats = tiles.reshape(ports, plan.tiles, plan.stride, BEAT_BYTES)
            beats[:, :, : plan.layout.lanes_per_port, 0] = plan.kept
    words = made.plan.memory["vectors"].bytes_per_port // 4
    vectors = np.ones((1, words), np.float32).view(np.uint8)
    contents = pack_constants(made) | {"weights": weights, "vectors": vectors}
    return DeviceMemory(made.plan.memory, ports, contents)


def arguments_of(case: Case) -> dict[str, int]:
    """Return the arguments of the start."""
    return {
        "known": case.positions, "position": case.positions - case.tokens,
        "generate": int(case.tokens == 1 and not case.layers), "slot": 0, "all_logits": 0,
        "sequence": 0,
    }  # fmt: skip


def measure(case: Case, on_rtl: bool) -> dict[str, Any]:
    """Return the cycles of one start, estimated and counted, and the shares that they mean.

    A layer by itself is what a start takes longer with one layer more.
    """
    if case.layers == 1:
        one, two = (_start(dataclasses.replace(case, layers=n), on_rtl) for n in (1, 2))
        found = {name: two[name] - value for name, value in one.items()}
    else:
        found = _start(case, on_rtl)
    config = board_of(case).accelerator
    cycles = found.get("cycles", found["estimated_cycles"])
    if "cycles" in found:
        found["estimate_error"] = found["estimated_cycles"] / cycles - 1
    size, products = found.pop("useful_bytes"), found.pop("products")
    if case.tokens == 1:
        found["bandwidth_share"] = size / (cycles * config.port_bytes)
    else:
        peak = config.lanes * config.columns * CHAIN_PRODUCTS
        found["product_share"] = products / (cycles * peak)
    return found


def _start(case: Case, on_rtl: bool) -> dict[str, Any]:
    """Estimate one start, and make it."""
    board = board_of(case)
    config = board.accelerator
    parameters, formats = shape_of(case)
    made, _ = fit(parameters, formats, board, max(256, case.positions), 1, case.kept)
    arguments = arguments_of(case)
    expected = estimate(made.program, arguments, config, made.purposes)
    found: dict[str, Any] = {
        "estimated_cycles": expected.cycles,
        "useful_bytes": useful_bytes(case, parameters, formats),
        "products": expected.products,
    }
    if on_rtl:
        memory = memory_of(made, board)
        machine = RtlMachine(config, made.program, memory, case.timing)
        machine.record()
        for _ in machine.run(arguments):
            pass
        found["cycles"] = machine.cycles
        found["multiplying_cycles"] = multiplying(machine.trace, made.purposes)
    return found


def multiplying(trace: Iterable[Retired], purposes: Sequence[str]) -> int:
    """Return the cycles in which a product with weights is in progress: no keys, no values."""
    total = last = 0
    for each in trace:
        if each.unit is Unit.MPE and purposes[each.pc] == "weights":
            total += each.end - max(each.start, last)
            last = each.end
    return total


def main() -> None:
    """Measure, print, and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", action="append", choices=CASES, help="a case, or all of them")
    parser.add_argument("--estimate", action="store_true", help="do not run the RTL")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    if options.json is not None and options.json.exists():
        figures = json.loads(options.json.read_text(encoding="utf-8"))
    with Progress() as progress:
        # the estimate knows an ideal memory only
        known = [name for name, case in CASES.items() if case.timing is IDEAL]
        names = options.case or (known if options.estimate else list(CASES))
        for name in progress.track(names, description="cases"):
            figures[name] = figures.get(name, {}) | measure(CASES[name], not options.estimate)
            if options.json is not None:
                text = json.dumps(figures, indent=2)
                options.json.write_text(text + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
