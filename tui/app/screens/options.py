"""The options of a task: one line each, checked as they are typed."""

from __future__ import annotations

from collections.abc import Mapping

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from tui.app.render.glyphs import visible
from tui.app.screens.dialog import Dialog
from tui.app.widgets.entry import Entry
from tui.tasks.forms import Option, Value


class OptionsScreen(Dialog[dict[str, Value] | None]):
    """Dismissed with the options that differ from their defaults, or None for no change."""

    BINDINGS = [
        Binding("escape", "give_up", "back", id="options-back", tooltip="Back without a change"),
        Binding("down", "app.focus_next", show=False, id="options-down"),
        Binding("up", "app.focus_previous", show=False, id="options-up"),
    ]
    DEFAULT_CSS = """
    OptionsScreen Input { margin-bottom: 1; background: $background; }
    OptionsScreen .wrong { display: none; color: $error; }
    OptionsScreen .wrong.-shown { display: block; margin-bottom: 1; }
    """

    def __init__(self, task: str, options: tuple[Option, ...], set_now: Mapping[str, Value]) -> None:
        super().__init__()
        self._of_task = task
        self._options = options
        self._set_now = set_now

    def compose(self) -> ComposeResult:
        """A field for each option."""
        with VerticalScroll(id="options", classes="box", can_focus=False) as box:
            box.border_title = Content(f"Options of {self._of_task}")
            box.border_subtitle = Content("enter applies, up and down move, esc goes back")
            for option in self._options:
                said = Content.assemble((option.name, "bold"), f"  {about(option)}")
                yield Static(said, markup=False, id=f"about-{option.name}")
                yield Entry(
                    written(self._set_now.get(option.name, option.default), option.default),
                    placeholder=written(option.default, "") or "not set",
                    suggester=SuggestFromList(option.choices) if option.choices else None,
                    compact=True,
                    id=f"option-{option.name}",
                )
                yield Static("", id=f"wrong-{option.name}", classes="wrong", markup=False)
            if not self._options:
                yield Static("This task has no options.", markup=False)

    @on(events.DescendantFocus)
    def focused_on(self, event: events.DescendantFocus) -> None:
        """What a field is stands above it, in sight, too."""
        name = str(event.widget.id).removeprefix("option-")
        self.call_after_refresh(self.query_one(f"#about-{name}").scroll_visible, animate=False)

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """Say at once what can't be."""
        event.stop()
        for option in self._options:
            if event.input.id == f"option-{option.name}":
                self._check(option)

    def _check(self, option: Option) -> Value:
        """The option's value as typed. Raises nothing: what is wrong is shown, and the default returned."""
        line = self.query_one(f"#wrong-{option.name}", Static)
        try:
            value = option.parsed(self.query_one(f"#option-{option.name}", Input).value)
        except ValueError as error:
            line.update(Content(f"✗ {visible(str(error))}"))
            line.add_class("-shown")
            return option.default
        line.remove_class("-shown")
        return value

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Apply, unless something can't be."""
        event.stop()
        values = {option.name: self._check(option) for option in self._options}
        wrong = self.query(".wrong.-shown")
        if wrong:
            name = str(wrong.first().id).removeprefix("wrong-")
            self.query_one(f"#option-{name}", Input).focus()
            return
        defaults = {option.name: option.default for option in self._options}
        self.dismiss({name: value for name, value in values.items() if value != defaults[name]})

    def action_give_up(self) -> None:
        """Back without a change."""
        self.dismiss(None)


def about(option: Option) -> str:
    """What an option is and can be.

    >>> about(Option("stride", "Tokens shared", None, int, least=0))
    'Tokens shared'
    >>> about(Option("pooling", "How", "mean", choices=("mean", "first")))
    'How: mean or first'
    """
    if option.kind is bool:
        return f"{option.about}: yes or no"
    if not option.choices:
        return option.about
    return f"{option.about}: {', '.join(option.choices[:-1])} or {option.choices[-1]}"


def written(value: Value, default: Value = None) -> str:
    """A value as it is typed; nothing where that stands for the default.

    >>> written(True), written(None), written(0.5)
    ('yes', '', '0.5')
    >>> written(""), written("", default="")
    ('""', '')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == default == "":
        return ""
    return str(value) or '""'
