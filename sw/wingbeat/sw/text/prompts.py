"""Prompts: what a person writes, as the token ids that a model reads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from tokenizers import Tokenizer

from wingbeat.compiler.manifest import TextEntry
from wingbeat.hw.errors import RequestError
from wingbeat.sw.text.chat import Message, check_messages, render_chat
from wingbeat.sw.text.control import ControlTokens


class Prompts:
    """Encodes texts and conversations for one model.

    Parameters
    ----------
    tokenizer : of the model
    text : its special tokens and chat template
    """

    def __init__(self, tokenizer: Tokenizer, text: TextEntry) -> None:
        self._tokenizer = tokenizer
        self._text = text

    @property
    def chats(self) -> bool:
        """Whether the model has a chat template."""
        return self._text.chat_template is not None

    def raw(self, prompt: str) -> list[int]:
        """Encode a text as it is; control tokens in it are control tokens.

        Raises
        ------
        RequestError
            If it is no valid Unicode, or has no tokens.
        """
        _check_unicode(prompt)
        ids = list(self._tokenizer.encode(prompt, add_special_tokens=False).ids)
        return self._begin(ids)

    def chat(self, messages: Sequence[Message]) -> list[int]:
        """Encode a conversation; a control token in a message is plain text.

        Raises
        ------
        RequestError
            If the model has no template, it refuses the conversation, or that is none.
        ModelError
            If the template is broken.
        """
        if self._text.chat_template is None:
            raise RequestError("a chat must have a model with a chat template, and this has none")
        check_messages(messages)
        marked = []
        for message in messages:
            _check_unicode(message["content"])
            content = self._control.mark(message["content"])
            marked.append({"role": message["role"], "content": content})
        rendered = render_chat(
            self._text.chat_template, marked, self._name(self._text.bos), self._name(self._text.eos)
        )
        return self._begin(self._control.encode(rendered))

    @cached_property
    def _control(self) -> ControlTokens:
        return ControlTokens(self._tokenizer)

    def _name(self, token: int | None) -> str:
        return "" if token is None else self._tokenizer.id_to_token(token) or ""

    def _begin(self, ids: list[int]) -> list[int]:
        """Put the begin token first where the model wants it and nobody has written it."""
        bos = self._text.bos
        if self._text.add_bos and bos is not None and ids[:1] != [bos]:
            ids = [bos, *ids]
        if not ids:
            raise RequestError("a prompt must have at least one token, and this is empty")
        return ids


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise RequestError(
            f"a prompt must be valid Unicode, and has a lone surrogate at {error.start}"
        ) from None
