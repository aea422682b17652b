"""The one table of keys: what each does, where, and by which key. Footer, help, palette and remapping read it.

No key here is one that terminals cannot tell apart (ctrl+m is enter, ctrl+i tab, ctrl+h backspace, ctrl+[
escape, ctrl+j a newline), and letters and digits act only outside text fields.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True)
class Key:
    """One thing a key can do."""

    id: str
    """Stable name, for the config file's `[keys]` table."""
    keys: str
    """Default keys, comma separated, in Textual's spelling."""
    action: str
    label: str
    """A word or two for the hint line."""
    tooltip: str
    """One sentence for help and the command palette."""
    hint: bool = True
    """Whether the hint line shows it."""
    priority: bool = False
    """Whether it acts before the focused widget sees the key."""

    def binding(self) -> Binding:
        """The key as a Textual binding that a keymap can remap."""
        return Binding(
            self.keys,
            self.action,
            self.label,
            show=self.hint,
            tooltip=self.tooltip,
            id=self.id,
            priority=self.priority,
        )


PANES = ("task", "model", "input", "tokens", "forward", "probabilities", "answer")
"""The panes' ids in the order of their numbers, from 1."""

EVERYWHERE = (
    Key("help", "f1", "app.help", "help", "Explain the focused pane and list its keys"),
    Key("palette", "ctrl+p", "app.command_palette", "commands", "Find any command by name", priority=True),
    Key("next-pane", "tab", "app.focus_next", "next pane", "Go to the next pane"),
    Key(
        "previous-pane", "shift+tab", "app.focus_previous", "previous", "Go to the previous pane", hint=False
    ),
    Key("run", "ctrl+r,f5", "app.run", "run", "Run the task on the text again, now"),
    Key("zoom", "ctrl+o", "zoom", "zoom", "Give the focused pane the whole screen, or back"),
    Key("jump", "ctrl+g", "app.jump", "jump", "Label every pane with a key and go where you say"),
    Key(
        "leave", "escape", "leave", "leave", "Leave the text field, a zoom, a picker or a message", hint=False
    ),
    Key("log", "f4", "app.log", "log", "Show the last failure in full, with the engine's log", hint=False),
    Key("restart", "f9", "app.restart_engine", "restart", "Stop the engine and start a new one", hint=False),
    Key("repaint", "ctrl+l", "app.repaint", "repaint", "Draw the whole screen again", hint=False),
    Key(
        "suspend", "ctrl+z", "app.suspend_process", "suspend", "Put Logitscope in the background", hint=False
    ),
    Key(
        "quit", "ctrl+q", "app.quit", "quit", "Leave Logitscope; the text is kept for --resume", priority=True
    ),
    Key("example", "f3", "app.example", "example", "Put the task's next example in place of the text"),
)

PANE_KEYS = tuple(
    Key(
        f"pane-{name}",
        str(number),
        f"digit('{name}')",
        name,
        f"Go to the {name} pane",
        hint=False,
        priority=True,  # keys typed ahead, in one piece, are to reach the pane that the digit names
    )
    for number, name in enumerate(PANES, start=1)
)

ROWS = (
    Key("row-up", "up,k", "row(-1)", "up", "Up by one row", hint=False),
    Key("row-down", "down,j", "row(1)", "down", "Down by one row", hint=False),
    Key("row-page-up", "pageup", "page(-1)", "page up", "Up by one screenful", hint=False),
    Key("row-page-down", "pagedown", "page(1)", "page down", "Down by one screenful", hint=False),
    Key("row-first", "home", "edge(-1)", "first", "To the first row", hint=False),
    Key("row-last", "end", "edge(1)", "last", "To the last row", hint=False),
    Key("copy", "y", "copy", "copy", "Copy the pane as plain text to the terminal's clipboard", hint=False),
)

PICK = (Key("choose", "enter,space", "choose", "choose", "Take the selected row"),)

MODEL = (
    Key("add-model", "a,plus", "add", "folder or Hub id", "Name a folder or a Hub id to load"),
    Key("cancel-load", "c", "cancel_load", "cancel loading", "Stop the load that is running"),
    Key(
        "refresh-models",
        "r",
        "refresh_list",
        "refresh",
        "Look again which checkpoints are at hand",
        hint=False,
    ),
)

TOKENS = (
    Key("token-left", "left,h", "token(-1)", "previous", "Select the token before"),
    Key("token-right", "right,l", "token(1)", "next", "Select the token after"),
    Key("token-up", "up,k", "token_line(-1)", "line up", "Select the token above", hint=False),
    Key("token-down", "down,j", "token_line(1)", "line down", "Select the token below", hint=False),
    Key("token-first", "home", "token_edge(-1)", "first", "Select the first token", hint=False),
    Key("token-last", "end", "token_edge(1)", "last", "Select the last token", hint=False),
    Key("token-rows", "d", "detail", "ids, mask, types", "Show pieces; with ids; with mask and type ids too"),
    Key("token-edit", "enter", "edit", "edit here", "Put the text cursor on the selected token"),
)

PROBABILITIES = (
    Key("step-back", "left,h", "step(-1)", "step back", "One step back towards the logits"),
    Key("step-on", "right,l", "step(1)", "step on", "One step on towards the probabilities"),
    Key("temperature-up", "plus,equals_sign", "temperature(1)", "T up", "Raise the temperature by 0.1"),
    Key("temperature-down", "minus", "temperature(-1)", "T down", "Lower the temperature by 0.1"),
    Key("reset", "0", "reset", "reset", "Temperature 1 and the pipeline's own function", hint=False),
    Key(
        "function",
        "f",
        "function",
        "softmax/sigmoid",
        "Read the logits by softmax, sigmoid, none, or the rule",
    ),
)

TABLE: dict[str, tuple[Key, ...]] = {
    "everywhere": EVERYWHERE,
    "panes": PANE_KEYS,
    "rows": ROWS,
    "pick": PICK,
    "model": MODEL,
    "tokens": TOKENS,
    "probabilities": PROBABILITIES,
}
"""Every key by the room it acts in; ids are unique over the whole table."""


def bindings(*groups: tuple[Key, ...]) -> list[BindingType]:
    """The keys of some rooms as Textual bindings."""
    return [key.binding() for group in groups for key in group]
