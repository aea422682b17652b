"""What differs on an Apple GPU."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.checkpoints import make_checkpoint
from tests.engine.conftest import classify_here, load_here
from tui.engine import device

pytestmark = pytest.mark.skipif(not torch.backends.mps.is_available(), reason="there is no Apple GPU")


def test_auto_takes_it_and_its_logits_are_those_of_the_cpu(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, "bert", 3)
    rows = []
    for where in ("cpu", "auto"):
        loaded = load_here(folder, device=where)
        rows.append(classify_here(loaded, "A warm, funny film").row())
    assert loaded.placement.device == "mps"
    assert rows[1] == pytest.approx(rows[0], rel=1e-3, abs=1e-4)


def test_memory_is_the_devices_own(tmp_path: Path) -> None:
    load_here(make_checkpoint(tmp_path, "bert", 3), device="mps")
    memory = device.memory("mps")
    assert memory.used
    assert memory.free is not None
