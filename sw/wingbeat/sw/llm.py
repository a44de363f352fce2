"""A language model on a device: text in, text out."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

from tokenizers import Tokenizer

from wingbeat.compiler.image import Image
from wingbeat.hw.errors import ImageError, RequestError
from wingbeat.sw.cache import CompileProgress, open_image
from wingbeat.sw.device.opening import open_device
from wingbeat.sw.device.protocol import Device
from wingbeat.sw.sampler import Sampling, choose
from wingbeat.sw.session import Progress, Session
from wingbeat.sw.statistics import Meter
from wingbeat.sw.stream import Source, Stream
from wingbeat.sw.text.chat import Message
from wingbeat.sw.text.detokeniser import Detokeniser
from wingbeat.sw.text.prompts import Prompts
from wingbeat.sw.text.stops import StopStrings

DEFAULT_BOARD = "kv260"
"""Board that a model file is compiled for when nobody says which."""


def _silent(done: int, total: int) -> None:
    """Report no progress."""


def _still(step: str, share: float) -> None:
    """Report no progress of a compilation."""


class LLM:
    """A model, loaded on a device.

    One text at a time: a stream must end, or be closed, before the next one begins. What a prompt
    shares with the text before it is not processed again.

    Parameters
    ----------
    model : an image, or the path of an image or of a model file (GGUF), which is compiled once
        and kept in the cache
    device : name for `open_device`, or an open device
    board : that a model file is compiled for
    context : positions that a model file is compiled for; by default, as many as fit
    progress : told about a compilation

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
        progress: CompileProgress = _still,
    ) -> None:
        # a device that does not exist is known before minutes of compilation
        self.device = open_device(device) if isinstance(device, str) else device
        if not isinstance(model, Image):
            model = open_image(Path(model), board, context=context, progress=progress)
        self.image = model
        self.tokenizer = _tokenizer(model)
        self.device.load(model)
        self.session = Session(self.device, model)
        self._prompts = Prompts(self.tokenizer, model.manifest.text)

    def __enter__(self) -> LLM:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up the device."""
        self.device.close()

    @property
    def chats(self) -> bool:
        """Whether the model has a chat template."""
        return self._prompts.chats

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
        progress: Progress = _silent,
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
        return self._stream(self._prompts.raw(prompt), max_tokens, sampling, stop, progress)

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
        progress: Progress = _silent,
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
        return self._stream(self._prompts.chat(messages), max_tokens, sampling, stop, progress)

    def _stream(
        self,
        prompt: list[int],
        max_tokens: int,
        sampling: Sampling,
        stop: Sequence[str],
        progress: Progress,
    ) -> Stream:
        if max_tokens < 1:
            raise RequestError(f"max-tokens must be at least 1, not {max_tokens}")
        session, manifest = self.session, self.image.manifest
        # never less than one: a prompt that fills the context is for the session to refuse
        count = max(1, min(max_tokens, session.context - len(prompt)))
        reused = session.reusable(prompt)
        tokens: Generator[int]
        if sampling.greedy:
            tokens = session.generate(prompt, count, progress)
        else:
            session.check(prompt, count)
            tokens = _sample(session, prompt, count, sampling, progress)
        return Stream(
            Source(tokens, len(prompt), reused, "length" if count == max_tokens else "context"),
            frozenset(manifest.text.stop),
            Detokeniser(self.tokenizer, prompt),
            StopStrings(stop),
            Meter(self.device, manifest.config.clock_mhz),
        )


def _sample(
    session: Session, prompt: list[int], count: int, sampling: Sampling, progress: Progress
) -> Generator[int]:
    """Yield tokens that the host chooses among the device's candidates."""
    generator = sampling.generator()
    tokens = list(prompt)
    for _ in range(count):
        token = choose(session.candidates(tokens, sampling.top_k, progress), sampling, generator)
        tokens.append(token)
        progress = _silent
        yield token


def _tokenizer(image: Image) -> Tokenizer:
    try:
        return Tokenizer.from_str(image.tokenizer)
    except Exception as error:
        # the library raises bare Exception
        raise ImageError(f"the image must have a sound tokenizer: {error}") from None
