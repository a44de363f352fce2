"""An AXI memory for the harness: random latency, random stalls, and a look at the rules of AXI."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from wingbeat.sim.rtl.harness import Simulation

PAGE = 4096


@dataclass
class AxiMemory:
    """The subordinate of one port of a simulated component.

    Parameters
    ----------
    sim, prefix : the component, and the name of its port, `bus` or `ports__0`
    data : uint8, the memory itself; nothing is copied
    width : bytes of a bus word
    stall : probability that a channel pauses in a cycle
    latency : cycles before a burst is answered
    bad : byte ranges that answer with an error
    """

    sim: Simulation
    prefix: str
    data: npt.NDArray[np.uint8]
    width: int
    stall: float = 0.3
    latency: int = 5
    bad: range = range(0)
    seed: int = 1
    reads: list[tuple[int, int]] = field(default_factory=list)
    writes: list[tuple[int, int]] = field(default_factory=list)
    refused: int = 0

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)
        self._cycle = 0
        self._words: deque[tuple[int, int, int, bool]] = deque()  # due, id, address, last
        self._addresses: deque[tuple[int, int]] = deque()
        self._data: deque[tuple[int, int, bool]] = deque()
        self._answers: deque[tuple[int, bool]] = deque()
        self._offers: dict[str, tuple[int, ...]] = {}
        self._reads_here = f"{self.prefix}__ar__valid" in self.sim.ports
        self._writes_here = f"{self.prefix}__aw__valid" in self.sim.ports
        self._r = self._b = False

    def _get(self, name: str) -> int:
        return self.sim.get(f"{self.prefix}__{name}")

    def _set(self, name: str, value: int) -> None:
        if f"{self.prefix}__{name}" in self.sim.ports:
            self.sim.set(f"{self.prefix}__{name}", value)

    def _go(self) -> bool:
        return bool(self._rng.random() >= self.stall)

    def drive(self) -> None:
        """Set this cycle's inputs; call before anything of the cycle is read."""
        if self._reads_here:
            self._set("ar__ready", self._go())
            # an offer stands until it is taken
            self._r = bool(self._words and self._words[0][0] <= self._cycle) and (
                self._r or self._go()
            )
            self._set("r__valid", self._r)
            if self._r:
                _, ident, address, last = self._words[0]
                word = self.data[address : address + self.width].tobytes()
                self._set("r__data", int.from_bytes(word, "little"))
                self._set("r__resp", 2 if address in self.bad else 0)
                self._set("r__last", last)
                self._set("r__id", ident)
            else:
                self._set("r__data", int.from_bytes(self._rng.bytes(self.width), "little"))
        if self._writes_here:
            self._set("aw__ready", self._go())
            self._set("w__ready", self._go())
            self._b = bool(self._answers and self._answers[0][0] <= self._cycle) and (
                self._b or self._go()
            )
            self._set("b__valid", self._b)
            if self._b:
                self._set("b__resp", 2 if self._answers[0][1] else 0)

    def observe(self) -> None:
        """Take what the component offers in this cycle; call before the clock steps."""
        if self._reads_here:
            if self._r:
                if f"{self.prefix}__r__ready" not in self.sim.ports or self._get("r__ready"):
                    self._words.popleft()
                    self._r = False
                else:
                    self.refused += 1
            if self._offer("ar", "addr", "len", "size", "burst"):
                address, length = self._burst("ar", self.reads)
                ident = self._get("ar__id") if f"{self.prefix}__ar__id" in self.sim.ports else 0
                for word in range(length):
                    due = self._cycle + self.latency
                    where = address + word * self.width
                    self._words.append((due, ident, where, word == length - 1))
        if self._writes_here:
            if self._b:
                self._answers.popleft()
                self._b = False
            if self._offer("aw", "addr", "len", "size", "burst"):
                self._addresses.append(self._burst("aw", self.writes))
            if self._offer("w", "data", "strb", "last"):
                self._data.append(
                    (self._get("w__data"), self._get("w__strb"), bool(self._get("w__last")))
                )
            self._write()
        self._cycle += 1

    def _offer(self, channel: str, *names: str) -> bool:
        """Whether a transfer happens; an offer must stand unchanged until then."""
        valid, ready = self._get(f"{channel}__valid"), self._get(f"{channel}__ready")
        values = tuple(self._get(f"{channel}__{name}") for name in names) if valid else ()
        if channel in self._offers:
            assert values == self._offers[channel], f"{channel} changed an offer"
        if valid and not ready:
            self._offers[channel] = values
        else:
            self._offers.pop(channel, None)
        return bool(valid and ready)

    def _burst(self, channel: str, log: list[tuple[int, int]]) -> tuple[int, int]:
        address, length = self._get(f"{channel}__addr"), self._get(f"{channel}__len") + 1
        assert address % self.width == 0
        assert 1 << self._get(f"{channel}__size") == self.width
        assert self._get(f"{channel}__burst") == 1
        assert address // PAGE == (address + length * self.width - 1) // PAGE
        log.append((address, length))
        return address, length

    def _write(self) -> None:
        """Write bursts whose address and data are both complete."""
        while self._addresses and len(self._data) >= self._addresses[0][1]:
            address, length = self._addresses.popleft()
            failed = False
            for word in range(length):
                value, strobes, last = self._data.popleft()
                assert last == (word == length - 1)
                where = address + word * self.width
                failed |= where in self.bad
                chosen = np.unpackbits(
                    np.frombuffer(strobes.to_bytes((self.width + 7) // 8, "little"), np.uint8),
                    bitorder="little",
                )[: self.width].astype(bool)
                new = np.frombuffer(value.to_bytes(self.width, "little"), np.uint8)
                self.data[where : where + self.width][chosen] = new[chosen]
            self._answers.append((self._cycle + self.latency, failed))
