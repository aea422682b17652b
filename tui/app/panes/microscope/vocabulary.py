"""The vocabulary: what a search finds in it, and all about one entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, get_args

from textual import events
from textual.reactive import var
from textual.strip import Strip

from tui.app.keys import ROWS, VOCABULARY, bindings
from tui.app.panes.microscope.paged import Paged, Pages
from tui.app.render.glyphs import wrapped
from tui.app.render.microscope import entry_detail
from tui.app.render.microscope.entry_detail import Line
from tui.app.render.strips import row
from tui.protocol.failures import Failure
from tui.protocol.microscope.questions import Browse, Browsed, Explain, Explained
from tui.protocol.microscope.vocabulary import SearchBy, Which

if TYPE_CHECKING:
    from tui.app.enquiries import Answer

WAYS: tuple[SearchBy, ...] = get_args(SearchBy)
KINDS: tuple[Which, ...] = get_args(Which)
_ABOUT_WAY: dict[SearchBy, str] = {
    "text": "by text, anywhere in the spelling or in what it decodes to",
    "prefix": "by the beginning of the spelling or of what it decodes to",
    "id": "by id",
}
BESIDE = 112
"""Cells from which on there is room for an entry beside the list: a terminal of 120 columns has them."""
_LEAST_LIST, _LEAST_BELOW = 60, 11
_MOST_BACK = 100
"""Entries that can be gone back to."""


class OpenedEntry(NamedTuple):
    """An entry that is explained, and where the cursor was in it."""

    found: Explained
    top: int
    spot: int


class VocabularyView(Paged):
    """The list, and below or beside it the entry that was opened."""

    TAB = "vocabulary"
    NAME = "Vocabulary"
    HELP = (
        "Every entry of the tokenizer's vocabulary, or those that the field's text finds: its id, how the "
        "vocabulary spells it (“Ġ” and “▁” stand for a space before, “##” continues a word), what it decodes to "
        "by itself, the bytes it stands for, and whether it is special or was added, with the flags it is matched "
        "by. “–” where something can't be told, ∅ where there is no text.\n\n"
        "“b” searches anywhere in the text, by its beginning, or by id (7592, or 5-9, or several); “f” shows all "
        "entries, added tokens only, or special tokens only. Capitals don't matter. Page up, page down, home and "
        "end walk the whole list; what is not here yet is fetched, “…” until then.\n\n"
        "Enter explains the selected entry: for BPE which merges make it, in the order of their ranks (a merge of "
        "low rank was learned early); for Unigram its log-probability; its neighbors by id; and, where the "
        "tokenizer is that of the loaded checkpoint, the tokens whose input embeddings point most nearly the same "
        "way, by cosine. Up and down walk what leads on, enter follows it, left goes back and at last to the list."
    )
    BINDINGS = bindings(ROWS, VOCABULARY)
    FIELD = "Search"
    FIELD_ABOUT = "What is looked for in the vocabulary; empty: every entry."
    FIELD_SHARED = False

    by: var[SearchBy] = var("text")
    which: var[Which] = var("all")
    opened: var[Explained | None] = var(None)
    """The entry explained; None: the list has the whole pane."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._key: tuple[str, str, SearchBy, Which] | None = None
        self._wanted: int | None = None
        """The id that was asked about."""
        self._back: list[OpenedEntry] = []
        self._about: list[Line] = []
        self._about_of: tuple[Explained | None, int] = (None, 0)
        self._about_top, self._about_room, self._about_row = 0, 1, 0
        self._spot = 0
        """The selected one among the rows that lead on."""

    # --------------------------------------------------------------------------------- asking, hearing

    def inquire(self) -> None:
        """Search again where something is different now."""
        key = (self.subject, self.text, self.by, self.which)
        if self._key is not None and self._key[0] != self.subject:
            self._close()
        if key != self._key or self.failure is not None:
            self._key = key
            self.begin()
        else:
            self.again()
        if self.opened is not None and self.opened.nearest is None:  # the model can be loaded by now
            self.ask(Explain(self.subject, self.opened.detail.entry.id))
        self.redraw()

    def ask_page(self, start: int) -> None:
        """Some of the entries found."""
        self.ask(Browse(self.subject, self.text, self.by, self.which, start, Pages.SIZE))

    def take(self, answer: Answer) -> None:
        """A page, or what is known of an entry."""
        if isinstance(answer, Browsed):
            page = answer.page
            if self.opened is not None and self.opened.subject != answer.subject:
                self._close()
            self.keep(answer.subject, page.start, page.entries, page.total)
            of = f" of {page.size:,}" if page.total != page.size else ""
            entries = "entry" if page.total == page.size == 1 else "entries"
            only = "" if self.which == "all" else f", {self.which} only"
            self.set_title(f"{page.total:,}{of} {entries}, {_ABOUT_WAY[self.by].split(',')[0]}{only}")
        elif isinstance(answer, Explained):
            before = self.opened.detail.entry.id if self.opened is not None else None
            told = answer.detail.entry.id
            if told == self._wanted:
                self._wanted = None
            elif self._wanted is not None or told != before:
                return
            if told != before:
                self._about_top = self._spot = 0
            self.opened = answer

    def hear(self, answer: Answer) -> None:
        """An entry that was explained doesn't mend a search that failed."""
        failure, stale = self.failure, self.stale
        if isinstance(answer, Failure):
            self._wanted = None
        super().hear(answer)
        if isinstance(answer, Explained) and self.outdated:
            self.failure, self.stale = failure, stale
            self.redraw()

    def go_to(self, word: int | None, entry: int | None) -> None:
        """Explain an entry at once."""
        if entry is not None:
            self._explain(entry)

    def _explain(self, entry: int) -> None:
        if self.opened is not None and self._wanted is None:
            self._back = [*self._back[-_MOST_BACK:], OpenedEntry(self.opened, self._about_top, self._spot)]
        self._wanted = entry
        self.ask(Explain(self.subject, entry))
        self.redraw()

    def _close(self) -> None:
        self._back.clear()
        self.opened = self._wanted = None

    def watch_opened(self) -> None:
        """Another entry is explained."""
        self.redraw()

    # ----------------------------------------------------------------------------------------- drawing

    def rows(self, width: int) -> list[Strip]:
        """What failed, then the list and the entry, as many rows as there is room for."""
        failed = self._failed(width)
        room = max(1, self.room - len(failed))
        return [*failed, *self._parts(width, room, len(failed))]

    def _parts(self, width: int, room: int, above: int) -> list[Strip]:
        self._list_row, self._about_row = above, above
        if self.opened is None:
            return self._found(width, room, lit=True)
        if width >= BESIDE:
            left = max(_LEAST_LIST, (width - 3) * 9 // 20)
            listed, about = self._found(left, room, lit=False), self._explained(width - left - 3, room)
            blank, divider = Strip([]), row((" │ ", self.style("muted")))
            return [
                Strip.join(
                    (
                        (listed[number] if number < len(listed) else blank).crop_extend(0, left, None),
                        divider,
                        about[number] if number < len(about) else blank,
                    )
                )
                for number in range(room)
            ]
        if room < _LEAST_BELOW:
            self._list_row = above + room
            return self._explained(width, room)
        listed = self._found(width, max(4, room // 3), lit=False)
        rule = row(("─" * width, self.style("muted")))
        self._about_row += len(listed) + 1
        return [*listed, rule, *self._explained(width, room - len(listed) - 1)]

    def _found(self, width: int, room: int, *, lit: bool) -> list[Strip]:
        if not self.count() and self._key is not None and not self.outdated:
            return [row((line, self.style("text"))) for line in wrapped(self._nothing(), width)][:room]
        note = f"… looking up id {self._wanted}" if lit and self._wanted is not None else ""
        return self.listed(width, room, lit=lit, note=note) if self.count() else []

    def _nothing(self) -> str:
        if not self.text:
            return "The vocabulary has no such tokens; “f” shows the others."
        quoted = self.text if len(self.text) <= 80 else f"{self.text[:80]}…"
        only = f" among the {self.which} tokens" if self.which != "all" else ""
        return f"Nothing found{only} for “{quoted}” {_ABOUT_WAY[self.by]}. “b” searches another way."

    def _explained(self, width: int, room: int) -> list[Strip]:
        assert self.opened is not None
        if self._about_of != (self.opened, width):
            self._about = entry_detail.lines(self.opened, width, self.style)
            self._about_of = (self.opened, width)
        before, self._about_room = self._about_room, max(1, room - 1)
        selected = self._selected()
        if selected is not None and before > self._about_room:  # the pane shrank below the cursor
            self._about_top = max(self._about_top, min(selected, selected - self._about_room + 1))
        self._about_top = max(0, min(self._about_top, len(self._about) - self._about_room))
        top = self._about_top
        shown = self._about[top : top + self._about_room]
        rows = [line.make(number == selected) for number, line in enumerate(shown, top)]
        return [row((self._position(), self.style("muted"))), *rows]

    def _position(self) -> str:
        if self._wanted is not None:
            return f"… looking up id {self._wanted}"
        end = min(len(self._about), self._about_top + self._about_room)
        part = (
            f"  lines {self._about_top + 1}–{end} of {len(self._about)}"
            if end - self._about_top < len(self._about)
            else ""
        )
        return f"← back to {f'id {self._back[-1].found.detail.entry.id}' if self._back else 'the list'}{part}"

    def _targets(self) -> list[int]:
        return [number for number, line in enumerate(self._about) if line.leads_to is not None]

    def _selected(self) -> int | None:
        """The selected row of the entry."""
        targets = self._targets()
        self._spot = max(0, min(self._spot, len(targets) - 1))
        return targets[self._spot] if targets else None

    # ----------------------------------------------------------------------------------------- actions

    def action_row(self, by: int) -> None:
        """Another row of the list, or of the entry: what leads on is selected where it is in sight."""
        if self.opened is None:
            self.cursor += by
            return
        targets = self._targets()
        spot = max(0, min(self._spot + by, len(targets) - 1))
        top = self._about_top
        if targets and spot != self._spot and top - 1 <= targets[spot] <= top + self._about_room:
            self._spot = spot
            self._about_top = max(targets[spot] - self._about_room + 1, min(top, targets[spot]))
        else:
            self._about_top = top + by
        self.redraw()

    def action_page(self, by: int) -> None:
        """A screenful further."""
        if self.opened is None:
            super().action_page(by)
            return
        self._scroll_about(self._about_top + by * self._about_room)

    def action_edge(self, to: int) -> None:
        """To the first or the last row."""
        if self.opened is None:
            super().action_edge(to)
            return
        self._scroll_about(0 if to < 0 else len(self._about))

    def _scroll_about(self, top: int) -> None:
        """Show the entry from a row on; what leads on is selected there."""
        self._about_top = max(0, min(top, len(self._about) - self._about_room))
        targets = self._targets()
        if top <= 0:
            self._spot = 0
        elif top >= len(self._about) - self._about_room:
            self._spot = len(targets) - 1
        else:
            self._spot = next(
                (n for n, line in enumerate(targets) if line >= self._about_top), len(targets) - 1
            )
        self.redraw()

    def action_by(self) -> None:
        """Search another way."""
        self.by = WAYS[(WAYS.index(self.by) + 1) % len(WAYS)]
        self.inquire()

    def action_which(self) -> None:
        """Look at other kinds of entries."""
        self.which = KINDS[(KINDS.index(self.which) + 1) % len(KINDS)]
        self.inquire()

    def action_explain(self) -> None:
        """Explain the selected entry, of the list or of what leads on."""
        if self.opened is None:
            entry = self.pages[self.cursor] if self.count() else None
            if entry is not None:
                self._explain(entry.id)
            return
        selected = self._selected()
        leads_to = self._about[selected].leads_to if selected is not None else None
        if leads_to is not None:
            self._explain(leads_to)

    def action_back(self) -> None:
        """To the entry before, at last to the list."""
        if self.opened is None:
            return
        self._wanted = None
        self.post_message(self.GivesUp(Explain))
        if self._back:
            found, self._about_top, self._spot = self._back.pop()
            self.opened = found
        else:
            self._close()
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        """A click selects a row of the list, or follows one of the entry."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if self.opened is not None and (offset.y > self._about_row or self.size.width >= BESIDE):
            number = self._about_top + offset.y - self._about_row - 1
            targets = self._targets()
            if number in targets:
                self._spot = targets.index(number)
                self.redraw()
        elif self._list_row < offset.y <= self._list_row + self._window[1]:
            self.cursor = self._window[0] + offset.y - self._list_row - 1
