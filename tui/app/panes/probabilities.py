"""Pane 6: logits become probabilities, one step at a time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.reactive import var
from textual.strip import Strip

from tui.app.keys import PROBABILITIES, ROWS, bindings
from tui.app.render import numbers
from tui.app.render.formula import COLUMNS, STEPS, cell, formula
from tui.app.render.glyphs import fit, pad, wrapped
from tui.app.render.strips import bar, row
from tui.app.widgets.line_pane import LinePane

if TYPE_CHECKING:
    from tui.protocol import Readout, ReadoutSettings, Row

_FUNCTIONS = ("auto", "softmax", "sigmoid", "none")
_COLUMN = 11
_LABELS = 24
LOWEST, HIGHEST = 0.1, 10.0
"""Limits of the temperature that the keys reach."""


class ProbabilitiesPane(LinePane):
    """A row for each label, a column for each step, and the formula of the selected row with its numbers."""

    NUMBER = 6
    NAME = "Logits → probabilities"
    HELP = (
        "The head's logits and how they become probabilities. Left and right walk the steps; the column of the "
        "step is the last one shown, and the line at the top writes the selected row out with its numbers.\n\n"
        "softmax: divide by the temperature T, subtract the largest (so that exp can't overflow; it changes "
        "nothing else), exponentiate, divide by the sum. The probabilities add up to 1.\n"
        "sigmoid: 1 / (1 + e^−z) for each label by itself; they need not add up to 1.\n"
        "none: a regression score, shown as it is.\n\n"
        "Which of them is used is the pipeline's rule for this checkpoint's config; “f” reads the same logits "
        "another way and “+”, “−” change T. Neither runs the model again, and the answer below stays the "
        "pipeline's own."
    )
    BINDINGS = bindings(ROWS, PROBABILITIES)

    class SettingsChanged(Message):
        """The logits are to be read another way."""

        def __init__(self, settings: ReadoutSettings) -> None:
            super().__init__()
            self.settings = settings

    readout: var[Readout | None] = var(None)
    settings: var[ReadoutSettings | None] = var(None)
    """What was asked for last; the readout follows."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._step: int | None = None  # None: the last one
        self._selected = 0

    def on_mount(self) -> None:
        """An empty pane has its title too."""
        self._retitle()

    @property
    def pinned(self) -> int:
        """The formula stays in sight, and the head of the table where there is room for it."""
        return 2 if self.room > 4 else 1

    @property
    def steps(self) -> tuple[str, ...]:
        """Names of the steps of the function in force."""
        return STEPS[self.readout.function if self.readout else "softmax"]

    @property
    def step(self) -> int:
        """The step shown."""
        last = len(self.steps) - 1
        return last if self._step is None else min(self._step, last)

    def watch_readout(self, readout: Readout | None) -> None:
        """Other numbers: keep the row and the step."""
        if readout is not None:
            self._selected = max(0, min(self._selected, len(readout.rows) - 1))
        self._retitle()
        self.redraw()

    def _retitle(self) -> None:
        if self.readout is None:
            self.set_title()
            return
        names = [f"[{name}]" if number == self.step else name for number, name in enumerate(self.steps)]
        facts = " ▸ ".join(names)
        settings = self.readout.settings
        if settings.temperature != 1.0:
            facts += f"   T {settings.temperature:g}"
        if settings.function != "auto":
            facts += f"   {settings.function} by hand"
        self.set_title(facts)

    def rows(self, width: int) -> list[Strip]:
        """The formula, the head of the table, then a row for each label and one for the tail."""
        readout = self.readout
        if readout is None or not readout.rows:
            return []
        muted = self.style("muted")
        columns = self._columns(readout)
        labels = min(_LABELS, max(5, *(cell_len(fit(each.label, _LABELS)) for each in readout.rows)))
        written = formula(readout, readout.rows[self._selected], self.step)
        strips = [row((fit(written, width), self.style("accent")))]
        if self.pinned > 1:
            heads = COLUMNS[readout.function]
            named = ((f"{heads[step]:>{_COLUMN}}", muted) for step in columns)
            strips.append(row((pad("  label", 2 + labels), muted), *named))
        strips += [
            self._row(number, each, columns, labels, width) for number, each in enumerate(readout.rows)
        ]
        hidden = readout.total - len(readout.rows)
        if hidden > 0:
            mass = f" hold {numbers.percent(readout.tail)}" if readout.tail is not None else ""
            strips.append(
                row((f"  the other {numbers.count(hidden)} of {numbers.count(readout.total)}{mass}", muted))
            )
        strips += [row((line, muted)) for line in wrapped(self._summary(readout), width)]
        return strips

    def _row(self, number: int, each: Row, columns: list[int], labels: int, width: int) -> Strip:
        """A label with its numbers so far, and a bar where the step's numbers are shares."""
        here = number == self._selected
        style = self.style("strong" if here else "text")
        bars = width - 2 - labels - _COLUMN * len(columns) - 1
        drawn = " " + bar(self._share(each.exponential, each.probability), bars) if bars > 4 else ""
        return row(
            ("▸ " if here else "  ", style),
            (pad(each.label, labels), style),
            *(
                (f"{cell(each, step):>{_COLUMN}}", style if step == self.step else self.style("muted"))
                for step in columns
            ),
            (drawn, self.style("bar")),
        )

    def _columns(self, readout: Readout) -> list[int]:
        shown = list(range(self.step + 1))
        if readout.settings.temperature == 1.0 and self.step != 1 and 1 in shown:
            shown.remove(1)  # z ÷ 1 repeats the logit
        return shown

    def _share(self, exponential: float, probability: float | None) -> float:
        if self.readout is None or self.readout.function == "none":
            return 0.0
        if self.step == len(self.steps) - 1 and probability is not None:
            return probability
        return exponential if self.readout.function == "softmax" and self.step == len(self.steps) - 2 else 0.0

    def _summary(self, readout: Readout) -> str:
        parts = [f"{readout.function}: {readout.reason}"]
        if readout.entropy_bits is not None:
            parts.append(
                f"entropy {numbers.logit(readout.entropy_bits)} bits of at most {math.log2(readout.total):.4g}"
            )
        return "; ".join(parts)

    def action_step(self, by: int) -> None:
        """Walk the steps."""
        self._step = max(0, min(self.step + by, len(self.steps) - 1))
        self._retitle()
        self.redraw()

    def action_row(self, by: int) -> None:
        """Select another row."""
        if self.readout is not None and self.readout.rows:
            self._selected = max(0, min(self._selected + by, len(self.readout.rows) - 1))
            self.redraw()
            self.show_row(self.pinned + self._selected)

    def action_edge(self, to: int) -> None:
        """Select the first or the last row."""
        self.action_row(to * (len(self.readout.rows) if self.readout else 0))

    def action_temperature(self, by: int) -> None:
        """Change the temperature by tenths."""
        tenths = round(self._wanted.temperature * 10) + by
        self._ask(temperature=max(LOWEST, min(tenths / 10, HIGHEST)))

    def action_function(self) -> None:
        """Read the logits by the next function."""
        number = _FUNCTIONS.index(self._wanted.function) + 1
        self._ask(function=_FUNCTIONS[number % len(_FUNCTIONS)])

    def action_reset(self) -> None:
        """The pipeline's own reading."""
        self._ask(temperature=1.0, function="auto")

    def _ask(self, **changes: float | str) -> None:
        from msgspec.structs import replace

        wanted = replace(self._wanted, **changes)
        self.settings = wanted  # at once, for keys typed ahead
        self.post_message(self.SettingsChanged(wanted))

    @property
    def _wanted(self) -> ReadoutSettings:
        from tui.protocol import ReadoutSettings

        return self.settings or ReadoutSettings()

    def on_click(self, event: events.Click) -> None:
        """A click selects a row."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y >= self.pinned:
            self.action_row(offset.y + self.scroll_offset.y - self.pinned - self._selected)
