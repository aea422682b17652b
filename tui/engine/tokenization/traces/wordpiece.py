"""WordPiece of one word: take the longest entry that the rest of the word begins with, again and again.

Schuster and Nakajima 2012, "Japanese and Korean Voice Search", with the greedy longest match of BERT (Devlin et al.
2019), as the `tokenizers` library does it (`models/wordpiece/mod.rs`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tui.engine.tokenization.traces.unknown import unknown_id
from tui.protocol.microscope.traces import Attempt, TracePiece, WordPieceTrace

MOST_ATTEMPTS = 5_050
"""So many attempts are kept: all of any word of 100 characters, which is the longest that BERT's models look at."""


@dataclass(frozen=True, slots=True)
class WordPieceModel:
    """A WordPiece model of the `tokenizers` library, ready for looking up."""

    vocabulary: dict[str, int]
    prefix: str
    unknown: str
    longest_word: int
    longest_entry: int
    """Characters of the longest entry: nothing longer can be a hit."""


def prepare(model: Mapping[str, Any]) -> WordPieceModel:
    """The lookup tables of the `model` part of a tokenizer.json."""
    vocabulary: dict[str, int] = model["vocab"]
    return WordPieceModel(
        vocabulary=vocabulary,
        prefix=model["continuing_subword_prefix"],
        unknown=model["unk_token"],
        longest_word=model["max_input_chars_per_word"],
        longest_entry=max(map(len, vocabulary), default=0),
    )


def trace(model: WordPieceModel, word: str) -> WordPieceTrace:
    """Every candidate tried for a word, longest first.

    Raises an EngineError where the word is unknown and the vocabulary has no unknown token.

    >>> model = prepare({"vocab": {"[UNK]": 0, "wait": 1, "##ing": 2}, "continuing_subword_prefix": "##",
    ...                  "unk_token": "[UNK]", "max_input_chars_per_word": 100})
    >>> [(tried.text, tried.id) for tried in trace(model, "waiting").attempts]
    [('waiting', None), ('waitin', None), ('waiti', None), ('wait', 1), ('##ing', 2)]
    >>> trace(model, "waits").stuck_at, [piece.text for piece in trace(model, "waits").pieces]
    (4, ['[UNK]'])
    """
    if len(word) > model.longest_word:
        return WordPieceTrace(word, _unknown(model, word), (), 0, model.longest_word, too_long=True)
    attempts: list[Attempt] = []
    total = 0
    pieces: list[TracePiece] = []
    start = 0
    while start < len(word):
        hit, tried = longest_match(model, word, start, MOST_ATTEMPTS - len(attempts))
        attempts += tried
        total += len(word) - start if hit is None else len(word) - hit.end + 1
        if hit is None or hit.id is None:
            return WordPieceTrace(
                word, _unknown(model, word), tuple(attempts), total, model.longest_word, stuck_at=start
            )
        pieces.append(TracePiece(hit.id, hit.text, hit.start, hit.end))
        start = hit.end
    return WordPieceTrace(word, tuple(pieces), tuple(attempts), total, model.longest_word)


def longest_match(
    model: WordPieceModel, word: str, start: int, room: int
) -> tuple[Attempt | None, list[Attempt]]:
    """The longest entry that the word goes on with, and the first `room` attempts on the way to it."""
    prefix = model.prefix if start else ""
    longest = min(len(word), start + model.longest_entry - len(prefix))
    # Candidates that no entry is as long as are told, as far as there is room, but not looked up.
    tried = [
        Attempt(start, end, prefix + word[start:end], None)
        for end in range(len(word), max(longest, start, len(word) - room), -1)
    ]
    for end in range(longest, start, -1):
        candidate = prefix + word[start:end]
        attempt = Attempt(start, end, candidate, model.vocabulary.get(candidate))
        if len(tried) < room:
            tried.append(attempt)
        if attempt.id is not None:
            return attempt, tried
    return None, tried


def _unknown(model: WordPieceModel, word: str) -> tuple[TracePiece]:
    return (TracePiece(unknown_id(model.vocabulary, model.unknown, word), model.unknown, 0, len(word)),)
