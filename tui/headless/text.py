"""Text from models, files and people, made harmless for a terminal or a log."""

from __future__ import annotations

import unicodedata


def visible(text: str) -> str:
    """The text with everything unprintable (control, bidi, zero-width, surrogate) written as an escape.

    >>> visible("red\\x1b[31m")
    'red\\\\x1b[31m'
    """
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def cells(text: str) -> int:
    """How many terminal cells a visible text takes.

    >>> cells("日本")
    4
    """
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )
