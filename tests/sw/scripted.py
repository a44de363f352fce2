"""A device without a machine: what it does each time it is asked is written in advance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from wingbeat.compiler.image import Image
from wingbeat.hw.control import RING_ENTRIES, RING_WORD, ControlBlock, State
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.hw.memory_map import MemoryMap, Region
from wingbeat.sw.device.protocol import Loading, Words, silently

CONTROL = MemoryMap.of([Region("before", 0, 3, False, True), Region("control", 5, 30, False, True)])
"""A memory map whose control block begins at word 20."""

Step = Callable[["ScriptedDevice"], State]


class ScriptedDevice:
    """Plain words of memory, and a list of what `advance` does; behind its end, nothing changes.

    A step that leaves it running takes until the deadline, on the clock `now`.
    """

    name = "scripted"

    def __init__(self, memory: MemoryMap = CONTROL, steps: Sequence[Step] = ()) -> None:
        self.memory: Words = np.zeros(memory.beats * WORDS_PER_BEAT, np.uint32)
        self.control = memory["control"].start * WORDS_PER_BEAT
        self.steps = list(steps)
        self.starts: list[dict[str, int]] = []
        self.aborts = 0
        self.cycles = 0
        self.now = 0.0
        self._state = State.IDLE

    def load(self, image: Image, progress: Loading = silently) -> None:
        """Take any image."""

    def start(self, arguments: Mapping[str, int]) -> None:
        self.starts.append(dict(arguments))

    def advance(self, deadline: float) -> State:
        if self.steps:
            self._state = self.steps.pop(0)(self)
        if self._state is State.RUNNING:
            self.now = max(self.now, deadline)
        return self._state

    def read(self, word: int, count: int) -> Words:
        return self.memory[word : word + count].copy()

    def write(self, word: int, values: Sequence[int] | Words) -> None:
        self.memory[word : word + len(values)] = values

    def abort(self) -> None:
        self.aborts += 1

    def diagnose(self) -> str:
        return "nothing is known"

    def close(self) -> None:
        """Nothing to give up."""

    # ---- what a step may do ---------------------------------------------------------------

    def set(self, **fields: int) -> None:
        """Write fields of the control block."""
        for name, value in fields.items():
            self.memory[self.control + ControlBlock.word(name)] = value

    def field(self, name: str) -> int:
        return int(self.memory[self.control + ControlBlock.word(name)])

    def publish(self, *tokens: int) -> None:
        """Put tokens into the ring, whether there is room or not."""
        for token in tokens:
            head = self.field("head")
            self.memory[self.control + RING_WORD + head % RING_ENTRIES] = token
            self.set(head=(head + 1) & 0xFFFFFFFF)


def publishing(*tokens: int, then: State = State.RUNNING) -> Step:
    """A step that publishes tokens."""

    def step(device: ScriptedDevice) -> State:
        device.publish(*tokens)
        device.set(heartbeat=device.field("heartbeat") + 1)
        return then

    return step


def becoming(state: State, **fields: int) -> Step:
    """A step that sets fields of the control block."""

    def step(device: ScriptedDevice) -> State:
        device.set(**fields)
        return state

    return step
