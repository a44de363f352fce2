"""Performance counters as a table."""

from __future__ import annotations

from rich import box
from rich.table import Table

from wingbeat.hw.config import BEAT_BITS, AcceleratorConfig
from wingbeat.hw.isa.instructions import Unit
from wingbeat.sim.counters import Counters


def utilisation(counters: Counters, config: AcceleratorConfig) -> Table:
    """Return a row for each unit and each memory port: cycles, and their share of all cycles.

    busy: at least one instruction in progress; waiting: none, because the next one waits for
    tokens (SYS: for room in a queue), a dash where that is not modelled.
    """
    cycles = counters.cycles
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(f"{cycles:,} cycles")
    for heading in ("busy", "", "waiting", "", "beats", ""):
        table.add_column(heading, justify="right")
    models_waiting = any(counters.stalled)
    for unit in Unit:
        waiting = _share(counters.stalled[unit.value], cycles) if models_waiting else ("-", "")
        table.add_row(unit.name, *_share(counters.busy[unit.value], cycles), *waiting)
    table.add_section()
    most = cycles * max(1, config.port_bits // BEAT_BITS)
    for port, beats in enumerate(counters.beats):
        table.add_row(f"port {port}", "", "", "", "", *_share(beats, most))
    return table


def _share(count: int, whole: int) -> tuple[str, str]:
    return f"{count:,}", f"{count / whole:.1%}" if whole else ""
