"""The frame around the panes: hints and messages, zoom, the folded left column, a screen that is too small."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events, on
from textual.binding import Binding
from textual.widget import Widget

from tui.app.keys import PANES, TABLE
from tui.app.panes.field import TypedInto
from tui.app.render.glyphs import visible
from tui.app.screens.news import HearsNews
from tui.app.widgets.frame import Framed
from tui.app.widgets.one_line import OneLine

if TYPE_CHECKING:
    from tui.app.news import News

_TOOLTIPS = {key.id: key.tooltip for keys in TABLE.values() for key in keys}
MINIMUM = (60, 16)
"""Columns and rows below which the panes make no sense."""


class Frame(HearsNews[None]):
    """Subclasses compose the panes, and the lines `hints` and `too-small`; the first field has the id `input`."""

    HELP = ""
    """What F1 tells where no pane has the focus."""
    AFTER_DEATH = "what was asked is asked again"
    """What becomes of the screen's own when there is a new engine."""

    def __init__(self) -> None:
        super().__init__()
        self._message = ""
        self._state = self._silence = ""
        """What there is to tell of the engine as long as it lasts."""
        self.zoomed: Widget | None = None
        """The pane that has the whole screen."""

    def on_resize(self, event: events.Resize) -> None:
        """Say what is missing when the terminal is too small."""
        columns, rows = event.size
        missing = [
            f"{need - have} {noun}"
            for have, need, noun in ((columns, MINIMUM[0], "columns"), (rows, MINIMUM[1], "rows"))
            if have < need
        ]
        self.set_class(bool(missing), "-too-small")
        if missing:
            said = f"{columns}x{rows}: {' and '.join(missing)} missing for {MINIMUM[0]}x{MINIMUM[1]}; ctrl+q quits"
            for line in self.query("#too-small").results(
                OneLine
            ):  # none where the screen is not composed yet
                line.show((((said, "error"),),))

    def say(self, message: str) -> None:
        """A message in the place of the hints until escape is pressed; empty takes it away."""
        self._message = message
        self.show_hints()

    def unsay(self, message: str) -> None:
        """Take a message away if it is still the one shown."""
        if message and self._message == message:
            self.say("")

    def hear_news(self, news: News) -> None:
        """Tell of the engine in the place of the hints: a silence while it lasts, an event as a message."""
        self._state, self._silence = news.state, news.silence
        if news.said:
            self._message = f"{news.said}; {self.AFTER_DEATH if news.returned else 'F4 tells why'}"
        self.show_hints()

    def show_hints(self) -> None:
        """The keys that act now, those of the focused pane first; or in their place what there is to tell."""
        line = next(self.query("#hints").results(OneLine), None)
        if line is None:  # not there yet, or while the app ends not any more
            return
        if self._silence:
            line.show((((f" {visible(self._silence)}", "error"),),))
            return
        if self._message:
            esc = ((" esc ", "key"), ("dismiss ", "muted"))
            line.show((((f" {visible(self._message)}", "error"),),), esc)
            return
        shown = (*self.own_keys(), *self.common_keys())
        hints = tuple(self._hint(bound[0]) for bound, _ in shown if bound[0].show)
        line.show(hints, ((f"{self._state} ", "error"),) if self._state else ())

    def _hint(self, binding: Binding) -> tuple[tuple[str, str], ...]:
        key = self.app.get_key_display(binding)
        return ((f" {key} ", "key"), (f"{binding.description} ", "muted"))

    def _bindings_of(self, *, own: bool) -> list[tuple[list[Binding], str]]:
        found: dict[str, list[Binding]] = {}
        for active in self.active_bindings.values():
            name = active.binding.id
            if name in _TOOLTIPS and active.enabled and (active.node is not self) == own:
                found.setdefault(name, []).append(active.binding)
        return [(found[name], tooltip) for name, tooltip in _TOOLTIPS.items() if name in found]

    def own_keys(self) -> list[tuple[list[Binding], str]]:
        """What the focused pane's keys do: the keys of each action and a sentence."""
        return self._bindings_of(own=True)

    def common_keys(self) -> list[tuple[list[Binding], str]]:
        """The same for the keys that act in every pane."""
        return self._bindings_of(own=False)

    def action_pane(self, name: str) -> None:
        """Go to a pane, wherever it is."""
        pane = self.query_one(f"#{name}", Widget)
        if self.zoomed is not None and self.zoomed is not pane:
            self._zoom(None)
        self.set_class(name in PANES[:2], "-picking")
        self.set_focus(pane)  # at once: `focus()` waits, and keys typed ahead would go to the old pane

    def action_digit(self, name: str) -> None:
        """Go to a pane by its digit."""
        self.action_pane(name)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In a text field a digit is a digit."""
        return not (action == "digit" and isinstance(self.focused, TypedInto))

    def action_zoom(self) -> None:
        """Give the focused pane the whole screen, or take it back."""
        if self.zoomed is not None:
            self._zoom(None)
        elif isinstance(self.focused, Framed):
            self._zoom(self.focused)

    def _zoom(self, pane: Widget | None) -> None:
        if self.zoomed is not None:
            self.zoomed.remove_class("-zoom")
        self.zoomed = pane
        self.set_class(pane is not None, "-zoomed")
        if pane is not None:
            pane.add_class("-zoom")
            self.set_class(pane.id in PANES[:2], "-zoomed-left")

    def action_leave(self) -> None:
        """Close what is open, innermost first."""
        if self._message:
            self.say("")
        elif self.zoomed is not None:
            self._zoom(None)
        elif self.has_class("-picking") and self.has_class("-narrow"):
            self.close_picker()
        elif isinstance(self.focused, TypedInto):
            self.action_pane("tokens")

    def close_picker(self) -> None:
        """Fold the left column again on a narrow screen."""
        if self.has_class("-picking"):
            self.remove_class("-picking")
            if self.has_class("-narrow"):
                self.set_focus(self.query_one("#input"))

    @on(events.DescendantFocus)
    def folded(self, event: events.DescendantFocus) -> None:
        """Tab into the left column opens it on a narrow screen, tab out of it folds it."""
        if self.zoomed is not None and self.zoomed is not event.widget:
            self._zoom(None)
        self.set_class(event.widget.id in PANES[:2], "-picking")

    @on(events.Click, "#fold")
    def unfold(self) -> None:
        """The fold line opens the left column."""
        self.action_pane("task")
