"""Every token of the whole text, however long it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.reactive import var
from textual.strip import Strip

from tui.app.keys import ROWS, TOKEN_LIST, bindings
from tui.app.panes.microscope.paged import PagedRows, Pages
from tui.app.render.glyphs import wrapped
from tui.app.render.microscope.token_rows import span_cells, token_header, token_row
from tui.app.render.strips import row
from tui.protocol import Progress
from tui.protocol.failures import Failure
from tui.protocol.microscope.questions import ListTokens, TokensListed
from tui.protocol.microscope.token_list import MOST_CHARACTERS, ListedToken

if TYPE_CHECKING:
    from tui.app.enquiries import Answer

_LEAST_FOR_FACTS, _MOST_FACTS = 5, 2
"""Rows from which on some are spared for what is to be said of all tokens, and how many of them."""


class TokensView(PagedRows[ListedToken]):
    """A row for each token; only some pages of them are on this side."""

    TAB = "tokens"
    NAME = "Tokens"
    HELP = (
        "Every token of the text, also of one of millions of characters: its place, its id, how the vocabulary "
        "spells it, the characters it stands for ([first–one past the last], counted from 0, and the text itself, "
        "␠ for a space) and its bytes. The model's special tokens, such as [CLS], are not put around it here; "
        "“special” is one that stands in the text, “unknown” a token for what the vocabulary doesn't have. "
        "“–” where something can't be told, ∅ where a token stands for no character; several tokens can share one "
        "character, each with some of its bytes.\n\n"
        "Above them: how many characters no token stands for, how many of those are white space, and how long the "
        f"whole text took to read. Of a text of more than {MOST_CHARACTERS:,} characters the first are read.\n\n"
        "Page up, page down, home and end walk the whole list, “]” and “[” a tenth of it; what is not here yet is "
        "fetched, “…” until then. Where the text changes, the list stays at its place. Enter explains the selected "
        "token's entry in the vocabulary."
    )
    BINDINGS = bindings(ROWS, TOKEN_LIST)
    KEEPS_PLACE = True

    found: var[TokensListed | None] = var(None)
    progress: var[Progress | None] = var(None)
    """How much of the text was read, while it is."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._key: tuple[str, str] | None = None
        self._called = ""
        """What the engine calls the text; empty: it was not told it yet."""

    # --------------------------------------------------------------------------------- asking, hearing

    def inquire(self) -> None:
        """Read the text where it or the tokenizer is another; nothing is asked about none."""
        key = (self.subject, self.text)
        if not self.text:
            if self._key is not None:
                self.post_message(self.GivesUp(ListTokens))
            self._key, self._called, self.found, self.failure, self.progress = None, "", None, None, None
            self.forget()
            self.set_title()
        elif key != self._key or self.failure is not None:
            if self._key is None or self._key[1] != self.text:
                self._called = ""
            self._key = key
            self.begin()
        else:
            self.again()
        self.redraw()

    def ask_page(self, start: int) -> None:
        """Some of the tokens; the text goes along only where the engine doesn't have it."""
        text = None if self._called else self.text[:MOST_CHARACTERS]
        self.ask(ListTokens(self.subject, text, self._called, start, Pages.SIZE))

    def take(self, answer: Answer) -> None:
        """A page of tokens."""
        if isinstance(answer, TokensListed) and self._key is not None:
            self._called, self.found, self.progress = answer.name, answer, None
            self.keep(answer.subject, answer.start, answer.rows, answer.total)
            self.set_title(self._totals(answer))

    def hear(self, answer: Answer) -> None:
        """What was read so far leaves the list as it is; an engine that lost the text is told it again."""
        if isinstance(answer, Progress):
            self.progress = answer
            self.redraw()
            return
        self.progress = None
        if isinstance(answer, Failure) and self._called:
            self._called = ""
            self.begin()
            return
        super().hear(answer)

    # ----------------------------------------------------------------------------------------- drawing

    @staticmethod
    def _totals(found: TokensListed) -> str:
        tokens = f"{found.total:,} token{'s' * (found.total != 1)}"
        each = f", {found.characters / found.total:.2f} characters each" if found.total else ""
        bare = "–" if found.uncovered is None else f"{found.uncovered:,}"
        return f"{tokens}{each}, {bare} not covered"

    def rows(self, width: int) -> list[Strip]:
        """What failed, what is to be said of all, and the tokens, as many rows as there is room for."""
        strips = self._failed(width)
        if self.found is None:
            said = self._read_so_far() or (
                "" if self.text else "“i” goes to the field: type or paste a text."
            )
            strips += [row((line, self.style("text"))) for line in wrapped(said, width) if said]
            return strips
        if self.room - len(strips) >= _LEAST_FOR_FACTS:
            said = self._read_so_far() or self._facts(self.found)
            strips += [row((line, self.style("accent"))) for line in wrapped(said, width)[:_MOST_FACTS]]
        self._list_row = len(strips)
        left = self.room - len(strips)
        if left > 0 and self.count():
            strips += self.listed(width, left, numbered=True)
        return strips

    def _read_so_far(self) -> str:
        progress = self.progress
        if progress is None or progress.done is None or not progress.total:
            return ""
        return f"… {progress.done / progress.total:.0%} of the text read"

    def _facts(self, found: TokensListed) -> str:
        more = len(self.text) - found.characters
        first = f"the first {found.characters:,} characters: " if more > 0 and not self.outdated else ""
        if found.uncovered is None:
            bare = "which characters tokens stand for isn't told"
        elif found.uncovered == found.uncovered_spaces:
            bare = f"{found.uncovered:,} characters in no token{', all white space' * (found.uncovered > 0)}"
        else:
            bare = (
                f"{found.uncovered:,} characters in no token, {found.uncovered_spaces:,} of them white space"
            )
        unknown = f"; {found.unknown:,} unknown" if found.unknown else ""
        return f"{first}{bare}{unknown}; read in {found.seconds:.2f} s"

    def draw_header(self, width: int, lead: str, right: str) -> Strip:
        """Place, id, spelling, characters, bytes."""
        return token_header(width, self.style, self._span_cells(), lead, right)

    def draw_row(self, row: ListedToken, width: int, *, selected: bool, left: bool, lead: str) -> Strip:
        """One token."""
        return token_row(row, width, self.style, self._span_cells(), selected=selected, left=left, lead=lead)

    def _span_cells(self) -> int:
        return span_cells(self.found.characters if self.found is not None else 0)

    # ----------------------------------------------------------------------------------------- actions

    def action_tenth(self, by: int) -> None:
        """A tenth of the tokens further."""
        self.cursor += by * max(1, self.count() // 10)

    def action_explain(self) -> None:
        """Show the selected token's entry in the vocabulary."""
        token = self.pages[self.cursor]
        if token is not None:
            self.post_message(self.Shift("vocabulary", entry=token.entry.id))

    def on_click(self, event: events.Click) -> None:
        """A click selects a token."""
        offset = event.get_content_offset(self)
        if offset is not None and self._list_row < offset.y:
            self.cursor = self._window[0] + offset.y - self._list_row - 1
