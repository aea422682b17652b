"""What is typed before there is something to type into is kept and taken then."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from textual import events

from tui.app.terminal.last_resort import LastResort

PATIENCE = 2.0
"""Seconds that keys wait at most for a screen that is on its way."""


class TypedAhead(LastResort):
    """Keys and pastes wait until `take_typed` is called; what comes later is behind them.

    From then on they wait for a screen that was opened and is not composed yet, and the mouse with them: what is
    typed in one packet with the key that opens a dialog is for the dialog.
    """

    def __init__(self, log_path: Path) -> None:
        super().__init__(log_path)
        self._typed: list[events.Event] | None = []
        """None from when they are taken at once."""

    async def on_event(self, event: events.Event) -> None:
        """Keep what a person types."""
        if isinstance(event, events.Key | events.Paste):
            if self._typed is not None:
                self._typed.append(event)
                return
            await self._screen_composed()
        elif isinstance(event, events.MouseEvent) and self._typed is None:
            await self._screen_composed()
        await super().on_event(event)

    async def take_typed(self) -> None:
        """Take what was kept, in its order."""
        typed, self._typed = self._typed, None
        for event in typed or ():
            await self.on_event(event)

    async def _screen_composed(self) -> None:
        """Wait until the screen on top has its widgets and its focus."""
        stack = self.screen_stack
        if not stack or stack[-1].stack_updates:
            return
        resumed = asyncio.Event()
        self.watch(stack[-1], "stack_updates", lambda: resumed.set(), init=False)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(resumed.wait(), PATIENCE)
