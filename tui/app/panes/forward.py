"""Pane 5: the walk through the model, from ids to probabilities, with every shape and time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.reactive import var
from textual.strip import Strip

from tui.app.keys import ROWS, bindings
from tui.app.render import numbers
from tui.app.render.glyphs import fit, pad
from tui.app.render.strips import bar, flow, row
from tui.app.widgets.line_pane import LinePane

if TYPE_CHECKING:
    from tui.protocol import Forwarded
    from tui.protocol.walk import Step

_BAR_CELLS = 10
MAIN_STEPS = ("ids", "hidden states", "logits", "probabilities", "scores", "vector")
"""The stations that are named even where there is no room for all of them."""


class ForwardPane(LinePane):
    """A table where there is room, one running line where there is not."""

    NUMBER = 5
    NAME = "Forward"
    HELP = (
        "What happens between the ids and the logits. Each row is a tensor: its shape, its number format, what "
        "made it and how long that took.\n\n"
        "The ids have the shape [batch, positions]. The base model turns them into hidden states [batch, "
        "positions, width]: one vector for each position. The head reads those and gives the logits [batch, "
        "labels]: one number for each label. A function makes probabilities of them.\n\n"
        "Times are wall times measured around each part, the device synchronized; a row without one (–) is no "
        "part of its own."
    )
    BINDINGS = bindings(ROWS)

    forwarded: var[Forwarded | None] = var(None)

    def on_mount(self) -> None:
        """An empty pane has its title too."""
        self.set_title()

    def watch_forwarded(self, forwarded: Forwarded | None) -> None:
        """Another forward pass ran."""
        self.set_title(numbers.seconds(forwarded.seconds) if forwarded else "")
        self.redraw()

    def rows(self, width: int) -> list[Strip]:
        """The steps as a table if all of them fit, else as one running line."""
        if self.forwarded is None:
            return []
        steps = self.forwarded.steps
        if len(steps) <= self.room or self.room > 4:
            return self._table(steps, width)
        lines = self._in_lines(steps, width)
        if len(lines) > self.room:
            main = tuple(step for step in steps if step.name in MAIN_STEPS)
            lines = self._in_lines(main, width, times=self.room > 1)
        return lines

    def _in_lines(self, steps: tuple[Step, ...], width: int, times: bool = True) -> list[Strip]:
        strong, muted = self.style("strong"), self.style("muted")
        stations = [
            (
                f"{'→ ' if number else ''}{fit(step.name, 24)} ",
                numbers.shape(step.shape),
                f" {numbers.seconds(step.seconds)}" if times and step.seconds is not None else "",
            )
            for number, step in enumerate(steps)
        ]
        return [
            row(
                *(
                    part
                    for index in line
                    for part in zip((*stations[index], " "), (muted, strong, muted, muted), strict=True)
                )
            )
            for line in flow((cell_len("".join(station)) for station in stations), width)
        ]

    def _table(self, steps: tuple[Step, ...], width: int) -> list[Strip]:
        names = max(cell_len(fit(step.name, 24)) for step in steps) + 1
        shapes = max(len(numbers.shape(step.shape)) for step in steps) + 1
        formats = max(len(step.dtype) for step in steps) + 1
        whole = sum(step.seconds or 0.0 for step in steps) or 1.0
        bars = _BAR_CELLS if width >= names + shapes + formats + 10 + _BAR_CELLS + 20 else 0
        strips = []
        for step in steps:
            # In half cells: times differ a little with each key, and each cell that changes is sent.
            halves = round(2 * bars * (step.seconds or 0.0) / whole)
            share = bar(halves / (2 * bars), bars) + " " if bars else ""
            lead = names + shapes + formats + 10 + len(share)
            strips.append(
                row(
                    (pad(step.name, names), self.style("text")),
                    (pad(numbers.shape(step.shape), shapes), self.style("strong")),
                    (pad(step.dtype, formats), self.style("muted")),
                    (f"{numbers.seconds(step.seconds):>9} ", self.style("text")),
                    (share, self.style("bar")),
                    (fit(step.detail, max(0, width - lead)), self.style("muted")),
                )
            )
        return strips
