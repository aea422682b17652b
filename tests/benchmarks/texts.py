"""Texts of any length for the benchmarks that hold a task against the library."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.sides import Order

_SENTENCE = "the old man took his boat out to the sea again and came back with nothing"


def order(task: str, words: int, number: int, **options: Any) -> Order:
    """What a task is asked about a text of so many words, another one for each number."""
    text = " ".join([str(number), *(_SENTENCE.split() * words)][:words])
    fields = {"text": f"{text} <mask>" if task == "fill-mask" else text}
    if task == "question-answering":
        fields = {"question": "What did the old man take?", "context": text}
    if task == "zero-shot-classification":
        fields["candidate_labels"] = "travel, sports, science"
    return {"answer": fields, "options": options} if options else {"answer": fields}
