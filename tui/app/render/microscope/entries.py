"""Entries of a vocabulary as rows: id, spelling, what they decode to, bytes and flags."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from tui.app.render.glyphs import fit, pad
from tui.app.render.numbers import UNKNOWN
from tui.app.render.strips import row

if TYPE_CHECKING:
    from tui.protocol.microscope.vocabulary import AddedFlags, Entry

Styles: TypeAlias = Callable[[str], Style]
"""The palette: a name's style."""

MARKER, ID = 2, 7
_MOST_CHARACTERS = 1_000
"""More of a spelling is never looked at: no row has room for it."""
_WIDEST = 32
_FLAGS = ("lstrip", "rstrip", "single_word", "normalized")


def plain(text: str) -> str:
    """A text of which the first part is drawn: its spaces to be seen, an empty one as ∅.

    >>> plain(" the"), plain("")
    ('␠the', '∅')
    """
    shown = text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
    return shown.replace(" ", "␠") or "∅"


def spelled(entry: Entry) -> str:
    """As the vocabulary spells it."""
    return "no entry" if entry.text is None else plain(entry.text)


def decoded(entry: Entry) -> str:
    """What it decodes to; `–` where there is no entry to decode."""
    return UNKNOWN if entry.text is None else plain(entry.decoded)


def hexes(stands_for: bytes | None, room: int) -> str:
    """Bytes in hexadecimal; those that have no room are counted.

    >>> hexes(b"abc", 8), hexes(b"abcdefgh", 14), hexes(b"", 8), hexes(None, 8)
    ('61 62 63', '61 62… 8 bytes', 'none', '–')
    """
    if stands_for is None:
        return UNKNOWN
    if not stands_for:
        return "none"
    if 3 * len(stands_for) - 1 <= room:
        return stands_for.hex(" ")
    total = f"… {len(stands_for):,} bytes"
    kept = max(0, (room - len(total) + 1) // 3)
    return fit(stands_for[:kept].hex(" ") + total, room)


def flags(added: AddedFlags | None, special: bool) -> tuple[str, ...]:
    """What is said of a special or an added token; nothing of an entry of the model."""
    kind = ("special",) if special else ("added",) if added is not None else ()
    return (*kind, *(name for name in _FLAGS if added is not None and getattr(added, name)))


def columns(width: int, lead: int = 0) -> tuple[int, int, int]:
    """Cells for spelling, decoded text, and bytes with flags; `lead` cells are taken by a column before the id."""
    rest = max(0, width - MARKER - lead - ID - 3)
    each = min(_WIDEST, max(min(14, rest * 3 // 10), rest * 13 // 50))
    return each, each, max(0, rest - 2 * each)


def header(width: int, style: Styles, lead: str = "", right: str = "") -> Strip:
    """What the columns are; `lead` names a column before the id, `right` stands at the right edge."""
    spelling, meaning, rest = columns(width, len(lead))
    room = max(0, rest - len(right) - 1) if right else rest
    names = f"{lead}{'id':>{ID}} {pad('entry', spelling)} {pad('decoded', meaning)} "
    return row(
        (" " * MARKER + names + pad("bytes, flags", room), style("muted")),
        (f" {right}" if right else "", style("muted")),
    )


def marker(selected: bool, left: bool) -> str:
    """What stands before a row: the cursor, or where it was `left`."""
    return "▸ " if selected else "▹ " if left else "  "


def entry_row(
    entry: Entry, width: int, style: Styles, *, selected: bool, left: bool = False, lead: str = ""
) -> Strip:
    """One entry; `lead` is what stands in a column before the id, as many cells as its header has."""
    spelling, meaning, rest = columns(width, len(lead))
    known = flags(entry.added, entry.special)
    text = style("strong") if selected else style("text")
    name = (
        style("muted") if entry.text is None else text if not entry.special or selected else style("special")
    )
    said = fit(" ".join(known), min(rest, max(8, rest - 10)))
    bytes_room = max(0, rest - (cell_len(said) + 1 if said else 0))
    shown = fit(hexes(entry.stands_for, bytes_room), bytes_room) if entry.text is not None else ""
    return row(
        (marker(selected, left), text),
        (lead, style("muted")),
        (f"{entry.id:>{ID}} ", text if selected else style("accent")),
        (pad(spelled(entry), spelling) + " ", name),
        (pad(decoded(entry), meaning) + " ", text),
        (shown + (" " if shown and said else ""), style("muted")),
        (said, style("special")),
    )


def waiting_row(width: int, style: Styles, *, selected: bool, left: bool = False, lead: str = "") -> Strip:
    """A row whose entry was not told yet."""
    return row(
        (marker(selected, left), style("strong")), (fit(f"{lead}{'…':>{ID}}", width - MARKER), style("muted"))
    )
