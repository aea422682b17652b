"""The sampling settings side by side; what they do is seen below while they are typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from tui.app.render.glyphs import visible
from tui.app.screens.news import Modal
from tui.app.widgets.entry import Entry
from tui.tasks.forms import Option
from tui.tasks.sampling import SETTINGS

if TYPE_CHECKING:
    from tui.protocol.rows import ReadoutSettings


class Sampling(Modal[None]):
    """Hands every change to `apply` at once; escape hands back what was set before."""

    BINDINGS = [
        Binding("escape", "give_up", "back", id="sampling-back", tooltip="Back, with what was set before"),
        Binding("up", "move(1)", show=False, id="sampling-up", tooltip="A step more"),
        Binding("down", "move(-1)", show=False, id="sampling-down", tooltip="A step less"),
        Binding("pageup", "move(10)", show=False, id="sampling-far-up", tooltip="Ten steps more"),
        Binding("pagedown", "move(-10)", show=False, id="sampling-far-down", tooltip="Ten steps less"),
    ]
    DEFAULT_CSS = """
    Sampling { align: center top; background: transparent; }
    Sampling > Vertical {
        width: 100%; max-width: 100; height: auto; padding: 0 1; border: round $accent; background: $surface;
    }
    Sampling Horizontal { height: 2; }
    Sampling Horizontal Vertical { width: 1fr; height: 2; padding-right: 1; }
    Sampling Input { background: $background; }
    Sampling .wrong { color: $error; }
    """

    def __init__(
        self, set_now: ReadoutSettings, first: str, apply: Callable[[ReadoutSettings], None]
    ) -> None:
        super().__init__()
        self._set_before = set_now
        self._first = first
        self._apply = apply

    def compose(self) -> ComposeResult:
        """A narrow field for each setting, and a line about the one in use."""
        with Vertical() as box:
            box.border_title = Content("Sampling settings")
            box.border_subtitle = Content("↑ ↓ change, tab next, enter keeps, esc as before")
            with Horizontal():
                for setting in SETTINGS:
                    with Vertical():
                        yield Static(setting.in_brief, markup=False)
                        yield Entry(
                            f"{getattr(self._set_before, setting.name):g}",
                            compact=True,
                            id=f"set-{setting.name}",
                        )
            yield Static("", id="sampling-about", markup=False)

    def on_mount(self) -> None:
        """Begin with the setting that was asked for."""
        self.query_one(f"#set-{self._first}", Input).focus()

    def _of(self, field: Input) -> Option:
        return next(each for each in SETTINGS if field.id == f"set-{each.name}")

    @on(events.DescendantFocus)
    def entered(self, event: events.DescendantFocus) -> None:
        """Say what the setting does."""
        if isinstance(event.widget, Input):
            self._say(_about(self._of(event.widget)))

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """Apply what is typed, or say why it can't be."""
        event.stop()
        self._take(event.input)

    def _take(self, field: Input) -> bool:
        from msgspec.structs import replace

        setting = self._of(field)
        values = {}
        try:
            for each in (setting, *SETTINGS):
                values[each.name] = each.parsed(self.query_one(f"#set-{each.name}", Input).value)
        except ValueError as error:
            self._say(f"✗ {error}", wrong=True)
            return False
        self._say(_about(setting))
        self._apply(replace(self._set_before, **values))
        return True

    def _say(self, what: str, wrong: bool = False) -> None:
        about = self.query_one("#sampling-about", Static)
        about.update(Content(visible(what)))
        about.set_class(wrong, "wrong")

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Keep what is set, unless something can't be."""
        event.stop()
        if self._take(event.input):
            self.dismiss()

    def action_move(self, by: int) -> None:
        """Some steps more or less of the setting in use."""
        if isinstance(self.focused, Input):
            setting = self._of(self.focused)
            try:
                number = setting.parsed(self.focused.value)
            except ValueError:
                number = setting.default
            self.focused.value = f"{setting.moved(float(number or 0), by):g}"

    def action_give_up(self) -> None:
        """As it was."""
        self._apply(self._set_before)
        self.dismiss()


def _about(setting: Option) -> str:
    return f"{setting.title}: {setting.about}"
