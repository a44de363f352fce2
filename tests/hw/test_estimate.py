"""Estimates of whole programs."""

import pytest
from tests.hw.verify.programs import HALT, argument, load, loop, mv, store, sys

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.cost import loading
from wingbeat.hw.estimate import Estimate, estimate
from wingbeat.hw.isa.instructions import Scalar
from wingbeat.hw.isa.operands import Count
from wingbeat.hw.isa.program import Program

CONFIG = AcceleratorConfig(lanes=4, columns=2, port_bits=512)

ROW = load(length=Count(64))
"""256 bytes; LD takes 16 cycles for them and 104 for the memory's answer."""


def test_a_loop_is_run_as_often_as_its_argument_says() -> None:
    program = Program((ROW, *loop([ROW], register=4), HALT), (argument(4, 0, 9),))
    for trips in range(5):
        found = estimate(program, {"argument 4": trips}, CONFIG, ["a", "-", "b", "-"])
        # the first load is in LD after 9 cycles; HALT takes one behind the last
        assert found.cycles == loading(4, CONFIG) + 9 + 120 * (1 + trips) + 1
        assert found.instructions == 1 + 1 + trips + 1
        assert found.traffic == ({"a": 256, "b": 256 * trips} if trips else {"a": 256})


def test_traffic_is_told_by_purpose_whatever_moves_it() -> None:
    """Two tiles of 64 rows by 64 columns of 4.5 bits, a row of 256 bytes, and one of 64."""
    program = Program((ROW, mv(), store(), mv(), HALT))
    found = estimate(program, {}, CONFIG, ["norms", "weights", "norms", "head", "-"])
    assert found.traffic == {"head": 4608, "norms": 256 + 64, "weights": 4608}
    assert list(found.traffic) == ["head", "norms", "weights"]
    assert found.bytes == 2 * 4608 + 320
    assert found.products == 2 * 128 * 64
    assert found.config is CONFIG


def test_a_word_that_is_peeked_counts_as_zero() -> None:
    program = Program((sys(Scalar.PEEK, 1), *loop([ROW], register=1), HALT))
    assert estimate(program, {}, CONFIG, [""] * 4).traffic == {}


def test_shares_are_of_what_ports_and_chains_can_do() -> None:
    """64 bytes and 4 lanes x 2 columns x 32 products a cycle."""
    found = Estimate(100, 5, {"a": 600, "b": 1000}, 6400, CONFIG)
    assert found.bytes == 1600
    assert found.bandwidth_share == pytest.approx(0.25)
    assert found.product_share == pytest.approx(0.25)
