"""What is typed before there is a field to type into is kept and taken then."""

from __future__ import annotations

from textual import events
from textual.app import App


class TypedAhead(App[None]):
    """Keys and pastes wait until `take_typed` is called; what comes later is behind them."""

    def __init__(self) -> None:
        super().__init__()
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
