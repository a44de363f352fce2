"""A lane against `arithmetic.matrix.multiply`, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.hw.rtl.lane.controller import Controller, Job, random_job, results
from tests.hw.rtl.lane.streams import random_tile

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.rtl.lane.lane import ON_ONE_CLOCK, Lane
from wingbeat.hw.rtl.lane.sections import shapes
from wingbeat.sim.rtl.harness import Simulation

DENSE = ("int4g32", "uint4g64", "int3g128", "uint7g32")
SPARSE = ("int4g32", "int4g32s", "uint3g64s", "int8g128s")
CONFIGS = [
    AcceleratorConfig(lanes=8, columns=columns, tokens=8, prefetch_beats=64, formats=formats)
    for formats in (DENSE, SPARSE)
    for columns in (1, 2)
]


def random_jobs(rng: np.random.Generator, config: AcceleratorConfig, garbage: bool) -> list[Job]:
    jobs = []
    for shape in shapes(config):
        for mv in (True, False):
            rows = int(rng.choice([4, 8, 12, 16]))
            groups = shape.format.group // 32 * int(rng.integers(1, 6))
            tile = random_tile(
                rng,
                shape.format,
                rows,
                groups,
                shape.kept,
                surplus=int(rng.integers(0, 3)) if shape.format.sparse else 0,
                garbage=garbage,
            )
            vectors = 0 if mv else int(rng.integers(1, config.tokens + 1))
            most = config.accumulators // (rows * max(vectors, 1))
            strands = int(rng.integers(0, min(4, most.bit_length())))
            jobs.append(random_job(rng, tile, vectors, strands))
    rng.shuffle(jobs)
    return jobs


def check(
    config: AcceleratorConfig, jobs: list[Job], rng: np.random.Generator, stall: float
) -> int:
    controller = Controller(Simulation(ON_ONE_CLOCK(Lane(config))), config, rng, stall)
    controller.run(jobs)
    for number, (job, found) in enumerate(zip(jobs, results(controller, jobs), strict=True)):
        expected = job.expected().view(np.uint32)
        description = (
            f"{number}: {job.tile.layout.format.name} {job.tile.kept}:16, {job.mode}, "
            f"{job.tile.layout.rows} rows, {job.tile.groups} groups, {job.vectors} vectors, "
            f"strands {job.strands}"
        )
        np.testing.assert_array_equal(found, expected, err_msg=description)
    assert sum(map(len, controller.words)) == sum(j.vectors * j.tile.layout.rows for j in jobs)
    return controller.cycle


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.formats[1]}x{c.columns}")
@pytest.mark.parametrize("stall", [0.0, 0.3])
def test_random_matrices(config: AcceleratorConfig, stall: float) -> None:
    rng = np.random.default_rng(1)
    check(config, random_jobs(rng, config, garbage=False), rng, stall)


@pytest.mark.parametrize("primitive", ["DSP48E2", "DSP48E1", "MULT18X18D"])
def test_with_primitives(primitive: Any) -> None:
    """The same with the simulation models of the DSP primitives in the chain."""
    config = AcceleratorConfig(
        lanes=8, tokens=4, prefetch_beats=64, formats=("int4g32s", "int8g32"), multiplier=primitive
    )
    rng = np.random.default_rng(4)
    check(config, random_jobs(rng, config, garbage=False), rng, 0.1)


@pytest.mark.parametrize("config", CONFIGS[1:3], ids=lambda c: f"{c.formats[1]}x{c.columns}")
def test_garbage_decodes_alike(config: AcceleratorConfig) -> None:
    rng = np.random.default_rng(2)
    check(config, random_jobs(rng, config, garbage=True), rng, 0.0)


@pytest.mark.parametrize("rows", [4, 8, 12, 16])
def test_two_row_pairs_in_a_step(rows: int) -> None:
    """With as many strands as that takes, between tiles that take one."""
    rng = np.random.default_rng(rows)
    config = CONFIGS[-1]
    enough = next(s for s in range(4) if rows // 4 << s >= 8)
    jobs = [
        random_job(rng, random_tile(rng, shape.format, rows, 4, shape.kept), 0, strands)
        for shape in shapes(config)
        for strands in (enough, enough - 1)
        if rows << strands <= config.accumulators
    ]
    check(config, jobs, rng, 0.1)
    assert {job.tile.kept for job in jobs if job.tile.twins} == {2, 4, 8, 16}


def test_two_row_pairs_a_cycle() -> None:
    config = AcceleratorConfig(lanes=8, columns=2, prefetch_beats=512, formats=("int4g32s",))
    rng = np.random.default_rng(5)
    tiles = [random_tile(rng, config.weight_formats[0], 16, 16, 4) for _ in range(3)]
    jobs = [random_job(rng, tile, 0, 1) for tile in tiles]
    first = check(config, jobs[:1], rng, 0.0)
    # twins, four to a group, are half of the beats that bring them
    assert check(config, jobs, rng, 0.0) - first <= 2 * len(tiles[0].beats) + 10


@pytest.mark.parametrize(("name", "kept", "vectors"), [("int4g32", 16, 0), ("int4g32s", 8, 2)])
def test_a_step_a_cycle(name: str, kept: int, vectors: int) -> None:
    """As long as a beat comes each cycle, the lane works each cycle."""
    config = AcceleratorConfig(lanes=8, tokens=8, prefetch_beats=64, formats=(name,))
    rng = np.random.default_rng(3)
    weights = config.weight_formats[0]
    jobs = [random_job(rng, random_tile(rng, weights, 16, 16, kept), vectors, 0) for _ in range(4)]
    steps = sum(
        job.tile.groups * 8 * (2 if kept > 8 else 1) * (2 if vectors else 1) for job in jobs
    )
    beats = sum(len(job.tile.beats) for job in jobs)
    cycles = check(config, jobs, rng, 0.0)
    # the last bank drains behind the last step
    tail = Lane.RESULT_OFFSET + Lane.SETTLE + 6 * 4 * max(vectors, 1) + 20
    assert cycles <= max(steps, beats) + tail + 8 * len(jobs)
