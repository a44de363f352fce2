from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.soc.catalogue import load_platform
from wingbeat.sim.soc.graph import UNSUPPORTED, Graph
from wingbeat.sim.soc.job import read_job


def bind(folder: Path, value: Any) -> Graph:
    path = folder / "dag.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    platform = load_platform("ds3_soc")
    return read_job(path).bind(platform, platform.machine())


def chain(*names: str, **more: Any) -> dict[str, Any]:
    return {
        "tasks": [{"name": name, "costs": {"A15": 7}} for name in names],
        "edges": [{"source": a, "target": b, "volume": 10} for a, b in pairwise(names)],
    } | more


def test_a_job_of_any_program_is_read(tmp_path: Path) -> None:
    graph = bind(
        tmp_path,
        {
            "tasks": [{"name": "a", "type": "wifi_rx.fft"}, {"name": "b", "costs": {"A15": 7}}],
            "edges": [{"source": "a", "target": "b", "volume": 10}],
        },
    )
    fft, a15 = graph.machine.names.index("FFT.0"), graph.machine.names.index("A15.0")
    assert graph.costs[0][fft] == 12
    assert graph.costs[1][a15] == 7
    assert graph.costs[1][fft] == UNSUPPORTED
    assert graph.order == [0, 1]


SENTENCES = [
    (
        chain("a", "b", "c", edges=[{"source": x, "target": y} for x, y in ("ab", "bc", "cb")]),
        r"tasks must not wait for each other in a circle, not (b -> c -> b|c -> b -> c)$",
    ),
    (chain("a", edges=[{"source": "a", "target": "a"}]), r"in a circle, not a -> a$"),
    ({"tasks": [{"name": "a", "type": "fly"}]}, r"type of task `a` must be .*, not `fly`$"),
    ({"tasks": [{"name": "a", "costs": {}}]}, r"task `a` must be supported by an element"),
    (
        {"tasks": [{"name": "a", "costs": {"A7": -3}}]},
        r"cost of task `a` on `A7.0` must be at least 0, not -3$",
    ),
    ({"tasks": [{"name": "a", "costs": {"B": 3}}]}, r"classes of platform `ds3_soc` .*`B`$"),
    (chain("a", "a"), r"names of tasks must be unique, and `a` is not$"),
    (
        chain("a", edges=[{"source": "a", "target": "z"}]),
        r"edge `a` -> `z` must join tasks of the job, and `z` is none$",
    ),
    (
        chain("a", "b", edges=[{"source": "a", "target": "b", "volume": -1}]),
        r"`edges.0.volume`: .*greater than or equal to 0, not -1$",
    ),
    ({"tasks": []}, r"`tasks`"),
    ({}, r"`tasks`: field required$"),
    ([], r"must be a JSON object, not list$"),
    ("{", r"must be JSON"),
    ("[" * 100_000, r"must be JSON"),
    ({"tasks": [{"name": "a", "costs": {"A7": 1.5}}]}, r"costs.A7`: .*, not 1.5$"),
]


@pytest.mark.parametrize(("value", "sentence"), SENTENCES)
def test_a_malformed_job_is_one_sentence(tmp_path: Path, value: Any, sentence: str) -> None:
    with pytest.raises(ScheduleError, match=sentence) as caught:
        bind(tmp_path, value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ScheduleError, match=r"job `.*nothing\.json` must be readable"):
        read_job(tmp_path / "nothing.json")
