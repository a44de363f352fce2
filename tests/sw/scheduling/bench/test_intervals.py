from __future__ import annotations

from math import isnan, sqrt

import pytest

from wingbeat.sw.scheduling.bench.intervals import interval, relative


def test_an_interval_is_students() -> None:
    # four runs, standard deviation sqrt(5 / 3), and 3.182 from any table of t at 97.5 %
    value = interval([1.0, 2.0, 3.0, 4.0])
    assert value.mean == 2.5
    assert value.half == pytest.approx(3.182 * sqrt(5 / 3) / 2)


def test_a_single_run_has_no_interval() -> None:
    value = interval([7.0])
    assert value.mean == 7.0
    assert isnan(value.half)


def test_many_runs_have_a_narrower_interval() -> None:
    assert interval([0.0, 1.0] * 50).half == pytest.approx(2.042 * sqrt(25 / 99) / 10)


def test_what_makes_a_run_hard_for_both_does_not_matter() -> None:
    value = relative([90.0, 900.0, 9000.0], [100.0, 1000.0, 10_000.0])
    assert value.mean == pytest.approx(-0.1)
    assert value.half == pytest.approx(0.0, abs=1e-12)
