from __future__ import annotations

import pytest

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.soc.catalogue import load_job, load_platform, load_workload, names
from wingbeat.sim.soc.graph import UNSUPPORTED

SIZES = {  # tasks, edges: DS3's files
    "wifi_tx": (27, 30),
    "wifi_rx": (34, 37),
    "temporal_mitigation": (10, 12),
    "single_carrier_tx": (8, 7),
    "single_carrier_rx": (8, 7),
    "range_detection": (7, 7),
}


def test_the_soc_has_the_elements_of_ds3() -> None:
    machine = load_platform("ds3_soc").machine()
    counts = {name: machine.classes.count(name) for name in machine.classes}
    assert counts == {"A7": 4, "A15": 4, "MM": 2, "FFT": 4, "VIT": 2}
    assert machine.names[0] == "A7.0"


@pytest.mark.parametrize("job", sorted(SIZES))
def test_real_jobs_have_the_size_of_ds3(job: str) -> None:
    platform = load_platform("ds3_soc")
    graph = load_job(job).bind(platform, platform.machine())
    assert (len(graph), len(graph.edges)) == SIZES[job]


def test_a_viterbi_decoder_is_what_makes_the_receiver_fast() -> None:
    platform = load_platform("ds3_soc")
    machine = platform.machine()
    graph = load_job("wifi_rx").bind(platform, machine)
    costs = graph.costs[graph.names.index("viterbi_decoder")]
    by_class = dict(zip(machine.classes, costs, strict=True))
    assert by_class == {"A7": 1828, "A15": 739, "MM": UNSUPPORTED, "FFT": UNSUPPORTED, "VIT": 2}


def test_transfers_go_by_bandwidth_and_are_free_within_an_element() -> None:
    machine = load_platform("ds3_soc").machine()
    a15, fft = machine.names.index("A15.0"), machine.names.index("FFT.0")
    transfer = machine.transfer(80)
    assert transfer[fft][a15] == transfer[a15][fft] == 8
    assert transfer[a15][a15] == 0
    assert machine.transfer(3000)[a15][a15 + 1] == 3


def test_every_workload_can_be_bound() -> None:
    for name in names("workload"):
        workload = load_workload(name)
        platform = load_platform(workload.platform)
        machine = platform.machine()
        for job in workload.jobs:
            assert load_job(job).bind(platform, machine).machine is machine


@pytest.mark.parametrize("load", [load_platform, load_job, load_workload])
def test_an_unknown_name_lists_those_that_there_are(load: object) -> None:
    assert callable(load)
    with pytest.raises(ScheduleError, match=r"must be one of .*top.*, not `nothing`"):
        load("nothing")
