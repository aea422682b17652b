"""From start and end logits to answers, by the rules of the question-answering pipeline.

Version 5 of transformers has no such pipeline; the rules are those of the last it had (4.57,
`pipelines/question_answering.py`), its float32 arithmetic and its order of equal scores included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tui.protocol.answers import Span, TokenSpan

if TYPE_CHECKING:
    from tui.protocol.tokens import Token

CLOSED = -10_000.0
"""What stands in the place of the logits of tokens that can't begin or end an answer."""
CONTEXT = 1
"""The field of the form that answers come from."""

Floats: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True)
class Head:
    """What the head says of one window. All are float32 [positions], `open_` is bool [positions]."""

    start_logits: Floats
    end_logits: Floats
    open_: NDArray[np.bool_]
    start: Floats
    """Probabilities, softmax over the open positions."""
    end: Floats

    @property
    def null_score(self) -> float:
        """How likely the answer begins and ends at the first position: there is none in this window."""
        return float(self.start[0] * self.end[0])


def read_head(start_logits: Floats, end_logits: Floats, open_: Sequence[bool]) -> Head:
    """Probabilities of the open positions; the others' logits are set to `CLOSED` first."""
    mask = np.array(open_, dtype=bool)
    start, end = closed(start_logits, mask), closed(end_logits, mask)
    return Head(start_logits, end_logits, mask, _softmax(start), _softmax(end))


def closed(logits: Floats, open_: NDArray[np.bool_]) -> Floats:
    """Logits with `CLOSED` wherever no answer can begin or end."""
    return np.where(open_, logits, np.float32(CLOSED))


def _softmax(logits: Floats) -> Floats:
    exponentials = np.exp(logits - logits.max())
    return np.asarray(exponentials / exponentials.sum())


def best_spans(head: Head, sequence: int, count: int, longest: int) -> list[TokenSpan]:
    """The `count` likeliest spans of at most `longest` tokens, without those that begin or end where it isn't open.

    A window with fewer possible spans than `count` gives impossible ones too, as the pipeline does; they score 0.
    """
    start, end = head.start.copy(), head.end.copy()
    start[0] = end[0] = 0.0
    scores = np.tril(np.triu(np.outer(start, end)), longest - 1)
    flat = scores.ravel()
    if len(flat) <= count:
        order = np.argsort(-flat)
    else:
        top = np.argpartition(-flat, count)[:count]
        order = top[np.argsort(-flat[top])]
    firsts, lasts = np.unravel_index(order, scores.shape)
    return [
        TokenSpan(
            sequence=sequence,
            first=int(first),
            last=int(last),
            score=float(scores[first, last]),
            start_logit=float(head.start_logits[first]),
            end_logit=float(head.end_logits[last]),
        )
        for first, last in zip(firsts, lasts, strict=True)
        if head.open_[first] and head.open_[last]
    ]


def characters(tokens: Sequence[Token], first: int, last: int) -> tuple[int, int]:
    """The characters of the context that a span of tokens stands for, widened to whole words."""
    word_start, word_end = _word(tokens, tokens[first].word), _word(tokens, tokens[last].word)
    if word_start is None or word_end is None:
        return tokens[first].start or 0, tokens[last].end or 0
    return word_start[0], word_end[1]


def _word(tokens: Sequence[Token], word: int | None) -> tuple[int, int] | None:
    """First character, and one past the last, of what a window holds of a word of the context."""
    held = [token for token in tokens if token.field == CONTEXT and token.word == word is not None]
    return (held[0].start or 0, held[-1].end or 0) if held else None


def merged(found: Sequence[TokenSpan], windows: Sequence[Sequence[Token]], context: str) -> list[Span]:
    """Token spans as stretches of the context; those that read the same but for case add up to one."""
    spans: dict[str, Span] = {}
    for each in found:
        start, end = characters(windows[each.sequence], each.first, each.last)
        text = context[start:end]
        known = spans.get(text.lower())
        if known is None:
            spans[text.lower()] = Span(text, start, end, each.score, (each,))
        else:
            total = known.score + each.score
            spans[text.lower()] = Span(known.text, known.start, known.end, total, (*known.found, each))
    return list(spans.values())
