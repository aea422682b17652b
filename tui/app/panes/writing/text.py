"""The current branch: the prompt, then every written token, and the selected one in numbers."""

from __future__ import annotations

import math

from textual import events
from textual.message import Message
from textual.reactive import var

from tui.app.keys import ROWS, bindings
from tui.app.render import numbers
from tui.app.render.glyphs import fit, visible, wrapped
from tui.app.render.running import Running
from tui.app.render.strips import Lines, row
from tui.app.widgets.line_pane import LinePane
from tui.protocol.writing.steps import Chosen, added_text

_PROMPT_CHARACTERS = 400
"""Of a long prompt only the end is shown: it stands whole in its own field."""


class TextPane(LinePane, inherit_bindings=False):
    """Draws tokens one after the other; the selected one is marked and told of in the last rows."""

    BINDINGS = bindings(tuple(key for key in ROWS if key.id not in ("row-first", "row-last")))

    NUMBER = 1
    NAME = "Text"
    HELP = (
        "The prompt, then every token that was written after it. Left and right choose a token: the probabilities "
        "are those that it was chosen from. At the end they are of what comes next.\n\n"
        "Tokens that were not the likeliest (rank above 1) are colored, those that you put there stand in “‹›”; "
        "⏎ in the probabilities puts another token in the place of the selected one, as a branch of its own."
    )

    class Placed(Message):
        """A token was clicked."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    prompt: var[str] = var("")
    source: var[bool] = var(False)
    """Whether the prompt is what an encoder read, which the text doesn't go on with."""
    chosens: var[tuple[Chosen, ...]] = var(())
    place: var[int | None] = var(None)
    """The selected token; None: what comes next."""
    ending: var[str] = var("")
    """Why writing ended at the tip; empty where it goes on."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._laid: Running | None = None
        self._laid_for: tuple[int, str, bool] | None = None
        self._laid_out: tuple[Chosen, ...] = ()

    def rows(self, width: int) -> Lines:
        """The text, then what is selected."""
        laid = self._lay(width)
        place = self.place
        rows = laid.rows(None if place is None else place + 1, "▏" if place is not None else "▮")
        rows += [row((line, self.style("muted"))) for line in wrapped(self._about(), width)]
        return rows

    def _lay(self, width: int) -> Running:
        """The prompt and the tokens in lines; what is laid out already stands as long as it is the same."""
        wanted, before = (width, self.prompt, self.source), self._laid_out
        laid = self._laid
        if laid is None or self._laid_for != wanted or self.chosens[: len(before)] != before:
            laid, before = Running(width, self.style), ()
            prompt = self.prompt[-_PROMPT_CHARACTERS:]
            cut = "…" if len(self.prompt) > len(prompt) else ""
            laid.append(visible(cut + prompt) + (" → " if self.source else ""), "muted")
        for chosen in self.chosens[len(before) :]:
            laid.append(*_part(chosen))
        self._laid, self._laid_for, self._laid_out = laid, wanted, self.chosens
        return laid

    def theme_changed(self) -> None:
        """The lines hold styles of the old theme."""
        self._laid = None

    def _about(self) -> str:
        if self.place is None or self.place >= len(self.chosens):
            return f"Ended: {visible(self.ending)}." if self.ending else ""
        chosen = self.chosens[self.place]
        nats = chosen.log_probability
        parts = [
            f"token {chosen.place + 1:,} “{visible(chosen.text)}” id {chosen.id:,}",
            f"p {numbers.percent(None if nats is None else math.exp(nats))}",
            f"rank {numbers.count(chosen.rank)}",
            f"{numbers.logit(None if nats is None else -nats / math.log(2))} bits",
            f"entropy {numbers.logit(chosen.entropy_bits)} bits",
        ]
        if chosen.kept is not None:
            kept = chosen.kept_log_probability
            share = numbers.percent(None if kept is None else math.exp(kept))
            parts.append(f"{share} of the {chosen.kept:,} that were left")
        if chosen.special:
            parts.append("special token")
        elif added_text(chosen) is None and chosen.bytes_ is not None:
            parts.append(f"bytes {chosen.bytes_.hex(' ')}")
        parts.append({"given": "put there", "beam": "by beam search"}.get(chosen.by, chosen.by))
        return " · ".join(parts)

    def follow(self) -> None:
        """Draw again and have the selected token, or the end, in sight."""
        self.redraw()
        if self._laid is None:
            return
        if self.place is None:
            self.show_row(max(0, len(self._rows) - 1))
        elif self.place + 1 < len(self._laid.begins):
            self.show_row(self._laid.begins[self.place + 1])

    def on_click(self, event: events.Click) -> None:
        """A click selects the token it falls on, or the first of its line."""
        offset = event.get_content_offset(self)
        if offset is None or self._laid is None:
            return
        line = self._number(offset.y)
        on_line = [place for place, begin in enumerate(self._laid.begins[1:]) if begin == line]
        if on_line:
            self.post_message(self.Placed(on_line[0]))


def _part(chosen: Chosen) -> tuple[str, str]:
    added = added_text(chosen)
    text = _as_bytes(chosen) if added is None else visible(added)
    if chosen.by == "given":
        return f"‹{text}›", "strong"
    if chosen.special:
        return text, "special"
    return text, "text" if chosen.rank in (1, None) else "mark"


def _as_bytes(chosen: Chosen) -> str:
    """Half a character as its bytes.

    >>> _as_bytes(Chosen(0, 7, "Ã", b"\\xc3"))
    '⟨c3⟩'
    """
    return "".join(f"⟨{byte:02x}⟩" for byte in chosen.bytes_ or b"") or fit(visible(chosen.text), 12)
