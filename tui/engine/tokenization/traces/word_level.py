"""Word level: a word is an entry of the vocabulary, or the unknown token.

As the `tokenizers` library does it (`models/wordlevel/mod.rs`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tui.engine.tokenization.traces.unknown import unknown_id
from tui.protocol.microscope.traces import TracePiece, WordLevelTrace


@dataclass(frozen=True, slots=True)
class WordLevelModel:
    """A WordLevel model of the `tokenizers` library."""

    vocabulary: dict[str, int]
    unknown: str


def prepare(model: Mapping[str, Any]) -> WordLevelModel:
    """The lookup table of the `model` part of a tokenizer.json."""
    return WordLevelModel(model["vocab"], model["unk_token"])


def trace(model: WordLevelModel, word: str) -> WordLevelTrace:
    """Whether a word is known.

    Raises an EngineError where neither the word nor the unknown token is an entry.

    >>> model = prepare({"vocab": {"<unk>": 0, "cat": 1}, "unk_token": "<unk>"})
    >>> [(trace(model, word).known, trace(model, word).pieces[0].id) for word in ("cat", "cats")]
    [(True, 1), (False, 0)]
    """
    known = word in model.vocabulary
    entry = word if known else model.unknown
    id_ = model.vocabulary[word] if known else unknown_id(model.vocabulary, model.unknown, word)
    return WordLevelTrace(word, (TracePiece(id_, entry, 0, len(word)),), known)
