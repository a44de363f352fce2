"""Control tokens in chats: the template may write them, a message may not.

A message that contains `<|im_end|>` would end its own turn and speak as somebody else. So every
control token in a message is *marked* before the template sees it, by a character that no text has
(U+FDD0, a Unicode noncharacter). In what the template renders, unmarked control tokens are the
template's own and become their ids; everything between them is encoded as plain text, without the
marks.
"""

from __future__ import annotations

import re

from tokenizers import Tokenizer

_MARK = "\ufdd0"


class ControlTokens:
    """Keeps the control tokens of messages and of templates apart.

    Parameters
    ----------
    tokenizer : of the model; it is copied
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        added = tokenizer.get_added_tokens_decoder()
        self._ids = {token.content: index for index, token in added.items() if token.special}
        longest_first = sorted(self._ids, key=lambda text: (-len(text), text))
        texts = "|".join(map(re.escape, longest_first))
        # a pattern that matches nothing, where a model has no control tokens
        self._pattern = re.compile(f"(?:{texts})(?!{_MARK})" if texts else r"(?!)")
        self._plain = Tokenizer.from_str(tokenizer.to_str())
        self._plain.encode_special_tokens = True

    def mark(self, text: str) -> str:
        """Return the text of a message, in which no control token is left unmarked."""
        marked = text.replace(_MARK, "")
        # a mark may leave the end of one control token as the start of another
        while self._pattern.search(marked):
            marked = self._pattern.sub(lambda match: match[0][0] + _MARK + match[0][1:], marked)
        return marked

    def encode(self, rendered: str) -> list[int]:
        """Return the ids of a rendered conversation."""
        ids: list[int] = []
        place = 0
        for match in self._pattern.finditer(rendered):
            ids += self._encode_plain(rendered[place : match.start()])
            ids.append(self._ids[match[0]])
            place = match.end()
        return ids + self._encode_plain(rendered[place:])

    def _encode_plain(self, text: str) -> list[int]:
        text = text.replace(_MARK, "")
        return list(self._plain.encode(text, add_special_tokens=False).ids) if text else []
