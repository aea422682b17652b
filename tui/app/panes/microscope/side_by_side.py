"""Two to four tokenizers on the same text, and the text cut into words and characters."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from rich.cells import cell_len
from rich.style import Style
from textual.reactive import var
from textual.strip import Strip

from tui.app.keys import ROWS, SIDE_BY_SIDE, bindings
from tui.app.panes.microscope.lineup import FEWEST_TOKENIZERS, Lineup
from tui.app.panes.microscope.view import View
from tui.app.render.glyphs import pad, visible, wrapped
from tui.app.render.microscope import aligned, side_by_side
from tui.app.render.strips import flow, row
from tui.catalogue.tokenizers import tokenizer_kinds
from tui.protocol.failures import Failure
from tui.protocol.microscope.comparison import MOST_TOKENIZERS
from tui.protocol.microscope.questions import Compare, Contrast, Contrasted, SideBySide, Subject

if TYPE_CHECKING:
    from tui.app.enquiries import Answer

Waiting: TypeAlias = Literal["", "subject", "all", "one"]
"""Whose answer comes next: nobody's, the subject's, that of all together, or that of one which may be broken."""
Blocks: TypeAlias = "list[list[list[tuple[str, Style]]]]"
"""[blocks][tokenizers]: the parts of a row."""
_BEFORE = 1_000
"""Characters asked for before the first one drawn, to go back in without asking."""
_FEWEST_BLOCKS = 2
_GUTTER_MOST = 20
_BEGINNING = "beginning"
_GENERAL = "\n"
"""What notes about no tokenizer stand under: no reference has a line break."""


class SideBySideView(View):
    """A row for each tokenizer, the text cut by each of them below, and the other ways to cut it at the end."""

    TAB = "side by side"
    NAME = "Side by side"
    HELP = (
        "The same text through two to four tokenizers. It begins with the tokenizer looked at and built-in ones of "
        "other kinds; “a” puts another beside them (a built-in's name, a folder, a tokenizer.json, a Hub id in the "
        "cache, or one that was trained here), “x” takes the selected one away.\n\n"
        "The table counts without special tokens. More characters per token make shorter sequences; an unknown "
        "token hides what stood there. “entries” is the size of the vocabulary, added tokens included. The time is "
        "the fastest of several readings on the engine's machine.\n\n"
        "Below, the text stands in a row for each tokenizer, cut where its tokens end, and the cuts of all of them "
        "stand in the same columns: “│” is a cut of this tokenizer, “·” a place where only another one cuts. "
        "Tokens may share a character (its bytes are divided among them): “×2” says so, and “┊” is a cut inside "
        "a character. “¿” begins an unknown token, “░” is a character that no token stands for. Of a long text an "
        "excerpt is shown: left and right move it.\n\n"
        "At the end, what the course begins with: the text cut at spaces, into words and punctuation, by the "
        "tokenizer, and into characters. “pieces” is the length of the sequence, “distinct” the number of entries "
        "that a vocabulary needs for this text alone, “unknown” counts pieces that the vocabulary looked at has no "
        "single entry for."
    )
    BINDINGS = bindings(ROWS, SIDE_BY_SIDE)

    compared: var[SideBySide | None] = var(None)
    contrasted: var[Contrasted | None] = var(None)
    at: var[int] = var(0)
    """First character drawn, in the text that was tokenized."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._lineup = Lineup()
        self._waiting: Waiting = ""
        self._asked: tuple[str, ...] = ()
        """What was asked to be compared, in the order of the table."""
        self._standing: tuple[str, ...] = ()
        """References of the table's rows."""
        self._suspects: list[str] = []
        """Those still to be tried alone after all together failed; the first of them is being tried."""
        self._failed_together: Failure | None = None
        self._notes: dict[str, str] = {}
        """What can't be shown and why, by reference, until something else is put in or taken away."""
        self._put_in = ""
        """What was put in by hand and is not compared yet."""
        self._kinds: dict[str, str] | None = None
        self._before: list[int] = []
        """Where the excerpts before this one begin."""
        self._kept: tuple[tuple[object, ...], Blocks] | None = None
        self._end = 0
        """One past the last character drawn."""

    # ------------------------------------------------------------------------------- questions and answers

    def inquire(self) -> None:
        """Ask about the subject alone, which says what it is; then about all together."""
        for about in (_GENERAL, *((self._lineup.subject,) if self._lineup.subject != self.subject else ())):
            self._notes.pop(about, None)
        self._lineup.look_at(self.subject)
        self.workers.cancel_group(self, _BEGINNING)
        if self._waiting == "all":
            self.post_message(self.GivesUp(Compare))
        self._waiting = "subject"
        self.ask(Contrast(self.subject, self.text, max(0, self.at - _BEFORE)))

    def hear(self, answer: Answer) -> None:
        """A failure is told of the tokenizer that it is about, and costs none of the others."""
        if not isinstance(answer, Failure):
            super().hear(answer)
            return
        if self._waiting == "subject":
            self._subject_failed(answer)
        elif self._waiting == "one":
            self._is_broken(self._suspects[0], answer)
            self._try_next()
        elif self._waiting == "all":
            self._all_failed(answer)
        self.redraw()

    def take(self, answer: Answer) -> None:
        """Facts about the subject, a suspect that isn't broken, or all together."""
        if isinstance(answer, Contrasted) and self._waiting == "one":
            self._try_next()
        elif isinstance(answer, Contrasted):
            self.contrasted = answer
            if self._kinds is None:
                self.run_worker(self._begin(answer.subject), group=_BEGINNING, exclusive=True)
            else:
                self._know(answer.subject, self._kinds)
        elif isinstance(answer, SideBySide):
            self._waiting = ""
            self._show(answer)

    async def _begin(self, subject: Subject) -> None:
        """Find out which built-ins are of another kind."""
        self._kinds = await asyncio.to_thread(tokenizer_kinds)
        self._know(subject, self._kinds)

    def _know(self, subject: Subject, kinds: dict[str, str]) -> None:
        self._notes.pop(self.subject, None)
        self._lineup.know(subject.reference, kinds, subject.model)
        self._compare()

    def _compare(self) -> None:
        """Ask about all together, where there are enough of them."""
        standing = self._lineup.standing
        if len(standing) < FEWEST_TOKENIZERS:
            self._waiting, self.stale = "", self.compared is not None
            return
        self._waiting, self._asked = "all", standing
        self.ask(Compare(self.text, standing, max(0, self.at - _BEFORE)))

    def _subject_failed(self, failure: Failure) -> None:
        """The others go on without it; where there are too few of them, what was known stays, dimmed."""
        self._lineup.subject_broken = True
        if len(self._lineup.standing) < FEWEST_TOKENIZERS:
            self._waiting = ""
            super().hear(failure)
            return
        self.contrasted = None
        self._notes[self.subject] = _told(self.subject or "the checkpoint in use", failure)
        self._compare()

    def _all_failed(self, failure: Failure) -> None:
        """One of the others is broken, as the subject was read just before: try them one by one."""
        self._failed_together = failure
        self._suspects = [each for each in self._asked if each != self._lineup.subject]
        if len(self._suspects) == 1:
            self._is_broken(self._suspects[0], failure)
            self._compare()
        else:
            self._try()

    def _try_next(self) -> None:
        del self._suspects[0]
        self._try()

    def _try(self) -> None:
        """Ask about the next suspect alone; after the last one, about all that are left."""
        if self._suspects:
            self._waiting = "one"
            self.ask(Contrast(self._suspects[0], self.text, self.at))
        elif self._lineup.standing != self._asked:
            self._compare()
        elif self._failed_together is not None:  # each of them can read the text: it was something else
            self._waiting = ""
            super().hear(self._failed_together)

    def _is_broken(self, reference: str, failure: Failure) -> None:
        self._lineup.drop(reference)
        self._notes[reference] = _told(reference, failure)

    def _show(self, answer: SideBySide) -> None:
        """Another comparison; the selection stays with its tokenizer, or goes to the one just put in."""
        wanted = self._put_in or (self._standing[self.cursor] if self.cursor < len(self._standing) else "")
        self._put_in = ""
        self._standing, self.compared = self._asked, answer
        self.cursor = self._standing.index(wanted) if wanted in self._standing else self.cursor
        self._in_range(answer)

    def _in_range(self, answer: SideBySide) -> None:
        """The excerpt drawn lies in the text, which may have become shorter."""
        excerpt = answer.comparison.excerpt
        if self.at >= max(1, excerpt.characters):
            self.at, self._before = 0, []
        if self.at < excerpt.start:
            self.inquire()
        count = len(answer.comparison.tokenizers)
        self.set_title(f"{count} tokenizers on {excerpt.characters:,} characters")

    # -------------------------------------------------------------------------------------------- drawing

    def count(self) -> int:
        """One row for each tokenizer."""
        return len(self._standing)

    def row_of(self, cursor: int) -> int:
        """Below the notes and the heads."""
        return self._first_row + cursor

    _first_row = 2

    def lines(self, width: int) -> list[Strip]:
        """Notes, the table, the selected tokenizer, the text in rows, the other ways to cut it."""
        strips = []
        for note in self._notes.values():
            strips += [row((line, self.style("error"))) for line in wrapped(f"✗ {note}", width)]
        told = self.compared.notes if self.compared is not None else ()
        strips += [row((line, self.style("muted"))) for note in told for line in wrapped(f"≠ {note}", width)]
        self._first_row = len(strips) + 2
        contrasts = self._contrasts(width)
        if self.compared is not None:
            strips += self._table(width)
            strips += self._aligned(width, self.room - len(strips) - len(contrasts))
        return [*strips, *contrasts]

    def _names(self) -> list[str]:
        """Names, or references where two have the same name."""
        assert self.compared is not None
        names = [each.name for each in self.compared.comparison.tokenizers]
        return [
            reference or name if names.count(name) > 1 else name
            for reference, name in zip(self._standing, names, strict=True)
        ]

    def _table(self, width: int) -> list[Strip]:
        assert self.compared is not None
        comparison = self.compared.comparison
        strips = side_by_side.table(comparison, self._names(), self.cursor, width, self.style)
        about = side_by_side.about(
            comparison.tokenizers[self.cursor], self._standing[self.cursor], comparison
        )
        return [*strips, *(row((line, self.style("muted"))) for line in wrapped(about, width))]

    def _aligned(self, width: int, room: int) -> list[Strip]:
        assert self.compared is not None
        comparison, names = self.compared.comparison, self._names()
        excerpt = comparison.excerpt
        gutter = min(_GUTTER_MOST, width // 5, max(cell_len(visible(name)) for name in names) + 3)
        # two lines for a rule and what the marks mean
        blocks = self._blocks(width - gutter, max(_FEWEST_BLOCKS, (room - 2) // (len(names) + 1)))
        strips = [self._rule(self._place(max(self.at, excerpt.start)), width)]
        for number, block in enumerate(blocks):
            strips += [Strip([])] if number else []
            for place, (name, parts) in enumerate(zip(names, block, strict=True)):
                here = place == self.cursor
                marker = ("▸ " if here else "  ") + pad(name, gutter - 3) + " "
                strips.append(row((marker, self.style("strong" if here else "muted")), *parts))
        legend = aligned.legend(parts for block in blocks for parts in block)
        for line in flow(map(cell_len, legend), width, gap=3):
            strips.append(row(("   ".join(legend[item] for item in line), self.style("muted"))))
        for name, each in zip(names, comparison.tokenizers, strict=True):
            if not each.aligned:
                shown = f"{name}: {aligned.unaligned(each, 3 * width, excerpt.characters)}"
                strips += [row((line, self.style("text"))) for line in wrapped(shown, width)]
        return strips

    def _blocks(self, room: int, most: int) -> Blocks:
        """The text in rows, without their names: kept, as a selection changes nothing in them."""
        assert self.compared is not None
        key = (self.compared, self.at, room, most, self.style("odd"), self.style("even"))
        if self._kept is None or self._kept[0] != key:
            comparison = self.compared.comparison
            laid_out = aligned.lay_out(comparison, self.at, room, most)
            excerpt = comparison.excerpt
            self._end = laid_out[-1].end if laid_out else excerpt.start + len(excerpt.text)
            rows = aligned.AlignedRows(comparison, self.style)
            self._kept = (key, [rows.draw(block) for block in laid_out])
        return self._kept[1]

    def _place(self, first: int) -> str:
        """Which part of the text is drawn, and what is left out."""
        assert self.compared is not None
        excerpt = self.compared.comparison.excerpt
        total = excerpt.characters
        if not total:
            return "no text"
        whole = first == 0 and self._end == total
        said = (
            f"all {total:,} characters" if whole else f"characters {first + 1:,}–{self._end:,} of {total:,}"
        )
        keys = [key for key, there in (("← back", first > 0), ("→ further", self._end < total)) if there]
        said += f" ({', '.join(keys)})" if keys else ""
        if excerpt.left_out:
            said += f"; {excerpt.left_out:,} more were not read"
        if excerpt.replaced:
            said += f"; {excerpt.replaced:,} halves of surrogate pairs read as U+FFFD"
        return said

    def _rule(self, said: str, width: int) -> Strip:
        return row((f"── {said} {'─' * width}"[:width], self.style("muted")))

    def _contrasts(self, width: int) -> list[Strip]:
        if self.contrasted is None:
            return []
        contrasts = self.contrasted.contrasts
        sentence = side_by_side.contrast_sentence(contrasts)
        return [
            self._rule("words, subwords, characters", width),
            *side_by_side.contrast_table(contrasts, self.at, width, self.style),
            *(row((line, self.style("text"))) for line in wrapped(sentence, width)),
        ]

    # -------------------------------------------------------------------------------------------- actions

    def action_row(self, by: int) -> None:
        """Select another tokenizer; beyond the last one, scroll."""
        beyond = self.cursor + by >= self.count() if by > 0 else self.scroll_offset.y > self._first_row
        if beyond:
            self.scroll_relative(y=by, animate=False, force=True)
        else:
            self.cursor += by

    def action_page(self, by: int) -> None:
        """Scroll by a screenful."""
        self.scroll_relative(y=by * max(1, self.room - 1), animate=False, force=True)

    def action_edge(self, to: int) -> None:
        """To the table, or to the end."""
        if to < 0:
            self.cursor = 0
        self.scroll_to(y=0 if to < 0 else len(self._rows), animate=False, force=True)

    def action_excerpt(self, by: int) -> None:
        """Another part of a long text."""
        if self.compared is None:
            return
        excerpt = self.compared.comparison.excerpt
        if by > 0 and self._end < excerpt.characters:
            self._before.append(self.at)
            self.at = self._end
        elif by < 0 and self.at > 0:
            self.at = self._before.pop() if self._before else 0
        else:
            return
        self.redraw()
        reached = excerpt.start + len(excerpt.text)
        if self.at < excerpt.start or (self._end >= reached and reached < excerpt.characters):
            self.inquire()

    def action_add(self) -> None:
        """Ask for another tokenizer."""
        from tui.app.screens.ask_path import AskPath

        if len(self._lineup.standing) >= MOST_TOKENIZERS:
            self._note(f"{MOST_TOKENIZERS} are the most: x takes the selected one away.")
            return
        about = "a built-in's name, a folder, a tokenizer.json, a Hub id in the cache, or one trained here"
        self.app.push_screen(AskPath("Put a tokenizer beside these", about, ""), self._added)

    def _added(self, reference: str | None) -> None:
        if reference:
            put = partial(self._put, reference)
            self.post_message(self.Opens(reference, put, lambda why: self._note(_told(reference, why))))

    def _put(self, reference: str) -> None:
        refused = self._lineup.add(reference)
        self._note(refused)
        if not refused:
            self._put_in = reference
            self.inquire()

    def action_remove(self) -> None:
        """Take the selected tokenizer away."""
        if self.cursor < len(self._standing):
            refused = self._lineup.remove(self._standing[self.cursor])
            self._note(refused)
            if not refused:
                self.inquire()

    def _note(self, said: str) -> None:
        """Say one thing, or nothing any more."""
        self._notes = {_GENERAL: said} if said else {}
        self.redraw()
        if said:
            self.scroll_to(y=0, animate=False, force=True)


def _told(reference: str, failure: Failure) -> str:
    """What became of a tokenizer, and why."""
    return f"{reference} is not compared. {failure.title}: {failure.detail} → {failure.hint}"
