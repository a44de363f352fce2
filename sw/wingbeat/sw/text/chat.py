"""Chat templates: from a conversation to the text that a model was trained on.

A template is a program from a file that nobody has checked. It runs in Jinja's sandbox, sees
nothing but the conversation, and its output is bounded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from jinja2 import TemplateError, TemplateSyntaxError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from wingbeat.compiler.frontend.naming import quoted
from wingbeat.hw.errors import ModelError, RequestError

Message = Mapping[str, str]
"""A turn of a conversation: `role` and `content`."""

ROLES = ("system", "user", "assistant", "tool")

MOST_TEXT = 8 << 20
"""Characters of a rendered conversation, at most: far beyond any context."""


class _Refusal(Exception):
    """The template called `raise_exception`."""


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, without the operators that turn a line of template into gigabytes."""

    intercepted_binops = frozenset(("*", "**"))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Multiply numbers only, and small ones."""
        for operand in (left, right):
            if not isinstance(operand, int | float) or abs(operand) > MOST_TEXT:
                raise TemplateError(f"`{operator}` must have small numbers as its operands")
        return super().call_binop(context, operator, left, right)


def check_messages(messages: Sequence[Message]) -> None:
    """Refuse what is no conversation.

    Raises
    ------
    RequestError
        If there is no message, or one has not exactly a known role and a content.
    """
    if not messages:
        raise RequestError("a conversation must have at least one message, not 0")
    for number, message in enumerate(messages, start=1):
        if set(message) != {"role", "content"} or not isinstance(message["content"], str):
            raise RequestError(f"message {number} must have a `role` and a `content` of text")
        if message["role"] not in ROLES:
            raise RequestError(
                f"the role of message {number} must be one of {', '.join(ROLES)}, "
                f"not {quoted(str(message['role']))}"
            )


def render_chat(source: str, messages: Sequence[Message], bos: str = "", eos: str = "") -> str:
    """Render a conversation up to where the assistant is to speak.

    Parameters
    ----------
    source : Jinja source of the model's template
    messages : checked by `check_messages`
    bos, eos : texts of the model's begin and end tokens

    Raises
    ------
    RequestError
        If the template refuses the conversation.
    ModelError
        If the template is broken, or its output is too long.
    """
    # as Hugging Face renders them: templates rely on it
    environment = _Environment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = _tojson
    environment.globals["raise_exception"] = _refuse
    parts: list[str] = []
    size = 0
    try:
        template = environment.from_string(source)
        for part in template.generate(
            messages=[dict(message) for message in messages],
            add_generation_prompt=True,
            bos_token=bos,
            eos_token=eos,
            tools=None,
        ):
            size += len(part)
            if size > MOST_TEXT:
                raise ModelError(f"the chat template must make {MOST_TEXT} characters at most")
            parts.append(part)
    except _Refusal as refusal:
        raise RequestError(
            f"the chat template refuses the conversation: {quoted(str(refusal))}"
        ) from None
    except TemplateSyntaxError as error:
        raise ModelError(
            f"the chat template must be sound Jinja: {quoted(str(error.message))} in line "
            f"{error.lineno}"
        ) from None
    except ModelError:
        raise
    except Exception as error:
        # whatever a template's own code may raise: it is data, not ours
        reason = quoted(str(error) or type(error).__name__)
        raise ModelError(f"the chat template must render the conversation: {reason}") from None
    return "".join(parts)


def _refuse(message: object) -> NoReturn:
    raise _Refusal(str(message))


def _tojson(value: Any, indent: int | None = None) -> str:
    """As Hugging Face does: Jinja's own filter escapes for HTML."""
    return json.dumps(value, ensure_ascii=False, indent=indent)
