"""What a client may ask for: the JSON bodies of requests, as OpenAI names things."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, model_validator

from wingbeat.sw.sampler import Sampling
from wingbeat.sw.serving.errors import OptionError
from wingbeat.sw.serving.options import without_neutral
from wingbeat.sw.text.chat import Message


class StreamOptions(BaseModel):
    """How an answer is streamed."""

    model_config = ConfigDict(extra="ignore")
    include_usage: StrictBool = False


class Body(BaseModel):
    """What both kinds of requests have.

    `top_k` is no option of OpenAI's; its client sends it as `extra_body={"top_k": 40}`.
    """

    model_config = ConfigDict(extra="forbid")
    aliases: ClassVar[dict[str, str]] = {}
    """Other names of options."""

    model: str
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: StrictInt = Sampling.top_k
    seed: StrictInt | None = None
    stop: str | list[str] = Field(default_factory=list)
    stream: StrictBool = False
    stream_options: StreamOptions = Field(default_factory=StreamOptions)

    @model_validator(mode="before")
    @classmethod
    def _look(cls, options: dict[str, Any] | Any) -> Any:
        if not isinstance(options, dict):
            # pydantic says so
            return options
        named = {cls.aliases.get(name, name): value for name, value in options.items()}
        return without_neutral(named, frozenset(cls.model_fields))

    @property
    def sampling(self) -> Sampling:
        """How tokens are chosen; RequestError if a value is out of its range."""
        return Sampling(self.temperature, self.top_k, self.top_p, self.seed)

    @property
    def stops(self) -> list[str]:
        """Texts before which the answer ends."""
        return [self.stop] if isinstance(self.stop, str) else self.stop


class CompletionBody(Body):
    """A text to go on from, or its token ids."""

    prompt: str | list[StrictInt] | list[str]
    max_tokens: StrictInt = 16

    @property
    def text(self) -> str | list[int]:
        """The one prompt."""
        match self.prompt:
            case [str(text)]:
                return text
            case [str(), *rest]:
                raise OptionError("prompt", f"`prompt` must be one text, not {1 + len(rest)}")
        return self.prompt  # type: ignore[return-value]  # what is left is a text, or numbers


class Part(BaseModel):
    """A piece of a message's content."""

    model_config = ConfigDict(extra="allow")
    type: str
    text: str = ""


class Turn(BaseModel):
    """A message of a conversation."""

    model_config = ConfigDict(extra="ignore")
    role: str
    content: str | list[Part] = ""
    tool_calls: list[Any] | None = None

    def message(self, number: int) -> Message:
        """Return role and text; OptionError if there is something else than text."""
        if self.tool_calls:
            raise OptionError("messages", f"message {number} must be text: no tools are called")
        parts = [Part(type="text", text=self.content)] if isinstance(self.content, str) else (
            self.content
        )  # fmt: skip
        for part in parts:
            if part.type != "text":
                raise OptionError(
                    "messages", f"message {number} must be text, not `{part.type[:64]}`"
                )
        # what reasoning models of OpenAI's call their system message
        role = "system" if self.role == "developer" else self.role
        return {"role": role, "content": "".join(part.text for part in parts)}


class ChatBody(Body):
    """A conversation to be answered."""

    aliases = {"max_completion_tokens": "max_tokens"}

    messages: list[Turn]
    max_tokens: StrictInt | None = None

    @property
    def conversation(self) -> list[Message]:
        """The messages, text only."""
        return [turn.message(number) for number, turn in enumerate(self.messages, start=1)]
