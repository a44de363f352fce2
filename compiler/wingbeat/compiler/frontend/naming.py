"""Text from a file that nobody has checked yet, made fit for one line of an error message."""

import os

LONGEST = 80
"""Characters of foreign text that an error message shows."""


def quoted(text: str) -> str:
    """Return `text` in backticks on one line, unprintable characters escaped, long text cut.

    A model file can put newlines, terminal escapes or a megabyte of letters into a name; the
    sentence that reports the name must stay one readable sentence.
    """
    shown = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text[:LONGEST]
    )
    return f"`{shown[:LONGEST]}{'...' if max(len(text), len(shown)) > LONGEST else ''}`"


def as_text(name: str) -> str:
    """Return a file's name as Unicode; bytes that are no UTF-8 become replacement characters."""
    return os.fsencode(name).decode("utf-8", "replace")
