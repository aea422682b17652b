"""From each token's label scores to entities, by the rules of transformers' token-classification pipeline.

The rules are those of `TokenClassificationPipeline` (`gather_pre_entities`, `aggregate`, `group_entities` and
`aggregate_overlapping_entities`), its arithmetic included: scores stay float32 and are averaged as numpy does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tui.engine.tokenization.reading import Reading, TextTokenizer

STRATEGIES = ("none", "simple", "first", "average", "max")
BY_WORDS = frozenset({"first", "average", "max"})
"""The strategies that give all tokens of a word one label."""
OUTSIDE = "O"
"""The label of tokens in no entity; the pipeline leaves it out of its answers."""

Scores: TypeAlias = NDArray[np.float32]
Join: TypeAlias = Callable[[Sequence[str]], str]


@dataclass(frozen=True)
class ScoredPiece:
    """A token with its scores."""

    entry: str
    """As the vocabulary spells it; the text itself where it is unknown to the vocabulary."""
    scores: Scores
    """[labels]."""
    position: int
    start: int | None
    end: int | None
    continues: bool
    """Whether the pipeline takes it for the continuation of the word before it."""


@dataclass(frozen=True)
class Marked:
    """A token, a word or an entity with one label."""

    label: str
    score: float
    word: str
    start: int | None
    end: int | None
    first: int
    """Position of its first token."""
    last: int


def pieces(reading: Reading, scores: Scores, text: str, tokenizer: TextTokenizer) -> list[ScoredPiece]:
    """The tokens of a text, without those that the tokenizer put around it. scores: [positions, labels]."""
    return [
        _piece(position, reading, scores[position], text, tokenizer)
        for position, added in enumerate(reading.added)
        if not added
    ]


def _piece(
    position: int, reading: Reading, scores: Scores, text: str, tokenizer: TextTokenizer
) -> ScoredPiece:
    token = reading.tokens[position]
    if token.start is None or token.end is None:
        return ScoredPiece(token.text, scores, position, None, None, continues=False)
    span = text[token.start : token.end]
    if token.id == tokenizer.unknown_id:
        return ScoredPiece(span, scores, position, token.start, token.end, continues=False)
    if tokenizer.continuing_prefix:
        continues = len(token.text) != len(span)  # the entry carries the prefix, the text does not
    else:
        continues = token.start > 0 and " " not in text[token.start - 1 : token.start + 1]
    return ScoredPiece(token.text, scores, position, token.start, token.end, continues)


def entities(strategy: str, tokens: list[ScoredPiece], labels: Sequence[str], join: Join) -> list[Marked]:
    """The entities of one window by one of `STRATEGIES`, in the order of the text, those labeled O left out."""
    if strategy in BY_WORDS:
        marked = [_word(word, strategy, labels, join) for word in _words(tokens)]
    else:
        marked = [_token(token, labels) for token in tokens]
    if strategy != "none":
        marked = [_group(run, join) for run in _runs(marked) if run[0].label != OUTSIDE]
    return [each for each in marked if each.label != OUTSIDE]


def _token(token: ScoredPiece, labels: Sequence[str]) -> Marked:
    best = int(token.scores.argmax())
    score = float(token.scores[best])
    return Marked(labels[best], score, token.entry, token.start, token.end, token.position, token.position)


def _words(tokens: list[ScoredPiece]) -> Iterator[list[ScoredPiece]]:
    word: list[ScoredPiece] = []
    for token in tokens:
        if word and not token.continues:
            yield word
            word = []
        word.append(token)
    if word:
        yield word


def _word(word: list[ScoredPiece], strategy: str, labels: Sequence[str], join: Join) -> Marked:
    """One label for all tokens of a word: that of the first, of the surest, or of the mean of their scores."""
    scores = word[0].scores
    if strategy == "max":
        scores = max(word, key=lambda token: token.scores.max()).scores
    elif strategy == "average":
        scores = _mean(np.stack([token.scores for token in word]))
    best = int(scores.argmax())
    spelled = join([token.entry for token in word])
    return Marked(
        label=labels[best],
        score=float(scores[best]),
        word=spelled,
        start=word[0].start,
        end=word[-1].end,
        first=word[0].position,
        last=word[-1].position,
    )


def _runs(marked: list[Marked]) -> Iterator[list[Marked]]:
    """Neighbors with the same tag; a B- begins an entity of its own."""
    run: list[Marked] = []
    for each in marked:
        begins, tag = each.label.startswith("B-"), tag_of(each.label)
        if run and (begins or tag != tag_of(run[-1].label)):
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def tag_of(label: str) -> str:
    """A label without its B- or I-.

    >>> tag_of("B-PER"), tag_of("I-PER"), tag_of("E-PER"), tag_of("O")
    ('PER', 'PER', 'E-PER', 'O')
    """
    return label[2:] if label.startswith(("B-", "I-")) else label


def _group(run: list[Marked], join: Join) -> Marked:
    first, last = run[0], run[-1]
    return Marked(
        label=first.label.split("-", 1)[-1],
        score=float(_mean(np.array([each.score for each in run], dtype=np.float32))),
        word=join([each.word for each in run]),
        start=first.start,
        end=last.end,
        first=first.first,
        last=last.last,
    )


def _mean(scores: Scores) -> Scores:
    """The mean over the first axis, numbers that are not known left out as long as any is."""
    return scores[0] if len(scores) == 1 or np.isnan(scores).all() else np.asarray(np.nanmean(scores, axis=0))


def without_overlaps(found: list[tuple[int, Marked]]) -> list[tuple[int, Marked]]:
    """What several windows found, each with its window: of those that overlap the longest, then the surest, stays.

    An empty entity in front is told twice, as the pipeline does it.
    """
    if not found:
        return []
    ordered = sorted(found, key=lambda each: each[1].start or 0)
    kept, best = [], ordered[0]
    for each in ordered:
        (_, mine), (_, other) = each, best
        if (other.start or 0) <= (mine.start or 0) < (other.end or 0):
            if (_length(mine), mine.score) > (_length(other), other.score):
                best = each
        else:
            kept.append(best)
            best = each
    return [*kept, best]


def _length(marked: Marked) -> int:
    return (marked.end or 0) - (marked.start or 0)
