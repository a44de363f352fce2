"""The text of one generation, token by token, and why it ends."""

from __future__ import annotations

from collections.abc import Collection

from wingbeat.sw.statistics import Finish
from wingbeat.sw.text.detokeniser import Detokeniser
from wingbeat.sw.text.stops import StopStrings


class Answer:
    """Turns tokens into text until one of them, a stop string or the caller ends it.

    Parameters
    ----------
    ends : ids that end the text and are not part of it
    detokeniser : fresh, for this text
    stops : fresh, for this text

    Attributes
    ----------
    finish : why the text has ended; None while it goes on
    """

    def __init__(self, ends: Collection[int], detokeniser: Detokeniser, stops: StopStrings) -> None:
        self._ends = ends
        self._detokeniser = detokeniser
        self._stops = stops
        self.finish: Finish | None = None

    def push(self, token: int) -> str:
        """Return the text that is certain with this token; it may be empty, and the last."""
        if token in self._ends:
            return self.end("end")
        piece = self._stops.push(self._detokeniser.push(token))
        if self._stops.found:
            self.finish = "stop"
        return piece

    def end(self, finish: Finish) -> str:
        """End the text, and return what was held back of it."""
        self.finish = finish
        # the end of the text may itself complete a stop string
        return self._stops.push(self._detokeniser.flush()) + self._stops.flush()
