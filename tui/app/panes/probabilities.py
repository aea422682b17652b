"""Pane 6: logits become probabilities, one step at a time, under any sampling settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.reactive import var
from textual.strip import Strip

from tui.app.keys import PROBABILITIES, ROWS, bindings
from tui.app.render import formula
from tui.app.render.glyphs import fit
from tui.app.render.numbers import count
from tui.app.widgets.line_pane import LinePane

if TYPE_CHECKING:
    from tui.app.render.probability_table import Table
    from tui.protocol import Readout
    from tui.protocol.rows import ReadoutSettings, Row

_FUNCTIONS = ("auto", "softmax", "sigmoid", "none")
LOWEST, HIGHEST = 0.1, 10.0
"""Limits of the temperature that the keys reach."""
_HELP = """\
The head's logits and how they become probabilities. Left and right walk the steps; the line at the top writes \
the selected row out with its numbers. With room for it every column is shown, else those that lead to the step.

softmax: divide by the temperature T, subtract the largest (so that exp can't overflow; it changes nothing \
else), exponentiate, divide by the sum. The probabilities add up to 1.
sigmoid: 1 / (1 + e^−z) for each label by itself; they need not add up to 1.
none: a regression score, shown as it is.

Which of them is used is the pipeline's rule for this checkpoint's config; “f” reads the same logits another way \
and “+”, “−” change T.

“t” sets everything that sampling has; “K”, “P”, “M”, “T” and “R” go straight to top-k, top-p, min-p, typical-p \
and the repetition penalty. They follow transformers' generate: the penalty first, then T, then each filter on \
what the one before left; what is left is divided by its sum. A row that is dropped says by which of them. The \
filters need softmax, and the penalty a row about the next token: it acts on the tokens before that. “0” \
switches all of it off. Nothing of this runs the model again, and the answer below stays the pipeline's own.

“/” finds a row among all of them, by its id, its label or a part of that (␣ is a space at an end; matches come \
in this order, the likeliest first); “n” and “N” go to the next and the previous. “w” keeps the selected row at \
the top, marked ◆, under all settings and for other texts, and lets it go again. Every row can be reached; what \
the rows that are not shown hold is always stated.

cumulative: the probability of a row and all above it. bits: surprisal, −log₂ p. ln p: log-probability in nats."""


class ProbabilitiesPane(LinePane):
    """A row for each label, a column for each step, and the formula of the selected row with its numbers."""

    NUMBER = 6
    NAME = "Logits → probabilities"
    HELP = _HELP
    BINDINGS = bindings(ROWS, PROBABILITIES)

    class SettingsChanged(Message):
        """The logits are to be read another way."""

        def __init__(self, settings: ReadoutSettings) -> None:
            super().__init__()
            self.settings = settings

    class PartMoved(Message):
        """Another output of the head is to be read."""

        def __init__(self, part: int) -> None:
            super().__init__()
            self.part = part

    readout: var[Readout | None] = var(None)
    settings: var[ReadoutSettings | None] = var(None)
    """What was asked for last; the readout follows."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._step: str | None = None  # None: the last one
        self._at = 0  # rank of the selected row; -n … -1 for the n watched ones
        self._query = ""
        self._table: Table | None = None

    def on_mount(self) -> None:
        """An empty pane has its title too."""
        self._retitle()

    @property
    def pinned(self) -> int:
        """The formula stays in sight; with room for it the head of the table, what the rest holds, watched rows."""
        return 1 if self._table is None else self._table.pinned

    @property
    def selected(self) -> Row | None:
        """The row under the cursor, if it is here."""
        readout = self.readout
        if readout is None or not readout.rows:
            return None
        from tui.app.render.probability_table import row_at

        return row_at(readout, self._at)

    @property
    def steps(self) -> tuple[str, ...]:
        """Names of the steps of the reading."""
        return formula.steps(self.readout)

    @property
    def step(self) -> str:
        """The step shown."""
        return self._step if self._step in self.steps else self.steps[-1]

    def watch_readout(self, before: Readout | None, readout: Readout | None) -> None:
        """Other numbers: keep the place and the step; a hit is gone to."""
        line = self._line_of(self._at)
        away = None if line is None else line - self.scroll_offset.y
        if readout is not None and readout.rows:
            wanted, found = self._wanted, readout.found
            same = (readout.settings.find, readout.settings.hit) == (wanted.find, wanted.hit)
            if found is not None and found.rank is not None and same:
                self._at = found.rank
            self._at = max(-len(readout.watched), min(self._at, readout.total - 1))
            if self._at >= 0 and readout.settings.start == wanted.start:  # no other rows are on their way
                last = readout.start + len(readout.rows) - 1
                self._at = max(readout.start, min(self._at, last))
        self._retitle()
        self.redraw()
        now = self._line_of(self._at)
        if before is not None and now is not None and now != line:
            if away is not None:  # the lines above it are others, but it stays where it was on the screen
                self.scroll_to(y=max(0, now - away), animate=False, force=True, immediate=True)
            self._show_selected()

    def _retitle(self) -> None:
        readout = self.readout
        if readout is None:
            self.set_title()
            return
        settings = readout.settings
        under = ""
        if settings.temperature != 1.0:
            under += f"   T {settings.temperature:g}"
        if settings.repetition_penalty != 1.0 and readout.penalized is not None:
            under += f"   penalty {settings.repetition_penalty:g}"
        for stage in readout.stages:
            under += f"   {stage.title}"
        if settings.function == readout.function:
            under += f"   {settings.function} by hand"
        found = ""
        if readout.found is not None:
            which = "no row" if readout.found.hit is None else _which(readout.found.hit, readout.found.total)
            found = f"“{fit(settings.find, 16)}”: {which}   "
        room = (self.outer_size.width or 80) - 4 - len(f"{self.NUMBER} {self.NAME}  {found}")
        names = self._names(readout)
        for wide, near in ((48, False), (48, True), (24, True), (16, True), (0, True)):
            name = f"{fit(readout.name, wide)}   " if readout.name and wide else ""
            walk = _walk(names, self.steps.index(self.step), near)
            if cell_len(name + walk) <= room:
                break
        self.set_title(f"{found}{name}{walk}{under}")

    def _names(self, readout: Readout) -> list[str]:
        """The steps as the title has them."""
        filters = ", ".join(stage.name for stage in readout.stages)
        at_kept = self.step == formula.KEPT
        return [f"kept by {filters}" if at_kept and name == formula.KEPT else name for name in self.steps]

    def on_resize(self, event: events.Resize) -> None:
        """The title says as much as there is room for."""
        self._retitle()

    def rows(self, width: int) -> list[Strip]:
        """The formula, the head of the table, watched rows, rows by rank, and what the others hold."""
        readout = self.readout
        if readout is None or not readout.rows:
            self._table = None
            return []
        from tui.app.render.probability_table import table

        self._table = table(readout, self.step, self._at, width, self.room, self.style)
        return self._table.strips

    def _line_of(self, place: int) -> int | None:
        places = [] if self._table is None else self._table.places
        return places.index(place) if place in places else None

    def _show_selected(self) -> None:
        line = self._line_of(self._at)
        if line is not None:
            self.show_row(line)

    def action_step(self, by: int) -> None:
        """Walk the steps."""
        number = self.steps.index(self.step) + by
        self._step = self.steps[max(0, min(number, len(self.steps) - 1))]
        if number >= len(self.steps) - 1:
            self._step = None  # stay at the end when steps are added
        self._retitle()
        self.redraw()

    # -------------------------------------------------------------------------------------------- rows

    def action_row(self, by: int) -> None:
        """Select another row, by rank or among the watched ones above."""
        readout = self.readout
        if readout is None or not readout.rows:
            return
        to = self._at + by
        if self._at < 0 <= to:
            to += self._start(readout)
        self._go(to)

    def action_edge(self, to: int) -> None:
        """Select the first row of all or the last one."""
        if self.readout is not None and self.readout.rows:
            self._go(self.readout.total - 1 if to > 0 else -len(self.readout.watched), to_top=to < 0)

    def select(self, rank: int) -> None:
        """Select the row of a rank, from 0; if it is not here it is asked for."""
        if self.readout is not None and self.readout.rows:
            self._go(rank)

    def _start(self, readout: Readout) -> int:
        """Rank of the first row that is here, or on its way."""
        return readout.start if self._wanted.find else self._wanted.start

    def _go(self, place: int, to_top: bool = False) -> None:
        """Select the row of a rank or a watched row; rows that are not here are asked for."""
        readout, wanted = self.readout, self._wanted
        assert readout is not None
        self._at = max(-len(readout.watched), min(place, readout.total - 1))
        start = 0 if to_top else self._start(readout)
        if self._at >= 0 and not start <= self._at < start + len(readout.rows):
            start = max(0, min(self._at - wanted.top // 2, readout.total - wanted.top))
        if wanted.find or start != wanted.start:
            self._ask(find="", hit=0, start=start)
        self.redraw()
        self._show_selected()

    def action_watch(self) -> None:
        """Keep the selected row at the top, or let it go."""
        from tui.protocol.rows import Watch

        readout = self.readout
        if readout is None or not readout.rows:
            return
        watched = list(self._wanted.watched)
        if self._at < 0 and -self._at <= len(watched):
            del watched[self._at]
            self._at = min(self._at + 1, -1) if watched else readout.start
        else:
            chosen = self.selected
            assert chosen is not None
            known = [
                number for number, each in enumerate(readout.watched) if each and each.index == chosen.index
            ]
            if known and len(readout.watched) == len(watched):
                del watched[known[0]]
            else:
                watched.append(Watch(chosen.index, chosen.label))
        self._ask(watched=tuple(watched))

    def action_find(self) -> None:
        """Ask what to look for; large vocabularies are spelled out meanwhile."""
        from tui.app.screens.find_row import FindRow

        if self.readout is None:
            return
        if self.readout.total > len(self.readout.rows):
            self._ask(searching=True)
        self.app.push_screen(FindRow(self._query), self._find)

    def _find(self, query: str | None) -> None:
        if query:
            self._query = query
            self._ask(find=query, hit=0, searching=False)
        else:
            self._ask(searching=False)

    def action_hit(self, by: int) -> None:
        """Go to another hit of what was looked for last."""
        readout = self.readout
        if not self._query or readout is None:
            return
        on_hit = self._wanted.find == self._query
        self._ask(find=self._query, hit=self._wanted.hit + by if on_hit else 0)

    # ---------------------------------------------------------------------------------------- settings

    def action_temperature(self, by: int) -> None:
        """Change the temperature by tenths."""
        tenths = round(self._wanted.temperature * 10) + by
        self._ask(temperature=max(LOWEST, min(tenths / 10, HIGHEST)))

    def action_sampling(self, name: str) -> None:
        """Set temperature, penalty and filters, beginning with one of them."""
        from tui.app.screens.sampling import Sampling

        self.app.push_screen(Sampling(self._wanted, name, self._set))

    def action_part(self) -> None:
        """Read the next of the head's outputs."""
        if self.readout is not None and self.readout.parts:
            self.post_message(self.PartMoved((self.readout.address.part + 1) % len(self.readout.parts)))

    def action_function(self) -> None:
        """Read the logits by the next function."""
        number = _FUNCTIONS.index(self._wanted.function) + 1
        self._ask(function=_FUNCTIONS[number % len(_FUNCTIONS)])

    def action_reset(self) -> None:
        """The pipeline's own reading; watched rows stay."""
        from tui.protocol.rows import ReadoutSettings

        self._set(ReadoutSettings(top=self._wanted.top, watched=self._wanted.watched))

    def _ask(self, **changes: Any) -> None:
        from msgspec.structs import replace

        self._set(replace(self._wanted, **changes))

    def _set(self, wanted: ReadoutSettings) -> None:
        if wanted == self._wanted:
            return
        self.settings = wanted  # at once, for keys typed ahead
        self.post_message(self.SettingsChanged(wanted))

    @property
    def _wanted(self) -> ReadoutSettings:
        from tui.protocol.rows import ReadoutSettings

        return self.settings or ReadoutSettings()

    def on_click(self, event: events.Click) -> None:
        """A click selects a row."""
        offset = event.get_content_offset(self)
        line = None if offset is None else self._number(offset.y)
        places = [] if self._table is None else self._table.places
        place = places[line] if line is not None and line < len(places) else None
        if place is not None:
            self._go(place)


def _which(hit: int, total: int) -> str:
    return f"{count(hit + 1)} of {count(total)}"


def _walk(names: list[str], here: int, near: bool) -> str:
    """The steps in a line, the one shown in brackets; where there is no room for all, with its neighbors.

    >>> _walk(["logits", "÷T", "−max", "exp"], 1, False), _walk(["logits", "÷T", "−max", "exp"], 3, True)
    ('logits ▸ [÷T] ▸ −max ▸ exp', '… ▸ −max ▸ [exp]')
    """
    marked = [f"[{name}]" if number == here else name for number, name in enumerate(names)]
    if near:
        first, last = max(0, here - 1), here + 2
        marked = ["…"] * (first > 0) + marked[first:last] + ["…"] * (last < len(names))
    return " ▸ ".join(marked)
