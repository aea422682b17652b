"""Training a tokenizer: what is asked for, how far it is, and what came out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.reactive import var
from textual.strip import Strip

from tui.app.keys import ROWS, TRAINING, bindings
from tui.app.panes.microscope.view import View
from tui.app.render.glyphs import fit, wrapped
from tui.app.render.numbers import short_count
from tui.app.render.strips import bar, row
from tui.protocol import Progress
from tui.protocol.microscope.questions import Train, Trained
from tui.protocol.microscope.training import ABOUT, ALGORITHMS, Algorithm, Recipe

if TYPE_CHECKING:
    from tui.app.enquiries import Answer

SIZES = (64, 128, 256, 300, 500, 1000, 2000, 4000, 8000, 16000, 32000, 64000)
FREQUENCIES = (1, 2, 3, 5, 10, 20)
_SETTINGS = ("algorithm", "vocabulary size", "least frequency", "lowercase")
_NAME, _BAR = 18, 30


class TrainingView(View):
    """A row for each setting; enter trains; the outcome stays listed."""

    TAB = "train"
    NAME = "Train one"
    HELP = (
        "Train a tokenizer of your own: choose the algorithm, the size of the vocabulary, how often a pair or a "
        "word has to occur, and whether capitals count. The text to learn from is the file or folder named in the "
        "field above; with an empty field it is the text of the other views.\n\n"
        "Up and down choose a setting, left and right change it, enter trains. What comes out is what all views "
        "look at from then on; “s” saves it as tokenizer.json, which “o” opens again, and transformers' "
        "PreTrainedTokenizerFast(tokenizer_file=...) too.\n\n"
        "It is trained in a process of its own: “c” or escape stops it."
    )
    BINDINGS = bindings(ROWS, TRAINING)
    FIELD = "Learn from"
    FIELD_ABOUT = "A text file or a folder on the engine's machine; empty: the text of the other views."
    FIELD_SHARED = False

    algorithm: var[Algorithm] = var("byte-level-bpe")
    entries: var[int] = var(1000)
    least: var[int] = var(2)
    lowercase: var[bool] = var(False)
    progress: var[Progress | None] = var(None)

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._in_training: Recipe | None = None
        self._done: list[Trained] = []

    def inquire(self) -> None:
        """Nothing is asked before enter."""
        self.redraw()

    def take(self, answer: Answer) -> None:
        """How far it is, or that it is done."""
        if isinstance(answer, Progress):
            self.progress = answer
        elif isinstance(answer, Trained):
            self._in_training, self.progress = None, None
            self._done.append(answer)

    def hear(self, answer: Answer) -> None:
        """An end of any kind ends the progress."""
        if not isinstance(answer, Progress):
            self._in_training, self.progress = None, None
        super().hear(answer)

    def count(self) -> int:
        """One row for each setting."""
        return len(_SETTINGS)

    def _recipe(self) -> Recipe:
        path = self.text.strip()
        text = "" if path else self.shared_text
        return Recipe(self.algorithm, self.entries, text, path, self.lowercase, self.least)

    def lines(self, width: int) -> list[Strip]:
        """Settings, source, progress, outcomes."""
        recipe, muted, text = self._recipe(), self.style("muted"), self.style("text")
        values = (
            recipe.algorithm,
            f"{recipe.vocabulary_size:,} entries",
            "–" if recipe.algorithm == "unigram" else f"{recipe.least_frequency:,} times",
            "yes" if recipe.lowercase else "no",
        )
        strips = []
        for number, (name, value) in enumerate(zip(_SETTINGS, values, strict=True)):
            here = number == self.cursor
            style = self.style("strong") if here else text
            shown = f"◂ {value} ▸" if here else f"  {value}"
            strips.append(row(("▸ " if here else "  ", style), (f"{name:<{_NAME}}", muted), (shown, style)))
        source = recipe.path or f"the text of the other views, {len(recipe.text):,} characters"
        strips.append(
            row((f"  {'learns from':<{_NAME}}", muted), (f"  {fit(source, width - _NAME - 4)}", text))
        )
        about = f"{recipe.algorithm}: {ABOUT[recipe.algorithm]}."
        strips += [Strip([]), *(row((line, muted)) for line in wrapped(about, width))]
        strips += [Strip([]), *self._state(width)]
        return strips

    def _state(self, width: int) -> list[Strip]:
        strips = []
        if self._in_training is not None:
            progress = self.progress
            said = f"Training {self._in_training.algorithm}: {progress.stage if progress else 'starting'}"
            parts = [(f"{said} ", self.style("strong"))]
            if progress is not None and progress.total and progress.done is not None:
                counted = f" {short_count(progress.done)} of {short_count(progress.total)}"
                room = max(0, min(_BAR, width - len(said) - 1 - len(counted)))
                parts.append((bar(progress.done / progress.total, room), self.style("bar")))
                parts.append((counted, self.style("muted")))
            strips.append(row(*parts))
        for trained in reversed(self._done):
            said = (
                f"✓ {trained.subject.reference}: {trained.subject.size:,} entries in {trained.seconds:.1f} s; "
                "o opens it again by this name"
            )
            if not trained.packed:
                said += "; it is too large to outlive its engine: s saves it"
            strips += [row((line, self.style("text"))) for line in wrapped(said, width)]
        return strips

    def watch_progress(self) -> None:
        """Show how far it is."""
        self.redraw()

    def action_change(self, by: int) -> None:
        """Change the selected setting."""
        match _SETTINGS[self.cursor]:
            case "algorithm":
                self.algorithm = ALGORITHMS[(ALGORITHMS.index(self.algorithm) + by) % len(ALGORITHMS)]
            case "vocabulary size":
                self.entries = _next(SIZES, self.entries, by)
            case "least frequency":
                self.least = _next(FREQUENCIES, self.least, by)
            case "lowercase":
                self.lowercase = not self.lowercase
        self.redraw()

    def action_train(self) -> None:
        """Begin; one training at a time."""
        if self._in_training is None:
            self._in_training = self._recipe()
            self.failure = None
            self.ask(Train(self._in_training))
            self.redraw()

    def action_stop(self) -> None:
        """Give it up."""
        self.post_message(self.GivesUp(Train))


def _next(choices: tuple[int, ...], now: int, by: int) -> int:
    """The choice after or before the one that is set."""
    place = choices.index(now) + by if now in choices else 0
    return choices[max(0, min(place, len(choices) - 1))]
