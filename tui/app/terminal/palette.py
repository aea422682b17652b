"""Textual's command palette, safe against keys that come before its list is there or after it was closed."""

from __future__ import annotations

import textual.app
import textual.command
from textual import events, on
from textual.command import CommandInput, CommandList, CommandPalette
from textual.widgets import Button, Input, OptionList

from tui.app.keys import EVERYWHERE, bindings
from tui.app.widgets.entry import Entry


class CommandEntry(CommandInput, Entry):
    """The field, as harmless as all of them."""


class Palette(CommandPalette):
    """Takes the place of Textual's; a command that was chosen is done once."""

    BINDINGS = bindings(tuple(key for key in EVERYWHERE if key.id == "restart"))

    @on(Input.Changed)
    @on(Input.Submitted)
    @on(Button.Pressed)
    @on(OptionList.OptionSelected)
    def came_late(
        self, event: Input.Changed | Input.Submitted | Button.Pressed | OptionList.OptionSelected
    ) -> None:
        """What was typed for a palette that is closed meanwhile does nothing."""
        if not self.is_active:
            event.stop()
            event.prevent_default()

    def _on_mount(self, event: events.Mount) -> None:
        if not self.is_active:  # closed before it stood
            event.prevent_default()

    def _action_command_list(self, action: str) -> None:
        if any(each._index_to_line for each in self.query(CommandList)):  # laid out, and not empty
            super()._action_command_list(action)

    def _watch__list_visible(self) -> None:
        if self.query(CommandList):  # a search may end when the palette is closed
            super()._watch__list_visible()

    async def _watch__show_busy(self) -> None:
        if self.query(CommandList) and self.query("LoadingIndicator"):
            await super()._watch__show_busy()


# Textual makes both by these names.
textual.command.CommandInput = CommandEntry  # type: ignore[misc]
textual.app.CommandPalette = Palette  # type: ignore[attr-defined]
