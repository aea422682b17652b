"""The tools that guard the house, run as anybody runs them; their output is the failure's text."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run_tool(name: str, *arguments: str) -> None:
    tool = shutil.which(name, path=Path(sys.executable).parent) or shutil.which(name)
    assert tool, f"{name} is not installed: pip install -e '.[dev]'"
    done = subprocess.run([tool, *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(f"{name} {' '.join(arguments)}\n{done.stdout}{done.stderr}", pytrace=False)


def test_the_code_is_formatted() -> None:
    run_tool("ruff", "format", "--check", "--diff")


def test_the_code_has_no_lint() -> None:
    run_tool("ruff", "check")


@pytest.mark.timeout(900)
def test_the_types_hold() -> None:
    run_tool("mypy")


def test_the_rooms_import_only_what_they_may() -> None:
    run_tool("lint-imports")
