"""The strings between the decoders of a sequence.

The library gives only the joined end of a chain. Here the spaces in the strings are written as a character that is
in none of them, and one more decoder joins the strings with spaces: what stands between two of them is one string.
"""

from __future__ import annotations

from collections.abc import Sequence

from tui.engine.tokenization.components import Component, in_sequence


def decoded(decoders: Sequence[Component], entries: Sequence[str]) -> str:
    """What a chain of decoders makes of entries of the vocabulary; without any they are joined with spaces."""
    chain = in_sequence("decoder", decoders)
    return " ".join(entries) if chain is None else str(chain.decode(list(entries)))


def strings_after(decoders: Sequence[Component], entries: Sequence[str]) -> tuple[str, ...]:
    """The strings that entries of the vocabulary are after a chain of decoders, at least one."""
    from tokenizers import decoders as library

    if not entries:
        return ()
    known = set(decoded(decoders, entries)).union(*entries)
    unused = (character for code in range(0x10FFFD, 0xF0000, -1) if (character := chr(code)) not in known)
    space, never = next(unused), next(unused)
    marked = [
        *decoders,
        Component("Replace", {}, library.Replace(" ", space)),
        Component("WordPiece", {}, library.WordPiece(prefix=never, cleanup=False)),
    ]
    return tuple(string.replace(space, " ") for string in decoded(marked, entries).split(" "))
