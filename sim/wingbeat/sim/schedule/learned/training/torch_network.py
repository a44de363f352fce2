"""The network in PyTorch, for what needs its derivative: the same parameters, the same scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wingbeat.sim.schedule.learned.graph_view import Floats, graph_view
from wingbeat.sim.schedule.learned.network import ROUNDS, SHAPES, Observation
from wingbeat.sim.soc.graph import Graph


@dataclass(frozen=True)
class Sample:
    """A moment and what a teacher does in it.

    Attributes
    ----------
    seen : what the network is given, less what is computed from embeddings
    graph, node : of each ready task, its graph and its place in it
    place : of each ready task, its job's place in `waiting`
    waiting : of each job, its graph and which of its tasks are not placed
    allowed : which pairs there are, `(T, E)`
    must : it is not allowed to wait
    action : place of the teacher's pair, `row * E + column`, or `T * E` to wait
    """

    seen: Observation
    graph: list[Graph]
    node: list[int]
    place: list[int]
    waiting: list[tuple[Graph, NDArray[np.int64]]]
    allowed: NDArray[np.bool_]
    must: bool
    action: int


class TorchNetwork(nn.Module):
    """The network of `wingbeat.sim.schedule.learned.network`.

    Parameters
    ----------
    parameters : arrays as `SHAPES` has them
    """

    def __init__(self, parameters: Mapping[str, Floats]) -> None:
        super().__init__()
        self.values = nn.ParameterDict(
            {name: nn.Parameter(torch.tensor(parameters[name])) for name in SHAPES}
        )

    def parameters_as_arrays(self) -> dict[str, Floats]:
        """Return the parameters as the NumPy network takes them."""
        return {name: self.values[name].detach().cpu().numpy().astype(float) for name in SHAPES}

    def embed(self, nodes: Tensor, after: Tensor, before: Tensor) -> Tensor:
        """Return embeddings, `(tasks, EMBEDDING)`, of all graphs that the arguments hold."""
        p = self.values
        own = nodes @ p["node"] + p["node_bias"]
        state = torch.relu(own)
        for _ in range(ROUNDS):
            messages = after @ state @ p["after"] + before @ state @ p["before"]
            state = torch.relu(own + messages)
        return state

    def forward(self, batch: Batch) -> Tensor:
        """Return the logarithm of each action's probability, `(samples, pairs + 1)`."""
        p = self.values
        nodes = self.embed(batch.nodes, batch.after, batch.before)
        job = batch.job @ nodes
        jobs = batch.jobs @ nodes
        queue = batch.queue @ p["queue"] + jobs @ p["jobs"] + p["hidden_bias"]
        task = batch.tasks @ p["task"] + job @ p["job"] + nodes[batch.node] @ p["embedding"]
        task = task + queue[batch.sample]
        skip = (batch.queue @ p["queue_out"] + p["out_bias"])[batch.sample]
        skip = skip + batch.tasks @ p["task_out"]
        hidden = torch.relu(batch.pairs @ p["pair"] + task[batch.task])
        scores = hidden @ p["out"] + batch.pairs @ p["pair_out"] + skip[batch.task]
        table = torch.full(batch.wait.shape, -torch.inf, dtype=scores.dtype, device=scores.device)
        table = table.masked_fill(batch.wait, 0.0)
        table = table.index_put((batch.sample[batch.task], batch.action), scores)
        return torch.log_softmax(table, dim=1)


@dataclass(frozen=True)
class Batch:
    """Samples, one after the other.

    Attributes
    ----------
    nodes, after, before : of all graphs: features, and the means as sparse matrices
    job, jobs : means over the tasks that are not placed, of a task's job and of a sample's jobs, as
        sparse matrices
    queue : features, `(samples, QUEUE_FEATURES)`
    tasks, node, sample : of each ready task, its features, its row in `nodes`, and its sample
    pairs, task, action : of each allowed pair, its features, its task and its action
    wait : where the action to wait is, if it is allowed, `(samples, pairs + 1)`
    target : action of each sample's teacher
    """

    nodes: Tensor
    after: Tensor
    before: Tensor
    job: Tensor
    jobs: Tensor
    queue: Tensor
    tasks: Tensor
    node: Tensor
    sample: Tensor
    pairs: Tensor
    task: Tensor
    action: Tensor
    wait: Tensor
    target: Tensor


def batch(samples: Sequence[Sample], device: torch.device) -> Batch:
    """Return samples as tensors."""
    graphs = list(dict.fromkeys(graph for sample in samples for graph, _ in sample.waiting))
    first = dict(zip(graphs, np.cumsum([0, *map(len, graphs)]).tolist(), strict=False))
    views = [graph_view(graph) for graph in graphs]
    count = sum(map(len, graphs))
    shapes = [sample.allowed.shape for sample in samples]
    most = max(tasks * elements for tasks, elements in shapes)
    starts = np.cumsum([0, *(tasks for tasks, _ in shapes)])
    links = _Sparse()
    means = _Sparse()
    wait = np.zeros((len(samples), most + 1), bool)
    for number, sample in enumerate(samples):
        wait[number, most] = not sample.must
        for graph, tasks in sample.waiting:
            means.add(number, first[graph] + tasks, 1.0 / len(graph) / len(sample.waiting))
        for row, place in enumerate(sample.place):
            graph, tasks = sample.waiting[place]
            links.add(starts[number] + row, first[graph] + tasks, 1.0 / len(graph))
    allowed = [np.nonzero(sample.allowed) for sample in samples]
    widths = [elements for _, elements in shapes]

    def tensor(values: NDArray[np.generic]) -> Tensor:
        return torch.tensor(values, device=device)

    def blocks(matrices: Sequence[Floats]) -> Tensor:
        sparse = _Sparse()
        for graph, matrix in zip(graphs, matrices, strict=True):
            for row, column in zip(*np.nonzero(matrix), strict=True):
                sparse.add(first[graph] + row, first[graph] + column, matrix[row, column])
        return sparse.tensor((count, count), device)

    return Batch(
        nodes=tensor(np.concatenate([view.nodes for view in views])),
        after=blocks([view.after for view in views]),
        before=blocks([view.before for view in views]),
        job=links.tensor((int(starts[-1]), count), device),
        jobs=means.tensor((len(samples), count), device),
        queue=tensor(np.stack([sample.seen.queue for sample in samples])),
        tasks=tensor(np.concatenate([sample.seen.tasks for sample in samples])),
        node=tensor(
            np.array(
                [
                    first[graph] + node
                    for sample in samples
                    for graph, node in zip(sample.graph, sample.node, strict=True)
                ]
            )
        ),
        sample=tensor(np.repeat(np.arange(len(samples)), [tasks for tasks, _ in shapes])),
        pairs=tensor(
            np.concatenate([s.seen.pairs[where] for s, where in zip(samples, allowed, strict=True)])
        ),
        task=tensor(
            np.concatenate(
                [start + rows for start, (rows, _) in zip(starts, allowed, strict=False)]
            )
        ),
        action=tensor(
            np.concatenate(
                [
                    rows * width + columns
                    for width, (rows, columns) in zip(widths, allowed, strict=True)
                ]
            )
        ),
        wait=tensor(wait),
        target=tensor(
            np.array(
                [
                    most if sample.action == tasks * elements else sample.action
                    for sample, (tasks, elements) in zip(samples, shapes, strict=True)
                ]
            )
        ),
    )


class _Sparse:
    """A matrix in the making, entry by entry."""

    def __init__(self) -> None:
        self._rows: list[NDArray[np.int64]] = []
        self._columns: list[NDArray[np.int64]] = []
        self._values: list[Floats] = []

    def add(self, row: int, columns: NDArray[np.int64] | int, value: float) -> None:
        """Set one row's entries in some columns."""
        columns = np.atleast_1d(np.asarray(columns))
        self._rows.append(np.full(len(columns), row))
        self._columns.append(columns)
        self._values.append(np.full(len(columns), value))

    def tensor(self, shape: tuple[int, int], device: torch.device) -> Tensor:
        """Return the matrix."""
        if not self._rows:
            return torch.zeros(shape, dtype=torch.float64, device=device)
        places = np.stack([np.concatenate(self._rows), np.concatenate(self._columns)])
        return torch.sparse_coo_tensor(
            torch.tensor(places),
            torch.tensor(np.concatenate(self._values)),
            shape,
            check_invariants=False,
        ).to(device)
