"""The focus moves without a repaint of the whole screen: what shows the focus repaints itself.

Textual 8.2.8 declares `Screen.focused` as a reactive that repaints its screen, which takes longer than all that a
key from pane to pane changes.
"""

from __future__ import annotations

from textual.screen import Screen

vars(Screen)["focused"]._repaint = False
