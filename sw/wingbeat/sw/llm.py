"""A language model on a device: text in, text out."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from wingbeat.compiler.image import Image
from wingbeat.hw.errors import ImageError, RequestError
from wingbeat.sw.cache import CompileProgress, open_image
from wingbeat.sw.decoding import Request, decode, silent
from wingbeat.sw.device.opening import open_device
from wingbeat.sw.device.protocol import Device
from wingbeat.sw.sampler import Sampling
from wingbeat.sw.session import Progress, Session
from wingbeat.sw.statistics import Meter
from wingbeat.sw.stream import Source, Stream
from wingbeat.sw.text.answer import Answer
from wingbeat.sw.text.chat import Message
from wingbeat.sw.text.detokeniser import Detokeniser
from wingbeat.sw.text.prompts import Prompts
from wingbeat.sw.text.stops import StopStrings

DEFAULT_BOARD = "kv260"
"""Board that a model file is compiled for when nobody says which."""


def _still(step: str, share: float) -> None:
    """Report no progress of a compilation."""


class LLM:
    """A model, loaded on a device.

    One stream at a time: it must end, or be closed, before the next one begins. What a prompt
    shares with the text before it is not processed again. A program that serves several texts at
    once takes turns with `sessions`.

    Parameters
    ----------
    model : an image, or the path of an image or of a model file (GGUF), which is compiled once
        and kept in the cache
    device : name for `open_device`, or an open device; to `recover`, a device that is given must
        take an image after it was closed
    board : that a model file is compiled for
    context : positions that a model file is compiled for; by default, as many as fit
    slots : texts whose caches a model file is compiled for
    progress : told about a compilation, and about the loading of the device

    Attributes
    ----------
    image, device : as above, loaded
    sessions : one for each slot of the image; streams use the first
    prompts : encodes texts and conversations

    Raises
    ------
    WingbeatError
        If the model cannot be read or compiled, or the device refuses it.
    """

    def __init__(
        self,
        model: Image | Path | str,
        device: Device | str = "isa",
        *,
        board: str = DEFAULT_BOARD,
        context: int | None = None,
        slots: int = 1,
        progress: CompileProgress = _still,
    ) -> None:
        self._wanted = device
        # a device that does not exist is known before minutes of compilation
        self.device = self._open()
        if not isinstance(model, Image):
            model = open_image(Path(model), board, context=context, slots=slots, progress=progress)
        self.image = model
        self.tokenizer = _tokenizer(model)
        self.sessions = self._load(progress)
        self.prompts = Prompts(self.tokenizer, model.manifest.text)

    def __enter__(self) -> LLM:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up the device."""
        self.device.close()

    def recover(self) -> None:
        """Begin anew with the device, after it failed; what its caches held is lost.

        Raises
        ------
        WingbeatError
            If the device cannot be opened, or refuses the image.
        """
        # what a broken device says to that is no news
        with contextlib.suppress(Exception):
            self.device.close()
        self.device = self._open()
        self.sessions = self._load(_still)

    @property
    def session(self) -> Session:
        """The session that streams use."""
        return self.sessions[0]

    @property
    def chats(self) -> bool:
        """Whether the model has a chat template."""
        return self.prompts.chats

    def stream(
        self,
        prompt: str,
        *,
        max_tokens: int = 256,
        temperature: float = 0.0,
        top_k: int = 40,
        top_p: float = 1.0,
        seed: int | None = None,
        stop: Sequence[str] = (),
        progress: Progress = silent,
    ) -> Stream:
        """Go on from a text; control tokens in it are control tokens.

        Parameters
        ----------
        prompt : text, taken as it is
        max_tokens : tokens to generate, at most; fewer if the context is full before
        temperature, top_k, top_p, seed : see `Sampling`
        stop : texts before which the answer ends
        progress : told about the tokens of the prompt

        Raises
        ------
        RequestError
            At once, if the request cannot be served.
        """
        sampling = Sampling(temperature, top_k, top_p, seed)
        request = self.request(self.prompts.raw(prompt), max_tokens, sampling, stop)
        return self._stream(request, progress)

    def chat(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int = 256,
        temperature: float = 0.0,
        top_k: int = 40,
        top_p: float = 1.0,
        seed: int | None = None,
        stop: Sequence[str] = (),
        progress: Progress = silent,
    ) -> Stream:
        """Answer a conversation; a control token in a message is plain text.

        Parameters
        ----------
        messages : dictionaries of `role` (system, user, assistant, tool) and `content`
        max_tokens, temperature, top_k, top_p, seed, stop, progress : as for `stream`

        Raises
        ------
        RequestError
            At once, if the model has no chat template or the request cannot be served.
        """
        sampling = Sampling(temperature, top_k, top_p, seed)
        request = self.request(self.prompts.chat(messages), max_tokens, sampling, stop)
        return self._stream(request, progress)

    def request(
        self, prompt: list[int], max_tokens: int, sampling: Sampling, stop: Sequence[str] = ()
    ) -> Request:
        """Return a request that any session can serve.

        Parameters
        ----------
        prompt : token ids, as `prompts` makes them
        max_tokens, stop : as for `stream`
        sampling : how tokens are chosen

        Raises
        ------
        RequestError
            If it cannot be served.
        """
        if max_tokens < 1:
            raise RequestError(f"max-tokens must be at least 1, not {max_tokens}")
        # never less than one: a prompt that fills the context is for the session to refuse
        count = max(1, min(max_tokens, self.session.context - len(prompt)))
        self.session.check_fit(prompt, count)
        answer = Answer(
            frozenset(self.image.manifest.text.stop),
            Detokeniser(self.tokenizer, prompt),
            StopStrings(stop),
        )
        return Request(
            prompt, count, "length" if count == max_tokens else "context", sampling, answer
        )

    def _stream(self, request: Request, progress: Progress) -> Stream:
        reused = self.session.reusable(request.prompt)
        sampling = request.sampling
        tokens = decode(
            self.session, request.prompt, request.count, sampling, sampling.generator(), progress
        )
        return Stream(
            Source(tokens, len(request.prompt), reused, request.limit),
            request.answer,
            Meter(self.device, self.image.manifest.config.clock_mhz),
        )

    def _open(self) -> Device:
        return open_device(self._wanted) if isinstance(self._wanted, str) else self._wanted

    def _load(self, progress: CompileProgress) -> list[Session]:
        """Load the image; a fresh session for each slot."""
        self.device.load(self.image, progress)
        slots = range(self.image.manifest.program.slots)
        return [Session(self.device, self.image, slot) for slot in slots]


def _tokenizer(image: Image) -> Tokenizer:
    try:
        return Tokenizer.from_str(image.tokenizer)
    except Exception as error:
        # the library raises bare Exception
        raise ImageError(f"the image must have a sound tokenizer: {error}") from None
