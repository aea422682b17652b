"""Tiny checkpoints that label tokens, with labels that begin, go on, end and stand alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.checkpoints import edit_json, make_checkpoint

LABELS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC", "E-ORG", "MISC")


def make_ner_checkpoint(folder: Path, model_type: str, **settings: Any) -> Path:
    """Write a checkpoint into a folder and return the folder."""
    spread = {"initializer_range": 0.1}  # with more, attention drowns what tells the tokens apart
    make_checkpoint(folder, model_type, len(LABELS), head="TokenClassification", **spread | settings)
    edit_json(
        folder / "config.json",
        id2label={str(index): label for index, label in enumerate(LABELS)},
        label2id={label: index for index, label in enumerate(LABELS)},
    )
    return folder
