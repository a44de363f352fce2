"""Training, with torch; skipped without the extra `learn`, which `make learn` installs."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.schedule.learned.graph_view import graph_view
from wingbeat.sim.schedule.learned.network import Network
from wingbeat.sim.schedule.learned.parameters import flat, load

torch = pytest.importorskip("torch")
pytest.importorskip("tensorboard")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # those that torch's own imports raise
    from tests.sim.schedule.learned.cases import random_parameters

    from wingbeat.sim.schedule.learned.training.imitation import demonstrations, imitate
    from wingbeat.sim.schedule.learned.training.torch_network import Sample, TorchNetwork, batch
    from wingbeat.sim.schedule.learned.training.train import Settings, train
    from wingbeat.sim.schedule.learned.training.workers import Processes, Ray

SMALL = Settings(steps=2, pairs=2, streams=1, jobs=2, rounds=3)


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return list(demonstrations(1, Network(random_parameters(0)), streams=1, jobs=3))


def test_torch_and_numpy_have_the_same_scores(samples: list[Sample]) -> None:
    parameters = random_parameters(4)
    network = Network(parameters)
    chosen = samples[:: len(samples) // 40]
    logs = TorchNetwork(parameters)(batch(chosen, torch.device("cpu"))).detach().numpy()
    for sample, row in zip(chosen, logs, strict=True):
        seen = _seen_by(network, sample)
        scores = network.scores(seen)[sample.allowed]
        values = np.append(scores, [] if sample.must else [0.0])
        expected = values - np.log(np.exp(values - values.max()).sum()) - values.max()
        assert row[np.isfinite(row)] == pytest.approx(expected, abs=1e-9)


def _seen_by(network: Network, sample: Sample):  # type: ignore[no-untyped-def]
    """Return the sample's observation with the embeddings of another network."""
    from dataclasses import replace

    means = [
        network.embed(graph_view(graph))[tasks].sum(axis=0) / len(graph)
        for graph, tasks in sample.waiting
    ]
    own = [
        network.embed(graph_view(graph))[node]
        for graph, node in zip(sample.graph, sample.node, strict=True)
    ]
    return replace(
        sample.seen,
        embedded=network.embedded(np.array(own)),
        job=np.array([means[place] for place in sample.place]),
        jobs=np.mean(means, axis=0),
    )


def test_imitation_learns_what_the_teachers_do(samples: list[Sample]) -> None:
    shares: list[float] = []
    imitate(
        random_parameters(0),
        samples,
        seed=0,
        rounds=8,
        report=lambda _, __, share: shares.append(share),
    )
    assert shares[-1] > shares[0] + 0.1


def test_training_that_was_interrupted_ends_as_one_that_was_not(tmp_path: Path) -> None:
    made = {"command": "wingbeat schedule train", "commit": "none"}
    reports: list[str] = []

    def report(what: str, share: float) -> None:
        reports.append(what)

    with Processes(1) as workers:
        whole = train(tmp_path / "whole", SMALL, workers, made, report)

        class Broken:
            def differences(self, tasks: object) -> list[list[float]]:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "parts", SMALL, Broken(), made, report)  # type: ignore[arg-type]
        assert (tmp_path / "parts" / "checkpoint.safetensors").exists()
        parts = train(tmp_path / "parts", SMALL, workers, made, report)
        parameters, about = load(whole)
        assert flat(parameters) == pytest.approx(flat(load(parts)[0]))
        assert about == {**made, "seed": "0", "steps": "2"}
        assert {"demonstrations", "imitation", "policy gradient"} <= set(reports)
        assert list((tmp_path / "whole").glob("events.out.tfevents.*"))
        with pytest.raises(ScheduleError, match="`--seed` must be 0, that of the checkpoint"):
            train(tmp_path / "whole", Settings(seed=1), workers, made, report)


def test_processes_return_what_this_process_does(tmp_path: Path) -> None:
    from wingbeat.sim.schedule.learned.training.gradient import Task

    tasks = [Task(flat(random_parameters(0)), 0, 0, pair) for pair in range(2)]
    with Processes(1) as one, Processes(2) as two:
        assert one.differences(tasks) == two.differences(tasks)


def test_a_cluster_without_ray_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(ScheduleError, match="`--ray` needs ray"):
        Ray()
