from collections import Counter
from itertools import pairwise

import pytest
from tests.compiler.shapes import LLAMA2_7B, SMOLLM2_135M, generated

from wingbeat.compiler.frontend.llama_parameters import LlamaParameters
from wingbeat.compiler.generate import Generated
from wingbeat.compiler.lower.registers import R
from wingbeat.compiler.lower.target import Constants, PartLimits
from wingbeat.hw.control import RING_ENTRIES
from wingbeat.hw.isa.instructions import Load, Multiply, Opcode, Scalar, Store, StoreKind, System
from wingbeat.hw.sequencer import Sequencer

ARGUMENTS = {"generate": 1, "slot": 0, "all_logits": 0, "sequence": 0}


def smol() -> Generated:
    return generated(SMOLLM2_135M, "kv260", 300)


def executed(made: Generated, **arguments: int) -> Counter[str]:
    """How often each purpose is executed by one start."""
    sequencer = Sequencer(made.program, ARGUMENTS | arguments, lambda system, registers: 0)
    return Counter(made.purposes[pc] for pc, _ in sequencer.run())


def stores(made: Generated, kind: StoreKind, **arguments: int) -> int:
    sequencer = Sequencer(made.program, ARGUMENTS | arguments, lambda system, registers: 0)
    return sum(isinstance(i, Store) and i.kind is kind for _, i in sequencer.run())


@pytest.mark.parametrize("known", [1, 33, 300])
def test_one_token_runs_seven_products_a_layer_queries_in_three_parts(known: int) -> None:
    found = executed(smol(), known=known, position=known - 1)
    p = SMOLLM2_135M
    assert found["weights"] == (6 + p.kv_heads) * p.layers
    assert found["keys"] == found["values"] == p.kv_heads * p.layers
    assert found["keys cache"] == found["values cache"] == p.kv_heads * p.layers
    assert found["embedding"] == 1


@pytest.mark.parametrize(("known", "chunks"), [(2, 1), (32, 1), (33, 2), (64, 2), (300, 10)])
def test_a_prompt_is_processed_in_chunks(known: int, chunks: int) -> None:
    found = executed(smol(), known=known, position=0)
    assert found["embedding"] == chunks
    p = SMOLLM2_135M
    single = known % 32 == 1
    # queries in as many parts as heads; of a chunk, all else in two halves
    products = (chunks - single) * 2 * 6 + single * 6 + chunks * p.kv_heads
    assert found["weights"] == products * p.layers


def test_logits_are_made_where_they_are_wanted() -> None:
    trips = smol().plan.head.tiles // smol().plan.head_tiles
    for all_logits, generate, heads in ((0, 0, 0), (0, 1, 1), (1, 0, 2), (1, 1, 2)):
        found = executed(smol(), known=64, position=0, all_logits=all_logits, generate=generate)
        assert found["head"] == heads * trips


@pytest.mark.parametrize("count", [0, 1, 5])
def test_every_token_that_is_asked_for_is_published(count: int) -> None:
    found = {"known": 40, "position": 0, "generate": count}
    assert stores(smol(), StoreKind.PUBLISH, **found) == count
    # each goes to the list and to the ring
    assert stores(smol(), StoreKind.WORD, **found) == 2 * count


@pytest.mark.parametrize(("parameters", "board"), [(LLAMA2_7B, "u280"), (SMOLLM2_135M, "kv260")])
def test_every_matrix_is_streamed_whole(parameters: LlamaParameters, board: str) -> None:
    made = generated(parameters, board, 300 if board == "kv260" else None)
    arguments = ARGUMENTS | {"known": 5, "position": 4}
    sequencer = Sequencer(made.program, arguments, lambda system, registers: 0)
    start = made.plan.address("weights")
    stop = made.plan.memory["weights"].stop
    read: list[tuple[int, int]] = []
    for _, instruction in sequencer.run():
        if isinstance(instruction, Multiply):
            registers = sequencer.registers
            first = instruction.address.immediate + registers[instruction.address.register]
            tiles = instruction.tiles.immediate + registers[instruction.tiles.register]
            if start <= first < stop:
                assert instruction.opcode is Opcode.MV
                read.append((first - start, first - start + tiles * instruction.stride))
    # in ascending order, without a gap, up to the end of the head
    assert read[0][0] == 0
    assert all(low[1] == high[0] for low, high in pairwise(read))
    assert read[-1][1] == made.plan.head.offset + made.plan.head.beats


def test_arguments_are_what_the_host_sets() -> None:
    found = {a.name: (a.register, a.low, a.high) for a in smol().program.arguments}
    assert found == {
        "known": (R.KNOWN, 1, 300),
        "position": (R.POSITION, 0, 299),
        "generate": (R.GENERATE, 0, RING_ENTRIES),
        "slot": (R.SLOT, 0, 0),
        "all_logits": (R.ALL_LOGITS, 0, 1),
        "sequence": (R.SEQUENCE, 0, 0xFFFFFFFF),
    }


def test_a_program_loads_constants_first_and_halts_last() -> None:
    first = smol().program.instructions[0]
    assert isinstance(first, Load)
    assert first.address.immediate == smol().plan.address("constants")
    last = smol().program.instructions[-1]
    assert isinstance(last, System) and last.operation is Scalar.HALT


def test_register_zero_is_never_written() -> None:
    for instruction in smol().program.instructions:
        if isinstance(instruction, System) and instruction.destination == 0:
            waits = instruction.operation is Scalar.ADD and instruction.wait
            assert waits or instruction.operation in (Scalar.LOOP, Scalar.FENCE, Scalar.HALT)


def test_parts_of_a_chunk_need_equal_room() -> None:
    found = PartLimits.ladder(4, 8192, 32)
    assert [(part.tokens, part.positions) for part in found] == [
        (32, 1024), (16, 2048), (8, 4096), (4, 8192),
    ]  # fmt: skip
    assert PartLimits.ladder(4, 100, 32) == (PartLimits(4, 100),)
    assert PartLimits.ladder(32, 8192, 32) == (PartLimits(32, 8192),)


def test_equal_constants_share_a_place() -> None:
    constants = Constants()
    places = [constants.place(values) for values in ((1.0,), (2.0,), (1.0,), (3.0,) * 17, (4.0,))]
    assert places == [0, 1, 0, 2, 4]
    assert [constants.words[16 * place] for place in places] == [1, 2, 1, 3, 4]
