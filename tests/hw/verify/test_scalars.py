import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wingbeat.hw.isa.footprint import Interval
from wingbeat.hw.isa.instructions import Scalar
from wingbeat.hw.sequencer import compute
from wingbeat.hw.verify.scalars import ANYTHING, transfer, wrapped

OPERATIONS = list(Scalar)[: Scalar.LOOP.value]

CORNERS = (0, 1, 2, 3, 5, 31, 32, 33, 63, 64, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_result_is_within(operation: Scalar) -> None:
    """All intervals within 0..9, all values in them."""
    intervals = [Interval(low, high) for low in range(10) for high in range(low, 10)]
    for a, b in itertools.product(intervals, intervals):
        result = transfer(operation, a, b)
        for x, y in itertools.product((a.low, a.high), range(b.low, b.high + 1)):
            assert result.low <= compute(operation, x, y) <= result.high, (a, b, x, y)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_points_stay_points(operation: Scalar) -> None:
    for x, y in itertools.product(CORNERS, CORNERS):
        exact = Interval.point(compute(operation, x, y))
        assert transfer(operation, Interval.point(x), Interval.point(y)) == exact, (x, y)


words = st.one_of(st.sampled_from(CORNERS), st.integers(0, 2**32 - 1))


@st.composite
def interval_and_member(draw: st.DrawFn) -> tuple[Interval, int]:
    low, member, high = sorted(draw(st.tuples(words, words, words)))
    return Interval(low, high), member


@given(st.sampled_from(OPERATIONS), interval_and_member(), interval_and_member())
def test_wide_intervals_hold_their_results(
    operation: Scalar, a: tuple[Interval, int], b: tuple[Interval, int]
) -> None:
    result = transfer(operation, a[0], b[0])
    assert 0 <= result.low <= compute(operation, a[1], b[1]) <= result.high < 2**32


def test_an_interval_that_wraps_in_part_is_anything() -> None:
    assert wrapped(2**32 - 1, 2**32) == ANYTHING
    assert wrapped(-1, 0) == ANYTHING
    assert transfer(Scalar.SUB, Interval(3, 9), Interval(0, 4)) == ANYTHING


def test_an_interval_that_wraps_as_a_whole_stays_narrow() -> None:
    minus_one = Interval.point(2**32 - 1)
    assert transfer(Scalar.ADD, Interval(1, 9), minus_one) == Interval(0, 8)
    assert transfer(Scalar.SUB, Interval(4, 9), Interval(0, 4)) == Interval(0, 9)


def test_a_mask_bounds() -> None:
    assert transfer(Scalar.AND, ANYTHING, Interval.point(63)) == Interval(0, 63)
    assert transfer(Scalar.AND, Interval(3, 60), Interval.point(63)) == Interval(3, 60)
