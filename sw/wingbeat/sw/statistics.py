"""What a generation took: on the host's clock, and by the device's cycles."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from wingbeat.sw.device.protocol import Device

Finish = Literal["end", "stop", "length", "context", "closed"]
"""Why a text ended: the model's end token, a stop string, `max_tokens`, the context was full, or
the consumer had enough."""


@dataclass(frozen=True)
class Statistics:
    """One generated text in numbers.

    Attributes
    ----------
    finish : why it ended
    prompt_tokens : tokens of the prompt
    reused_tokens : of these, tokens that the caches held already
    generated_tokens : tokens that the device was asked for, the end token included
    seconds_to_first_token : from the start to the first token, on the host's clock
    prefill_tokens_per_second : prompt tokens that were processed, in that time
    decode_tokens_per_second : tokens after the first, None if there were none
    device_cycles : of the whole generation
    clock_mhz : assumed clock of the device
    device_seconds_to_first_token, device_tokens_per_second : as above, by cycles and clock
    """

    finish: Finish
    prompt_tokens: int
    reused_tokens: int
    generated_tokens: int
    seconds_to_first_token: float | None
    prefill_tokens_per_second: float | None
    decode_tokens_per_second: float | None
    device_cycles: int
    clock_mhz: float
    device_seconds_to_first_token: float | None
    device_tokens_per_second: float | None


class Meter:
    """Takes the times of one generation.

    Parameters
    ----------
    device : whose cycles are counted
    clock_mhz : its clock
    """

    def __init__(self, device: Device, clock_mhz: float) -> None:
        self._device = device
        self._clock_mhz = clock_mhz
        self._marks: list[tuple[float, int]] = []
        self._tokens = 0
        self._begin = self._now()

    def begin(self) -> None:
        """Start the clock."""
        self._begin = self._now()

    def token(self) -> None:
        """Note that a token has come; the first and the last one count."""
        self._tokens += 1
        self._marks[1:] = [self._now()]

    def result(self, finish: Finish, prompt: int, reused: int) -> Statistics:
        """Return the statistics of a generation that has ended."""
        first = decode = None
        device_first = device_decode = None
        if self._marks:
            first, cycles = self._since(self._marks[0], self._begin)
            device_first = self._seconds(cycles)
        if self._tokens > 1:
            seconds, cycles = self._since(self._marks[1], self._marks[0])
            decode = _rate(self._tokens - 1, seconds)
            device_decode = _rate(self._tokens - 1, self._seconds(cycles))
        return Statistics(
            finish=finish,
            prompt_tokens=prompt,
            reused_tokens=reused,
            generated_tokens=self._tokens,
            seconds_to_first_token=first,
            prefill_tokens_per_second=None if first is None else _rate(prompt - reused, first),
            decode_tokens_per_second=decode,
            device_cycles=self._device.cycles - self._begin[1],
            clock_mhz=self._clock_mhz,
            device_seconds_to_first_token=device_first,
            device_tokens_per_second=device_decode,
        )

    def _now(self) -> tuple[float, int]:
        return time.perf_counter(), self._device.cycles

    def _seconds(self, cycles: int) -> float:
        return cycles / (self._clock_mhz * 1e6)

    @staticmethod
    def _since(end: tuple[float, int], begin: tuple[float, int]) -> tuple[float, int]:
        return end[0] - begin[0], end[1] - begin[1]


def _rate(count: int, seconds: float) -> float | None:
    return count / seconds if seconds > 0 else None
