"""The rules of AXI4 that a manager on a port has to keep, checked cycle by cycle.

Nothing here knows of a simulator: a cycle is what the channels offer in it. `AxiMonitor` takes that
from a component; `test_axi_rules.py` makes it up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from wingbeat.hw.rtl.bus.axi import PAGE_BYTES, Burst


class ProtocolError(AssertionError):
    """A manager broke a rule, or was answered without having asked."""


@dataclass(frozen=True)
class Offer:
    """A channel whose `valid` is high: whether it is taken, and what is offered."""

    ready: bool
    fields: Mapping[str, int]


@dataclass(frozen=True)
class Run:
    """A burst: byte address, and number of words."""

    address: int
    words: int


class AxiRules:
    """Watches one port.

    Parameters
    ----------
    word_bytes : width of the port, bytes

    Attributes
    ----------
    reads, writes : bursts whose addresses were taken, in order
    words : words moved in both directions
    """

    def __init__(self, word_bytes: int) -> None:
        self.reads: list[Run] = []
        self.writes: list[Run] = []
        self.words = 0
        self._word_bytes = word_bytes
        self._forget()

    def _forget(self) -> None:
        self._standing: dict[str, Mapping[str, int]] = {}  # offered and not yet taken
        self._reading: dict[int, deque[int]] = {}  # id to the words left of each of its bursts
        self._addressed: deque[tuple[int, int]] = deque()  # id and words of bursts without data
        self._data: deque[int] = deque()  # words of complete bursts without address
        self._sent = 0  # words of the present burst
        self._answers: dict[int, int] = {}  # id to the writes that wait for their answer

    def cycle(self, offers: Mapping[str, Offer]) -> None:
        """Check one cycle.

        Parameters
        ----------
        offers : by channel, `ar`, `r`, `aw`, `w`, `b`; those whose `valid` is high
        """
        for channel in ("ar", "aw", "w"):
            self._stands(channel, offers.get(channel))
        taken = {channel: offer.fields for channel, offer in offers.items() if offer.ready}
        # answers first: they are to what was asked in an earlier cycle
        if "r" in taken:
            self._read(taken["r"])
        if "b" in taken:
            self._answered(taken["b"])
        if "ar" in taken:
            run = self._burst("ar", taken["ar"])
            self.reads.append(run)
            self._reading.setdefault(taken["ar"]["id"], deque()).append(run.words)
        if "aw" in taken:
            run = self._burst("aw", taken["aw"])
            self.writes.append(run)
            self._addressed.append((taken["aw"]["id"], run.words))
        if "w" in taken:
            self._write(taken["w"])
        self._match()

    def in_reset(self, offers: Mapping[str, Offer]) -> None:
        """Check a cycle of reset: a manager offers nothing, and all that was under way is gone."""
        for channel in ("ar", "aw", "w"):
            if channel in offers:
                raise ProtocolError(f"{channel}.valid must be low during reset")
        self._forget()

    def finish(self) -> None:
        """Check that nothing is under way any more."""
        left = {
            "offers": list(self._standing),
            "reads": {ident: list(runs) for ident, runs in self._reading.items() if runs},
            "addresses without data": list(self._addressed),
            "data without address": self._sent or list(self._data),
            "unanswered writes": {i: count for i, count in self._answers.items() if count},
        }
        open_ends = {name: what for name, what in left.items() if what}
        if open_ends:
            raise ProtocolError(f"nothing must be under way at the end, not {open_ends}")

    def _stands(self, channel: str, offer: Offer | None) -> None:
        """An offer stands unchanged until it is taken."""
        before = self._standing.pop(channel, None)
        if before is not None and offer is None:
            raise ProtocolError(f"{channel}.valid must stay high until {channel}.ready")
        if before is not None and offer is not None and before != offer.fields:
            raise ProtocolError(f"{channel} must not change {before} to {offer.fields}")
        if offer is not None and not offer.ready:
            self._standing[channel] = offer.fields

    def _burst(self, channel: str, fields: Mapping[str, int]) -> Run:
        run = Run(fields["addr"], fields["len"] + 1)
        width, end = self._word_bytes, run.address + run.words * self._word_bytes
        if fields["burst"] != Burst.INCR.value:
            raise ProtocolError(f"{channel}.burst must be INCR, not {fields['burst']}")
        if 1 << fields["size"] != width:
            raise ProtocolError(f"{channel}.size must be that of {width} bytes: {fields}")
        if run.address % width:
            raise ProtocolError(f"{channel}.addr must be a multiple of {width}: {fields}")
        if run.address // PAGE_BYTES != (end - 1) // PAGE_BYTES:
            raise ProtocolError(f"{channel}: {run} must not cross a multiple of {PAGE_BYTES}")
        return run

    def _read(self, fields: Mapping[str, int]) -> None:
        runs = self._reading.get(fields["id"])
        if not runs:
            raise ProtocolError(f"r.id must be that of a burst under way, not {fields['id']}")
        runs[0] -= 1
        self.words += 1
        if fields["last"] != (runs[0] == 0):
            raise ProtocolError(f"r.last must be {runs[0] == 0:d} with {runs[0]} words to come")
        if not runs[0]:
            runs.popleft()

    def _write(self, fields: Mapping[str, int]) -> None:
        self._sent += 1
        self.words += 1
        if fields["last"]:
            self._data.append(self._sent)
            self._sent = 0

    def _match(self) -> None:
        """Match write addresses with write data, whichever came first."""
        if self._addressed and not self._data and self._sent >= self._addressed[0][1]:
            raise ProtocolError(f"w.last must come with word {self._addressed[0][1]}")
        while self._addressed and self._data:
            ident, words = self._addressed.popleft()
            sent = self._data.popleft()
            if sent != words:
                raise ProtocolError(f"w.last must come with word {words}, not {sent}")
            self._answers[ident] = self._answers.get(ident, 0) + 1

    def _answered(self, fields: Mapping[str, int]) -> None:
        if not self._answers.get(fields["id"]):
            raise ProtocolError(f"b.id must be that of a complete write, not {fields['id']}")
        self._answers[fields["id"]] -= 1
