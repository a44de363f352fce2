"""Options of OpenAI's requests that this server does not have, and what it says about them."""

from __future__ import annotations

from typing import Any

from wingbeat.sw.serving.errors import OptionError

HARMLESS = frozenset({
    "metadata", "parallel_tool_calls", "prompt_cache_key", "prompt_cache_retention",
    "safety_identifier", "service_tier", "store", "user",
})  # fmt: skip
"""Options that change no answer here: they are taken and not looked at."""

NEUTRAL: dict[str, tuple[tuple[Any, ...], str]] = {
    "n": ((1,), "a request has one answer"),
    "best_of": ((1,), "a request has one answer"),
    "echo": ((False,), "an answer does not repeat its prompt"),
    "suffix": (("",), "the model goes on from the end of a text only"),
    "logprobs": ((False,), "probabilities stay on the device"),
    "top_logprobs": ((0,), "probabilities stay on the device"),
    "logit_bias": (({},), "the device chooses by its own logits"),
    "presence_penalty": ((0,), "the device chooses by its own logits"),
    "frequency_penalty": ((0,), "the device chooses by its own logits"),
    "tools": (([],), "the model calls no tools"),
    "tool_choice": (("none", "auto"), "the model calls no tools"),
    "functions": (([],), "the model calls no functions"),
    "function_call": (("none", "auto"), "the model calls no functions"),
    "response_format": (({"type": "text"},), "an answer is free text"),
    "modalities": ((["text"],), "an answer is text"),
}
"""Options that the device cannot do: values that ask for nothing, and the reason."""


def without_neutral(options: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """Return the options that are to be looked at.

    Parameters
    ----------
    options : of a request; null is as good as none
    known : options that the server has

    Raises
    ------
    OptionError
        If one of the others asks for something.
    """
    left = {}
    for name, value in options.items():
        if value is None or name in HARMLESS:
            continue
        if name in known:
            left[name] = value
            continue
        if name not in NEUTRAL:
            raise OptionError(name, f"`{name[:64]}` is no option of this server")
        neutral, reason = NEUTRAL[name]
        # 1 and true are equal, and not the same
        if not any(value == one and isinstance(value, bool) == isinstance(one, bool)
                   for one in neutral):  # fmt: skip
            rule = " or ".join(_shown(one) for one in neutral)
            raise OptionError(name, f"`{name}` must be {rule} or left out: {reason}")
    return left


def _shown(value: Any) -> str:
    words = {True: "true", False: "false"} if isinstance(value, bool) else {}
    return words.get(value, "") if words else f"`{value}`" if isinstance(value, str) else str(value)
