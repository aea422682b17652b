"""Shared by the engine's tests: tiny checkpoints made once, and loading one without the process around it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.checkpoints import make_checkpoint
from tui.engine import tasks
from tui.engine.checkpoint import loading
from tui.engine.checkpoint.loading import LoadedCheckpoint
from tui.engine.sources import facts
from tui.engine.sources.locate import locate
from tui.engine.tasks import text_classification
from tui.engine.tasks.text_classification import Classification
from tui.settings import DtypeName

TASK = "sentiment-analysis"
TinyFolder: TypeAlias = Callable[..., Path]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyFolder:
    """Folder of a tiny checkpoint; the same arguments give the same folder. Tests must not change it."""
    made: dict[str, Path] = {}

    def folder(model_type: str = "distilbert", labels: int = 2, *arguments: Any, **settings: Any) -> Path:
        key = repr((model_type, labels, arguments, sorted(settings.items())))
        if key not in made:
            place = tmp_path_factory.mktemp(f"{model_type}-{labels}-")
            made[key] = make_checkpoint(place, model_type, labels, *arguments, **settings)
        return made[key]

    return folder


def load_here(
    reference: Path | str,
    device: str = "cpu",
    dtype: DtypeName = "auto",
    task: str = TASK,
    stage: Callable[[str], None] = lambda _: None,
) -> LoadedCheckpoint:
    """Load a local checkpoint into this process the way the engine does; `stage` is told of each part of it."""
    place = locate(str(reference))
    assert place.folder is not None
    return loading.load(
        facts.describe(place, place.folder, task),
        place.folder,
        task,
        requested_device=device,
        requested_dtype=dtype,
        tokenizer=loading.built_in_tokenizer(place.folder) if place.source == "built-in" else None,
        default_dtype_gate=threading.Lock(),
        stage=stage,
    )


def classify_here(loaded: LoadedCheckpoint, text: str) -> Classification:
    """Run one text through a loaded classifier in this process."""
    prepared = tasks.prepare(TASK, loaded.tokenizer, {"text": text}, {})
    return text_classification.forward(loaded, prepared, lambda: None)
