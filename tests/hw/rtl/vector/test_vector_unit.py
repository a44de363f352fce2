"""The vector unit in RTL against the ISA machine's: whole memories after random instructions."""

from typing import Any

import numpy as np
import pytest
from tests.hw.rtl.vector.bench import Bench
from tests.hw.rtl.vector.random_vectors import GRANULES, Maker, random_registers
from tests.hw.rtl.vector.words import words

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.cost import VECTOR_ACCEPT, cost
from wingbeat.hw.isa.instructions import (
    Combine,
    Destination,
    Function,
    Opcode,
    Reduce,
    Vector,
)
from wingbeat.hw.isa.operands import GRANULE, Count, GroupSize, SmallCount, VectorView
from wingbeat.hw.rtl.memory.ports import READ_LATENCY
from wingbeat.hw.sequencer import Registers

# what the numbers do when they overflow is part of it
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.fixture(scope="module", params=[4, 8, 16])
def bench(request: pytest.FixtureRequest) -> Bench:
    return Bench(
        AcceleratorConfig.parse(
            {
                "lanes": 8,
                "vector_lanes": request.param,
                "vector_memory_kib": 32,
                "operand_memory_kib": 8,
            }
        )
    )


def test_random_instructions_leave_the_same_memories(bench: Bench) -> None:
    rng = np.random.default_rng(1)
    for trial in range(60):
        bench.fill(rng, words(rng, bench.config.vector_words, [0, 0.01, 0.3, 1][trial % 4]))
        registers = random_registers(rng)
        bench.execute(Maker(rng, registers).several(6), registers)
        bench.compare()


def test_other_writers_get_through_and_disturb_nothing(bench: Bench) -> None:
    """Both write all the time, behind the words that instructions use."""
    rng = np.random.default_rng(2)
    simulation, lanes = bench.simulation, bench.config.vector_lanes
    bench.fill(rng, words(rng, bench.config.vector_words, 0.1))
    for writer, granule in (("drain", GRANULES + 5), ("load", GRANULES + 9)):
        start = granule * GRANULE + 4
        value = words(rng, lanes, 0)
        bench.vectors.words[start : start + lanes] = value
        simulation.set(f"{writer}__quad", start // 4)
        simulation.set(f"{writer}__enable", (1 << lanes) - 1)
        simulation.set(f"{writer}__words", int.from_bytes(value.tobytes(), "little"))
    registers = random_registers(rng)
    for turn in range(12):
        simulation.set("drain__valid", int(turn % 2 == 0))
        simulation.set("load__valid", int(turn % 3 == 0))
        bench.execute(Maker(rng, registers).several(3)[:2], registers)
    for writer in ("drain", "load"):
        simulation.set(f"{writer}__valid", 0)
    bench.compare()


def work(rows: int, length: int, **fields: Any) -> Vector:
    view = VectorView(0, outer=length // GRANULE)
    place = VectorView(GRANULES // 2, outer=length // GRANULE)
    return Vector(
        Opcode.MISC,
        outer=SmallCount(rows),
        inner=1,
        length=Count(length),
        destination=place,
        a=view,
        b=view,
        c=view,
        **fields,
    )


@pytest.mark.parametrize("sources", [1, 2, 3])
@pytest.mark.parametrize("result", ["map", "operand", "sum", "max"])
@pytest.mark.parametrize("function", [Function.IDENTITY, Function.EXP2])
def test_a_step_a_cycle_and_the_latencies_of_the_cost_model(
    bench: Bench, sources: int, result: str, function: Function
) -> None:
    length, rows = 256, 7
    instruction = work(
        rows,
        length,
        function=function,
        first=Combine.ADD if sources > 1 else Combine.PASS,
        second=Combine.ADD if sources > 2 else Combine.PASS,
        reduce={"sum": Reduce.SUM, "max": Reduce.MAX}.get(result, Reduce.NONE),
        target=Destination(int(result == "operand")),
        group=GroupSize.G64,
    )
    rng = np.random.default_rng(3)
    bench.fill(rng, words(rng, bench.config.vector_words, 0))
    (cycles,) = bench.execute([instruction], Registers())
    bench.compare()
    price = cost(instruction, Registers().resolve, bench.config)
    # a step of three sources begins in every second cycle, whichever that is
    error = VECTOR_ACCEPT + price.busy - cycles
    assert error in ((0, 1) if sources == 3 else (0,))


def test_another_writer_is_served_and_costs_a_step_in_two_at_most(bench: Bench) -> None:
    simulation, length = bench.simulation, 2048
    bench.fill(np.random.default_rng(4), np.ones(bench.config.vector_words, np.float32))
    instruction = work(1, length)
    (alone,) = bench.execute([instruction], Registers())
    simulation.set("load__enable", 0)
    simulation.set("load__valid", 1)
    (shared,) = bench.execute([instruction], Registers())
    simulation.set("load__valid", 0)
    steps = length // bench.config.vector_lanes
    assert alone + steps // 8 < shared <= alone + steps


def test_what_a_done_command_wrote_is_read_in_the_next_cycle(bench: Bench) -> None:
    length, lanes = 64, bench.config.vector_lanes
    bench.fill(np.random.default_rng(5), words(np.random.default_rng(5), 8192, 0))
    bench.execute([work(1, length)], Registers())
    last = GRANULES // 2 * GRANULE + length - lanes
    inputs = {"store__valid": 1, "store__address": last // lanes}
    found = bench.simulation.run(inputs, ["store__data"], READ_LATENCY + 1)["store__data"]
    wanted = bench.vectors.words[last : last + lanes].view(np.uint32)
    assert found[READ_LATENCY].view(np.uint32)[:lanes].tolist() == wanted.tolist()
