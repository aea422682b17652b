"""A screen closes once, and only while it is the one on top.

Keys are handed to the widget that has the focus, and wait there: a second enter of one packet reaches a dialog that
the first one has closed. Textual would then take another screen off the stack, in the end the last one.
"""

from __future__ import annotations

from functools import wraps
from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import Screen

from tui.app.terminal.last_resort import LastResort

Result = TypeVar("Result")
_dismiss = Screen.dismiss


@wraps(_dismiss)
def dismiss(self: Screen[Result], result: Result | None = None) -> AwaitComplete:
    """Close the screen with its result; nothing where it is closed or covered."""
    if isinstance(self.app, LastResort) and not (self.is_active and len(self.app.screen_stack) > 1):
        return AwaitComplete()
    return _dismiss(self, result)


Screen.dismiss = dismiss  # type: ignore[assignment, method-assign]
