from __future__ import annotations

import pytest

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.soc.graph import UNSUPPORTED, Graph
from wingbeat.sim.soc.machine import Machine
from wingbeat.sim.soc.schedule import Schedule, Slot, check

MACHINE = Machine(["P", "Q"], ["P", "Q"], [[2.0, 2.0], [2.0, 2.0]])
GRAPH = Graph(MACHINE, ["a", "b", "c"], [[3, 5], [4, 4], [2, UNSUPPORTED]], [(0, 1, 9)])
SOUND = (Slot(0, 0, 3), Slot(1, 7, 11), Slot(0, 3, 5))


def test_a_sound_schedule_passes() -> None:
    schedule = Schedule(GRAPH, SOUND)
    check([schedule])
    assert schedule.makespan == 11


@pytest.mark.parametrize(
    ("task", "slot", "sentence"),
    [
        (0, Slot(0, 0, 4), r"task `a` must take 3 ticks, not 4"),
        (1, Slot(1, 6, 10), r"task `b` must not start before 7, when the data of `a` are there"),
        (1, Slot(0, 2, 6), r"task `b` must not start before 3"),
        (2, Slot(0, 2, 4), r"tasks `a` and `c` overlap on element 0 at 2"),
        (2, Slot(1, 0, 2), r"task `c` is on element 1, unsupported"),
    ],
)
def test_each_rule_is_checked(task: int, slot: Slot, sentence: str) -> None:
    slots = [*SOUND[:task], slot, *SOUND[task + 1 :]]
    with pytest.raises(ScheduleError, match=sentence):
        check([Schedule(GRAPH, tuple(slots))])


def test_jobs_that_share_a_machine_do_not_overlap() -> None:
    with pytest.raises(ScheduleError, match="overlap"):
        check([Schedule(GRAPH, SOUND), Schedule(GRAPH, SOUND)])


def test_an_overlap_is_found_behind_a_task_without_duration() -> None:
    graph = Graph(MACHINE, ["a", "b", "c"], [[9, 9], [0, 0], [4, 4]], [])
    with pytest.raises(ScheduleError, match="tasks `a` and `c` overlap"):
        check([Schedule(graph, (Slot(0, 0, 9), Slot(0, 5, 5), Slot(0, 6, 10)))])
