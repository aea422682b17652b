"""What other people's packages keep to themselves is touched in two rooms alone: a new version breaks those."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.message_pump import MessagePump

ROOT = Path(__file__).parents[2]
ROOMS = (ROOT / "tui" / "engine" / "library", ROOT / "tui" / "app" / "terminal")
PUBLIC_ALL_THE_SAME = {"_replace", "_asdict", "_fields", "_make", "_exit"}
OF_TRANSFORMERS = {"transformers", "transformers.generation", "transformers.cache_utils"}
"""Of what it has these are documented; everything deeper moves about."""


def outside(*under: str) -> list[Path]:
    """Our files, but for those in the two rooms."""
    files = [path for part in under for path in (ROOT / "tui" / part).rglob("*.py")]
    return [path for path in files if not any(path.is_relative_to(room) for room in ROOMS)]


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in PUBLIC_ALL_THE_SAME


def foreign_touches(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Private names asked of something else than the object itself, which nothing in the file defines."""
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    own |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and is_self(node.value)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and not is_self(node.value):
            of_super = isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "super"
            if node.attr not in own and not of_super:
                yield node.lineno, node.attr


def is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in {"self", "cls"}


@pytest.mark.parametrize("part", ["engine", "app", "drawing", "scripts"])
def test_nothing_private_is_touched(part: str) -> None:
    found = []
    for path in outside(part):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        where = path.relative_to(ROOT)
        found += [f"{where}:{line} {name}" for line, name in foreign_touches(tree)]
        for module in imported(tree):
            parts = module.split(".")
            if parts[0] != "tui" and any(is_private(each) for each in parts):
                found.append(f"{where} imports {module}")
            if parts[0] == "transformers" and module not in OF_TRANSFORMERS:
                found.append(f"{where} imports {module}")
    assert found == []


def test_nothing_private_of_textual_is_overridden() -> None:
    found = []
    for path in outside("app"):
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for written in ast.parse(path.read_text(encoding="utf-8")).body:
            kind = getattr(module, written.name) if isinstance(written, ast.ClassDef) else None
            if not (
                isinstance(written, ast.ClassDef) and isinstance(kind, type) and issubclass(kind, MessagePump)
            ):
                continue
            for name in (each.name for each in written.body if isinstance(each, ast.FunctionDef)):
                others = [base for base in kind.__mro__[1:] if name in vars(base)]
                theirs = any(base.__module__.startswith("textual") for base in others)
                if is_private(name) and theirs and not name.startswith("_on_"):  # handlers may be named so
                    found.append(f"{kind.__qualname__}.{name}")
    assert found == []
