"""Means of independent runs, with 95 % confidence intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

_STUDENT = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""97.5 % quantiles of Student's t distribution of 1 to 30 degrees of freedom; more are taken as 30.
"""


@dataclass(frozen=True)
class Interval:
    """A mean, and half of its 95 % confidence interval; nan for a single run."""

    mean: float
    half: float


def interval(values: Sequence[float]) -> Interval:
    """Return the mean of at least one run and its interval, by Student's t."""
    count = len(values)
    if count == 1:
        return Interval(values[0], float("nan"))
    quantile = _STUDENT[min(count - 1, len(_STUDENT)) - 1]
    return Interval(fmean(values), quantile * stdev(values) / sqrt(count))


def relative(values: Sequence[float], others: Sequence[float]) -> Interval:
    """Return how much values are above others of the same runs, as a share of the others.

    The runs are paired: what makes a run hard for both does not widen the interval.
    """
    return interval([a / b - 1 for a, b in zip(values, others, strict=True)])
