"""A compile report as tables for people."""

from __future__ import annotations

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

Facts = dict[str, Any]


def print_summary(report: Facts) -> None:
    """Print phases with their traffic and cycles, and what the program takes."""
    console = Console(highlight=False)
    console.print(_phases(report))
    program = report["program"]
    buckets = program["flightllm_buckets"]
    console.print(
        f"program: {program['instructions']} instructions, {_bytes(program['bytes'])}; "
        f"FlightLLM's buckets would store {_bytes(buckets['bytes'])} (computed: "
        f"{buckets['decode_buckets']} decode, {buckets['prefill_buckets']} prefill)"
    )
    if "image_bytes" in report["memory"]:
        console.print(f"image: {_bytes(report['memory']['image_bytes'])}")
    console.print(f"{report['note']}.")


def _phases(report: Facts) -> Table:
    phases = report["phases"]
    clock = report["configuration"]["clock_mhz"]
    table = Table(
        title=f"{escape(report['model'])} on {report['board']} at {clock:g} MHz",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("")
    for phase in phases:
        table.add_column(phase["phase"], justify="right")

    def row(title: str, cells: list[str], last: bool = False) -> None:
        table.add_row(title, *cells, end_section=last)

    kinds = list(dict.fromkeys(kind for phase in phases for kind in phase["bytes_per_token"]))
    for kind in kinds:
        row(f"{kind}, B/token", [f"{p['bytes_per_token'].get(kind, 0):,}" for p in phases])
    row("all, B/token", [f"{p['bytes_per_token_total']:,}" for p in phases], last=True)
    row("products per byte", [f"{p['products_per_byte']:.2f}" for p in phases])
    row("cycles (estimate)", [f"{p['cycles']:,}" for p in phases])
    row("tokens/s (estimate)", [f"{p['tokens_per_second']:.1f}" for p in phases])
    row("% of peak bandwidth", [f"{100 * p['bandwidth_share']:.1f}" for p in phases])
    row("% of peak products", [f"{100 * p['product_share']:.1f}" for p in phases])
    row("limit", [p["limit"] for p in phases])
    return table


def _bytes(count: int) -> str:
    if count < 10_000:
        return f"{count:,} bytes"
    size, unit = (count / 2**20, "MiB") if count >= 2**20 else (count / 2**10, "KiB")
    return f"{size:,.1f} {unit}"
