"""Text from models, files and people, made harmless for a terminal or a log; numbers and columns of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import chain, repeat
from operator import add

LONGEST_INPUT_SHOWN = 300
_NARROW = re.compile("[\x00-\u02ff\u2010-\u2027]*")


def visible(text: str) -> str:
    """The text with everything unprintable (control, bidi, zero-width, surrogate) written as an escape.

    >>> visible("red\\x1b[31m")
    'red\\\\x1b[31m'
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def shown(text: str, most: int = LONGEST_INPUT_SHOWN, of: int | None = None) -> str:
    """The text in one line, the end of a very long one counted instead of printed.

    of: the characters of the whole, where `text` is only its beginning.
    """
    size = len(text) if of is None else of
    if size <= most:
        return visible(text) or "(an empty text)"
    return f"{visible(text[:most])}… ({size:,} characters)"


def quoted(text: str) -> str:
    """A piece of text between marks that show where it begins and ends.

    >>> quoted(" a\\n")
    '“ a\\\\n”'
    """
    return f"“{visible(text)}”"


def cells(text: str) -> int:
    """How many terminal cells a visible text takes.

    >>> cells("日本")
    4
    """
    if _is_narrow(text):
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def number(value: float | None) -> str:
    """Six decimals; very small ones by their exponent; what isn't known as a dash."""
    if value is None:
        return "–"
    if value != 0 and abs(value) < 1e-4:
        return f"{value:.3e}"
    return f"{value:.6f}"


def counted(count: int, noun: str, one: str = "", many: str = "s") -> str:
    """A number of things.

    >>> counted(1, "token"), counted(1200, "token"), counted(2, "entit", "y", "ies")
    ('1 token', '1,200 tokens', '2 entities')
    """
    return f"{count:,} {noun}{one if count == 1 else many}"


def listed(parts: Sequence[str], most: int = 20) -> str:
    """Texts in a row, those beyond `most` counted.

    >>> listed(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    left = len(parts) - most
    return ", ".join(parts[:most]) + (f" and {left:,} more" if left > 0 else "")


def shown_of(count: int, total: int, noun: str) -> list[str]:
    """A line that says how many of a table's rows are shown; nothing where all are.

    >>> shown_of(100, 1234, "tokens"), shown_of(3, 3, "tokens")
    (['  the first 100 of 1,234 tokens'], [])
    """
    return [f"  the first {count:,} of {total:,} {noun}"] if count < total else []


def table(rows: Sequence[Sequence[str]], sides: str) -> list[str]:
    """Rows of visible texts as indented lines whose columns stand under each other.

    `sides`: < or > for each column, where its texts are pushed to.

    >>> table([("label", "p"), ("a", "0.5")], "<>")
    ['  label    p', '  a      0.5']
    """
    lines = iter(columns(list(zip(*filter(None, rows), strict=False)), sides).split("\n"))
    return [next(lines) if row else "" for row in rows]


def columns(texts: Sequence[Sequence[str]], sides: str) -> str:
    """The same of columns, as one text: there may be many short tables.

    >>> columns([("label", "a"), ("p", "0.5")], "<>")
    '  label    p\\n  a      0.5'
    """
    while len(texts) > 1 and not any(texts[-1]):
        texts = texts[:-1]
    if not texts:
        return ""
    *others, last = texts
    to_left = sides[len(others)] == "<"  # and nothing behind it
    shaped = [*map(_column, others, sides), (last, "%s") if to_left else _column(last, ">")]
    pushed, shapes = zip(*shaped, strict=True)
    lines = "\n".join(repeat("  " + "  ".join(shapes), len(last)))
    told = lines % tuple(chain.from_iterable(zip(*pushed, strict=True)))
    return "\n".join(map(str.rstrip, told.split("\n"))) if " \n" in f"{told}\n" else told


def _column(texts: Sequence[str], side: str) -> tuple[Sequence[str], str]:
    """A column's texts, and how each is put into its place, as `%` takes it."""
    to_left = "-" if side == "<" else ""
    if _is_narrow("".join(texts)):
        return texts, f"%{to_left}{max(map(len, texts))}s"
    taken = list(map(cells, texts))
    width = max(taken)
    spaces = [" " * (width - one) for one in taken]
    return list(map(add, texts, spaces) if to_left else map(add, spaces, texts)), "%s"


def _is_narrow(text: str) -> bool:
    """Whether each character surely takes one cell: it is found out at once for all of them."""
    return text.isascii() or _NARROW.fullmatch(text) is not None
