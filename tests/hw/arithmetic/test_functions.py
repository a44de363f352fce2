"""Functions of the vector machine against float64, at the bounds that their docstrings promise."""

import hashlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wingbeat.hw.arithmetic import functions as f

Float = npt.NDArray[np.float32]
NAN = 0x7FC00000

CHECKSUMS = {
    "exp2": "8883d30dd8efd84e",
    "reciprocal": "f6114b977d0ed86a",
    "rsqrt_even": "8cf851a357e53849",
    "rsqrt_odd": "07946444e1b9d956",
    "sine": "bc5c29d6e48cca83",
}


def numbers(*values: float) -> Float:
    return np.array(values, np.float32)


def spread(low: int, high: int, count: int = 100_000) -> Float:
    """Positive numbers of all significands and exponents, edges of segments among them."""
    rng = np.random.default_rng(1)
    values = np.ldexp(rng.uniform(1, 2, count), rng.integers(low, high, count))
    edges = np.ldexp(1 + np.arange(128) / 128, 0).astype(np.float32)
    below = np.nextafter(edges, np.float32(0))
    return np.concatenate([values.astype(np.float32), edges, below])


def relative(result: Float, exact: npt.NDArray[np.float64]) -> float:
    return float(np.abs(result.astype(np.float64) / exact - 1).max())


@pytest.mark.parametrize("name", CHECKSUMS)
def test_tables_are_those_of_the_committed_rom(name: str) -> None:
    table = f.table(name)
    assert table.shape == (128, 3)
    assert hashlib.sha256(table.astype("<f4").tobytes()).hexdigest()[:16] == CHECKSUMS[name]


@pytest.mark.parametrize("name", CHECKSUMS)
def test_tables_approximate_their_function(name: str) -> None:
    """In float64, so that only the table's own error is seen."""
    exact: dict[str, Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]] = {
        "exp2": np.exp2,
        "reciprocal": lambda x: 1 / (1 + x),
        "rsqrt_even": lambda x: (1 + x) ** -0.5,
        "rsqrt_odd": lambda x: (2 + 2 * x) ** -0.5,
        "sine": lambda x: np.sin(np.pi / 2 * x),
    }
    x = np.linspace(0, 1, 12_801)[:-1]
    segment = (x * 128).astype(int)
    r = x - segment / 128
    c0, c1, c2 = f.table(name)[segment].astype(np.float64).T
    assert np.abs(c0 + r * (c1 + r * c2) - exact[name](x)).max() < 8e-8


def test_exp2_is_within_its_bound() -> None:
    x = np.concatenate([np.linspace(-126, 127.999, 200_001).astype(np.float32), spread(-30, 5)])
    assert relative(f.exp2(x), np.exp2(x.astype(np.float64))) < 1.3e-7


def test_reciprocal_is_within_its_bound_for_both_signs() -> None:
    x = spread(-125, 125)
    assert relative(f.reciprocal(x), 1 / x.astype(np.float64)) < 1.3e-7
    np.testing.assert_array_equal(f.reciprocal(-x), -f.reciprocal(x))


def test_rsqrt_is_within_its_bound_for_even_and_odd_exponents() -> None:
    x = spread(-126, 128)
    assert relative(f.rsqrt(x), x.astype(np.float64) ** -0.5) < 1.3e-7


@pytest.mark.parametrize("reach", [1, 4096, 2**20])
def test_sine_and_cosine_are_within_their_bound(reach: int) -> None:
    x = np.random.default_rng(reach).uniform(-reach, reach, 100_000).astype(np.float32)
    turns = x.astype(np.float64) % 1
    assert np.abs(f.sine(x) - np.sin(2 * np.pi * turns)).max() < 2.5e-7
    assert np.abs(f.cosine(x) - np.cos(2 * np.pi * turns)).max() < 2.5e-7


@pytest.mark.parametrize("function", [f.sine, f.cosine, f.exp2])
def test_a_tiny_negative_number_is_as_good_as_zero(function: Callable[[Float], Float]) -> None:
    """Less its floor it rounds to 1, the end of the last segment."""
    tiny = -np.ldexp(np.float32(1), np.arange(-126, -24)).astype(np.float32)
    assert np.abs(function(tiny) - function(numbers(0.0))).max() < 2.5e-7


@given(st.integers(-(2**20), 2**20), st.integers(0, 3))
def test_quarter_turns_lie_on_the_axes(turns: int, quarter: int) -> None:
    x = numbers(turns + quarter / 4)
    assert abs(float(f.sine(x)[0]) - (0, 1, 0, -1)[quarter]) < 1.3e-7
    assert abs(float(f.cosine(x)[0]) - (1, 0, -1, 0)[quarter]) < 1.3e-7


@given(st.integers(-126, 127))
def test_exp2_of_an_integer_is_exact(exponent: int) -> None:
    assert f.exp2(numbers(exponent))[0] == 2.0**exponent


SPECIAL = {
    "exp2": [(128, np.inf), (np.inf, np.inf), (-127, 0.0), (-126, 2.0**-126), (-np.inf, 0.0)],
    "reciprocal": [(0.0, np.inf), (-0.0, -np.inf), (np.inf, 0.0), (-np.inf, -0.0)],
    "rsqrt": [(0.0, np.inf), (-0.0, np.inf), (np.inf, 0.0), (-1, np.nan), (-np.inf, np.nan)],
    "sine": [(np.inf, np.nan), (-np.inf, np.nan)],
    "cosine": [(np.inf, np.nan), (-np.inf, np.nan), (0.0, 1.0)],
}


@pytest.mark.parametrize(
    ("name", "x", "wanted"), [(name, *case) for name, cases in SPECIAL.items() for case in cases]
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # -inf * 0 is meant
def test_special_values_alone_and_among_ordinary_ones(name: str, x: float, wanted: float) -> None:
    for row in (numbers(x), numbers(1, x, 0.5)):
        result = getattr(f, name)(row)[len(row) // 2]
        bits = NAN if np.isnan(wanted) else numbers(wanted).view(np.uint32)[0]
        assert result.view(np.uint32) == bits


@pytest.mark.parametrize("name", SPECIAL)
@pytest.mark.parametrize("bits", [0x7FC00000, 0xFFC00001, 0x7FFFFFFF])
def test_any_nan_becomes_the_one_nan(name: str, bits: int) -> None:
    row = np.array([0x3F800000, bits], np.uint32).view(np.float32)
    assert getattr(f, name)(row).view(np.uint32)[1] == NAN


@pytest.mark.parametrize("name", SPECIAL)
def test_results_are_float32_without_subnormals_and_elements_stand_alone(name: str) -> None:
    rng = np.random.default_rng(7)
    x = np.concatenate([spread(-126, 128, 2000), -spread(-126, 128, 2000)]).astype(np.float32)
    rng.shuffle(x)
    with np.errstate(all="ignore"):
        whole = getattr(f, name)(x)
        singles = np.concatenate([getattr(f, name)(x[i : i + 1]) for i in range(300)])
    assert whole.dtype == np.float32
    assert not ((whole != 0) & (np.abs(whole) < 2.0**-126)).any()
    np.testing.assert_array_equal(whole[:300].view(np.uint32), singles.view(np.uint32))
