"""Views that list entries of which only some pages are here: rows are asked for as they come near the screen."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual import events
from textual.reactive import var
from textual.strip import Strip
from textual.timer import Timer

from tui.app.panes.microscope.view import View
from tui.app.render.microscope.entries import entry_row, header, waiting_row
from tui.protocol import Progress

if TYPE_CHECKING:
    from tui.app.enquiries import Answer
    from tui.protocol.microscope.questions import Subject
    from tui.protocol.microscope.vocabulary import Entry

Row = TypeVar("Row")

STALE_AFTER = 0.2
"""Seconds that an answer may take before what is shown is dimmed: most come sooner, and dimming would flicker."""
_WHEEL = 3


class Pages(Generic[Row]):
    """Rows by their place in a list of `total`, in pages of `SIZE`; those looked at longest ago are dropped."""

    SIZE = 200
    MOST = 8

    def __init__(self) -> None:
        self.total = 0
        self._pages: OrderedDict[int, tuple[Row, ...]] = OrderedDict()

    def clear(self) -> None:
        """Nothing is known."""
        self.total = 0
        self._pages.clear()

    def put(self, start: int, entries: tuple[Row, ...], total: int) -> None:
        """Keep the rows from place `start` on, the first of a page."""
        self.total = total
        self._pages[start // self.SIZE] = entries
        self._pages.move_to_end(start // self.SIZE)
        while len(self._pages) > self.MOST:
            self._pages.popitem(last=False)

    def missing(self, first: int, count: int) -> int | None:
        """Where the first page begins that is not here, of `count` places from `first` on; None: all are."""
        for number in range(
            max(0, first) // self.SIZE, (min(first + count, self.total) - 1) // self.SIZE + 1
        ):
            if number not in self._pages:
                return number * self.SIZE
            self._pages.move_to_end(number)
        return None

    def __getitem__(self, place: int) -> Row | None:
        page = self._pages.get(place // self.SIZE, ())
        return page[place % self.SIZE] if 0 <= place % self.SIZE < len(page) else None

    def __len__(self) -> int:
        """Rows that are here."""
        return sum(map(len, self._pages.values()))


class PagedRows(View, Generic[Row]):
    """Draws as many rows as the pane has; the list scrolls by itself, for it can be a part of the pane only.

    Subclasses ask for a page (`ask_page`), draw a row (`draw_header`, `draw_row`), and all of them with `listed`.
    """

    KEEPS_PLACE: ClassVar[bool] = False
    """Whether another list is shown from where the one before was left, not from its beginning."""

    pages: Pages[Row]
    cursor: var[int] = var(0)

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.pages = Pages()
        self.outdated = False
        """What is listed is of a question that is not asked any more."""
        self._of: Subject | None = None
        self._top = 0
        self._window = (0, 1)
        """First place on screen, and how many have room."""
        self._list_row = 0
        """The pane's row with the first of them."""
        self._asked: int | None = None
        self._waits: Timer | None = None

    # ---------------------------------------------------------------------------- for subclasses to fill

    def ask_page(self, start: int) -> None:
        """Ask for the page that begins at a place."""
        raise NotImplementedError

    def draw_header(self, width: int, lead: str, right: str) -> Strip:
        """What the columns are; `lead` names a column before them, `right` stands at the right edge."""
        raise NotImplementedError

    def draw_row(self, row: Row, width: int, *, selected: bool, left: bool, lead: str) -> Strip:
        """One row; `left`: the cursor is here, or was left here; `lead` stands in a column before the others."""
        raise NotImplementedError

    # ----------------------------------------------------------------------------------------- drawing

    def count(self) -> int:
        """All that was found."""
        return self.pages.total

    def listed(
        self, width: int, room: int, *, lit: bool = True, numbered: bool = False, note: str = ""
    ) -> list[Strip]:
        """The header and the rows around the cursor, `room` rows in all.

        lit: whether the cursor is here, or was left here. numbered: whether places are told. note: told in the
        header instead of which of the rows these are.
        """
        height = max(1, room - 1)
        self._top = max(0, min(self._top, self.cursor, self.count() - height), self.cursor - height + 1)
        self._window = self._top, height
        last = min(self._top + height, self.count())
        digits = max(len("place"), len(f"{self.count() - 1:,}"))
        lead = f"{'place':>{digits}} " if numbered else ""
        right = note or f"{self._top + 1:,}–{last:,} of {self.count():,}" if self.count() > height else ""
        strips = [self.draw_header(width, lead, right)]
        for place in range(self._top, last):
            found, here = self.pages[place], place == self.cursor
            before = f"{place:>{digits},} " if numbered else ""
            if found is None:
                strips.append(waiting_row(width, self.style, selected=here and lit, left=here, lead=before))
            else:
                strips.append(self.draw_row(found, width, selected=here and lit, left=here, lead=before))
        return strips

    def redraw(self) -> None:
        """Draw, and ask for the rows that are not here yet."""
        super().redraw()
        start = self.pages.missing(*self._window) if not self.outdated else None
        if start is not None and start != self._asked:
            self._asked = start
            self.ask_page(start)

    def watch_cursor(self) -> None:
        """Another row is selected."""
        self.redraw()

    # --------------------------------------------------------------------------------- asking, hearing

    def begin(self) -> None:
        """Ask anew, from the beginning or where the list is; what is listed stays until the answer."""
        start = self._window[0] // Pages.SIZE * Pages.SIZE if self.KEEPS_PLACE else 0
        self.outdated, self._asked = True, start
        if self._waits is None:
            self._waits = self.set_timer(STALE_AFTER, self._dim)
        self.ask_page(start)

    def again(self) -> None:
        """Ask for the page in sight once more: the checkpoint in use can have another tokenizer by now."""
        self.ask_page(self._window[0] // Pages.SIZE * Pages.SIZE)

    def keep(self, of: Subject, start: int, entries: tuple[Row, ...], total: int) -> None:
        """A page was told; where it is of another tokenizer than the others, the list begins anew."""
        anew = self.outdated or of != self._of
        if anew and start and not self.KEEPS_PLACE:
            self.begin()
            return
        self._of, self.outdated = of, False
        if anew:
            self.pages.clear()
        self.pages.put(start, entries, total)
        if anew:
            self.cursor, self._top = (self.cursor, self._top) if self.KEEPS_PLACE else (0, 0)

    def forget(self) -> None:
        """Nothing is asked and nothing is known."""
        self._stop_waiting()
        self.outdated, self.stale = False, False
        self.pages.clear()

    def _dim(self) -> None:
        self._waits, self.stale = None, True

    def hear(self, answer: Answer) -> None:
        """Nothing is waited for any more."""
        if not isinstance(answer, Progress):
            self._stop_waiting()
        super().hear(answer)

    def _stop_waiting(self) -> None:
        if self._waits is not None:
            self._waits.stop()
        self._waits = self._asked = None

    # ----------------------------------------------------------------------------------------- actions

    def action_page(self, by: int) -> None:
        """Move by a screenful of the list."""
        height = self._window[1]
        self._top = max(0, min(self._top + by * height, self.count() - height))
        self.cursor += by * height

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves as the keys do."""
        event.stop()
        self.action_row(_WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The same the other way."""
        event.stop()
        self.action_row(-_WHEEL)


class Paged(PagedRows["Entry"]):
    """A list of entries of the vocabulary."""

    def draw_header(self, width: int, lead: str, right: str) -> Strip:
        """Id, spelling, text, bytes and flags."""
        return header(width, self.style, lead, right)

    def draw_row(self, row: Entry, width: int, *, selected: bool, left: bool, lead: str) -> Strip:
        """One entry."""
        return entry_row(row, width, self.style, selected=selected, left=left, lead=lead)
