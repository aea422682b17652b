"""What importing one side really pulls in, seen in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODEL_SIDE = {"torch", "transformers", "tokenizers", "numpy", "datasets", "huggingface_hub", "safetensors"}


def packages_after(module: str) -> set[str]:
    """Top-level packages in `sys.modules` after importing `module`."""
    program = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_screen_pulls_in_nothing_of_the_model_side() -> None:
    assert "textual" in packages_after("tui.app.app")
    assert not packages_after("tui.app.app") & MODEL_SIDE


@pytest.mark.parametrize("module", ["tui.cli", "tui.settings", "tui.app.engine_client", "tui.app.session"])
def test_what_runs_before_the_first_frame_is_lean(module: str) -> None:
    assert not packages_after(module) & (MODEL_SIDE | {"textual", "rich"})


@pytest.mark.parametrize("module", ["tui.headless.run", "tui.protocol"])
def test_the_headless_side_needs_neither_screen_nor_model(module: str) -> None:
    assert not packages_after(module) & (MODEL_SIDE | {"textual"})
