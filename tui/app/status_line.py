"""The playground's first line: what is in use, and what is waited for since when."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tui.app.render.status import Status, status_parts
from tui.app.screens.playground import Playground
from tui.app.widgets.one_line import OneLine


class StatusLine:
    """Owns what the line is made from."""

    def __init__(self, playground: Playground, task: str, doing: Callable[[], str]) -> None:
        """`doing` says what is waited for; empty when nothing is."""
        self._playground, self._doing = playground, doing
        self._since = time.monotonic()
        self.status = Status(task=task)

    def tick(self) -> None:
        """Count the seconds that something is waited for."""
        if self.status.doing:
            self.show()

    def show(self, **changes: Any) -> None:
        """Say what is known now, with some of it new."""
        doing = self._doing()
        if doing != self.status.doing:
            self._since = time.monotonic()
            changes.setdefault("progress", None)
        elapsed = time.monotonic() - self._since
        self.status = replace(self.status, doing=doing, doing_seconds=elapsed, **changes)
        # While the app ends, events still arrive and the lines are gone.
        for line in self._playground.query("#status").results(OneLine):
            line.show(*status_parts(self.status))
