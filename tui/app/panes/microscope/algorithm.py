"""The model's algorithm on one word, step by step."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from textual.reactive import var
from textual.strip import Strip

from tui.app.keys import ALGORITHM, ROWS, bindings
from tui.app.panes.microscope.view import View
from tui.app.render.glyphs import fit
from tui.app.render.microscope.traces import draw, steps
from tui.app.render.microscope.traces.base import said
from tui.app.render.microscope.words import about_word, words_row
from tui.app.render.strips import Lines, row
from tui.protocol.failures import Failure
from tui.protocol.microscope.questions import Dissect, Dissected, Traced, TraceWord
from tui.protocol.microscope.words import words_of

if TYPE_CHECKING:
    from tui.app.enquiries import Answer
    from tui.protocol.microscope.stages import Part

_SCROLLING = ("row-page-up", "row-page-down", "copy")
_HEAD = 2
"""Rows at the top that stay: the words, and which of them is followed at which step."""


class AlgorithmView(View):
    """The words on top, then the steps of one of them up to the one that is shown."""

    TAB = "algorithm"
    NAME = "Algorithm"
    HELP = (
        "How the model cuts one word into pieces of its vocabulary. Right and left step through it, home and end "
        "go to its beginning and to the pieces; “]” and “[” go ten steps. Up and down follow the word before and "
        "the next one. A word is what normalizer and pre-tokenizer make of the text: “Ġ” or “▁” is the space "
        "before it. Added tokens such as [MASK] are cut out of the text before and go round the model. Characters "
        "are counted from 0, 3–5 are two of them.\n\n"
        "Byte-pair encoding (BPE) begins with single characters or bytes. Each pair of neighbors that was merged "
        "when the tokenizer was trained has a rank, 0 for the first; the pair with the lowest rank is merged, the "
        "leftmost among equals, until no pair has one. Below the gap between two symbols stands the rank of their "
        "pair, – where there is none; ▸12◂ is merged next. “means” says what a symbol stands for where its name "
        "doesn't: the text, or the bytes of a part of a character. The rows above are the moments before, with "
        "the pair that was merged in brackets.\n\n"
        "WordPiece takes the longest entry that the word begins with, then the longest for what is left, written "
        "with ## before it: ✗ was tried and is no entry, ✓ is one. Below the word ╰─╯ marks the pieces found and "
        "^ what was tried last. Where not even one character fits, the whole word is unknown.\n\n"
        "Unigram gives each piece a probability; the log-probabilities of a way through the word add up, and the "
        "likeliest way is taken. Viterbi's algorithm finds it place by place: of all pieces that can end at a "
        "place the one with the best score stays, which is its own log-probability + that of the best way to "
        "where it begins (@3: at place 3). The rows above are the places before: the piece that won, where it "
        "begins, the score, the best way. At the end come the runners-up and how far they are behind, in nats "
        "and as a factor.\n\n"
        "Word level looks the whole word up and knows nothing smaller."
    )
    BINDINGS = bindings(tuple(key for key in ROWS if key.id in _SCROLLING), ALGORITHM)

    found: var[Dissected | None] = var(None)
    """Where the words are from."""
    traced: var[Traced | None] = var(None)
    """The selected word's way; None while it is not known."""
    word: var[int] = var(0)
    """Which of the words is followed."""
    step: var[int] = var(0)
    """So many steps are done."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._words: tuple[Part, ...] = ()
        self._wanted: int | None = None
        self._open: set[type] = set()
        self._step_row = 0
        self._ahead = 0
        """Steps asked for while the way is not known yet: keys typed ahead count."""

    # --------------------------------------------------------------------------- questions and answers

    def inquire(self) -> None:
        """Which words are there?"""
        self._open.add(Dissect)
        self.ask(Dissect(self.subject, self.text))

    def hear(self, answer: Answer) -> None:
        """Take an answer; what failed is told below the head."""
        if isinstance(answer, Failure) and Dissect not in self._open:
            self._open.discard(TraceWord)
            self.traced = None
        elif not isinstance(answer, Traced):
            self._open.discard(Dissect)
        super().hear(answer)
        if isinstance(answer, Failure):
            self.stale = Dissect in self._open or bool(self.traced)
        elif self._open:
            self.stale = True
        self._retitle()

    def take(self, answer: Answer) -> None:
        """The words, or the way of one of them."""
        if isinstance(answer, Dissected):
            self._take_words(answer)
        elif isinstance(answer, Traced) and Dissect not in self._open:
            self._take_trace(answer)

    def _take_words(self, found: Dissected) -> None:
        self._words = words_of(found.stages)
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self.set_reactive(AlgorithmView.step, 0)
        self.set_reactive(AlgorithmView.word, self._within(self.word if wanted is None else wanted))
        self.found = found
        self._follow()

    def _take_trace(self, traced: Traced) -> None:
        self._open.discard(TraceWord)
        known, trace = self.traced, traced.trace
        same = known is not None and known.trace == trace and known.subject == traced.subject
        step, self._ahead = (self.step if same else 0) + self._ahead, 0
        self.set_reactive(AlgorithmView.step, 0)
        self.traced = traced
        self.step = step

    def _follow(self) -> None:
        """Ask for the way of the selected word."""
        word = self.selected
        if word is None or word.id is not None:
            self._open.discard(TraceWord)
            self.traced, self.stale = None, False
            return
        self._open.add(TraceWord)
        self.stale = True
        self.ask(TraceWord(self.subject, word.text))

    def go_to(self, word: int | None, entry: int | None) -> None:
        """Follow a word."""
        if word is None:
            return
        if Dissect in self._open:
            self._wanted = word
        else:
            self.word = word

    # ------------------------------------------------------------------------------- what is selected

    @property
    def selected(self) -> Part | None:
        """The word that is followed, or an added token."""
        return self._words[self.word] if self.word < len(self._words) else None

    @property
    def last_step(self) -> int:
        """The step at which the pieces are there."""
        trace = self.traced.trace if self.traced is not None else None
        return 0 if trace is None else steps(trace)

    def _within(self, word: int) -> int:
        return max(0, min(word, len(self._words) - 1))

    def validate_word(self, word: int) -> int:
        """One that is there."""
        return self._within(word)

    def validate_step(self, step: int) -> int:
        """From the beginning to the pieces."""
        return max(0, min(step, self.last_step))

    def watch_word(self) -> None:
        """Another word: from its beginning."""
        self.step, self._ahead = 0, 0
        self._follow()
        self._redrawn()

    def watch_step(self) -> None:
        """Another step."""
        self._redrawn()

    def watch_traced(self) -> None:
        """Another way."""
        self._redrawn()

    def _redrawn(self) -> None:
        self._retitle()
        self.redraw()
        self.show_row(len(self._rows) - 1)
        self.show_row(self._step_row)

    def _retitle(self) -> None:
        facts = []
        subject = self.traced.subject if self.traced is not None else getattr(self.found, "subject", None)
        if subject is not None:
            facts.append(subject.model)
        if self.selected is not None:
            facts.append(f"word {self.word + 1:,} of {len(self._words):,}")
        if self.traced is not None and self.traced.trace is not None:
            facts.append(f"step {self.step:,} of {self.last_step:,}")
        self.set_title(" · ".join(facts))

    # -------------------------------------------------------------------------------------- drawing

    @property
    def _text(self) -> str:
        """What the words are of."""
        return self.found.text if self.found is not None else ""

    @property
    def pinned(self) -> int:
        """The head stays when the steps scroll."""
        return _HEAD if self._words else 0

    def rows(self, width: int) -> Lines:
        """The head, what failed, the steps."""
        rows = Lines(self._head(width))
        rows += self._failed(width)
        self._step_row = len(rows)
        if self.found is None or (self.failure is not None and self.traced is None):
            return rows
        word, text = self.selected, self.style("text")
        if word is None:
            rows += said(self._no_word(), width, text)
        elif word.id is not None:
            says = (
                f"An added token: it is cut out of the text whole, goes round the model, and is id {word.id}."
            )
            rows += said(says, width, text)
        elif self.traced is not None and self.traced.trace is not None:
            drawn = draw(self.traced.trace, self.step, width, self.style)
            self._step_row = len(rows) + drawn.first
            rows += drawn.rows
        elif self.traced is not None:
            rows += said(f"The steps can't be followed. {self.traced.why}", width, text)
        return rows

    def lines(self, width: int) -> list[Strip]:
        """All rows, made."""
        return list(self.rows(width))

    def _head(self, width: int) -> list[Strip]:
        if not self._words:
            return []
        known = self.traced is not None and self.traced.trace is not None
        step = f" · step {self.step:,} of {self.last_step:,}" if known else ""
        return [
            words_row(self._words, self.word, width, self.style),
            row((fit(about_word(self._words, self.word, step, self._text), width), self.style("muted"))),
        ]

    def _no_word(self) -> str:
        if self._text:
            return "Nothing of the text is left for the model: the stages before it took everything away."
        return "The text is empty, so the model is given no word. “i” goes to the field to type one."

    # -------------------------------------------------------------------------------------- actions

    def action_step(self, by: int) -> None:
        """Step on or back."""
        if self._open:
            self._ahead += by
        else:
            self.step += by

    def action_step_edge(self, to: int) -> None:
        """To the beginning, or to the pieces."""
        if self._open:
            self._ahead = 0 if to < 0 else sys.maxsize
        else:
            self.step = 0 if to < 0 else self.last_step

    def action_word(self, by: int) -> None:
        """Follow a neighbor."""
        self.word += by

    def action_page(self, by: int) -> None:
        """Scroll by a screenful."""
        self.scroll_relative(y=by * max(1, self.room - self.pinned), animate=False, force=True)
