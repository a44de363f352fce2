"""When weights arrive and when they are used: queues, filled and emptied at their own rates.

The stream of one multiplication follows that of the last without a gap, long before it is used, as
far as the lanes' queues and the read engine hold it. The queues are emptied while a multiplication
runs, evenly from its first step to its last, and no faster than the chains compute.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from wingbeat.hw.config import AcceleratorConfig
from wingbeat.hw.cost import (
    ASSEMBLY_LATENCY,
    ENGINE_WORDS,
    MEMORY_LATENCY,
    REQUEST_LATENCY,
    Cost,
)

OPERANDS = 9
"""Cycles from the start of a multiplication to its first step: operands are fetched."""


@dataclass(frozen=True, slots=True)
class _Use:
    """Words `first` to `last` of the whole stream are used from `start` to `end`."""

    first: int
    last: int
    start: int
    end: int


class WeightStream:
    """Words of the bus are counted from the first one, for all ports at once.

    Parameters
    ----------
    config : the machine
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        self._free = 0  # when the last word asked for has arrived
        self._guard = 0  # when the latest token from ST was there: no later stream is read before
        self._words = 0
        self._uses: deque[_Use] = deque()

    def hold(self, token: int) -> None:
        """Read nothing more before a token from ST is there."""
        self._guard = max(self._guard, token)

    def lend(self, words: int) -> None:
        """Leave the port to others for so many words."""
        self._free += words

    def multiply(self, dispatched: int, start: int, price: Cost) -> int:
        """Return when a multiplication has made its last step.

        Parameters
        ----------
        dispatched : when the stream reader can know of it
        start : when it has its tokens and the one before it is done
        """
        words = -(-price.stream // self._config.port_bytes)
        room = price.ahead // self._config.port_bytes + ENGINE_WORDS
        asked = max(dispatched, self._guard) + MEMORY_LATENCY + REQUEST_LATENCY
        first = max(self._free, asked, self._used(self._words - room))
        begin = max(start + OPERANDS, first + ASSEMBLY_LATENCY)
        arrived = max(first + words, self._used(self._words + words - room))
        if words > room:
            arrived = max(arrived, begin + words - room)
        end = max(begin + price.busy, arrived + ASSEMBLY_LATENCY)
        self._uses.append(_Use(self._words, self._words + words, begin, end))
        self._words += words
        self._free = arrived
        return end

    def _used(self, word: int) -> int:
        """Return when a word has left the queues."""
        while len(self._uses) > 1 and self._uses[0].last < word:
            self._uses.popleft()
        if not self._uses or word <= self._uses[0].first:
            return 0
        use = self._uses[0]
        share = (min(word, use.last) - use.first) / (use.last - use.first)
        return use.start + round(share * (use.end - use.start))
