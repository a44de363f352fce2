"""Training from the beginning to the file of the policy; goes on where it was interrupted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
from torch.utils.tensorboard import SummaryWriter

from wingbeat.sim.schedule.etf_late import EtfLate
from wingbeat.sim.schedule.learned.network import Network, initial
from wingbeat.sim.schedule.learned.parameters import flat, save, unflat
from wingbeat.sim.schedule.learned.training.gradient import Adam, Task, cost, gradient
from wingbeat.sim.schedule.learned.training.imitation import demonstrations, imitate
from wingbeat.sim.schedule.learned.training.progress import Progress, resume
from wingbeat.sim.schedule.learned.training.scenarios import STREAMS
from wingbeat.sim.schedule.learned.training.workers import Workers
from wingbeat.sim.schedule.protocol import run
from wingbeat.sim.soc.emulator import Emulator
from wingbeat.sim.soc.outcome import outcome

CHECKPOINT, POLICY = "checkpoint.safetensors", "policy.safetensors"

_EVERY = 10
"""Steps between two checkpoints."""

Report = Callable[[str, float], None]
"""Called with what is being done, and how much of it is done."""


@dataclass(frozen=True)
class Settings:
    """How much there is to do.

    Attributes
    ----------
    seed : of all that is drawn
    steps : of policy gradient
    pairs : of policies in each step
    rate : how far a step goes, at first; it falls to nothing over the second half
    streams, jobs, rounds : of imitation, as in `demonstrations` and `imitate`
    """

    seed: int = 0
    steps: int = 600
    pairs: int = 12
    rate: float = 0.02
    streams: int = 4
    jobs: int = 100
    rounds: int = 40


def train(
    folder: Path,
    settings: Settings,
    workers: Workers,
    made: Mapping[str, str],
    report: Report,
) -> Path:
    """Return the file of a trained policy.

    Parameters
    ----------
    folder : of checkpoint, log for TensorBoard and policy; with a checkpoint, training goes on
    settings : how much there is to do
    workers : where episodes run
    made : what is written into the policy: command, commit
    report : progress
    """
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / CHECKPOINT
    with SummaryWriter(str(folder)) as log:
        if checkpoint.exists():
            progress = resume(checkpoint, settings.seed)
        else:
            progress = _warm_start(settings, log, report)
            progress.save(checkpoint)
        validation = _validation()
        while progress.adam.steps < settings.steps:
            report("policy gradient", progress.adam.steps / settings.steps)
            _step(progress, settings, workers, log)
            if progress.adam.steps % _EVERY == 0 or progress.adam.steps == settings.steps:
                progress.save(checkpoint)
                for name, ratio in validation.ratios(progress).items():
                    log.add_scalar(f"cost over late ETF's/{name}", ratio, progress.adam.steps)
    policy = folder / POLICY
    about = {"seed": str(settings.seed), "steps": str(progress.adam.steps), **made}
    save(policy, unflat(progress.average), about)
    return policy


def _warm_start(settings: Settings, log: SummaryWriter, report: Report) -> Progress:
    parameters = initial(settings.seed)
    samples = []
    report("demonstrations", 0.0)
    for sample in demonstrations(
        settings.seed, Network(parameters), streams=settings.streams, jobs=settings.jobs
    ):
        samples.append(sample)

    def imitated(number: int, loss: float, agreement: float) -> None:
        report("imitation", number / settings.rounds)
        log.add_scalar("imitation/loss", loss, number)
        log.add_scalar("imitation/agreement", agreement, number)

    parameters = imitate(
        parameters, samples, seed=settings.seed, rounds=settings.rounds, report=imitated
    )
    values = flat(parameters)
    return Progress(settings.seed, values, values.copy(), Adam(len(values)))


def _step(progress: Progress, settings: Settings, workers: Workers, log: SummaryWriter) -> None:
    """Go one step of policy gradient."""
    adam, size = progress.adam, len(progress.mean)
    number = adam.steps
    tasks = [Task(progress.mean, settings.seed, number, pair) for pair in range(settings.pairs)]
    differences = np.array(workers.differences(tasks))
    upward = gradient(size, settings.seed, number, differences)
    rate = settings.rate * min(1.0, 2.0 * (1.0 - number / settings.steps))
    progress.mean = progress.mean + adam.step(upward, rate)
    kept = min(0.98, number / (number + 10))
    progress.average = kept * progress.average + (1 - kept) * progress.mean
    log.add_scalar("gradient/norm", float(np.linalg.norm(upward)), number)


@cache
def _validation() -> _Validation:
    return _Validation()


class _Validation:
    """Episodes that training does not see, and what late ETF makes of them."""

    def __init__(self) -> None:
        self._episodes = {
            name: [make(Random(f"validation {name} {seed}")) for seed in range(2)]
            for name, make in STREAMS.items()
        }
        self._known = {}
        for name, episodes in self._episodes.items():
            emulators = [episode.emulator() for episode in episodes]
            for emulator in emulators:
                run(emulator, EtfLate())
            self._known[name] = [_cost(emulator) for emulator in emulators]

    def ratios(self, progress: Progress) -> dict[str, float]:
        """Return, for each kind of stream, the policy's cost over late ETF's."""
        return {
            name: float(
                np.mean(
                    [
                        cost(episode, progress.average) / known
                        for episode, known in zip(episodes, self._known[name], strict=True)
                    ]
                )
            )
            for name, episodes in self._episodes.items()
        }


def _cost(emulator: Emulator) -> float:
    """Return what `gradient.cost` is of a run in Python."""
    figures, jobs = outcome(emulator), len(emulator.state.jobs)
    return figures.latency_bound * (jobs + figures.rejected) / jobs
