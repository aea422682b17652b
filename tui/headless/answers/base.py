"""What every file of this package gives."""

from __future__ import annotations

from typing import TypeAlias

Lines: TypeAlias = tuple[str, list[str]]
"""The answer in one line, and what there is to see of it."""
