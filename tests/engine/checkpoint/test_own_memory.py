"""Weights in use are no longer those of a file, but where they would take most of the memory."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch
from safetensors.torch import load_file

from tests.checkpoints import make_checkpoint
from tests.engine.conftest import load_here
from tui.engine.errors import EngineError

MAPS = Path("/proc/self/maps")


def pickle(folder: Path) -> Path:
    """The same weights, pickled."""
    file = folder / "model.safetensors"
    torch.save(load_file(file), folder / "pytorch_model.bin")
    file.unlink()
    return folder / "pytorch_model.bin"


@pytest.fixture
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = make_checkpoint(tmp_path / "m", "bert")
    return pickle(folder) if request.param == "pickled" else folder / "model.safetensors"


@pytest.mark.parametrize("file", ["safetensors", "pickled"], indirect=True)
def test_a_file_that_is_shortened_or_written_anew_changes_no_model_in_use(file: Path) -> None:
    model = load_here(file.parent).model
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with file.open("r+b") as opened:
        opened.write(b"\xff" * file.stat().st_size)
        opened.truncate(10)
    after = model.state_dict()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())


@pytest.mark.skipif(not MAPS.exists(), reason="the system doesn't tell what is mapped")
@pytest.mark.parametrize("file", ["safetensors", "pickled"], indirect=True)
def test_only_where_memory_is_tight_weights_stay_mapped(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for available, mapped in ((psutil.virtual_memory().available, False), (0, True)):
        with monkeypatch.context() as tight:
            tight.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=available))  # noqa: B023
            loaded = load_here(file.parent)
        assert (str(file) in MAPS.read_text()) == mapped
        del loaded


def test_a_file_that_is_shortened_while_it_is_read_is_told(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "m", "bert")
    file = folder / "model.safetensors"

    def shorten(stage: str) -> None:
        if stage == "weights":  # its header has been looked at
            with file.open("r+b") as opened:
                opened.truncate(file.stat().st_size - 1)

    with pytest.raises(EngineError) as told:
        load_here(folder, stage=shorten)
    assert "model.safetensors" in told.value.failure.detail
