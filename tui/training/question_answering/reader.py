"""Answers questions with a checkpoint as the question-answering pipeline of transformers 4 did; 5 has none."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

_LONGEST_ANSWER = 15


@dataclass(frozen=True)
class Answer:
    """The best span of the context: characters `start`..`end`; `score` is p(start) p(end), 0..1."""

    score: float
    start: int
    end: int
    answer: str


class Reader:
    """A checkpoint loaded the plain way."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer = AutoTokenizer.from_pretrained(str(folder))
        self._model = AutoModelForQuestionAnswering.from_pretrained(str(folder)).eval()

    def answers(self, pairs: Sequence[tuple[str, str]], batch_size: int = 64) -> list[Answer]:
        """Return the answer to each (question, context); a context is cut to what the model can take.

        As in transformers 4: softmax over the context's tokens and [CLS], which takes its share but is no answer;
        at most 15 tokens; the span is widened to whole words.
        """
        order = sorted(range(len(pairs)), key=lambda index: len(pairs[index][0]) + len(pairs[index][1]))
        found: dict[int, Answer] = {}
        for at in range(0, len(order), batch_size):
            indices = order[at : at + batch_size]
            encoded = self._tokenizer(
                [pairs[index][0] for index in indices],
                [pairs[index][1] for index in indices],
                truncation="only_second",
                max_length=self._model.config.max_position_embeddings,
                padding=True,
                return_tensors="pt",
            )
            with torch.inference_mode():
                outputs = self._model(**encoded)
            for row, index in enumerate(indices):
                allowed = np.array([sequence == 1 for sequence in encoded.sequence_ids(row)])
                first, last, score = best_span(
                    outputs.start_logits[row].numpy(), outputs.end_logits[row].numpy(), allowed
                )
                encoding = encoded.encodings[row]
                start = encoding.word_to_chars(encoding.token_to_word(first), 1)[0]
                end = encoding.word_to_chars(encoding.token_to_word(last), 1)[1]
                found[index] = Answer(score, start, end, pairs[index][1][start:end])
        return [found[index] for index in range(len(pairs))]


def best_span(
    start_logits: "np.ndarray[tuple[int], np.dtype[np.float32]]",
    end_logits: "np.ndarray[tuple[int], np.dtype[np.float32]]",
    allowed: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
) -> tuple[int, int, float]:
    """Return the first and the last token of the most probable span and its probability p(start) p(end).

    Logits: float32 [tokens], `allowed`: the tokens of the context. Token 0 is [CLS].

    >>> flags = np.array([False, False, True, True])
    >>> best_span(np.array([0, 9, 2, 1], "f"), np.array([0, 0, 1, 2], "f"), flags)[:2]
    (2, 3)
    """
    counted = allowed.copy()
    counted[0] = True
    start, end = (_softmax(np.where(counted, logits, -10_000.0)) for logits in (start_logits, end_logits))
    start[0] = end[0] = 0.0
    spans = np.tril(np.triu(np.outer(start, end)), _LONGEST_ANSWER - 1)
    spans[~allowed, :] = -1.0
    first, last = np.unravel_index(int(spans.argmax()), spans.shape)
    return int(first), int(last), float(spans[first, last])


def _softmax(
    logits: "np.ndarray[tuple[int], np.dtype[np.float32]]",
) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()  # type: ignore[no-any-return]
