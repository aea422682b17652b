"""A key: what it does, and where it stands in help and hints."""

from __future__ import annotations

from typing import NamedTuple

from textual.binding import Binding


class Key(NamedTuple):
    """One thing a key can do."""

    id: str
    """Stable name, for the config file's `[keys]` table."""
    keys: str
    """Default keys, comma separated, in Textual's spelling."""
    action: str
    label: str
    """A word or two for the hint line."""
    tooltip: str
    """One sentence for help and the command palette."""
    hint: bool = True
    """Whether the hint line shows it."""
    priority: bool = False
    """Whether it acts before the focused widget sees the key."""

    def binding(self) -> Binding:
        """The key as a Textual binding that a keymap can remap."""
        return Binding(
            self.keys,
            self.action,
            self.label,
            show=self.hint,
            tooltip=self.tooltip,
            id=self.id,
            priority=self.priority,
        )
