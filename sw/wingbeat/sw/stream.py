"""A text as it is generated: an iterator over pieces, with statistics at its end."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

from wingbeat.hw.errors import RequestError
from wingbeat.sw.statistics import Finish, Meter, Statistics
from wingbeat.sw.text.answer import Answer


@dataclass(frozen=True)
class Source:
    """Where the tokens of a stream come from.

    Attributes
    ----------
    tokens : generated ids; closing it stops the device
    prompt, reused : tokens of the prompt, and of these in the caches already
    limit : why the text ends if `tokens` runs dry
    """

    tokens: Generator[int]
    prompt: int
    reused: int
    limit: Finish


class Stream(Iterator[str]):
    """Pieces of text, none empty, as their tokens arrive.

    Leaving early is cheap: `close`, or the end of a `with` block, stops the device.

    Parameters
    ----------
    source : token ids
    answer : fresh, for this text
    meter : takes the times
    """

    def __init__(self, source: Source, answer: Answer, meter: Meter) -> None:
        self._source = source
        self._answer = answer
        self._meter = meter
        self._statistics: Statistics | None = None
        self._pieces = self._generate()

    def __next__(self) -> str:
        return next(self._pieces)

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the device, if it is still at work; there are no more pieces."""
        self._pieces.close()
        self._end()

    @property
    def statistics(self) -> Statistics:
        """What the generation took; RequestError before its end."""
        if self._statistics is None:
            raise RequestError("statistics of a stream must be read after its end")
        return self._statistics

    def _generate(self) -> Generator[str]:
        self._meter.begin()
        try:
            for token in self._source.tokens:
                self._meter.token()
                piece = self._answer.push(token)
                if piece:
                    yield piece
                if self._answer.finish is not None:
                    break
            else:
                rest = self._answer.end(self._source.limit)
                if rest:
                    yield rest
        finally:
            self._end()

    def _end(self) -> None:
        self._source.tokens.close()
        if self._statistics is None:
            self._statistics = self._meter.result(
                self._answer.finish or "closed", self._source.prompt, self._source.reused
            )
