"""The one way text reaches the screen: every character visible, harmless, and of known width.

Text from tokenizers, checkpoints, files and error messages may hold ANSI escapes, control characters, bidi
marks, zero-width characters and halves of surrogate pairs. None of these may reach a terminal, and none may
vanish: each is shown as a glyph or as its code point.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rich.cells import cell_len

_HIDDEN = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0 and C1 controls
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # soft hyphen, joiners, fillers
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, line separators, bidi marks and isolates
    "\ufe00-\ufe0f\ufeff\ufff0-\ufffb"  # variation selectors, byte order mark, annotations
    "\ud800-\udfff"  # halves of surrogate pairs
    "\U000e0000-\U000e0fff"  # tags, more variation selectors
    "]"
)
_NAMED = {"\t": "⇥", "\n": "⏎", "\r": "␍", "\x7f": "␡"}
_PLACEHOLDER = "¤"


def _shown(match: re.Match[str]) -> str:
    character = match.group()
    if character in _NAMED:
        return _NAMED[character]
    code = ord(character)
    return chr(0x2400 + code) if code < 0x20 else f"⟨{code:04X}⟩"


@lru_cache(maxsize=8192)
def visible(text: str) -> str:
    """`text` with every invisible or dangerous character written out.

    A leading combining mark gets a dotted circle to stand on.

    >>> visible("a\\x1b[31m\\u202eb\\t")
    'a␛[31m⟨202E⟩b⇥'
    >>> visible("\\u0301e")
    '◌\u0301e'
    """
    shown = _HIDDEN.sub(_shown, text)
    if shown and unicodedata.combining(shown[0]):
        return "◌" + shown
    return shown


def visible_in_place(line: str, tab: str = "\t") -> str:
    """`line` with the same number of characters, each harmless: for an editor, where columns must not move.

    tab: what stands for a tab; an editor of several lines expands tabs itself. A combining mark at the beginning,
    which would join what stands before the line, is a placeholder.

    >>> visible_in_place("a\\x1bb\\u200bc")
    'a␛b¤c'
    >>> visible_in_place("\\u0301e\\t", tab="⇥")
    '¤e⇥'
    """
    shown = _HIDDEN.sub(lambda match: tab if match.group() == "\t" else _one_for_one(match), line)
    return _PLACEHOLDER + shown[1:] if shown and unicodedata.combining(shown[0]) else shown


def _one_for_one(match: re.Match[str]) -> str:
    shown = _shown(match)
    return shown if len(shown) == 1 else _PLACEHOLDER


def fit(text: str, width: int) -> str:
    """`text` made visible and cut to at most `width` cells, the cut marked with `…`.

    >>> fit("sentiment-analysis", 8)
    'sentime…'
    """
    shown = visible(text)
    if cell_len(shown) <= width:
        return shown
    if width <= 0:
        return ""
    cells, kept = 0, 0
    for character in shown:
        cells += cell_len(character)
        if cells > width - 1:
            break
        kept += 1
    return shown[:kept] + "…"


def fit_end(text: str, width: int) -> str:
    """`text` made visible and cut to at most `width` cells at its beginning: a path's end tells more.

    >>> fit_end("/home/someone/models/bert", 12)
    '…models/bert'
    """
    shown = visible(text)
    if cell_len(shown) <= width:
        return shown
    return f"…{ending(shown, width - 1)}" if width > 0 else ""


def ending(shown: str, width: int) -> str:
    """The last characters of a visible text that fit into so many cells.

    >>> ending("beams", 3), ending("日本", 3)
    ('ams', '本')
    """
    start = len(shown)
    while start and (width := width - cell_len(shown[start - 1])) >= 0:
        start -= 1
    return shown[start:]


def pad(text: str, width: int) -> str:
    """`text` fitted and filled with spaces to exactly `width` cells.

    >>> pad("a", 3) + "|"
    'a  |'
    """
    shown = fit(text, width)
    return shown + " " * (width - cell_len(shown))


def wrapped(text: str, width: int) -> list[str]:
    """`text` made visible, as lines of at most `width` cells; its own line breaks are kept.

    >>> wrapped("one two three\\nfour", 8)
    ['one two', 'three', 'four']
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in visible(paragraph).split(" "):
            if line and cell_len(line) + 1 + cell_len(word) > width:
                lines.append(line)
                line = ""
            line = f"{line} {word}" if line else word
            if cell_len(line) > width > 0:
                *full, line = _chopped(line, width)
                lines += full
        lines.append(line)
    return lines


def _chopped(line: str, width: int) -> list[str]:
    """A visible text in pieces of at most `width` cells, at least one character each."""
    pieces, start, used = [], 0, 0
    for place, character in enumerate(line):
        cells = cell_len(character)
        if used + cells > width and place > start:
            pieces.append(line[start:place])
            start, used = place, 0
        used += cells
    return [*pieces, line[start:]]
