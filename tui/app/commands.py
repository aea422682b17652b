"""Every key's command by name, for the command palette."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.screen import Screen
from textual.widget import Widget

from tui.app.keys import PANES, TABLE

if TYPE_CHECKING:
    from tui.app.screens.frame import Frame
    from tui.app.screens.playground import Playground

Node = Widget | Screen[Any]
Run = Callable[[str, Node], Awaitable[bool]]
"""Does an action for a pane or a screen."""
_ROWS = {key.id for room in ("rows", "pick", "panes") for key in TABLE[room]}
"""Keys that move a cursor: a name in a list does that worse."""


def commands(screen: Screen[Any], playground: Playground, run: Run) -> Iterator[SystemCommand]:
    """What the keys do on the screen that the palette is opened over; over a dialog, on the playground."""
    from tui.app.screens.frame import Frame

    if isinstance(screen, Frame) and screen is not playground:
        return of_screen(screen, run)
    return of_playground(playground, run)


def of_playground(playground: Playground, run: Run) -> Iterator[SystemCommand]:
    """Commands of the playground's panes."""
    for name in PANES:
        yield SystemCommand(f"Go to the {name} pane", "", partial(playground.action_pane, name))
    for room, keys in TABLE.items():
        if room != "everywhere" and room not in PANES:
            continue
        node = playground.query_one(f"#{room}") if room in PANES else playground
        for key in keys:
            yield SystemCommand(key.tooltip, f"key {key.keys}", partial(run, key.action, node))


def of_screen(screen: Frame, run: Run) -> Iterator[SystemCommand]:
    """What the keys do that act now on another screen than the playground."""
    for node, known in ((screen.focused or screen, screen.own_keys()), (screen, screen.common_keys())):
        for bound, tooltip in known:
            if bound[0].id not in _ROWS:
                keys = ", ".join(binding.key for binding in bound)
                yield SystemCommand(tooltip, f"key {keys}", partial(run, bound[0].action, node))
