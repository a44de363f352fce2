"""Where training stands: what a checkpoint holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.schedule.learned.graph_view import Floats
from wingbeat.sim.schedule.learned.training.gradient import Adam


@dataclass
class Progress:
    """Parameters and the optimizer's memory after some steps.

    Attributes
    ----------
    seed : of all that is drawn
    mean : parameters, as one vector
    average : of the mean over the last steps, which becomes the policy
    adam : the optimizer
    """

    seed: int
    mean: Floats
    average: Floats
    adam: Adam

    def save(self, path: Path) -> None:
        """Write a checkpoint, aside first."""
        aside = path.with_name(f".{path.name}.part")
        arrays = {
            "mean": self.mean,
            "average": self.average,
            "first": self.adam.first,
            "second": self.adam.second,
        }
        made = {"seed": str(self.seed), "steps": str(self.adam.steps)}
        save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, aside, made)
        aside.rename(path)


def resume(path: Path, seed: int) -> Progress:
    """Return what a checkpoint holds.

    Raises
    ------
    ScheduleError
        If it cannot be read, or was made with another seed.
    """
    try:
        with safe_open(path, "numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            made = file.metadata()
    except (OSError, SafetensorError) as error:
        raise ScheduleError(f"checkpoint `{path}` must be a safetensors file: {error}") from None
    if made["seed"] != str(seed):
        raise ScheduleError(
            f"`--seed` must be {made['seed']}, that of the checkpoint `{path}`, not {seed}"
        )
    adam = Adam(len(arrays["mean"]))
    adam.first, adam.second, adam.steps = arrays["first"], arrays["second"], int(made["steps"])
    return Progress(seed, arrays["mean"], arrays["average"], adam)
