"""From ids back to text: what ids that are typed stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.reactive import var
from textual.strip import Strip

from tui.app.keys import IDS, ROWS, bindings
from tui.app.panes.microscope.paged import Paged, Pages
from tui.app.render.glyphs import fit, wrapped
from tui.app.render.microscope.flowing import Flowing
from tui.app.render.strips import row
from tui.protocol.microscope.questions import Dissect, Dissected, IdsRead, ReadIds

if TYPE_CHECKING:
    from tui.app.enquiries import Answer
    from tui.protocol.microscope.from_ids import FromIds

_NUMBERED = 70
"""Cells from which on there is room for the places of the ids."""


class IdsView(Paged):
    """The decoded text, then a row for each id."""

    TAB = "from ids"
    NAME = "From ids"
    HELP = (
        "What ids stand for. Type them in the field: numbers, and ranges such as 5-9, with spaces, commas or line "
        "breaks between them; a list printed by Python can be pasted as it is. On top is the text they decode to, "
        "all together, which can be more than the texts of each: a decoder joins pieces, and takes bytes of one "
        "character together. Below, each id with its place, how the vocabulary spells it, what it decodes to "
        "alone, and the bytes it stands for.\n\n"
        "“x” leaves special tokens such as [CLS] out of the text, as transformers' decode(skip_special_tokens="
        "True) does, or puts them in. “w” gives a long text the whole pane, and back. Enter on a row explains its "
        "entry in the vocabulary. With an empty field, enter takes the ids of the text of the other views."
    )
    BINDINGS = bindings(ROWS, IDS)
    FIELD = "Ids"
    FIELD_ABOUT = "Ids between spaces or commas, and ranges: 101 7592 102, 5-9."
    FIELD_SHARED = False

    found: var[IdsRead | None] = var(None)
    with_special: var[bool] = var(True)
    whole: var[bool] = var(False)
    """Whether the decoded text has the whole pane."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._key: tuple[str, str] | None = None
        self._flowing = ("", 0, Flowing("", 1))
        self._text_top = 0

    # --------------------------------------------------------------------------------- asking, hearing

    def inquire(self) -> None:
        """Read the ids again where something is different now; nothing is asked about none."""
        key = (self.subject, self.text)
        if not self.text.strip():
            if self._key is not None:
                self.post_message(self.GivesUp(ReadIds))
            self._key, self.found, self.failure = None, None, None
            self.whole = False
            self.forget()
            self.set_title()
        elif key != self._key or self.failure is not None:
            self._key = key
            self.begin()
        else:
            self.again()
        self.redraw()

    def ask_page(self, start: int) -> None:
        """What some of the ids are."""
        self.ask(ReadIds(self.subject, self.text, start, Pages.SIZE))

    def take(self, answer: Answer) -> None:
        """Some of the ids and the text of all, or the tokens of the shared text."""
        if isinstance(answer, IdsRead) and self._key is not None:
            read = answer.read
            if self.outdated:
                self._text_top = 0
            self.keep(answer.subject, read.start, read.entries, read.total)
            self.found = answer
            ids = f"{read.total:,} id{'s' * (read.total != 1)}"
            without = f", {read.without_entry:,} without an entry" if read.without_entry else ""
            self.set_title(f"{ids}, {read.special:,} special{without}")
        elif isinstance(answer, Dissected) and not self.text.strip():
            self.post_message(self.Fills(self, " ".join(str(piece.id) for piece in answer.stages.pieces)))

    # ----------------------------------------------------------------------------------------- drawing

    def rows(self, width: int) -> list[Strip]:
        """What failed, then the text and the ids, as many rows as there is room for."""
        failed = self._failed(width)
        room = max(1, self.room - len(failed))
        strips = [
            *failed,
            *(self._nothing_typed(width) if self.found is None else self._decoded(width, room)),
        ]
        self._list_row = len(strips)
        left = self.room - len(strips)
        if self.found is not None and not self.whole and left > 0:
            strips += self.listed(width, left, numbered=width >= _NUMBERED)
        return strips

    def _nothing_typed(self, width: int) -> list[Strip]:
        if self.text.strip():
            return []
        count = len(self.shared_text)
        other = f" Enter takes the ids of the other views' text ({count:,} characters)." if count else ""
        said = (
            f"“i” goes to the field: type ids, 101 7592 102, with commas or without, or ranges, 5-9.{other}"
        )
        return [row((line, self.style("text"))) for line in wrapped(said, width)]

    def _decoded(self, width: int, room: int) -> list[Strip]:
        assert self.found is not None
        read = self.found.read
        text, characters = (
            (read.decoded, read.decoded_characters)
            if self.with_special
            else (read.without_special, read.without_special_characters)
        )
        if self._flowing[:2] != (text, width):
            self._flowing = (text, width, Flowing(text, width))
        flowing = self._flowing[2]
        says = self._says(read, characters, len(text))
        height = max(1, room - 1 if self.whole else min(room // 3, room - 4))
        if self.whole:
            lines = flowing.first(self._text_top + height)
            self._text_top = max(0, min(self._text_top, len(lines) - height))
            lines = lines[self._text_top :]
            more = "  w: the ids again"
        else:
            lines = flowing.first(height)
            more = "  w: all" if flowing.is_longer(height) else ""
        if more and not self.whole:
            lines = [*lines[:-1], fit(f"{lines[-1]}…", width) if len(lines[-1]) >= width else f"{lines[-1]}…"]
        said = fit(says, max(0, width - len(more)))
        head = row((said, self.style("accent")), (more, self.style("key")))
        return [head, *(row((line or "∅" * (not text), self.style("text"))) for line in lines)]

    def _says(self, read: FromIds, characters: int, told: int) -> str:
        """What the decoded text is."""
        shown = f"the first {told:,} of " if told < characters else ""
        text = f"decoded: {shown}{characters:,} character{'s' * (characters != 1)}"
        if not read.special:
            return f"{text}, no special tokens among the ids"
        tokens = f"{read.special:,} special token{'s' * (read.special != 1)}"
        return (
            f"{text} {f'with {tokens} (x: without)' if self.with_special else f'without {tokens} (x: with)'}"
        )

    # ----------------------------------------------------------------------------------------- actions

    def action_row(self, by: int) -> None:
        """Another id, or on in the text where it has the whole pane."""
        if not self.whole:
            super().action_row(by)
            return
        self._text_top = max(0, self._text_top + by)
        self.redraw()

    def action_page(self, by: int) -> None:
        """A screenful further."""
        if self.whole:
            self.action_row(by * max(1, self.room - 1))
        else:
            super().action_page(by)

    def action_edge(self, to: int) -> None:
        """To the first or the last row."""
        if self.whole:
            self._text_top = 0 if to < 0 else len(self._flowing[2].all())
            self.redraw()
        else:
            super().action_edge(to)

    def action_skip_special(self) -> None:
        """Decode with special tokens, or without."""
        self.with_special = not self.with_special
        self.redraw()

    def action_whole(self) -> None:
        """Give the text the whole pane, or take it back."""
        self.whole = not self.whole and self.found is not None
        self._text_top = 0
        self.redraw()

    def action_explain(self) -> None:
        """Show the selected id in the vocabulary; with nothing typed, take the ids of the shared text."""
        if not self.text.strip():
            self.ask(Dissect(self.subject, self.shared_text))
            return
        entry = self.pages[self.cursor] if self.found is not None and not self.whole else None
        if entry is not None:
            self.post_message(self.Shift("vocabulary", entry=entry.id))

    def on_click(self, event: events.Click) -> None:
        """A click selects an id."""
        offset = event.get_content_offset(self)
        if offset is not None and not self.whole and self._list_row < offset.y:
            self.cursor = self._window[0] + offset.y - self._list_row - 1
