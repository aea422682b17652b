"""A beam search, step by step: the candidates of a step, what became of each, and why."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.reactive import var
from textual.strip import Strip

from tui.app.keys import ROWS, bindings
from tui.app.render import numbers
from tui.app.render.glyphs import pad, visible, wrapped
from tui.app.render.strips import row
from tui.app.widgets.pick_pane import PickPane
from tui.generation.beams import BeamCandidate
from tui.generation.steps import added_text
from tui.generation.traced import Way, chosen, shared, ways
from tui.protocol import BeamsStepped

_MARKS = {"kept": "✓", "finished": "■", "cut": "✗"}


class BeamsPane(PickPane, inherit_bindings=False):
    """In the place of the branches while a search runs, and afterwards when its steps are looked at."""

    BINDINGS = bindings(ROWS)

    NUMBER = 3
    NAME = "Beams"
    HELP = (
        "The candidates of one step of a beam search, the highest score first: ✓ goes on, ■ is a finished text, "
        "✗ was cut. “…5” stands for five tokens that it has in common with the first one.\n\n"
        "ln p is the sum of its tokens' log-probabilities under the settings, in nats; ÷len is the same divided by "
        "the length to the power of the length penalty, which is what finished texts are compared by. “,” and “.” "
        "go to the step before and after; ⏎ makes a branch of a candidate, of a cut one, too. Escape goes back to "
        "the branches."
    )

    steps: var[tuple[BeamsStepped, ...]] = var(())
    at: var[int] = var(0)
    """The step that is shown."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._ways: list[Way] = []

    @property
    def way(self) -> Way:
        """The candidate under the cursor, behind those that it follows; empty where there is none."""
        return self._ways[self.cursor] if self._ways else []

    def follow(self, steps: Sequence[BeamsStepped], at: int) -> None:
        """Show a step."""
        self.set_reactive(BeamsPane.steps, tuple(steps))
        self.set_reactive(BeamsPane.at, max(0, min(at, len(steps) - 1)))
        self._ways = ways([step.candidates for step in steps[: self.at + 1]])
        self.set_reactive(BeamsPane.cursor, max(0, min(self.cursor, len(self._ways) - 1)))
        if steps:
            finished = steps[self.at].hypotheses
            self.set_title(f"step {self.at + 1:,} of {len(steps):,} · {finished:,} finished by then")
        self.redraw()

    def entries(self) -> list[tuple[str, str, str]]:
        """A row for each candidate."""
        room = self.scrollable_content_region.width - 3
        return [(self._entry(way, room), "", _style(way[-1])) for way in self._ways]

    def _entry(self, way: Way, room: int) -> str:
        last = way[-1]
        scores = f"ln p {numbers.logit(last.score):>9}  ÷len {numbers.logit(last.penalized):>8}"
        parting = min(shared(way, self._ways[0]), len(way) - 1) if way is not self._ways[0] else 0
        before = f"…{parting:,} " if parting else ""
        words = visible("".join(_added(each) for each in way[parting:]))
        why = visible(last.why)
        space = max(8, min(room - cell_len(scores) - 4, 40))
        if cell_len(before) + cell_len(words) + 2 > space:
            words = "…" + _end(words, space - cell_len(before) - 3)
        shown = f"{_MARKS[last.fate]} {pad(f'{before}“{words}”', space)} {scores}"
        return f"{shown}  {why}" if cell_len(shown) + 2 + cell_len(why) <= room else shown

    def details(self, width: int) -> list[Strip]:
        """The candidate under the cursor in full."""
        if not self.way:
            return []
        last, length = self.way[-1], len(self.way)
        said = (
            f"“{visible(last.text)}” id {last.id:,} after beam {last.parent + 1}: "
            f"ln p {numbers.logit(last.log_probability)}, of all {length:,} together {numbers.logit(last.score)}, "
            f"with the length {numbers.logit(last.penalized)}; {last.fate}: {visible(last.why)}"
        )
        return [row((line, self.style("muted"))) for line in wrapped(said, width)]


def _end(text: str, cells: int) -> str:
    """The last characters of a visible text that fit into so many cells.

    >>> _end("beams", 3), _end("日本", 3)
    ('ams', '本')
    """
    start = len(text)
    while start and (cells := cells - cell_len(text[start - 1])) >= 0:
        start -= 1
    return text[start:]


def _style(candidate: BeamCandidate) -> str:
    return {"kept": "text", "finished": "strong", "cut": "muted"}[candidate.fate]


def _added(candidate: BeamCandidate) -> str:
    return added_text(chosen(candidate, 0)) or candidate.text
