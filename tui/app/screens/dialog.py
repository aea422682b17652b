"""A box over the playground."""

from __future__ import annotations

from typing import TypeVar

from tui.app.screens.news import Modal

Result = TypeVar("Result")


class Dialog(Modal[Result]):
    """A dialog's frame: its outermost container has the class `box`. Brings its styles when it is first shown."""

    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > .box {
        width: 90%; max-width: 100; height: auto; max-height: 90%; padding: 1 2;
        border: round $accent; background: $surface;
    }
    """
