"""Functional coverage: what random programs must have done, in one table.

A *cross* has axes; each combination of their values is a bin. `features` says which bins an
executed instruction is in, `make` builds a statement for one: the generator aims at every bin in
turn, what counts is what was executed.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.sim.rtl.random_programs import generate, matrix, system, transfer, vector
from tests.sim.rtl.random_programs.features import Executed, features
from tests.sim.rtl.random_programs.machines import TARGETS

from wingbeat.hw.formats import GROUP, SPARSE_COUNTS
from wingbeat.hw.isa.instructions import Combine, Function, Opcode, Scalar, Unit

Goal = Mapping[str, str]
"""A bin: axis to value."""


@dataclass(frozen=True)
class Cross:
    """Axes, what makes a statement for a bin, and which combinations cannot be."""

    name: str
    axes: Mapping[str, Sequence[str]]
    make: Callable[..., None]
    impossible: Callable[..., bool] = lambda **_: False

    def goals(self) -> list[Goal]:
        """All bins."""
        rows = itertools.product(*self.axes.values())
        goals = [dict(zip(self.axes, row, strict=True)) for row in rows]
        return [goal for goal in goals if not self.impossible(**goal)]


def _names(kind: Any) -> list[str]:
    return [member.name for member in kind]


DECODED = list(dict.fromkeys(f.name for t in TARGETS.values() for f in t.config.decoded_formats))
GATHERED = [
    name
    for name in dict.fromkeys(f.name for t in TARGETS.values() for f in t.config.weight_formats)
    if not name.endswith("s")
]
HEIGHTS = [f"{rows} rows a lane" for rows in (4, 8, 12, 16)]
ROWS = [
    "no row", "one row", "several rows", "no number", "one number", "a step", "a step and one",
    "a part of a beat", "whole beats", "across 4 KiB",
]  # fmt: skip
SHAPES = [
    "no tile", "one tile", "several tiles", "one group", "one record", "one record and a group",
    "no group", *HEIGHTS, "strands 1", "strands 2", "strands 4", "strands 8",
]  # fmt: skip
VECTORS = [
    "no vector", "one vector", "two vectors", "an odd number of vectors", "all vectors",
]  # fmt: skip
LENGTHS = [
    "no row", "one row", "no element", "one element", "a step less one", "a step",
    "a step and one", "more than the partial results", "growing rows",
]  # fmt: skip
VIEWS = [
    "scalar a", "scalar b", "scalar c", "scalar destination", "in place", "several inner rows",
]  # fmt: skip
APPENDED = [
    "no position", "one position", "several positions", "into the next block", "one group",
    "several groups", *HEIGHTS,
]  # fmt: skip
NUMBERS = ["NaN", "infinity", "negative zero", "subnormal"]
CACHES = ["KEYS", "VALUES"]

TABLE = (
    Cross(
        "multiply",
        {"opcode": ["MV", "MM"], "format": DECODED, "edge": SHAPES + VECTORS},
        matrix.multiply,
        lambda opcode, format, edge: opcode == "MV" and edge in VECTORS,
    ),
    Cross(
        "pattern",
        {
            "opcode": ["MV", "MM"],
            "format": [f for f in DECODED if f.endswith("s")],
            "kept": [str(n) for n in SPARSE_COUNTS],
        },
        matrix.multiply,
    ),
    Cross("load", {"element": ["F32", "F16"], "edge": ROWS}, transfer.load),
    Cross("special", {"element": ["F32", "F16"], "number": NUMBERS}, transfer.load),
    Cross(
        "gather",
        {
            "format": GATHERED,
            "edge": [
                "first row",
                "last row",
                "behind the last row",
                "a negative row",
                "one scale",
                *HEIGHTS,
            ],
        },
        transfer.gather,
    ),
    Cross("store", {"edge": ROWS}, transfer.store),
    Cross("append", {"kind": CACHES, "edge": APPENDED}, transfer.append),
    Cross("position", {"kind": CACHES, "place": [str(p) for p in range(GROUP)]}, transfer.append),
    Cross("word", {"kind": ["WORD", "PUBLISH"]}, transfer.word),
    Cross(
        "element",
        {"first": _names(Combine), "function": _names(Function), "second": _names(Combine)},
        vector.vector,
    ),
    Cross(
        "vector",
        {"result": vector.RESULTS, "edge": LENGTHS},
        vector.vector,
        lambda result, edge: (result, edge) == ("map", "growing rows"),
    ),
    Cross(
        "view",
        {"result": vector.RESULTS, "view": VIEWS},
        vector.vector,
        lambda result, view: (
            (view == "in place" and result != "map")
            or (view == "scalar destination" and result not in ("sum", "max"))
        ),
    ),
    Cross(
        "quantise",
        {
            "group": vector.GROUP_SIZES,
            "edge": ["one element", "a group", "a group and one"],
        },
        vector.vector,
    ),
    Cross("scalar", {"operation": _names(Scalar)}, generate.operation),
    Cross(
        "loop",
        {"count": ["immediate", "register"], "trips": ["none", "one", "several"]},
        generate.loop,
    ),
    Cross(
        "token",
        {"source": _names(Unit), "target": _names(Unit)},
        system.tokens,
        lambda source, target: source == target,
    ),
    Cross(
        "operand", {"opcode": _names(Opcode), "source": ["constant", "register"]}, generate.operand
    ),
)


class Coverage:
    """Counts the bins that executed instructions are in."""

    def __init__(self) -> None:
        self.hits = {cross.name: Counter[tuple[str, ...]]() for cross in TABLE}

    def see(self, executed: Executed) -> None:
        """Count an instruction."""
        for name, values in features(executed):
            self.hits[name].update(itertools.product(*values.values()))

    def merge(self, other: Coverage) -> None:
        """Add what another has counted."""
        for name, hits in other.hits.items():
            self.hits[name].update(hits)

    def missing(self) -> list[str]:
        """Bins that nothing was in."""
        return [
            f"{cross.name}: {', '.join(goal.values())}"
            for cross in TABLE
            for goal in cross.goals()
            if not self.hits[cross.name][tuple(goal.values())]
        ]


def bins() -> int:
    """Number of bins in the table."""
    return sum(len(cross.goals()) for cross in TABLE)
