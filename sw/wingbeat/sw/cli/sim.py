"""`wingbeat sim`: a text from the RTL, compared with the ISA machine."""

from __future__ import annotations

import dataclasses
import time
from typing import Annotated, Any

import typer

from wingbeat.compiler.image import Image
from wingbeat.hw.errors import DeviceError
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.sw.cache import open_image
from wingbeat.sw.cli.options import AsJson, BoardName, Context, Model
from wingbeat.sw.cli.output import NOTES, print_json, progress_bar
from wingbeat.sw.device.isa import IsaDevice
from wingbeat.sw.device.protocol import Device
from wingbeat.sw.device.rtl import RtlDevice
from wingbeat.sw.llm import LLM
from wingbeat.sw.models import find_model
from wingbeat.sw.tracing.utilisation import utilisation

DEFAULT_BOARD = "sim1"
"""The smallest machine: it is generated and compiled in a minute or two."""


def sim(
    model: Model,
    prompt: Annotated[str, typer.Option(help="Text to go on from.")],
    board: BoardName = DEFAULT_BOARD,
    context: Context = None,
    max_tokens: Annotated[int, typer.Option(help="Tokens to generate, at most.")] = 16,
    as_json: AsJson = False,
) -> None:
    """Stream a text from the generated RTL, and check every byte against the ISA machine."""
    with progress_bar() as bar:
        image = open_image(find_model(model), board, context=context, progress=bar.share)
    if not as_json:
        NOTES.print(f"generating the RTL of {board}, or taking it from the cache", style="dim")
    texts, memories, cycles, seconds = [], [], [], []
    for device in (RtlDevice(optimise="speed"), IsaDevice()):
        name = device.name
        with LLM(image, device) as llm:
            begin = time.perf_counter()
            parts = []
            for part in llm.stream(prompt, max_tokens=max_tokens):
                parts.append(part)
                if name == "rtl" and not as_json:
                    print(part, end="", flush=True)
            seconds.append(time.perf_counter() - begin)
            texts.append("".join(parts))
            memories.append(_written(llm.device, image))
            cycles.append(llm.device.cycles)
            if isinstance(llm.device, RtlDevice):
                counters = llm.device.counters
    for name, region in memories[0].items():
        if region != memories[1][name]:
            raise DeviceError(f"region `{name}` must be the same on rtl and isa, and is not")
    if texts[0] != texts[1]:
        raise DeviceError("the texts of rtl and isa must be the same, and are not")
    figures: dict[str, Any] = {
        "board": board,
        "text": texts[0],
        "equal_bytes": sum(map(len, memories[0].values())),
        "rtl_cycles": cycles[0],
        "estimated_cycles": cycles[1],
        "counters": dataclasses.asdict(counters),
        "cycles_per_second": round(cycles[0] / seconds[0]),
    }
    if as_json:
        print_json(figures)
        return
    print()
    NOTES.print(
        f"rtl and isa agree: the text, and {figures['equal_bytes']:,} bytes of device memory",
        f"{cycles[0]:,} cycles in Verilator ({figures['cycles_per_second']:,} a second), "
        f"{cycles[1]:,} estimated by the cycle model",
        sep="\n",
        style="dim",
        soft_wrap=True,
    )
    NOTES.print(utilisation(counters, image.manifest.config), style="dim")


def _written(device: Device, image: Image) -> dict[str, bytes]:
    """Return what programs wrote to port 0, without the control block: it holds the time."""
    return {
        region.name: device.read(
            region.start * WORDS_PER_BEAT, region.beats * WORDS_PER_BEAT
        ).tobytes()
        for region in image.memory.regions
        if region.writable and region.name != "control"
    }
