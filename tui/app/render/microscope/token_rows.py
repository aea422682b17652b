"""Tokens of a long text as rows: id, spelling, the characters covered, bytes and flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.strip import Strip

from tui.app.render.glyphs import fit, pad
from tui.app.render.microscope.entries import ID, MARKER, Styles, hexes, marker, plain, spelled
from tui.app.render.numbers import UNKNOWN
from tui.app.render.strips import row

if TYPE_CHECKING:
    from tui.protocol.microscope.token_list import ListedToken

_WIDEST = 32
_CHARACTERS = "characters"


def span_cells(characters: int) -> int:
    """Cells of the column that tells places in a text of so many characters."""
    return max(len(_CHARACTERS), 2 * len(f"{characters:,}") + 3)


def span(token: ListedToken) -> str:
    """The characters that a token stands for: the first, and one past the last; `–` where it isn't told."""
    return UNKNOWN if token.start is None or token.end is None else f"[{token.start:,}–{token.end:,}]"


def columns(width: int, lead: int, span_width: int) -> tuple[int, int, int]:
    """Cells for spelling, text covered, and bytes with flags.

    >>> columns(100, 10, 21), columns(40, 10, 21)
    ((17, 17, 22), (8, 0, 0))
    """
    rest = max(0, width - MARKER - lead - ID - 1 - span_width - 1)
    each = max(8, min(_WIDEST, rest * 3 // 10))
    text = max(0, min(each, rest - each - 2))
    return each, text, max(0, rest - each - text - 2)


def token_header(width: int, style: Styles, span_width: int, lead: str = "", right: str = "") -> Strip:
    """What the columns are; `lead` names a column before the id, `right` stands at the right edge."""
    spelling, text, rest = columns(width, len(lead), span_width)
    names = f"{lead}{'id':>{ID}} {pad('piece', spelling)} {pad(_CHARACTERS, span_width)} {pad('text', text)} "
    right = f" {right}" if right else ""
    room = max(0, width - MARKER - len(right))
    named = min(rest, room - cell_len(names)) >= len("bytes")
    head = pad(f"{names}bytes" if named else names.rstrip(), room)
    return row((" " * MARKER + head, style("muted")), (right, style("muted")))


def token_row(
    token: ListedToken,
    width: int,
    style: Styles,
    span_width: int,
    *,
    selected: bool,
    left: bool = False,
    lead: str = "",
) -> Strip:
    """One token; `lead` is what stands in a column before the id, as many cells as its header has."""
    spelling, covered, rest = columns(width, len(lead), span_width)
    entry = token.entry
    said = "unknown" if token.unknown else "special" if entry.special else ""
    text = style("strong") if selected else style("text")
    said = fit(said, rest)
    room = max(0, rest - (len(said) + 1 if said else 0))
    shown = hexes(entry.stands_for, room)
    shown = shown if cell_len(shown) <= room else fit(shown, room)
    return row(
        (marker(selected, left), text),
        (lead, style("muted")),
        (f"{entry.id:>{ID}} ", text if selected else style("accent")),
        (pad(spelled(entry), spelling) + " ", style("special") if said and not selected else text),
        (pad(span(token), span_width) + " ", style("muted")),
        (pad(UNKNOWN if token.covers is None else plain(token.covers), covered) + " ", text),
        (shown + (" " if shown and said else ""), style("muted")),
        (said, style("special")),
    )
