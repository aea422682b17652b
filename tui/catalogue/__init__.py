"""Which checkpoints ship inside the package, and which task each of them serves."""

from __future__ import annotations

import tomllib
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
_LIST = Path(__file__).with_name("checkpoints.toml")


def built_in_names(task: str) -> tuple[str, ...]:
    """Names of the built-in checkpoints that serve a task, the one to begin with first."""
    return tuple(tomllib.loads(_LIST.read_text(encoding="utf-8"))["built-in"].get(task, ()))


def built_in_folder(name: str) -> Path | None:
    """The folder of a built-in checkpoint; None where no built-in has this name."""
    tasks = tomllib.loads(_LIST.read_text(encoding="utf-8"))["built-in"]
    known = any(name in names for names in tasks.values())
    return _PACKAGE / "models" / name if known else None
