"""Compiled models on the ISA machine, for tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wingbeat.boards.board import Board, load_board
from wingbeat.compiler.driver import compile_model
from wingbeat.compiler.image import Image
from wingbeat.hw.control import RING_ENTRIES, RING_WORD, ControlBlock
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.sequencer import Registers
from wingbeat.sim.isa.machine import Machine
from wingbeat.sim.memory import DeviceMemory

TINY = Path(__file__).parent.parent / "models" / "tiny.gguf"


def board(**changes: object) -> Board:
    """Board sim4, its accelerator changed."""
    sim4 = load_board("sim4")
    config = type(sim4.accelerator).parse({**sim4.accelerator.model_dump(), **changes})
    return sim4.model_copy(update={"accelerator": config})


def compiled(
    context: int | None = None, slots: int = 1, sparse: int | None = None, **changes: object
) -> Image:
    return compile_model(TINY, board(**changes), context=context, slots=slots, sparse=sparse).image


class Runner:
    """One device with an image in its memory; `garbage` is the seed of what memories begin with."""

    def __init__(self, image: Image, garbage: int | None = None) -> None:
        self.image = image
        self.memory = DeviceMemory(image.memory, image.manifest.config.ports, image.contents)
        self.machine = Machine(image.manifest.config, image.program, self.memory)
        if garbage is not None:
            self._dirty(np.random.default_rng(garbage))

    def _dirty(self, rng: np.random.Generator) -> None:
        for name in ("cache", "value_scales", "logits", "maxima", "tokens"):
            region = self.memory.region(name)
            region[...] = rng.integers(0, 256, region.shape, np.uint8)
        words = self.machine._vectors.words
        words.view(np.uint32)[:] = rng.integers(0, 1 << 32, words.size, np.uint32)
        operands = self.machine._matrix._operands._contents
        operands.codes[...] = rng.integers(-128, 128, operands.codes.shape, np.int8)
        operands.scales.view(np.uint32)[:] = rng.integers(0, 1 << 32, operands.scales.size)
        operands.sums[...] = rng.integers(-4096, 4096, operands.sums.shape)

    def _word(self, region: str) -> int:
        return self.image.memory[region].start * WORDS_PER_BEAT

    def write_tokens(self, tokens: Sequence[int], slot: int = 0) -> None:
        start = self._word("tokens") + slot * self.image.manifest.program.token_words
        self.memory.words(start, len(tokens)).view(np.int32)[:] = tokens

    def start(self, **arguments: int) -> Iterator[int]:
        head = self._word("control") + ControlBlock.word("head")
        defaults = {
            "position": 0, "generate": 0, "slot": 0, "all_logits": 0,
            "sequence": int(self.memory.words(head, 1)[0]),
        }  # fmt: skip
        return self.machine.run(defaults | arguments)

    def generate(self, tokens: Sequence[int], count: int, slot: int = 0) -> list[int]:
        """Prefill and decode; the tokens as the ring gives them."""
        self.write_tokens(tokens, slot)
        control, found = self._word("control"), []
        for _ in self.start(known=len(tokens), generate=count, slot=slot):
            head, tail = map(int, self.memory.words(control, 2))
            for index in range(tail, head):
                entry = control + RING_WORD + index % RING_ENTRIES
                found.append(int(self.memory.words(entry, 1)[0]))
            self.memory.words(control + ControlBlock.word("tail"), 1)[0] = head
        return found

    def prefill(
        self, tokens: Sequence[int], cuts: Sequence[int] = (), slot: int = 0
    ) -> npt.NDArray[np.float32]:
        """All logits of a prompt, started anew at each cut and at each chunk."""
        chunk = self.image.manifest.program.chunk
        self.write_tokens(tokens, slot)
        rows, width = [], self.image.manifest.program.logit_words
        ends = sorted({*cuts, len(tokens)})
        start = 0
        while start < len(tokens):
            stop = min(start + chunk, next(end for end in ends if end > start))
            for _ in self.start(known=stop, position=start, slot=slot, all_logits=1):
                pass
            words = self.memory.words(self._word("logits"), (stop - start) * width)
            rows.append(words.view(np.float32).reshape(stop - start, width).copy())
            start = stop
        return np.concatenate(rows)[:, : self.image.manifest.model.vocabulary]

    def slot_bytes(self, slot: int = 0) -> tuple[bytes, bytes]:
        """Cache and value scales of one slot."""
        slots = self.image.manifest.program.slots
        parts = []
        for name in ("cache", "value_scales"):
            region = self.memory.region(name)
            size = region.shape[1] // slots
            parts.append(region[:, slot * size : (slot + 1) * size].tobytes())
        return parts[0], parts[1]

    def writable(self) -> dict[str, bytes]:
        """Everything that a program may have written."""
        return self.memory.written()


def copy_of(registers: Registers) -> Registers:
    """Registers as they are now: what dispatch resolves."""
    copy = Registers()
    copy._values[:] = registers._values
    return copy
