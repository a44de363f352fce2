"""One request on its way through the engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from wingbeat.hw.errors import WingbeatError
from wingbeat.sw.decoding import Request
from wingbeat.sw.statistics import Finish


@dataclass(frozen=True)
class Ending:
    """The last event of an answer.

    Attributes
    ----------
    finish : why it ended
    prompt_tokens : tokens of the prompt
    cached_tokens : of these, tokens that the slot's caches held already
    generated_tokens : tokens that the device was asked for, the end token included
    """

    finish: Finish
    prompt_tokens: int
    cached_tokens: int
    generated_tokens: int


Event = str | Ending | WingbeatError
"""What happens to a request: pieces of text, and then its ending or an error."""


class Job:
    """A request, the tokens that it has so far, and who is told about them.

    Only the engine's thread changes it, but for `cancelled`.

    Parameters
    ----------
    request : to be served
    emit : called with each event, in the engine's thread

    Attributes
    ----------
    tokens : of the prompt, and of the answer so far
    random : random numbers of this answer
    slot : of the image; None while the job waits
    cached : tokens of the prompt that the caches held when it got its slot
    cancelled : whoever asked is gone
    over : there are no more events
    entered, admitted, newest : times (`time.monotonic`): asked for, slot given, last token
    """

    def __init__(self, request: Request, emit: Callable[[Event], None]) -> None:
        self.request = request
        self.tokens = list(request.prompt)
        self.random = request.sampling.generator()
        self.slot: int | None = None
        self.cached = 0
        self.cancelled = False
        self.over = False
        self.entered = time.monotonic()
        self.admitted = self.newest = self.entered
        self._emit = emit

    @property
    def generated(self) -> int:
        """Tokens of the answer so far."""
        return len(self.tokens) - len(self.request.prompt)

    def burst(self, most: int) -> int:
        """Return the tokens of the next turn; the first one alone, so that nobody waits long."""
        return min(most, self.request.count - self.generated) if self.generated else 1

    def accept(self, token: int) -> None:
        """Take the next token of the answer, and tell what text it makes."""
        answer = self.request.answer
        self.tokens.append(token)
        piece = answer.push(token)
        if answer.finish is None and self.generated == self.request.count:
            piece += answer.end(self.request.limit)
        if piece:
            self._emit(piece)
        if answer.finish is not None:
            self.over = True
            prompt = len(self.request.prompt)
            self._emit(Ending(answer.finish, prompt, self.cached, self.generated))

    def fail(self, error: WingbeatError) -> None:
        """End with an error."""
        self.over = True
        self._emit(error)
