"""Two to four tokenizers on the same text, their tokens aligned by its characters."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tui.engine.errors import EngineError
from tui.engine.tokenization.entries import inside
from tui.engine.tokenization.opening import OpenTokenizer
from tui.engine.tokenization.whole_texts import WholeText, excerpt_of, read_whole, tokens_of, unknown_tokens
from tui.protocol.microscope.comparison import (
    MOST_TOKENIZERS,
    ComparedTokenizer,
    Comparison,
    Excerpt,
    Segment,
)

Span = tuple[int, int]


def compare(
    text: str,
    opened: Sequence[OpenTokenizer],
    special: bool = False,
    start: int = 0,
    count: int = 5_000,
    check: Callable[[], None] = lambda: None,
) -> Comparison:
    """What each tokenizer makes of a text, with the tokens of `count` characters from `start` on aligned.

    special: whether special tokens go around it. `check` is called between tokenizers and raises to give up.
    Raises EngineError for another number of tokenizers than two to four, and where one gives up on the text.
    """
    if not 2 <= len(opened) <= MOST_TOKENIZERS:
        raise EngineError(
            "Two to four tokenizers can be compared",
            f"{len(opened)} were given.",
            "Add another one." if len(opened) < 2 else "Take some away.",
        )
    read, excerpt = excerpt_of(text, start, count)
    end = excerpt.start + len(excerpt.text)
    compared = []
    for each in opened:
        check()
        whole = read_whole(each.tokenizer, each.name, read, special)
        compared.append(_compared(each, whole, read, excerpt))
    spans = [
        [
            (token.start, token.end)
            for token in each.tokens
            if token.start is not None and token.end is not None
        ]
        for each in compared
    ]
    return Comparison(excerpt, special, tuple(compared), align(excerpt.start, end, spans))


def align(start: int, end: int, spans: Sequence[Sequence[Span]]) -> tuple[Segment, ...]:
    """The characters from `start` to `end`, cut wherever a token of any tokenizer begins or ends.

    spans: for each tokenizer the first character of each token, and one past its last; tokens that stand for no
    character (`start == end`) cut nothing and cover nothing.

    >>> align(0, 4, [[(0, 4)], [(0, 1), (1, 3)]])  # doctest: +NORMALIZE_WHITESPACE
    (Segment(start=0, end=1, tokens=((0,), (0,))), Segment(start=1, end=3, tokens=((0,), (1,))),
     Segment(start=3, end=4, tokens=((0,), ())))
    """
    if start >= end:
        return ()
    cuts = {start, end}
    for each in spans:
        cuts.update(place for span in each if span[0] < span[1] for place in span if start < place < end)
    places = sorted(cuts)
    number = {place: index for index, place in enumerate(places)}
    covering: list[list[list[int]]] = [[[] for _ in spans] for _ in places[1:]]
    for tokenizer, each in enumerate(spans):
        for token, (first, last) in enumerate(each):
            first, last = max(first, start), min(last, end)
            if first < last:
                for segment in range(number[first], number[last]):
                    covering[segment][tokenizer].append(token)
    return tuple(
        Segment(places[index], places[index + 1], tuple(map(tuple, tokens)))
        for index, tokens in enumerate(covering)
    )


def _compared(each: OpenTokenizer, whole: WholeText, text: str, excerpt: Excerpt) -> ComparedTokenizer:
    known = inside(each.tokenizer)
    own = int((~whole.around).sum())
    unknown = unknown_tokens(each.tokenizer, whole, text)
    first, last = within(whole, excerpt)
    return ComparedTokenizer(
        name=each.name,
        kind=known.kind,
        vocabulary_size=known.size,
        total=len(whole.ids),
        first=first,
        tokens=tokens_of(each.tokenizer, whole, first, last, unknown),
        aligned=whole.spans is not None,
        characters_per_token=len(text) / own if own else None,
        bytes_per_token=excerpt.bytes / own if own else None,
        unknown=int(unknown.sum()),
        unknown_places=tuple(np.flatnonzero(unknown[first:last]).tolist()),
        unknown_rate=float(unknown.sum()) / own if own else None,
        unknown_characters=None
        if whole.spans is None
        else _covered(whole.spans[unknown], len(text)).sum().item(),
        dropped=None if whole.spans is None else _dropped(whole.spans, text),
        seconds_per_1000_characters=1000 * whole.seconds / len(text) if text else None,
    )


def within(whole: WholeText, excerpt: Excerpt) -> Span:
    """The places of the first token, and one past the last, that has characters in the excerpt.

    The special tokens around the text go with its beginning and its end.
    """
    start, end = excerpt.start, excerpt.start + len(excerpt.text)
    if whole.spans is None:
        # how far into the text a token is can't be known: as many tokens as there are characters asked for
        last = len(whole.ids) if end == excerpt.characters else min(end, len(whole.ids))
        return min(start, last), last
    inside_part = np.flatnonzero((whole.spans[:, 0] < end) & (whole.spans[:, 1] > start))
    first, last = (int(inside_part[0]), int(inside_part[-1]) + 1) if len(inside_part) else (0, 0)
    covering = whole.spans[whole.spans[:, 1] > whole.spans[:, 0]]
    if not len(covering):
        return 0, len(whole.ids)
    if start <= int(covering[:, 0].min()):
        first = 0
    if end >= int(covering[:, 1].max()):
        last = len(whole.ids)
    return min(first, last), last


def _covered(spans: NDArray[np.int64], length: int) -> NDArray[np.bool_]:
    """Which characters of a text spans cover."""
    changes = np.zeros(length + 1, dtype=np.int64)
    np.add.at(changes, spans[:, 0], 1)
    np.add.at(changes, spans[:, 1], -1)
    return np.greater(np.cumsum(changes)[:length], 0)


def _dropped(spans: NDArray[np.int64], text: str) -> int:
    bare = np.flatnonzero(~_covered(spans, len(text))).tolist()
    return sum(not text[place].isspace() for place in bare)
