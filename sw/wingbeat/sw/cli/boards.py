"""`wingbeat boards`: the boards that the package knows."""

from __future__ import annotations

from rich import box
from rich.table import Table

from wingbeat.boards.board import board_names, load_board
from wingbeat.sw.cli.options import AsJson
from wingbeat.sw.cli.output import RESULT, print_json


def boards(as_json: AsJson = False) -> None:
    """List the boards to compile for."""
    found = [load_board(name) for name in board_names()]
    if as_json:
        print_json({board.name: board.model_dump(mode="json") for board in found})
        return
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("name", "board", "part", "host", "memory", "lanes", "ports", "clock"):
        table.add_column(heading)
    for board in found:
        machine = board.accelerator
        table.add_row(
            board.name,
            board.title,
            board.part,
            board.host,
            f"{board.memory.mebibytes} MiB {board.memory.kind}",
            f"{machine.lanes} x {machine.columns}",
            f"{machine.ports} x {machine.port_bits} bit",
            f"{machine.clock_mhz:g} MHz",
        )
    RESULT.print(table)
