"""Sequencers in simulation, each built once."""

import pytest
from tests.hw.rtl.sequencer.bench import Bench
from tests.hw.verify.programs import CONFIG

from wingbeat.hw.rtl.sequencer.queue import IN_PROGRESS

SMALL = CONFIG.model_copy(update={"queue_depth": 2, "vector_lanes": 8})
DEEP = CONFIG.model_copy(update={"queue_depth": 24, "vector_lanes": 16})


@pytest.fixture(scope="session")
def small() -> Bench:
    """A sequencer whose queues are full most of the time."""
    return Bench(SMALL, most=2)


@pytest.fixture(scope="session")
def deep() -> Bench:
    """A sequencer whose queues and units hold more than counters and `UnitQueue` do."""
    return Bench(DEEP, most=2 * IN_PROGRESS)
