"""The styles text is shown in, kept once for the whole screen.

Textual resolves component classes for each widget anew, at each change of styles; a dozen widgets with a dozen
classes each would be the largest part of the time to the first frame.
"""

from __future__ import annotations

from functools import lru_cache

from rich.style import Style
from textual.widget import Widget

NAMES = frozenset(
    {
        "text",
        "muted",
        "strong",
        "accent",
        "special",
        "bar",
        "error",
        "key",
        "cursor",
        "even",
        "odd",
        "mark",
        "unread",
    }
)
COMPONENT_CLASSES = {f"line--{name}" for name in NAMES}
"""Component classes for the screen that holds the widgets."""
_WITH_BACKGROUND = frozenset({"cursor", "even", "odd"})


def style_of(widget: Widget, name: str) -> Style:
    """The rich style called `name` on the widget's screen; without a background where the widget's is to show."""
    style = widget.screen.get_component_rich_style(f"line--{name}")
    return style if name in _WITH_BACKGROUND else _without_background(style)


def palette_of(widget: Widget) -> tuple[Style, ...]:
    """Every style of the widget's screen."""
    return tuple(style_of(widget, name) for name in NAMES)


@lru_cache(maxsize=256)
def _without_background(style: Style) -> Style:
    return Style(
        color=style.color,
        bold=style.bold,
        italic=style.italic,
        underline=style.underline,
        strike=style.strike,
    )
