from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tests.sim.schedule.learned.cases import random_parameters

from wingbeat.hw.errors import ScheduleError
from wingbeat.sim.schedule.learned import parameters as module
from wingbeat.sim.schedule.learned.parameters import flat, load, save, unflat

SHIPPED = Path(module.__file__).with_name("policy.safetensors")


def test_the_shipped_policy_is_small_and_says_how_it_was_made() -> None:
    parameters, made = load(SHIPPED)
    assert SHIPPED.stat().st_size < 100_000
    assert made["command"].startswith("wingbeat schedule train")
    assert made.keys() >= {"command", "seed", "commit", "steps"}
    assert all(np.isfinite(value).all() for value in parameters.values())


def test_a_file_has_what_was_saved(tmp_path: Path) -> None:
    parameters = random_parameters(0)
    save(tmp_path / "p.safetensors", parameters, {"seed": "7"})
    loaded, made = load(tmp_path / "p.safetensors")
    assert flat(loaded) == pytest.approx(flat(parameters), rel=1e-6)
    assert made == {"seed": "7"}
    assert [path.name for path in tmp_path.iterdir()] == ["p.safetensors"]


def test_a_vector_has_all_parameters() -> None:
    parameters = random_parameters(0)
    again = unflat(flat(parameters))
    assert all((again[name] == parameters[name]).all() for name in parameters)


def test_a_file_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "p.safetensors"
    path.write_bytes(b"not a policy")
    with pytest.raises(ScheduleError, match=r"policy `.*` must be a safetensors file"):
        load(path)
    with pytest.raises(ScheduleError, match=r"policy `.*none` must be a safetensors file"):
        load(tmp_path / "none")


def test_a_file_of_another_network_names_the_array(tmp_path: Path) -> None:
    path = tmp_path / "p.safetensors"
    save_file({"node": np.zeros((2, 2), np.float32)}, path)
    with pytest.raises(ScheduleError, match=r"`node` must have shape \(9, 8\), not \(2, 2\)"):
        load(path)
