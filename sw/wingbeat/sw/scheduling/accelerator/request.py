"""Requests, and the starts of the program that serve them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wingbeat.hw.errors import RequestError


@dataclass(frozen=True)
class Request:
    """A prompt and the tokens that are to follow.

    Attributes
    ----------
    name : unique among the requests
    prompt, tokens : how many of each; at least one
    """

    name: str
    prompt: int
    tokens: int

    def __post_init__(self) -> None:
        for name, value in (("prompt", self.prompt), ("tokens", self.tokens)):
            if value < 1:
                raise RequestError(f"`{name}` of a request must be at least 1, not {value}")


def parse_request(text: str, name: str) -> Request:
    """Return the request that `PROMPT:TOKENS` describes, such as `32:8`."""
    prompt, colon, tokens = text.partition(":")
    if not (colon and prompt.isdecimal() and tokens.isdecimal()):
        raise RequestError(f"a request must be PROMPT:TOKENS, such as 32:8, not `{text}`")
    return Request(name, int(prompt), int(tokens))


@dataclass(frozen=True)
class Start:
    """One start of the program.

    Attributes
    ----------
    known, position, generate : its arguments
    """

    known: int
    position: int
    generate: int

    def arguments(self, slot: int) -> dict[str, int]:
        """Return all arguments, for a request in a slot."""
        return {
            "known": self.known,
            "position": self.position,
            "generate": self.generate,
            "slot": slot,
            "all_logits": 0,
            "sequence": 0,
        }


def starts_of(request: Request, chunk: int, context: int) -> Iterator[Start]:
    """Yield a request's starts, as `wingbeat.sw.session` makes them: a chunk or a token each.

    Raises
    ------
    RequestError
        If the request does not fit the context.
    """
    if request.prompt + request.tokens > context:
        raise RequestError(
            f"request {request.name} of {request.prompt} + {request.tokens} tokens must fit the "
            f"context of {context}"
        )
    position = 0
    while request.prompt - position > chunk:
        yield Start(position + chunk, position, 0)
        position += chunk
    for token in range(request.tokens):
        known = request.prompt + token
        yield Start(known, position, 1)
        position = known
