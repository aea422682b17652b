"""The words that a model is given, in one row around the selected one."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from tui.app.render.microscope.traces.base import StyleOf, brief, counted, span
from tui.app.render.strips import row
from tui.protocol.microscope.stages import Part

_WIDEST = 24


def words_row(words: Sequence[Part], selected: int, width: int, style: StyleOf) -> Strip:
    """The selected word in ▸◂ and its neighbors; … where there are more."""
    name = f"▸{brief(words[selected].text, min(_WIDEST, max(1, width - 8)))}◂"
    before: list[tuple[str, Style]] = []
    after: list[tuple[str, Style]] = []
    first, end = selected, selected + 1
    left = width - cell_len(name) - 4  # an … and a blank at each end
    while first > 0 or end < len(words):
        grown = False
        for parts, place in ((after, end), (before, first - 1)):
            if not 0 <= place < len(words):
                continue
            text = brief(words[place].text, _WIDEST)
            if cell_len(text) + 1 > left:
                continue
            left -= cell_len(text) + 1
            parts.append((text, _style(words[place], place, style)))
            grown = True
            if parts is after:
                end += 1
            else:
                first -= 1
        if not grown:
            break
    blank = (" ", style("text"))
    parts = [("… " if first else "", style("muted"))]
    for part in reversed(before):
        parts += [part, blank]
    parts.append((name, style("cursor")))
    for part in after:
        parts += [blank, part]
    parts.append((" …" if end < len(words) else "", style("muted")))
    return row(*parts).crop(0, width)


def _style(word: Part, place: int, style: StyleOf) -> Style:
    return style("special" if word.id is not None else "odd" if place % 2 else "even")


def about_word(words: Sequence[Part], selected: int, step: str, text: str) -> str:
    """Which word of how many, at which step, and what of the text it comes from."""
    word = words[selected]
    place = f"word {selected + 1:,} of {len(words):,}"
    source = text[word.start : word.end]
    spelled = f" “{brief(source, _WIDEST)}”" if source != word.text else ""
    origin = f"from text {span(word.start, word.end)}{spelled}"
    return f"“{brief(word.text, _WIDEST)}” {place}{step} · {counted(len(word.text), 'character')} {origin}"
