from __future__ import annotations

from wingbeat.sim.schedule.catalogue import scheduler
from wingbeat.sim.schedule.stream import stream
from wingbeat.sim.soc.catalogue import load_workload
from wingbeat.sw.scheduling.bench.streams import REGIONS, stream_cases, stream_figures
from wingbeat.sw.scheduling.bench.unseen import UnseenCase


def test_every_arrival_is_counted() -> None:
    emulator = stream(load_workload("top"), scheduler("etf"), seed=0, horizon=700)
    figures = stream_figures(emulator)
    assert figures["finished"] + figures["censored"] == len(emulator.state.jobs)
    assert figures["rejected"] == emulator.rejected > 0
    assert figures["censored"] > 0
    # those that are not finished came late
    assert figures["latency"] < figures["finished_latency"]


def test_regions_are_light_medium_and_saturated() -> None:
    def busiest(gap: float) -> float:
        workload = load_workload("radio_and_radar")
        emulator = stream(workload, scheduler("etf"), seed=1, mean_gap=gap, horizon=20_000)
        machine = emulator.state.machine
        busy = [
            element.busy / 20_000
            for element, kind in zip(emulator.state.elements, machine.classes, strict=True)
            if kind == "A15"
        ]
        return sum(busy) / len(busy)

    light, medium, saturated = (busiest(gap) for gap in REGIONS.values())
    assert light < 0.3 < 0.5 < medium < 0.7 < 0.93 < saturated


def test_names_are_unique() -> None:
    names = [case.name for case in stream_cases(quick=False, seeds=20)]
    assert len(set(names)) == len(names) == 11


def test_jobs_of_an_unseen_platform_share_its_machine() -> None:
    case = UnseenCase(12, (40, 400), 0.3, 1, jobs=10)
    graphs = case.graphs(0)
    assert len({id(graph.machine) for graph in graphs}) == 1
    assert len(graphs[0].machine.names) == 12
    costs = [cost for graph in graphs for row in graph.costs for cost in row]
    assert 40 <= min(costs) < 50
    assert 390 < max(costs) <= 400
    assert case.graphs(1)[0].costs != graphs[0].costs
