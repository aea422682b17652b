"""The README's worked examples, applied to a copy of the package and used."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TEXT = "I like this very much"


@pytest.fixture(params=["Add a task", "Add a setting"])
def example(request: pytest.FixtureRequest) -> str:
    """The change that a section of the README shows."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"^### {request.param}\n.*?^```diff\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.fixture
def changed(example: str, tmp_path: Path) -> Path:
    """A folder with a copy of the package that has the change."""
    shutil.copytree(
        ROOT / "tui", tmp_path / "tui", ignore=shutil.ignore_patterns("models", "training", "__pycache__")
    )
    (tmp_path / "tui" / "models").symlink_to(ROOT / "tui" / "models")
    apply = ["git", "apply", "--recount"]
    done = subprocess.run(apply, cwd=tmp_path, input=example, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return tmp_path


def said(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(folder), "LOGITSCOPE_STATE": str(folder / "state")}
    command = [sys.executable, "-m", "tui", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(folder: Path, *arguments: str) -> Any:
    return json.loads(said(folder, "run", "--json", *arguments))


@pytest.mark.parametrize("example", ["Add a task"], indirect=True)
def test_a_task_is_added(changed: Path) -> None:
    assert "emotion" in said(changed, "tasks")
    (expected,) = [run(changed, "sentiment-analysis", TEXT, "--function-to-apply", "sigmoid", "--top-k", "3")]
    told = run(changed, "emotion", TEXT)
    assert told["answer"] == expected["answer"]
    assert len(told["answer"]) == 2
    assert "torch.sigmoid(logits)" in said(changed, "script", "emotion", TEXT)


@pytest.mark.parametrize("example", ["Add a setting"], indirect=True)
def test_a_setting_is_added(changed: Path) -> None:
    assert "vectors[0][:3]" in said(changed, "script", "feature-extraction", TEXT)
    assert "vectors[0][:7]" in said(changed, "script", "feature-extraction", TEXT, "--shown", "7")
    assert run(changed, "feature-extraction", TEXT, "--shown", "7")["options"]["shown"] == 7
    command = [sys.executable, "-m", "tui", "run", "feature-extraction", TEXT, "--shown", "25"]
    refused = subprocess.run(command, cwd=changed, text=True, capture_output=True)
    assert refused.returncode == 2
    assert "shown is from 1 to 24, not 25" in refused.stderr
