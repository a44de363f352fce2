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

    A byte that belongs to no character is U+FFFD and changes nothing given before it. Control
    tokens are no text and are left out.

    Parameters
    ----------
    tokenizer : of the model
    prompt : ids that the text goes on from
    """

    def __init__(self, tokenizer: Tokenizer, prompt: Sequence[int] = ()) -> None:
        self._tokenizer = tokenizer
        self._stream = DecodeStream(skip_special_tokens=True)
        self._held: list[int] = []
        context = prompt[-_CONTEXT:]
        # the stream would hold half a character back, and give it with the first piece
        if not tokenizer.decode(list(context)).endswith(_HALF):
            for token in context:
                self.push(token)
            self._held = []

    def push(self, token: int) -> str:
        """Return the text that is complete with this token; it may be empty."""
        self._held.append(token)
        try:
            piece = self._stream.step(self._tokenizer, token) or ""
        except Exception:
            # The library's own. SentencePiece decodes neighbouring byte tokens together: a wrong
            # one turns those before it into U+FFFD, which were given as characters already.
            self._stream = DecodeStream(skip_special_tokens=True)
            steps = (self._stream.step(self._tokenizer, held) for held in self._held)
            piece = "".join(step or "" for step in steps)
        if piece:
            self._held = []
        return piece

    def flush(self) -> str:
        """Return what was held back: at the end of a text, half a character is U+FFFD."""
        rest = self._tokenizer.decode(self._held)
        self._held = []
        return rest
