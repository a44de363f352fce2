"""What a client is told: the JSON of answers, whole and in pieces, as OpenAI names things."""

from __future__ import annotations

import time
import uuid
from typing import Any, Protocol

from wingbeat.sw.serving.job import Ending
from wingbeat.sw.statistics import Finish

Json = dict[str, Any]

_REASONS: dict[Finish, str] = {
    "end": "stop", "stop": "stop", "length": "length", "context": "length", "closed": "stop",
}  # fmt: skip


def usage(ending: Ending) -> Json:
    """Return the tokens of a request."""
    return {
        "prompt_tokens": ending.prompt_tokens,
        "completion_tokens": ending.generated_tokens,
        "total_tokens": ending.prompt_tokens + ending.generated_tokens,
        "prompt_tokens_details": {"cached_tokens": ending.cached_tokens},
    }


class Reply(Protocol):
    """One answer in JSON."""

    def whole(self, text: str, ending: Ending) -> Json:
        """Return the answer as one object."""
        ...

    def opening(self) -> Json | None:
        """Return what a stream begins with."""
        ...

    def piece(self, text: str) -> Json:
        """Return a piece of a stream."""
        ...

    def closing(self, ending: Ending) -> Json:
        """Return the piece that says why the answer ended."""
        ...

    def count(self, ending: Ending) -> Json:
        """Return the piece with the usage."""
        ...


class _Object:
    """What all objects of an answer have in common."""

    def __init__(self, prefix: str, model: str, fingerprint: str) -> None:
        self._head: Json = {
            "id": f"{prefix}-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": model,
            "system_fingerprint": fingerprint,
        }

    def _object(self, kind: str, *choices: Json) -> Json:
        return {**self._head, "object": kind, "choices": list(choices)}


class CompletionReply(_Object):
    """Answer of `/v1/completions`.

    Parameters
    ----------
    model : its name
    fingerprint : of what makes the answer of a seed reproducible
    """

    def __init__(self, model: str, fingerprint: str) -> None:
        super().__init__("cmpl", model, fingerprint)

    def whole(self, text: str, ending: Ending) -> Json:
        """See `Reply`."""
        return {**self._piece(text, _REASONS[ending.finish]), "usage": usage(ending)}

    def opening(self) -> None:
        """See `Reply`."""

    def piece(self, text: str) -> Json:
        """See `Reply`."""
        return self._piece(text, None)

    def closing(self, ending: Ending) -> Json:
        """See `Reply`."""
        return self._piece("", _REASONS[ending.finish])

    def count(self, ending: Ending) -> Json:
        """See `Reply`."""
        return {**self._object("text_completion"), "usage": usage(ending)}

    def _piece(self, text: str, reason: str | None) -> Json:
        choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": reason}
        return self._object("text_completion", choice)


class ChatReply(_Object):
    """Answer of `/v1/chat/completions`; parameters as of `CompletionReply`."""

    def __init__(self, model: str, fingerprint: str) -> None:
        super().__init__("chatcmpl", model, fingerprint)

    def whole(self, text: str, ending: Ending) -> Json:
        """See `Reply`."""
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text, "refusal": None},
            "logprobs": None,
            "finish_reason": _REASONS[ending.finish],
        }
        return {**self._object("chat.completion", choice), "usage": usage(ending)}

    def opening(self) -> Json:
        """See `Reply`."""
        return self._piece({"role": "assistant", "content": ""}, None)

    def piece(self, text: str) -> Json:
        """See `Reply`."""
        return self._piece({"content": text}, None)

    def closing(self, ending: Ending) -> Json:
        """See `Reply`."""
        return self._piece({}, _REASONS[ending.finish])

    def count(self, ending: Ending) -> Json:
        """See `Reply`."""
        return {**self._object("chat.completion.chunk"), "usage": usage(ending)}

    def _piece(self, delta: Json, reason: str | None) -> Json:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return self._object("chat.completion.chunk", choice)
