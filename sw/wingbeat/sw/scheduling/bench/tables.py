"""A comparison as tables: for a terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table

_PRECISE = ("decision", "call", "ratio", "over_lower", "over_found")
"""Figures with more digits."""

Rows = list[list[str]]


def rows_of(case: dict[str, Any]) -> Rows:
    """Return the header and a row for each scheduler, the best first; `±` is a 95 % interval."""
    schedulers, metric = case["schedulers"], case["metric"]
    first = next(iter(schedulers.values()))
    others = [name for name in first if name not in (metric, "against")]
    baselines = sorted({name for value in schedulers.values() for name in value["against"]})
    versus = [name for name in baselines if name != "heft_rt"]
    header = ["scheduler", f"{metric} ({case['unit']})"]
    header += [f"against {name}" for name in versus]
    header += ["worse than heft"] * ("heft" in versus) + others
    rows = [header]
    for name in sorted(schedulers, key=lambda scheduler: schedulers[scheduler][metric]["mean"]):
        value = schedulers[name]
        row = [name, _figure(metric, value[metric])]
        row += [_share(value["against"].get(other)) for other in versus]
        if "heft" in versus:
            against = value["against"].get("heft")
            row.append("" if against is None else f"{100 * against['worse']:.0f} %")
        rows.append(row + [_figure(figure, value[figure] | {"half": None}) for figure in others])
    return rows


def tables(result: dict[str, Any]) -> Iterator[Table]:
    """Yield a table for each case."""
    for part, cases in result["parts"].items():
        for case in cases:
            header, *rows = rows_of(case)
            table = Table(header[0], title=_title(part, case), title_justify="left")
            for column in header[1:]:
                table.add_column(column, justify="right")
            for row in rows:
                table.add_row(*row)
            yield table


def markdown(result: dict[str, Any]) -> str:
    """Return all tables as Markdown."""
    lines = []
    for part, cases in result["parts"].items():
        for case in cases:
            header, *rows = rows_of(case)
            lines += [f"### {_title(part, case)}", "", _line(header)]
            lines += [_line(["---"] + ["---:"] * (len(header) - 1)), *map(_line, rows), ""]
    return "\n".join(lines)


def _title(part: str, case: dict[str, Any]) -> str:
    return f"{part}: {case['name']} ({case['runs']} runs)"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _figure(name: str, value: dict[str, Any]) -> str:
    digits = 4 if name in _PRECISE else 1
    text = f"{value['mean']:.{digits}f}"
    return text if value["half"] is None else f"{text} ± {value['half']:.{digits}f}"


def _share(value: dict[str, Any] | None) -> str:
    """Return a difference as per cent; nothing for the baseline itself."""
    if value is None:
        return ""
    text = f"{100 * value['mean']:+.1f} %"
    return text if value["half"] is None else f"{text} ± {100 * value['half']:.1f}"
