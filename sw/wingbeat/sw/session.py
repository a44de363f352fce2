"""The driver core: one request's slot on a device, from token ids to token ids.

The device keeps, for each slot, a token list and the caches of keys and values. A session mirrors
the list, knows how much of it the caches hold, and has only the rest processed: a conversation
that grows by a turn costs a turn.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from wingbeat.compiler.image import Image
from wingbeat.hw.control import RING_ENTRIES, ControlBlock, State
from wingbeat.hw.errors import DeviceError, RequestError
from wingbeat.hw.isa.footprint import WORDS_PER_BEAT
from wingbeat.sw.candidates import MOST_CANDIDATES, Candidates, find_candidates
from wingbeat.sw.device.protocol import Device
from wingbeat.sw.mailbox import Mailbox

Float = npt.NDArray[np.float32]

Progress = Callable[[int, int], None]
"""Called while a prompt is processed, with the tokens done and the tokens to do."""

PATIENCE = 120.0
"""Seconds without a token and without a retired instruction after which a device is given up."""


def _ignore(done: int, total: int) -> None:
    """Report no progress."""


class Session:
    """Drives one slot of a device.

    Parameters
    ----------
    device : with `image` loaded
    image : what the device holds
    slot : of the image's slots
    patience : seconds without progress after which a wait fails

    Raises
    ------
    RequestError
        If the image has no such slot.
    """

    def __init__(
        self, device: Device, image: Image, slot: int = 0, patience: float = PATIENCE
    ) -> None:
        program = image.manifest.program
        if not 0 <= slot < program.slots:
            raise RequestError(f"slot must be 0 to {program.slots - 1}, not {slot}")
        self.context = program.context
        self.vocabulary = image.manifest.model.vocabulary
        self._device = device
        self._program = program
        self._slot = slot
        self._patience = patience
        self._mailbox = Mailbox(device, image.memory)
        self._words = {
            name: image.memory[name].start * WORDS_PER_BEAT
            for name in ("tokens", "logits", "maxima")
        }
        self._words["tokens"] += slot * program.token_words
        self._list: list[int] = []
        self._cached = 0
        self._turn = 0
        self._running = False

    # ---- what can be asked of a device ----------------------------------------------------

    def generate(
        self, tokens: Sequence[int], count: int, progress: Progress = _ignore
    ) -> Generator[int]:
        """Yield the `count` tokens that follow, the best one each time, as they are published.

        The device chooses, several tokens a start. Closing the iterator stops the device.

        Parameters
        ----------
        tokens : prompt, at least one
        count : tokens to generate; prompt and these fit the context
        progress : told about the prompt

        Raises
        ------
        RequestError
            At once, before anything is started.
        DeviceError
            If the device fails, or makes no progress.
        """
        if count < 1:
            raise RequestError(f"tokens to generate must be at least 1, not {count}")
        self.check(tokens, count)
        return self._generate(tokens, count, progress)

    def logits(self, tokens: Sequence[int], progress: Progress = _ignore) -> Float:
        """Return the logits of the token that follows, float32 (vocabulary,)."""
        self.check(tokens, 1)
        self._choose_one(tokens, progress)
        return self._read_float("logits", 0, self.vocabulary)

    def candidates(self, tokens: Sequence[int], k: int, progress: Progress = _ignore) -> Candidates:
        """Return the `k` most likely tokens that may follow, reading k tiles of logits only."""
        if not 1 <= k <= MOST_CANDIDATES:
            raise RequestError(f"candidates must be 1 to {MOST_CANDIDATES}, not {k}")
        self.check(tokens, 1)
        self._choose_one(tokens, progress)
        size = self._program.maximum_words
        maxima = self._read_float("maxima", 0, self._program.logit_words // size)
        return find_candidates(
            maxima,
            size,
            self.vocabulary,
            k,
            lambda tile: self._read_float("logits", tile * size, size),
        )

    def scores(self, tokens: Sequence[int], progress: Progress = _ignore) -> Iterator[Float]:
        """Yield the logits after every token, float32 (tokens of a chunk, vocabulary).

        All tokens are processed, whatever the caches hold: a cache has no logits.
        """
        self.check(tokens, 0)
        return self._scores(tokens, progress)

    def score(self, tokens: Sequence[int], progress: Progress = _ignore) -> Float:
        """Return the logits after every token, float32 (tokens, vocabulary)."""
        return np.concatenate(list(self.scores(tokens, progress)))

    def reusable(self, tokens: Sequence[int]) -> int:
        """Return how many tokens the caches hold already; the last one is always processed."""
        return min(_common(self._list[: self._cached], tokens), len(tokens) - 1)

    def prefill(self, tokens: Sequence[int]) -> bool:
        """Bring the next chunk of a prompt into the caches, if more than one chunk is left of it.

        Sessions of other slots may use the device between two calls: a long prompt keeps them
        waiting for no more than a chunk. Whoever asks for a token afterwards finds the rest.

        Returns
        -------
        Whether there was a chunk to process.
        """
        self.check(tokens, 0)
        position = self.reusable(tokens)
        if len(tokens) - position <= self._program.chunk:
            return False
        self._write_list(tokens)
        self._cached = position
        self._process(position + self._program.chunk, position)
        return True

    def check(self, tokens: Sequence[int], room: int) -> None:
        """Refuse what cannot be begun now: what does not fit, or finds the session at work.

        Raises
        ------
        RequestError
            If so.
        """
        self._check_idle()
        self.check_fit(tokens, room)

    def check_fit(self, tokens: Sequence[int], room: int) -> None:
        """Refuse what does not fit: RequestError unless tokens and `room` more can be served."""
        if not tokens:
            raise RequestError("a prompt must have at least one token, not 0")
        if len(tokens) + min(room, 1) > self.context:
            rule = "leave room within" if room else "fit"
            raise RequestError(
                f"a prompt of {len(tokens)} tokens must {rule} the context of {self.context}"
            )
        if len(tokens) + room > self.context:
            raise RequestError(
                f"a prompt of {len(tokens)} tokens and {room} more must fit the context of "
                f"{self.context}"
            )
        for token in (min(tokens), max(tokens)):
            if not 0 <= token < self.vocabulary:
                raise RequestError(f"a token id must be 0 to {self.vocabulary - 1}, not {token}")

    # ---- runs -----------------------------------------------------------------------------

    def _generate(self, tokens: Sequence[int], count: int, progress: Progress) -> Generator[int]:
        turn, position = self._prefill(tokens, progress)
        while count:
            self._expect(turn)
            burst = min(count, RING_ENTRIES)
            yield from self._run(len(self._list), position, burst)
            position = self._cached
            count -= burst

    def _choose_one(self, tokens: Sequence[int], progress: Progress) -> None:
        """Process the tokens; leave logits and maxima of the next one in device memory."""
        _, position = self._prefill(tokens, progress)
        for _ in self._run(len(tokens), position, 1):
            pass
        # the device's own choice is no part of the text
        self._list.pop()
        progress(len(tokens), len(tokens))

    def _scores(self, tokens: Sequence[int], progress: Progress) -> Iterator[Float]:
        turn = self._write_list(tokens)
        self._cached = 0
        for first in range(0, len(tokens), self._program.chunk):
            self._expect(turn)
            last = min(first + self._program.chunk, len(tokens))
            self._process(last, first, all_logits=1)
            width = self._program.logit_words
            rows = self._read_float("logits", 0, (last - first) * width).reshape(-1, width)
            progress(last, len(tokens))
            yield rows[:, : self.vocabulary]

    def _prefill(self, tokens: Sequence[int], progress: Progress) -> tuple[int, int]:
        """Process all but the last chunk, a start a chunk.

        Returns
        -------
        The turn of this request, and the first position that is not in the caches.
        """
        position = begin = self.reusable(tokens)
        turn = self._write_list(tokens)
        self._cached = position
        while len(tokens) - position > self._program.chunk:
            self._process(position + self._program.chunk, position)
            position = self._cached
            progress(position - begin, len(tokens) - begin)
        return turn, position

    def _process(self, known: int, position: int, all_logits: int = 0) -> None:
        """Bring the tokens from `position` to `known` into the caches."""
        for _ in self._run(known, position, 0, all_logits):
            pass
        self._cached = known

    def _run(self, known: int, position: int, count: int, all_logits: int = 0) -> Iterator[int]:
        """Start the program, and yield its tokens; abort it if the consumer stops early."""
        self._device.start(
            {
                "known": known,
                "position": position,
                "generate": count,
                "slot": self._slot,
                "all_logits": all_logits,
                "sequence": self._mailbox.empty(),
            }
        )
        state = State.RUNNING
        self._running = True
        try:
            while state is State.RUNNING:
                state, tokens = self._wait()
                for token in tokens:
                    count -= 1
                    if not count:
                        # whoever takes the last token finds the device idle
                        while state is State.RUNNING:
                            state, _ = self._wait()
                    self._accept(token)
                    yield token
        except GeneratorExit:
            if state is State.RUNNING:
                self._stop()
            raise
        except BaseException:
            if state is State.RUNNING and self._running:
                # of two errors, the first is the one to know
                with contextlib.suppress(DeviceError):
                    self._stop()
            raise
        finally:
            self._running = False
        if count or state is not State.FINISHED:
            raise DeviceError(
                f"device {self._device.name} must publish {count} more tokens, and is {state.name}"
            )

    def _accept(self, token: int) -> None:
        if token >= self.vocabulary:
            raise DeviceError(
                f"device {self._device.name} must publish token ids below {self.vocabulary}, "
                f"not {token}"
            )
        # a token is chosen when everything before it is in the caches
        self._cached = len(self._list)
        self._list.append(token)

    def _wait(self) -> tuple[State, list[int]]:
        """Return at the first news, or fail after `patience` seconds without progress."""
        heartbeat = -1
        while True:
            deadline = time.monotonic() + self._patience
            state = self._device.advance(deadline)
            tokens = self._mailbox.take()
            if state is State.FAILED:
                self._running = False
                status = self._mailbox.status()
                raise DeviceError(
                    f"device {self._device.name} stopped {_where(status)}; "
                    + self._device.diagnose()
                )
            if tokens or state is not State.RUNNING:
                return state, tokens
            status = self._mailbox.status()
            if status.heartbeat == heartbeat and time.monotonic() >= deadline:
                diagnosis = self._device.diagnose()
                # asked to stop, and not waited for: that took all the patience already
                self._device.abort()
                self._running = False
                raise DeviceError(
                    f"device {self._device.name} must make progress within "
                    f"{self._patience:g} s, and is {state.name} {_where(status)}; {diagnosis}"
                )
            heartbeat = status.heartbeat

    def _stop(self) -> None:
        """Have the program stop, and wait until it has."""
        self._device.abort()
        deadline = time.monotonic() + self._patience
        while self._device.advance(deadline) is State.RUNNING:
            self._mailbox.take()
            if time.monotonic() >= deadline:
                status = self._mailbox.status()
                raise DeviceError(
                    f"device {self._device.name} must abort within {self._patience:g} s, and is "
                    f"{State.RUNNING.name} {_where(status)}; {self._device.diagnose()}"
                )

    def _check_idle(self) -> None:
        if self._running:
            raise RequestError("a stream must end, or be closed, before the next one begins")

    def _expect(self, turn: int) -> None:
        if turn != self._turn:
            raise RequestError("a request must end before its session begins another one")

    # ---- device memory --------------------------------------------------------------------

    def _write_list(self, tokens: Sequence[int]) -> int:
        """Make the slot's list hold these tokens; return the turn that has begun."""
        # a program at work would go on writing into what this request relies on
        self._check_idle()
        same = _common(self._list, tokens)
        if same < len(tokens):
            self._device.write(self._words["tokens"] + same, tokens[same:])
        self._list = list(tokens)
        self._turn += 1
        return self._turn

    def _read_float(self, region: str, first: int, count: int) -> Float:
        return self._device.read(self._words[region] + first, count).view(np.float32)


def _common(a: Sequence[int], b: Sequence[int]) -> int:
    """Return the length of the common prefix."""
    for index, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return index
    return min(len(a), len(b))


def _where(status: ControlBlock) -> str:
    """Say what the control block tells about the instruction at hand."""
    return (
        f"at instruction {status.error_pc} of unit {status.error_unit} with error "
        f"{status.error.name}, {status.heartbeat} instructions retired"
    )
