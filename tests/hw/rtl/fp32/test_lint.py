"""What synthesis gets has no warnings."""

from typing import Any

import pytest

from wingbeat.hw.rtl.fp32.adder import Adder
from wingbeat.hw.rtl.fp32.combine import Combine
from wingbeat.hw.rtl.fp32.integer_scale import IntegerScale
from wingbeat.hw.rtl.fp32.multiplier import Multiplier, ScaleMultiplier
from wingbeat.hw.rtl.fp32.quantiser import ScaleOf, ToCode
from wingbeat.sim.rtl.lint import lint

COMPONENTS = [
    Adder(), Multiplier(), ScaleMultiplier(), Combine(), ScaleOf(), ToCode(),
    IntegerScale(13), IntegerScale(21),
]  # fmt: skip


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: type(component).__name__)
def test_no_warnings(component: Any) -> None:
    assert not lint(component)
