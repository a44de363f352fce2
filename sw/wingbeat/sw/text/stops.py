"""Stop strings: where a text ends, whatever tokens it is made of."""

from __future__ import annotations

from collections.abc import Sequence

from wingbeat.hw.errors import RequestError

MOST_STOPS = 16
LONGEST_STOP = 256


class StopStrings:
    """Passes text on until a stop string is complete.

    Text that may still become a stop string is held back. What is passed on does not depend on
    the pieces that the text comes in: the first stop string to be complete ends it, and of those
    that end together the longest.

    Parameters
    ----------
    stops : texts, none empty; the text ends before them

    Raises
    ------
    RequestError
        If one is empty or too long, or there are too many.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        if len(stops) > MOST_STOPS:
            raise RequestError(f"stop strings must be {MOST_STOPS} at most, not {len(stops)}")
        for stop in stops:
            if not 1 <= len(stop) <= LONGEST_STOP:
                raise RequestError(
                    f"a stop string must have 1 to {LONGEST_STOP} characters, not {len(stop)}"
                )
        self._stops = tuple(stops)
        self._held = ""
        self.found = False

    def push(self, text: str) -> str:
        """Return the text that may be shown; nothing once a stop string was found."""
        if self.found:
            return ""
        held = self._held + text
        ends = [
            (place + len(stop), place) for stop in self._stops if (place := held.find(stop)) >= 0
        ]
        if ends:
            self.found = True
            self._held = ""
            return held[: min(ends)[1]]
        keep = max((_overlap(held, stop) for stop in self._stops), default=0)
        shown = len(held) - keep
        self._held = held[shown:]
        return held[:shown]

    def flush(self) -> str:
        """Return what is held back: the text has ended, and it became no stop string."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """Return the length of the longest end of `text` that `stop` begins with."""
    most = min(len(text), len(stop) - 1)
    return next((size for size in range(most, 0, -1) if text.endswith(stop[:size])), 0)
