"""The cost model's cycles are those of the RTL's pipelines."""

from inspect import signature
from itertools import product

from wingbeat.hw import cost
from wingbeat.hw.isa.instructions import Combine, Function
from wingbeat.hw.rtl.accelerator import FETCH_WORDS
from wingbeat.hw.rtl.bus.read_engine import ReadEngine
from wingbeat.hw.rtl.fp32.adder import Adder
from wingbeat.hw.rtl.fp32.combine import Combine as CombineUnit
from wingbeat.hw.rtl.fp32.function import FunctionUnit
from wingbeat.hw.rtl.lane.accumulators import Accumulators
from wingbeat.hw.rtl.lane.lane import Lane
from wingbeat.hw.rtl.lane.strand_adder import StrandAdder
from wingbeat.hw.rtl.memory.ports import QUAD, READ_LATENCY
from wingbeat.hw.rtl.memory.vector_memory import VectorMemory
from wingbeat.hw.rtl.vector.elements import ElementPipeline
from wingbeat.hw.rtl.vector.extent import Extent


def test_elements_take_as_long_as_they_are_said_to() -> None:
    assert cost.COMBINE_LATENCY == CombineUnit.LATENCY
    assert cost.FUNCTION_LATENCY == FunctionUnit.LATENCY
    for function, second in product(
        (Function.IDENTITY, Function.EXP2), (Combine.PASS, Combine.MUL)
    ):
        uses = function is not Function.IDENTITY, second is not Combine.PASS
        assert cost.element_latency(function, second) == ElementPipeline.latency(*uses)


def test_the_vector_machine_begins_reads_and_writes() -> None:
    begin, read, write = 2, 1 + READ_LATENCY + 1, 1 + VectorMemory.WRITE_LATENCY
    assert begin + read + write - 1 == cost.VECTOR_OVERHEAD
    assert cost.VECTOR_ACCEPT == 1 + Extent.LATENCY


def test_results_take_as_long_as_they_are_said_to() -> None:
    assert cost.RESULT_LATENCY == Lane.RESULT_OFFSET + Lane.SETTLE
    assert cost.STRAND_LATENCY == StrandAdder.LATENCY + 1
    assert cost.QUAD == QUAD


def test_no_accumulator_is_revisited_before_its_sum_is_there() -> None:
    assert cost.ADDER_LATENCY >= Accumulators.LATENCY >= Adder.LATENCY


def test_read_engines_store_as_much_as_they_are_said_to() -> None:
    assert signature(ReadEngine).parameters["words"].default == cost.ENGINE_WORDS
    assert FETCH_WORDS == 16
