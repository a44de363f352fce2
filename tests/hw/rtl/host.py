"""A host on an AXI4-Lite port, for tests."""

import random

from wingbeat.hw.register_map import RegisterMap
from wingbeat.sim.rtl.harness import Simulation


class Host:
    """Reads and writes words, with pauses on every channel."""

    def __init__(self, sim: Simulation, rng: random.Random, bus: str = "bus") -> None:
        self._sim = sim
        self._rng = rng
        self._bus = bus

    def write(self, register: RegisterMap, value: int, index: int = 0, strobe: int = 15) -> int:
        """Write a word and return the response."""
        self._set("aw__addr", register.word(index))
        self._set("w__data", value)
        self._set("w__strb", strobe)
        self._offer({"aw", "w"})
        return self._answer("b", "resp")

    def read(self, register: RegisterMap, index: int = 0) -> int:
        """Read a word."""
        return self.read_offset(register.word(index))

    def read_offset(self, offset: int) -> int:
        """Read the word at a byte offset."""
        self._set("ar__addr", offset)
        self._offer({"ar"})
        return self._answer("r", "data")

    def _offer(self, left: set[str]) -> None:
        """Hand each channel over; an offer stands until it is taken."""
        offered: set[str] = set()
        while left:
            offered |= {channel for channel in left if self._rng.random() < 0.5}
            for channel in offered:
                self._set(f"{channel}__valid", 1)
            taken = {channel for channel in offered if self._get(f"{channel}__ready")}
            self._sim.step()
            for channel in taken:
                self._set(f"{channel}__valid", 0)
            left -= taken
            offered -= taken

    def _answer(self, channel: str, what: str) -> int:
        """Take a response; it must stay as it is until it is taken."""
        seen: set[int] = set()
        for _ in range(100):
            ready = self._rng.random() < 0.5
            self._set(f"{channel}__ready", ready)
            valid = self._get(f"{channel}__valid")
            if valid:
                seen.add(self._get(f"{channel}__{what}"))
            self._sim.step()
            if valid and ready:
                self._set(f"{channel}__ready", 0)
                assert len(seen) == 1
                return seen.pop()
            assert valid or not seen
        raise AssertionError(f"no answer on {channel}")

    def _set(self, name: str, value: int) -> None:
        self._sim.set(f"{self._bus}__{name}", value)

    def _get(self, name: str) -> int:
        return self._sim.get(f"{self._bus}__{name}")
