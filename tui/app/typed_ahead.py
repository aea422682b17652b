"""What is typed ahead waits: for something to type into, and for what was typed before it to be done."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from textual import events
from textual.errors import NoWidget
from textual.widget import Widget

from tui.app.terminal.closing import Passed
from tui.app.terminal.last_resort import LastResort

PATIENCE = 2.0
"""Seconds that what is typed waits at most for what was typed before it."""
_LOOK = 0.05
"""Seconds after which it is looked whether what is waited for is still there."""
_TYPED = (events.Key, events.Paste, events.MouseEvent)
_CLICKS = (events.MouseDown, events.MouseUp)


class Next(events.Event):
    """What was typed last is done; what waits behind it may be taken."""


class TypedAhead(LastResort):
    """Hands on keys, pastes and the mouse one after the other; keys before `take_typed` are kept until then.

    Textual gives a key to the widget that has the focus now, where it waits in a queue: of two keys in one packet
    the second would reach the dialog that the first one closes, or the screen below the one that it opens. Here a
    key is handed on once the one before has gone through its widgets, what they say of it has been heard, and the
    screen that it opened is composed. Text typed into a field is handed on at once, as it changes no screen.
    """

    def __init__(self, log_path: Path) -> None:
        super().__init__(log_path)
        self.hears_of_typing: Callable[[], object] = lambda: None
        """Called as soon as something is typed, also where it waits."""
        self._typed: deque[events.Event] = deque()
        self._takes = False
        """Whether there is something to type into."""
        self._busy = False
        """Whether what was typed last is on its way."""
        self._written: Widget | None = None
        """What was given text that nothing has waited for yet."""
        self._following: asyncio.Task[None] | None = None

    async def on_event(self, event: events.Event) -> None:
        """Keep what a person does until it is its turn."""
        if isinstance(event, Next):
            self._busy = False
            await self._take_next()
        elif not isinstance(event, _TYPED) or event.is_forwarded:
            await super().on_event(event)
        elif self._takes or not isinstance(event, events.MouseEvent):
            self._typed.append(event)
            self.hears_of_typing()
            await self._take_next()
        else:
            await super().on_event(event)

    async def take_typed(self) -> None:
        """Take what was kept, in its order."""
        self._takes = True
        await self._take_next()

    async def _take_next(self) -> None:
        while self._takes and self._typed and not self._busy and self.screen_stack:
            event, written = self._typed[0], self._written
            to = self._target(event)
            if isinstance(event, events.MouseEvent) and to.parent is None:
                self._typed.popleft()  # what it meets is removed, though still painted
                continue
            writes = isinstance(event, events.Key) and to.check_consume_key(event.key, event.character)
            if written is not None and not (writes and to is written):
                self._written = None
                self._follow(written)
                return
            self._typed.popleft()
            try:
                await super().on_event(event)
            finally:
                if writes:
                    self._written = to
                elif isinstance(event, (events.Key, events.Paste, *_CLICKS)):
                    self._follow(to)

    def _target(self, event: events.Event) -> Widget:
        """Where an event goes now."""
        if isinstance(event, events.MouseEvent):
            with contextlib.suppress(NoWidget):
                return self.get_widget_at(event.x, event.y)[0]
            return self.screen
        return self.focused or self.screen

    def _follow(self, to: Widget) -> None:
        """Let what is typed wait until all is done that was given to a widget."""
        self._busy = True
        self._following = asyncio.create_task(self._done(to))

    async def _done(self, to: Widget) -> None:
        limit = time.monotonic() + PATIENCE
        try:
            await _through(to, limit)  # the event itself, up to the app, which does what its bindings say
            await _through(to, limit)  # what widgets say of it
            if self.screen_stack:
                await _through(self.focused or self.screen, limit)  # what a closed dialog is answered with
            await self._screen_composed(limit)
        finally:
            self.post_message(Next())

    async def _screen_composed(self, limit: float) -> None:
        """Wait until the screen on top has its widgets and its focus."""
        if not self.screen_stack or self.screen.stack_updates:
            return
        composed = asyncio.Event()
        self.watch(self.screen, "stack_updates", lambda: composed.set(), init=False)
        await _heard(composed, limit - time.monotonic())


async def _through(widget: Widget, limit: float) -> None:
    """Wait until a widget and all around it, from the inside to the app, have taken what lies in their queues."""
    for pump in widget.ancestors_with_self:
        passed = asyncio.Event()
        posted = pump.post_message(Passed(passed.set))
        while posted and pump.is_running and not passed.is_set() and time.monotonic() < limit:
            await _heard(passed, _LOOK)


async def _heard(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but no longer than some seconds."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), max(0, seconds))
