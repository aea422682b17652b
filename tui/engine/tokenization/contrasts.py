"""What word-based and character-based tokenization would make of a text, beside what the tokenizer does.

The two ends between which subword tokenization lies, as chapter 2.4 of the Hugging Face course begins with them:
words need a large vocabulary and leave many unknown, characters need few entries and make long sequences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tui.engine.tokenization.comparison import within
from tui.engine.tokenization.entries import AnyTokenizer, inside, spelled
from tui.engine.tokenization.opening import OpenTokenizer
from tui.engine.tokenization.reading import RustTokenizer
from tui.engine.tokenization.whole_texts import WholeText, excerpt_of, read_whole, unknown_tokens
from tui.protocol.microscope.comparison import Contrasts, Excerpt, Split, SplitKind, SplitPiece

if TYPE_CHECKING:
    import tokenizers

Cuts = Sequence[tuple[str, tuple[int, int]]]
"""Pieces of a text with their first character and one past the last."""


def contrast(
    text: str,
    opened: OpenTokenizer,
    start: int = 0,
    count: int = 5_000,
    check: Callable[[], None] = lambda: None,
) -> Contrasts:
    """The text split at spaces, into words, by the tokenizer, and into characters.

    A word or a character is known where the vocabulary has one entry for it: where the tokenizer makes one token
    of it alone, the unknown one aside, with or without a space before. Pieces are given of `count` characters
    from `start` on. `check` is called between splits and raises to give up.
    """
    from tokenizers import pre_tokenizers

    read, excerpt = excerpt_of(text, start, count)
    tokenizer = opened.tokenizer
    whole = read_whole(tokenizer, opened.name, read)
    splits = []
    cuts: dict[SplitKind, Callable[[], Cuts]] = {
        "spaces": lambda: pre_tokenizers.WhitespaceSplit().pre_tokenize_str(read),
        "words": lambda: pre_tokenizers.BertPreTokenizer().pre_tokenize_str(read),
        "characters": lambda: [(character, (at, at + 1)) for at, character in enumerate(read)],
    }
    for kind, cut in cuts.items():
        check()
        splits.append(_split(kind, cut(), tokenizer, excerpt))
    splits.insert(2, _subwords(tokenizer, whole, read, excerpt))
    return Contrasts(excerpt, opened.name, inside(tokenizer).size, tuple(splits))


def known_words(tokenizer: AnyTokenizer, words: Iterable[str]) -> frozenset[str]:
    """Those of the words that the vocabulary has one entry for."""
    asked = list(words)
    tokenizer.try_text(" ".join(asked))
    if isinstance(tokenizer, RustTokenizer):
        return tokenizer.ask(partial(_known_to_backend, words=asked, unknown=tokenizer.unknown_id))
    return frozenset(
        word
        for word in asked
        if any(
            len(ids) == 1 and ids[0] != tokenizer.unknown_id
            for ids in (tokenizer.bare_ids(word), tokenizer.bare_ids(f" {word}"))
        )
    )


def _known_to_backend(backend: tokenizers.Tokenizer, words: list[str], unknown: int | None) -> frozenset[str]:
    known = set()
    for before in ("", " "):
        texts = [before + word for word in words]
        for word, read in zip(words, backend.encode_batch(texts, add_special_tokens=False), strict=True):
            if len(read) != 1 or read.ids[0] == unknown:
                continue
            (start, end), *_ = read.offsets
            # a token that stands for a part only is no entry for the word: the tokenizer drops the rest
            if start <= len(before) and end == len(before) + len(word):
                known.add(word)
    return frozenset(known)


def _split(kind: SplitKind, cuts: Cuts, tokenizer: AnyTokenizer, excerpt: Excerpt) -> Split:
    distinct = {piece for piece, _ in cuts}
    words = {piece for piece in distinct if not piece.isspace()}
    known = known_words(tokenizer, words)
    counted = sum(piece in words for piece, _ in cuts)
    unknown = sum(piece in words and piece not in known for piece, _ in cuts)
    end = excerpt.start + len(excerpt.text)
    pieces = tuple(
        SplitPiece(first, last, piece, piece in known if piece in words else None)
        for piece, (first, last) in cuts
        if excerpt.start <= first < end
    )
    return Split(
        kind=kind,
        pieces=pieces,
        total=len(cuts),
        distinct=len(distinct),
        unknown=unknown,
        unknown_rate=unknown / counted if counted else None,
        unknown_distinct=len(words - known),
        characters_per_piece=excerpt.characters / len(cuts) if cuts else None,
    )


def _subwords(tokenizer: AnyTokenizer, whole: WholeText, text: str, excerpt: Excerpt) -> Split:
    unknown = unknown_tokens(tokenizer, whole, text)
    first, last = within(whole, excerpt)
    pieces = []
    for place in range(first, last):
        begin, end = (0, 0) if whole.spans is None else map(int, whole.spans[place])
        entry = spelled(tokenizer, int(whole.ids[place])) or ""
        pieces.append(SplitPiece(begin, end, entry, not unknown[place]))
    total = len(whole.ids)
    return Split(
        kind="subwords",
        pieces=tuple(pieces),
        total=total,
        distinct=len(np.unique(whole.ids)),
        unknown=int(unknown.sum()),
        unknown_rate=float(unknown.sum()) / total if total else None,
        unknown_distinct=_distinct_spans(whole, unknown.nonzero()[0].tolist(), text),
        characters_per_piece=excerpt.characters / total if total else None,
    )


def _distinct_spans(whole: WholeText, places: Sequence[int], text: str) -> int | None:
    """How many different texts unknown tokens stand for; None where that can't be told."""
    if whole.spans is None:
        return None if places else 0
    return len({text[whole.spans[place][0] : whole.spans[place][1]] for place in places})
