"""Token ids to text, piece by piece, never half a character."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

_CONTEXT = 8
"""Tokens of the prompt that go first: some tokenizers drop the space at the start of a text."""

_HALF = "\ufffd"
"""What bytes decode to that are no character, or not yet."""


class Detokeniser:
    """Turns one generated text into pieces; together they are the text decoded as a whole.

    Control tokens are no text and are left out.

    Parameters
    ----------
    tokenizer : of the model
    prompt : ids that the text goes on from
    """

    def __init__(self, tokenizer: Tokenizer, prompt: Sequence[int] = ()) -> None:
        self._tokenizer = tokenizer
        self._stream = DecodeStream(skip_special_tokens=True)
        self._ids = list(prompt[-_CONTEXT:])
        if tokenizer.decode(self._ids).endswith(_HALF):
            # the stream would hold this back, and give it again with the first piece
            self._ids = []
        for token in self._ids:
            self._stream.step(tokenizer, token)
        self._given = len(tokenizer.decode(self._ids))

    def push(self, token: int) -> str:
        """Return the text that is complete with this token; it may be empty."""
        self._ids.append(token)
        piece = self._stream.step(self._tokenizer, token) or ""
        self._given += len(piece)
        return piece

    def flush(self) -> str:
        """Return what was held back: at the end of a text, half a character is U+FFFD."""
        rest = self._tokenizer.decode(self._ids)[self._given :]
        self._given += len(rest)
        return rest
