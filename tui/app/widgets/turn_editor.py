"""The field for one turn of a conversation."""

from __future__ import annotations

from collections.abc import Callable

from textual import events

from tui.app.widgets.editor import EDITOR_CHARACTERS, Editor


class TurnEditor(Editor):
    """The text of one turn. Up from its first line and down from its last leave it."""

    def __init__(self, leave: Callable[[int], bool], take_back: Callable[[], None]) -> None:
        """`leave` goes some turns on, where there are; `take_back` undoes what was done to whole turns."""
        super().__init__()
        self._leave = leave
        self._take_back = take_back

    async def _on_key(self, event: events.Key) -> None:
        # Textual inserts letters here but looks for bindings only after a key has gone up to the app: of keys
        # typed ahead, letters would overtake those that go to another turn.
        active = None if event.is_printable else self.screen.active_bindings.get(event.key)
        if active is not None and active.enabled:
            event.prevent_default()
            event.stop()
            await self.app.run_action(active.binding.action, default_namespace=active.node)

    async def _on_paste(self, event: events.Paste) -> None:
        if len(self.text) + len(event.text) > EDITOR_CHARACTERS:
            event.prevent_default()
            event.stop()
            self.app.bell()

    def action_cursor_up(self, select: bool = False) -> None:
        """Up by a line, from the first one to the turn before."""
        first = self.navigator.is_first_wrapped_line(self.cursor_location)
        if select or not first or not self._leave(-1):
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Down by a line, from the last one to the next turn."""
        last = self.navigator.is_last_wrapped_line(self.cursor_location)
        if select or not last or not self._leave(1):
            super().action_cursor_down(select)

    def action_undo(self) -> None:
        """Undo the last edit of this turn, then what was done to whole turns."""
        if self.history.undo_stack:
            self.undo()
        else:
            self._take_back()
