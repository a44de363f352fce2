import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wingbeat.compiler.frontend.requantise import largest_weight, requantise
from wingbeat.hw.formats import Q8_0

LARGEST_WEIGHT = largest_weight(Q8_0)


@settings(max_examples=100)
@given(
    arrays(
        np.float32,
        (2, 64),
        elements=st.floats(-LARGEST_WEIGHT, LARGEST_WEIGHT, width=32),
    )
)
def test_smallest_scale_without_clipping(values: npt.NDArray[np.float32]) -> None:
    codes, scales = requantise(values)
    assert codes.min() >= -127
    steps = scales.view(np.float16).astype(np.float64)
    assert np.isfinite(steps).all()
    largest = np.abs(values).reshape(2, 2, 32).max(axis=2)
    wanted = (largest / np.float32(127)).astype(np.float64)
    assert (steps >= wanted).all()
    smaller = (scales[scales > 0] - 1).view(np.float16).astype(np.float64)
    assert (smaller < wanted[scales > 0]).all()
    change = codes * np.repeat(steps, 32, axis=1) - values
    assert (np.abs(change) <= np.repeat(steps, 32, axis=1) * 0.50001 + 1e-40).all()
