"""Episodes of the policy in compiled code: many times as many a second as in Python."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from wingbeat.sim.schedule.learned.graph_view import Floats, graph_view
from wingbeat.sim.schedule.learned.network import Network
from wingbeat.sim.schedule.learned.parameters import flat
from wingbeat.sim.schedule.learned.table import Table
from wingbeat.sim.schedule.learned.training.build import library
from wingbeat.sim.schedule.learned.training.episode import Episode

_UNLIMITED = -1


class _Graphs(ctypes.Structure):
    _fields_ = (
        ("elements", ctypes.c_int),
        ("base", ctypes.c_void_p),
        ("costs", ctypes.c_void_p),
        ("first_predecessor", ctypes.c_void_p),
        ("predecessor", ctypes.c_void_p),
        ("transfer", ctypes.c_void_p),
        ("first_successor", ctypes.c_void_p),
        ("successor", ctypes.c_void_p),
    )


class _Arrivals(ctypes.Structure):
    _fields_ = (
        ("count", ctypes.c_int),
        ("gaps", ctypes.c_void_p),
        ("graphs", ctypes.c_void_p),
        ("limit", ctypes.c_int64),
        ("filled", ctypes.c_int32),
        ("horizon", ctypes.c_int64),
        ("noise", ctypes.c_double),
        ("deviations", ctypes.c_void_p),
    )


class Result(ctypes.Structure):
    """What an episode showed.

    Attributes
    ----------
    finished, latency : number of jobs, and the sum of their ticks
    censored, waited : the same of the jobs that are not finished
    rejected : number of jobs
    end, makespan : ticks at the end, and when the last job was finished
    """

    _fields_ = (
        ("finished", ctypes.c_double),
        ("latency", ctypes.c_double),
        ("censored", ctypes.c_double),
        ("waited", ctypes.c_double),
        ("rejected", ctypes.c_double),
        ("end", ctypes.c_double),
        ("makespan", ctypes.c_double),
    )


class _Packed:
    """The arrays of an episode, in the order that the compiled code expects."""

    def __init__(self, episode: Episode) -> None:
        graphs = episode.graphs
        sizes = [len(graph) for graph in graphs]
        before = [row for graph in graphs for row in graph.predecessors]
        after = [row for graph in graphs for row in graph.successors]
        self._arrays: list[NDArray[Any]] = [
            np.array([0, *np.cumsum(sizes)], np.int32),
            np.array([row for graph in graphs for row in graph.costs], np.int64),
            _starts(before),
            np.array([task for row in before for task, _ in row], np.int32),
            np.array([ticks for row in before for _, ticks in row], np.int64),
            _starts(after),
            np.array([task for row in after for task, _ in row], np.int32),
        ]
        self.graphs = _Graphs(len(graphs[0].machine.names), *map(_address, self._arrays))
        self.scales = np.array([graph_view(graph).scale for graph in graphs])
        self._gaps = np.ascontiguousarray(episode.gaps)
        self._kinds = np.ascontiguousarray(episode.kinds)
        self._deviations = episode.deviations()
        admission, horizon = episode.admission, episode.horizon
        self.arrivals = _Arrivals(
            len(self._gaps),
            _address(self._gaps),
            _address(self._kinds),
            _UNLIMITED if admission.limit is None else admission.limit,
            admission.filled,
            _UNLIMITED if horizon is None else horizon,
            episode.noise,
            _address(self._deviations),
        )


def rollout(episode: Episode, parameters: Mapping[str, Floats]) -> Result:
    """Return what an episode shows under a policy."""
    packed = _PACKED.get(episode)
    if packed is None:
        packed = _PACKED[episode] = _Packed(episode)
    network = Network(parameters)
    table = Table(packed.graphs.elements, network)
    for graph in episode.graphs:
        table.base(graph)
    values = flat(parameters)
    result = Result()
    library().rollout(
        ctypes.byref(packed.graphs),
        ctypes.byref(packed.arrivals),
        ctypes.c_void_p(_address(table.rows)),
        ctypes.c_void_p(_address(packed.scales)),
        ctypes.c_void_p(_address(values)),
        ctypes.byref(result),
    )
    return result


_PACKED: WeakKeyDictionary[Episode, _Packed] = WeakKeyDictionary()


def _starts(rows: Sequence[Sequence[object]]) -> NDArray[np.int32]:
    return np.array([0, *np.cumsum([len(row) for row in rows])], np.int32)


def _address(array: NDArray[Any]) -> int:
    return int(array.ctypes.data)
