"""Whatever happens to a run, it ends with a named error, and the next one gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from tests.compiler.frontend.gguf_builder import KINDS, TOKENS, model_tensors, write_gguf
from tests.compiler.small import LLAMA, llama_metadata
from tests.sim.rtl.runner import RtlRunner
from tests.sim.runner import Runner

from wingbeat.boards.board import load_board
from wingbeat.compiler.driver import compile_model
from wingbeat.compiler.image import Image
from wingbeat.hw.control import RING_ENTRIES, RING_WORD, ControlBlock, ErrorCode, State
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.isa.instructions import Unit
from wingbeat.hw.isa.operands import BEAT_BYTES
from wingbeat.hw.register_map import RegisterMap
from wingbeat.hw.rtl.report import INTERVAL
from wingbeat.sim.rtl.memory import EVER, Answer, Fault, Timing

PROMPT = [3, 7]
GENERATED = 2
WATCHDOG = 10_000
"""Cycles; nothing in a run that works takes as long."""

DEADLINE = 1_000_000
"""Cycles within which every run ends."""

TIMING = Timing(read_latency=40, write_latency=15, stall=0.05, pause=8)


@dataclass(frozen=True)
class Place:
    """Where a fault strikes, and who reports it.

    Attributes
    ----------
    unit : that reports
    reader : AXI id of its reads on port 0
    region : of its writes
    skipped : words of the region that somebody else writes
    """

    unit: Unit
    reader: int = EVER
    region: str = ""
    skipped: int = 0

    def fault(self, image: Image, answer: Answer, after: int) -> Fault:
        if not self.region:
            return Fault(answer, after=after, reader=self.reader)
        region = image.memory[self.region]
        start = region.start * BEAT_BYTES
        return Fault(
            answer,
            writes=True,
            after=after,
            start=start + 4 * self.skipped,
            stop=start + region.bytes_per_port,
        )


PLACES = {
    "weights": Place(Unit.MPE, reader=0),
    "load": Place(Unit.LD, reader=1),
    "tail of the ring": Place(Unit.ST, reader=2),
    "program": Place(Unit.SYS, reader=3),
    "cache": Place(Unit.ST, region="cache"),
    "value scales": Place(Unit.ST, region="value_scales"),
    "token list": Place(Unit.ST, region="tokens"),
    "logits": Place(Unit.ST, region="logits"),
    "ring": Place(Unit.ST, region="control", skipped=RING_WORD),
}


def model_file(folder: Path) -> Path:
    """The smallest model, with a vocabulary that fills tiles of 16 rows: its head is short."""
    more = ["w", "x", "y", "z"]
    metadata = llama_metadata() | {
        "llama.vocab_size": LLAMA.vocabulary + len(more),
        "tokenizer.ggml.tokens": [*TOKENS, *more],
        "tokenizer.ggml.token_type": [*KINDS, *KINDS[-len(more) :]],
    }
    shape = replace(LLAMA, vocabulary=LLAMA.vocabulary + len(more))
    return write_gguf(folder / "small.gguf", metadata, model_tensors(shape))


class Bench:
    """One machine, for any number of runs of the same text."""

    def __init__(self, folder: Path) -> None:
        model = compile_model(model_file(folder), load_board("sim1"), context=32)
        self.image = model.image
        definition = Runner(self.image)
        self.tokens = definition.generate(PROMPT, GENERATED)
        self.bytes = definition.writable()
        self.runner = RtlRunner(self.image, TIMING, "speed", WATCHDOG)
        self.machine = self.runner.rtl
        self.port = self.machine.ports[0]
        self.check()
        self.cycles = self.machine.register(RegisterMap.CYCLES)
        self._words: dict[Place, int] = {}

    def begin(self) -> None:
        """Start the text with empty caches."""
        for region in self.image.memory.regions:
            if region.writable:
                self.runner.memory.region(region.name)[...] = 0
        self.runner.write_tokens(PROMPT)
        arguments = {"position": 0, "slot": 0, "all_logits": 0, "sequence": 0}
        self.machine.start(arguments | {"known": len(PROMPT), "generate": GENERATED})

    def end(self) -> State:
        """Run to the end of the program, which must not be far."""
        begin = self.machine.cycles
        while (state := self.machine.advance(200)) is State.RUNNING:
            assert self.machine.cycles - begin < DEADLINE
        return state

    def check(self) -> None:
        """A run from the beginning gives the bytes of the ISA machine."""
        self.begin()
        assert self.end() is State.FINISHED
        self.reported(State.FINISHED)
        words = self.control(RING_WORD, GENERATED)
        assert words == self.tokens
        self.take()
        assert self.runner.writable() == self.bytes

    def take(self) -> None:
        """What the host does with the ring."""
        start = self.image.memory["control"].start * WORDS_PER_BEAT
        head, tail = map(ControlBlock.word, ("head", "tail"))
        self.runner.memory.words(start + tail, 1)[0] = self.control(head, 1)[0]

    def control(self, word: int, count: int) -> list[int]:
        start = self.image.memory["control"].start * WORDS_PER_BEAT
        return [int(value) for value in self.runner.memory.words(start + word, count)]

    def set_control(self, name: str, value: int) -> None:
        start = self.image.memory["control"].start * WORDS_PER_BEAT
        word = start + ControlBlock.word(name)
        self.runner.memory.words(word, 1)[0] = np.uint32(value & 0xFFFFFFFF)

    def reported(self, state: State) -> None:
        """What the machine has written into the control block is what its registers say."""
        words = self.control(0, RING_WORD)
        assert words[ControlBlock.word("state")] == state.value
        assert words[ControlBlock.word("error")] == self.machine.register(RegisterMap.ERROR)
        retired = self.machine.register(RegisterMap.RETIRED)
        assert words[ControlBlock.word("heartbeat")] == retired
        if state is State.FAILED:
            unit, pc, _ = self.machine.failure
            assert words[ControlBlock.word("error_pc")] == pc
            assert words[ControlBlock.word("error_unit")] == unit.value

    def words(self, place: Place) -> int:
        """Words that a whole run reads or writes there."""
        if place in self._words:
            return self._words[place]
        self.port.inject(place.fault(self.image, Answer.SLVERR, 1 << 40))
        self.begin()
        assert self.end() is State.FINISHED
        left = int(self.port.shared.fault_after)
        self.port.inject(None)
        self._words[place] = (1 << 40) - left
        return self._words[place]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("model"))


@pytest.mark.parametrize("name", PLACES)
def test_an_error_response_ends_the_run_and_the_next_one_is_right(here: Bench, name: str) -> None:
    place, rng = PLACES[name], np.random.default_rng(len(name))
    count = here.words(place)
    assert count > 0
    for after in {count - 1, *map(int, rng.integers(0, count, 2))}:
        answer = (Answer.SLVERR, Answer.DECERR)[after % 2]
        here.port.inject(place.fault(here.image, answer, after))
        before = here.port.faults
        here.begin()
        assert here.end() is State.FAILED
        assert here.port.faults == before + 1
        unit, _, error = here.machine.failure
        assert (unit, error) == (place.unit, ErrorCode.MEMORY_BUS)
        here.reported(State.FAILED)
        here.port.inject(None)
        here.check()


@pytest.mark.parametrize("name", PLACES)
def test_a_memory_that_answers_no_more_ends_the_run(here: Bench, name: str) -> None:
    place, rng = PLACES[name], np.random.default_rng(len(name))
    hangs = place.fault(here.image, Answer.NEVER, int(rng.integers(here.words(place))))
    here.port.inject(hangs)
    here.begin()
    assert here.end() is State.FAILED
    assert here.machine.failure[::2] == (Unit.SYS, ErrorCode.WATCHDOG)
    # the bus still waits: so does the next start, but not for ever
    here.begin()
    assert here.end() is State.FAILED
    assert here.machine.failure[::2] == (Unit.SYS, ErrorCode.WATCHDOG)
    # answers that come late are nobody's
    here.port.inject(None)
    here.check()
    # or everything is reset, the bus with it
    here.port.inject(hangs)
    here.begin()
    here.machine.advance(WATCHDOG)
    here.machine.reset()
    here.port.inject(None)
    here.check()


def test_an_answer_just_in_time_fails_nothing(here: Bench) -> None:
    here.port.inject(PLACES["load"].fault(here.image, Answer.NEVER, 5))
    here.begin()
    here.machine.advance(WATCHDOG // 2)
    here.port.inject(None)
    assert here.end() is State.FINISHED
    here.take()
    assert here.runner.writable() == here.bytes


@pytest.mark.parametrize("seed", range(3))
def test_a_reset_in_the_midst_of_anything(here: Bench, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for when in rng.integers(0, here.cycles, 3):
        here.begin()
        here.machine.advance(int(when))
        here.machine.reset()
        assert here.machine.state is State.IDLE
        here.check()


def by_register(here: Bench) -> None:
    here.machine.abort()


def by_memory(here: Bench) -> None:
    here.set_control("abort", 1)


Abort = Callable[[Bench], None]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("abort", [by_register, by_memory])
def test_an_abort_at_any_time(here: Bench, abort: Abort, seed: int) -> None:
    rng = np.random.default_rng(seed)
    here.begin()
    here.machine.advance(int(rng.integers(0, here.cycles // 2)))
    abort(here)
    assert here.end() is State.ABORTED
    here.reported(State.ABORTED)
    here.set_control("abort", 0)
    here.check()


@pytest.mark.parametrize("abort", [by_register, by_memory])
def test_an_abort_of_a_program_that_waits_for_the_host(here: Bench, abort: Abort) -> None:
    """The watchdog sleeps meanwhile, and the program never comes to a loop boundary."""
    here.begin()
    here.set_control("tail", -RING_ENTRIES)
    here.machine.advance(here.cycles + 4 * WATCHDOG)
    assert here.machine.state is State.RUNNING
    abort(here)
    begin = here.machine.cycles
    assert here.end() is State.ABORTED
    assert here.machine.cycles - begin < 1000
    here.set_control("abort", 0)
    here.check()


def test_the_heart_beats_while_a_program_waits(here: Bench) -> None:
    heartbeat = ControlBlock.word("heartbeat")
    here.begin()
    here.set_control("tail", -RING_ENTRIES)
    here.machine.advance(1000)
    assert here.control(heartbeat, 2) == [0, State.RUNNING.value]
    here.machine.advance(INTERVAL)
    retired = here.machine.register(RegisterMap.RETIRED)
    assert here.control(heartbeat, 2) == [retired, State.RUNNING.value]
    here.set_control("tail", 0)
    assert here.end() is State.FINISHED
    here.take()
    assert here.runner.writable() == here.bytes
