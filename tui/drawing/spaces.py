"""Spaces that are to be seen: a token with one is another than a token without."""

from __future__ import annotations


def spaced(text: str) -> str:
    """`text` with the spaces at its ends to be seen: `Paris` and ` Paris` are two tokens.

    >>> spaced(" Paris"), spaced("  "), spaced("to go")
    ('␣Paris', '␣␣', 'to go')
    """
    bare = text.strip(" ")
    if not bare:
        return "␣" * len(text)
    before = len(text) - len(text.lstrip(" "))
    return "␣" * before + bare + "␣" * (len(text) - before - len(bare))
