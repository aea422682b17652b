"""A text read as a whole by any tokenizer: ids and spans as arrays, for texts too long to make every token of."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tui.engine.tokenization.entries import AnyTokenizer, spelled
from tui.engine.tokenization.giving_up import gives_up
from tui.engine.tokenization.reading import RustTokenizer
from tui.protocol.microscope.comparison import MOST_CHARACTERS, Excerpt
from tui.protocol.tokens import Token

if TYPE_CHECKING:
    import tokenizers

_HALF = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\ufffd"
_MEASURED_SECONDS = 0.01
"""How long a short text is read again and again to find out how long it takes."""
_MOST_READINGS = 20


def excerpt_of(text: str, start: int, count: int) -> tuple[str, Excerpt]:
    """What of a text is tokenized, and its excerpt: `count` characters from `start` on, whose pieces are given."""
    read, replaced = _HALF.subn(_REPLACEMENT, text[:MOST_CHARACTERS])
    start = min(max(0, start), len(read))
    part = read[start : start + max(0, count)]
    left_out = max(0, len(text) - MOST_CHARACTERS)
    return read, Excerpt(part, start, len(read), len(read.encode()), left_out, replaced)


@dataclass(frozen=True)
class WholeText:
    """One text as a tokenizer reads it, however many tokens that are."""

    ids: NDArray[np.int64]
    spans: NDArray[np.int64] | None
    """First character and one past the last of each token, [tokens, 2]; None where the tokenizer knows none."""
    around: NDArray[np.bool_]
    """Which tokens were put around the text."""
    words: Sequence[int | None]
    """The pre-token of each token; empty where it is not known."""
    seconds: float


def read_whole(tokenizer: AnyTokenizer, name: str, text: str, special: bool = False) -> WholeText:
    """Read a text without any limit. Raises EngineError where the tokenizer gives up."""
    tokenizer.try_text(text)
    with tells_failure(name):
        if isinstance(tokenizer, RustTokenizer):
            return tokenizer.ask(partial(_by_backend, text=text, special=special))
        return tokenizer.ask(partial(_in_python, text=text, special=special))


@contextmanager
def tells_failure(name: str) -> Iterator[None]:
    """Whatever the tokenizer called `name` raises becomes an EngineError."""
    try:
        yield
    except BaseException as error:  # a library's own, of any kind; a panic of Rust code is no Exception
        raise gives_up(name, error) from error


def unknown_tokens(tokenizer: AnyTokenizer, read: WholeText, text: str) -> NDArray[np.bool_]:
    """Which tokens stand for what is not in the vocabulary; not those of an unknown token that the text spells."""
    return unknown_among(tokenizer, read.ids, read.spans, text) & ~read.around


def unknown_among(
    tokenizer: AnyTokenizer, ids: NDArray[Any], spans: NDArray[Any] | None, text: str
) -> NDArray[np.bool_]:
    """Which of the ids that a text became stand for what is not in the vocabulary. spans: as in `WholeText`."""
    unknown = tokenizer.unknown_id
    if unknown is None:
        return np.zeros(len(ids), dtype=bool)
    found: NDArray[np.bool_] = np.equal(ids, unknown)
    places = np.flatnonzero(found)
    if spans is None:
        found &= tokenizer.is_unknown(unknown, text)
    elif len(places):
        told: dict[str, bool] = {}  # few words are unknown, but often
        for place, (start, end) in zip(places.tolist(), spans[places].tolist(), strict=True):
            span = text[start:end]
            if span not in told:
                told[span] = tokenizer.is_unknown(unknown, span)
            found[place] = told[span]
    return found


def tokens_of(
    tokenizer: AnyTokenizer, read: WholeText, first: int, last: int, unknown: NDArray[np.bool_]
) -> tuple[Token, ...]:
    """The tokens from place `first` to one before `last`. unknown: as `unknown_tokens` gives it, of all of them."""
    made = []
    for place in range(first, last):
        index, around = int(read.ids[place]), bool(read.around[place])
        start, end = (None, None) if read.spans is None else map(int, read.spans[place])
        special = around or (not unknown[place] and tokenizer.is_special(index))
        word = read.words[place] if read.words else None
        made.append(Token(index, spelled(tokenizer, index) or "", start, end, special, 1, 0, word))
    return tuple(made)


def _by_backend(backend: tokenizers.Tokenizer, text: str, special: bool) -> WholeText:
    began = time.perf_counter()
    # encode_batch lets go of the interpreter while it works
    encoding = backend.encode_batch([text], add_special_tokens=special)[0]
    seconds = spent = time.perf_counter() - began
    for _ in range(_MOST_READINGS):
        if spent > _MEASURED_SECONDS:
            break
        began = time.perf_counter()
        backend.encode_batch([text], add_special_tokens=special)
        took = time.perf_counter() - began
        seconds, spent = min(seconds, took), spent + took
    return WholeText(
        ids=np.array(encoding.ids, dtype=np.int64),
        spans=np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2),
        around=np.array(encoding.special_tokens_mask, dtype=bool),
        words=encoding.word_ids,
        seconds=seconds,
    )


def _in_python(slow: Any, text: str, special: bool) -> WholeText:
    began = time.perf_counter()
    inputs = slow(text, add_special_tokens=special, return_special_tokens_mask=True, verbose=False)
    return WholeText(
        ids=np.array(inputs["input_ids"], dtype=np.int64),
        spans=None,
        around=np.array(inputs["special_tokens_mask"], dtype=bool) & special,
        words=(),
        seconds=time.perf_counter() - began,
    )
