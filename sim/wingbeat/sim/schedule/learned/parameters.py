"""The policy's parameters: as one vector, and as the file that the package ships."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.schedule.learned.graph_view import Floats
from wingbeat.sim.schedule.learned.network import SHAPES, Network


def flat(parameters: Mapping[str, Floats]) -> Floats:
    """Return all parameters as one vector."""
    return np.concatenate([np.ravel(parameters[name]) for name in SHAPES])


def unflat(values: Floats) -> dict[str, Floats]:
    """Return the parameters that a vector holds."""
    parameters, first = {}, 0
    for name, shape in SHAPES.items():
        last = first + int(np.prod(shape))
        parameters[name] = values[first:last].reshape(shape)
        first = last
    return parameters


def save(path: Path, parameters: Mapping[str, Floats], made: Mapping[str, str]) -> None:
    """Write parameters as a safetensors file, aside first.

    Parameters
    ----------
    path : of the file
    parameters : arrays as `SHAPES` has them
    made : how they were made: command, seed, commit
    """
    aside = path.with_name(f".{path.name}.part")
    arrays = {name: np.ascontiguousarray(parameters[name], np.float32) for name in SHAPES}
    save_file(arrays, aside, dict(made))
    aside.rename(path)


def load(path: Path) -> tuple[dict[str, Floats], dict[str, str]]:
    """Return the parameters of a file, and how they were made.

    Raises
    ------
    ScheduleError
        If the file cannot be read, or its arrays are not those of the network.
    """
    try:
        with safe_open(path, "numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            made = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise ScheduleError(f"policy `{path}` must be a safetensors file: {error}") from None
    for name, shape in SHAPES.items():
        found = arrays[name].shape if name in arrays else None
        if found != shape:
            raise ScheduleError(f"policy `{path}`: `{name}` must have shape {shape}, not {found}")
    return {name: arrays[name].astype(float) for name in SHAPES}, made


@cache
def shipped() -> Network:
    """Return the network that the package ships."""
    with as_file(files("wingbeat.sim.schedule.learned") / "policy.safetensors") as path:
        return Network(load(path)[0])
