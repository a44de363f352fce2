"""A compile report as tables."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

_LARGEST_KINDS = 8
"""Kinds of traffic that have a row of their own; the rest is added up."""


def print_report(report: dict[str, Any], console: Console) -> None:
    """Print program, phases and traffic of a compile report."""
    program, memory = report["program"], report["memory"]
    buckets = program["flightllm_buckets"]
    console.print(f"{report['model']} on {report['board']}")
    console.print(
        f"program: {program['instructions']} instructions, {_size(program['bytes'])}, for every "
        f"length; FlightLLM's {buckets['prefill_buckets']} + {buckets['decode_buckets']} buckets "
        f"of lengths would store {_size(buckets['bytes'])} (computed)"
    )
    console.print(f"device memory: {_size(sum(memory['regions'].values()))}")
    repacked = report["repacked"]
    if repacked:
        worst = max(repacked, key=lambda change: float(change["relative_rms"]))
        console.print(
            f"repacked: {len(repacked)} tensors; the most changed is {worst['tensor']}, "
            f"{worst['from']} to {worst['to']}, by {worst['relative_rms']:.2%} (RMS)"
        )
    console.print(_phases(report["phases"]))
    console.print(_traffic(report["phases"]))
    console.print(f"[dim]{report['note']}[/]")


def _phases(phases: list[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title="estimates", title_justify="left")
    table.add_column("phase")
    for heading in ("cycles", "tokens/s", "bandwidth", "products", "products/byte"):
        table.add_column(heading, justify="right")
    table.add_column("limit")
    for phase in phases:
        table.add_row(
            phase["phase"],
            f"{phase['cycles']:,}",
            f"{phase['tokens_per_second']:.1f}",
            f"{phase['bandwidth_share']:.1%}",
            f"{phase['product_share']:.1%}",
            f"{phase['products_per_byte']:.1f}",
            phase["limit"],
        )
    return table


def _traffic(phases: list[dict[str, Any]]) -> Table:
    """Bytes a token by kind, the largest of any phase first."""
    table = Table(box=box.SIMPLE_HEAD, title="bytes a token", title_justify="left")
    table.add_column("kind")
    for phase in phases:
        table.add_column(phase["phase"], justify="right")
    traffic = [phase["bytes_per_token"] for phase in phases]
    kinds = sorted({kind for each in traffic for kind in each})
    kinds.sort(key=lambda kind: -max(each.get(kind, 0) for each in traffic))
    for kind in kinds[:_LARGEST_KINDS]:
        table.add_row(kind, *(f"{each.get(kind, 0):,}" for each in traffic))
    rest = kinds[_LARGEST_KINDS:]
    if rest:
        sums = [sum(each.get(kind, 0) for kind in rest) for each in traffic]
        table.add_row(f"{len(rest)} others", *(f"{value:,}" for value in sums))
    table.add_section()
    table.add_row("all", *(f"{phase['bytes_per_token_total']:,}" for phase in phases))
    return table


def _size(count: int) -> str:
    """Return bytes as people read them."""
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
