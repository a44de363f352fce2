"""`wingbeat boards`: the boards that a model can be compiled for."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from wingbeat.boards.board import board_names, load_board


def boards() -> None:
    """List the boards."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("board", "what it is", "memory", "lanes"):
        table.add_column(title, justify="right" if title == "lanes" else "left")
    for name in board_names():
        board = load_board(name)
        memory, config = board.memory, board.accelerator
        table.add_row(
            name,
            board.title,
            f"{memory.mebibytes} MiB {memory.kind}, {memory.gigabytes_per_second:g} GB/s",
            f"{config.lanes} x {config.columns}, {config.clock_mhz:g} MHz",
        )
    Console(highlight=False).print(table)
