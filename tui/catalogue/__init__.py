"""Which checkpoints ship inside the package, and which task each of them serves."""

from __future__ import annotations

import json
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
_LIST = Path(__file__).with_name("checkpoints.json")


def built_in_names(task: str) -> tuple[str, ...]:
    """Names of the built-in checkpoints that serve a task, the one to begin with first."""
    return tuple(_built_in().get(task, ()))


def built_in_folder(name: str) -> Path | None:
    """The folder of a built-in checkpoint; None where no built-in has this name."""
    known = any(name in names for names in _built_in().values())
    return _PACKAGE / "models" / name if known else None


def example_inputs(task: str) -> tuple[dict[str, str], ...]:
    """The example inputs of the task's first built-in checkpoint, by field name; empty where it has none.

    Lists, such as candidate labels, are joined by commas, as they are typed.
    """
    for name in built_in_names(task)[:1]:
        listed = json.loads((_PACKAGE / "models" / name / "examples.json").read_text(encoding="utf-8"))
        return tuple({field: _typed(value) for field, value in entry["inputs"].items()} for entry in listed)
    return ()


def _typed(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _built_in() -> dict[str, list[str]]:
    tasks: dict[str, list[str]] = json.loads(_LIST.read_text(encoding="utf-8"))
    return tasks
