"""The answer of fill-mask as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.headless.text import listed, number, quoted, shown, table, visible

if TYPE_CHECKING:
    from tui.headless.answers.base import Lines
    from tui.headless.reading import Reply
    from tui.protocol.answers import Filled, Mask


def lines(view: Filled, reading: Reply) -> Lines:
    """The best guess for each mask; then all guesses, in their sentences."""
    best = [
        f"{quoted(mask.fills[0].text)} {number(mask.fills[0].score)}" for mask in view.masks if mask.fills
    ]
    details = [f"  note: {visible(line)}" for line in view.note.splitlines()]
    for mask in view.masks:
        details.append(f"  {_title(mask, view)}")
        rows = [("token", "score", "id", "sentence")]
        rows += [
            (quoted(fill.text), number(fill.score), str(fill.id), shown(fill.sentence, 200))
            for fill in mask.fills
        ]
        details += table(rows, "<>><")
    return listed(best) or "no guess", details


def _title(mask: Mask, view: Filled) -> str:
    where = f"{visible(view.mask_token)} at position {mask.position}"
    if mask.start is not None and mask.end is not None:
        where += f", characters {mask.start:,} to {mask.end:,}"
    held = sum(fill.score for fill in mask.fills)
    return f"{where}: top {len(mask.fills):,} of {view.total:,}, which hold {number(held)}"
