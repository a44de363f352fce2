"""The tokens that follow: chosen by the device, or by the host among the device's candidates."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np

from wingbeat.sw.sampler import Sampling, choose
from wingbeat.sw.session import Progress, Session
from wingbeat.sw.statistics import Finish
from wingbeat.sw.text.answer import Answer


@dataclass(frozen=True)
class Request:
    """One text to be generated, checked: a session of the image can serve it.

    Attributes
    ----------
    prompt : token ids
    count : tokens to generate, at most; prompt and these fit the context
    limit : why the text ends after so many
    sampling : how tokens are chosen
    answer : makes the text of them
    """

    prompt: list[int]
    count: int
    limit: Finish
    sampling: Sampling
    answer: Answer


def silent(done: int, total: int) -> None:
    """Report no progress."""


def decode(
    session: Session,
    tokens: Sequence[int],
    count: int,
    sampling: Sampling,
    generator: np.random.Generator,
    progress: Progress = silent,
) -> Generator[int]:
    """Yield the `count` tokens that follow; the device is idle when the last one comes.

    Parameters
    ----------
    session : of the slot
    tokens : that are followed; what the caches hold of them is not processed again
    count : tokens to generate
    sampling : how they are chosen
    generator : random numbers of this text
    progress : told about the tokens that are processed first

    Raises
    ------
    RequestError
        At once, if the session cannot serve it.
    """
    if sampling.greedy:
        return session.generate(tokens, count, progress)
    session.check(tokens, count)
    return _sample(session, tokens, count, sampling, generator, progress)


def _sample(
    session: Session,
    prompt: Sequence[int],
    count: int,
    sampling: Sampling,
    generator: np.random.Generator,
    progress: Progress,
) -> Generator[int]:
    tokens = list(prompt)
    for _ in range(count):
        token = choose(session.candidates(tokens, sampling.top_k, progress), sampling, generator)
        tokens.append(token)
        progress = silent
        yield token
