"""What is typed before there is a field to type into is kept and taken then."""

from __future__ import annotations

from pathlib import Path

from textual import events

from tui.app.terminal.last_resort import LastResort


class TypedAhead(LastResort):
    """Keys and pastes wait until `take_typed` is called; what comes later is behind them."""

    def __init__(self, log_path: Path) -> None:
        super().__init__(log_path)
        self._typed: list[events.Event] | None = []
        """None from when they are taken at once."""

    async def on_event(self, event: events.Event) -> None:
        """Keep what a person types."""
        if self._typed is not None and isinstance(event, events.Key | events.Paste):
            self._typed.append(event)
        else:
            await super().on_event(event)

    async def take_typed(self) -> None:
        """Take what was kept, in its order."""
        typed, self._typed = self._typed, None
        for event in typed or ():
            await self.on_event(event)
