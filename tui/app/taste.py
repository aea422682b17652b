"""A person's theme and keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual.app import App

if TYPE_CHECKING:
    from tui.app.screens.playground import Playground


def apply_taste(
    app: App[Any], theme: str | None, refused_keys: Sequence[str], playground: Playground
) -> None:
    """Take the theme; what of theme and keys can't be used is told."""
    told = [f"[keys] {each}" for each in refused_keys]
    if theme is not None and theme not in app.available_themes:
        names = ", ".join(sorted(app.available_themes))
        told.append(f"There is no theme “{theme}”; the themes are {names}")
    elif theme is not None:
        app.theme = theme
    if told:
        playground.say(told[0] + (f" (and {len(told) - 1} more)" if told[1:] else ""))
