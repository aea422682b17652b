"""Every kind of answer as lines of plain text: one file for each view, named like it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, TypeAlias, cast

if TYPE_CHECKING:
    from tui.headless.reading import Reading
    from tui.views import AnyView

Lines: TypeAlias = tuple[str, list[str]]
"""The answer in one line, and what there is to see of it."""


def lines(view: AnyView, reading: Reading) -> Lines:
    """The lines of a view, by the file that is named like it."""
    module = importlib.import_module(f"{__name__}.{type(view).__name__.lower()}")
    return cast("Lines", module.lines(view, reading))
