"""A matrix controller in Python: drives one lane as `lane.Lane` asks for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tests.hw.rtl.lane.streams import Tile

from wingbeat.hw.arithmetic.matrix import multiply
from wingbeat.hw.arithmetic.quantise import Quantised, quantise
from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.isa.operands import TileRows
from wingbeat.hw.rtl.lane.commands import (
    SCALARS,
    STEP,
    Mode,
    accumulator_depth,
    drain_layout,
    result_layout,
)
from wingbeat.hw.rtl.lane.lane import Lane
from wingbeat.sim.rtl.harness import Simulation

REVISIT = 8


@dataclass
class Job:
    """One tile times some vectors."""

    tile: Tile
    mode: Mode
    operands: Quantised  # (vectors, groups, ...)
    strands: int  # log2

    @property
    def vectors(self) -> int:
        return len(self.operands.scales)

    def expected(self) -> npt.NDArray[np.float32]:
        """(vectors, rows)"""
        weights, operands = self.tile.unpack(), self.operands
        codes = operands.codes.reshape(self.vectors, -1, 32).swapaxes(0, 1)
        with np.errstate(invalid="ignore"):
            return multiply(
                weights.codes,
                weights.scales,
                weights.minima,
                codes,
                operands.scales.T,
                operands.sums.T,
                1 << self.strands,
            )


def random_job(rng: np.random.Generator, tile: Tile, vectors: int, strands: int) -> Job:
    """`vectors` of 0 is an MV."""
    values = rng.normal(size=(max(vectors, 1), tile.groups * 32)).astype(np.float32)
    mode = Mode.MM if vectors else Mode.MV
    return Job(tile, mode, quantise(values, 32), strands)


def pack(layout: object, **fields: int) -> int:
    """Pack fields of a layout without nested ones."""
    word, at = 0, 0
    for name, field in layout:  # type: ignore[attr-defined]
        value = fields.pop(name)
        assert 0 <= value < 1 << field.width, (name, value)
        word |= value << field.offset
        at = max(at, field.offset + field.width)
    assert not fields
    return word


class Controller:
    """Runs jobs on a simulated lane and collects the quads of each column."""

    def __init__(
        self,
        simulation: Simulation,
        config: AcceleratorConfig,
        rng: np.random.Generator,
        stall: float,
    ) -> None:
        self._sim, self._config, self._rng, self._stall = simulation, config, rng, stall
        self.cycle = 0
        self.words: list[list[int]] = [[] for _ in range(config.columns)]
        self._results: dict[int, tuple[int, int]] = {}
        self._drains: deque[tuple[int, int]] = deque()  # not before, payload
        self._offers = {"tile": deque[int](), "beats": deque[int]()}
        self._draining = False
        self._ready = [False] * config.columns
        self._free = [True, True]
        self._bank_of_drain = 0

    def _chance(self) -> bool:
        return bool(self._rng.random() >= self._stall)

    def _clock(self) -> None:
        """One cycle, whatever goes on beside the steps."""
        sim = self._sim
        result, scalars = self._results.pop(self.cycle, (0, 0))
        sim.set("result", result)
        sim.set("scalars", scalars)
        for name, queue in self._offers.items():
            if queue and not self._offered[name] and self._chance():
                self._offered[name] = True
                sim.set(f"{name}__payload", queue[0])
            sim.set(f"{name}__valid", self._offered[name])
        offer = bool(self._drains) and self._drains[0][0] <= self.cycle
        sim.set("drain__valid", offer)
        if offer:
            sim.set("drain__payload", self._drains[0][1])
        for column, words in enumerate(self.words):
            ready = self._chance()
            sim.set(f"quads__{column}__ready", ready)
            if ready and sim.get(f"quads__{column}__valid"):
                quad = sim.get(f"quads__{column}__payload")
                words += [quad >> 32 * k & 0xFFFFFFFF for k in range(4)]
        for name, queue in self._offers.items():
            if self._offered[name] and sim.get(f"{name}__ready"):
                queue.popleft()
                self._offered[name] = False
        if sim.get("drain__ready"):
            if self._draining:
                self._free[self._bank_of_drain] = True
                self._draining = False
            if offer:
                self._bank_of_drain = self._drains.popleft()[1] & 1
                self._draining = True
        sim.step()
        self.cycle += 1

    def run(self, jobs: list[Job], limit: int = 200_000) -> None:
        """Run all jobs to the end of the last drain."""
        self._offered = dict.fromkeys(self._offers, False)
        for job in jobs:
            enough = job.tile.layout.rows // 4 << job.strands >= REVISIT
            job.tile.twins = self._config.twins and job.mode is Mode.MV and enough
            self._offers["tile"].append(job.tile.command)
            for low, high in job.tile.beats:
                self._offers["beats"].append(int(low) | int(high) << 64)
        for number, job in enumerate(jobs):
            self._job(job, number & 1, limit)
        wanted = sum(job.vectors * job.tile.layout.rows for job in jobs)
        while sum(map(len, self.words)) < wanted:
            self._clock()
            assert self.cycle < limit, "the drain does not end"
        for _ in range(20):
            self._clock()

    def _job(self, job: Job, bank: int, limit: int) -> None:
        sim, config = self._sim, self._config
        while not self._free[bank]:
            self._clock()
            assert self.cycle < limit, "the bank does not become free"
        self._free[bank] = False
        last_visit: dict[int, int] = {}
        address, due = 0, 0
        twins = job.tile.twins and job.tile.kept <= 4
        for group in range(job.tile.groups):
            if group % (1 << job.strands) == 0:
                address = 0
            operands = self._operands(job, group)
            for _ in range(job.tile.layout.rows // (4 if twins else 2)):
                while not sim.get("unit_ready") or not self._chance():
                    sim.set("advance", 0)
                    self._clock()
                    assert self.cycle < limit, "no unit comes"
                whole = sim.get("whole")
                assert whole == (job.tile.kept <= 8)
                assert sim.get("twins") == twins
                steps = list(self._steps(job, bool(whole)))
                for index, (row, pair, half) in enumerate(steps):
                    while address in last_visit and self.cycle - last_visit[address] < REVISIT - 1:
                        assert not half or whole
                        sim.set("advance", 0)
                        self._clock()
                    codes, scalars = operands[pair]
                    sim.set("operands", codes)
                    sim.set("step", pack(STEP, mode=job.mode.value, half=half, row=row))
                    sim.set("advance", index + 1 == len(steps))
                    if half or whole:
                        last_visit[address] = self.cycle
                        due = self.cycle + Lane.RESULT_OFFSET
                        result = pack(
                            result_layout(config),
                            valid=1,
                            joined=int(not whole),
                            twins=int(twins),
                            mode=job.mode.value,
                            first=int(group < 1 << job.strands),
                            bank=bank,
                            address=address,
                        )
                        self._results[due] = (result, scalars)
                        address += 1
                        assert address <= accumulator_depth(config)
                    self._clock()
                sim.set("advance", 0)
        command = pack(
            drain_layout(config),
            bank=bank,
            mode=job.mode.value,
            tile_rows=TileRows.of(job.tile.layout.rows).value,
            strands=job.strands,
            filled=min(job.tile.groups, 1 << job.strands),
            vectors=job.vectors,
            pairs=-(-job.vectors // (2 * config.columns)),
            twins=int(twins),
        )
        self._drains.append((due + Lane.SETTLE, command))

    def _steps(self, job: Job, whole: bool) -> Iterator[tuple[int, int, int]]:
        pairs = -(-job.vectors // (2 * self._config.columns))
        for row in range(1 if job.mode is Mode.MV else 2):
            for pair in range(pairs):
                for half in range(1 if whole else 2):
                    yield row, pair, half

    def _operands(self, job: Job, group: int) -> list[tuple[int, int]]:
        """Codes and scalars of all columns, for each vector pair; garbage where no vector is.

        One vector is the first of every column.
        """
        taken = 2 * self._config.columns
        found = []
        for start in range(0, job.vectors, taken):
            codes, scalars = b"", 0
            for place in range(taken):
                vector = start + place
                if job.mode is Mode.MV and place % 2 == 0:
                    vector = 0
                if vector < job.vectors:
                    values = job.operands.codes[vector].reshape(-1, 32)[group].tobytes()
                    scale = int(job.operands.scales[vector, group].view(np.uint32))
                    total = int(job.operands.sums[vector, group]) & 0xFFFF
                else:
                    values, scale, total = self._rng.bytes(32), 0x3F800000, 0
                codes += values
                scalars |= (scale | total << 32) << place * (SCALARS.size // 2)
            found.append((int.from_bytes(codes, "little"), scalars))
        return found


def results(controller: Controller, jobs: list[Job]) -> Iterator[npt.NDArray[np.uint32]]:
    """Sort the words of the columns into (vectors, rows) of each job."""
    at = [0] * len(controller.words)
    for job in jobs:
        rows = job.tile.layout.rows
        found = np.zeros((job.vectors, rows), np.uint32)
        for vector in range(job.vectors):
            column = vector // 2 % len(at)
            found[vector] = controller.words[column][at[column] : at[column] + rows]
            at[column] += rows
        yield found
