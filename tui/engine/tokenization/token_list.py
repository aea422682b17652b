"""Every token of a long text: read in parts where that is exact, kept as arrays, told in pages."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tui.engine.tokenization.entries import AnyTokenizer, entry_of
from tui.engine.tokenization.long_texts import cut, spans_can_be_cut
from tui.engine.tokenization.reading import RustTokenizer
from tui.engine.tokenization.whole_texts import read_whole, tells_failure, unknown_among
from tui.protocol.microscope.token_list import MOST_CHARACTERS, ListedToken

if TYPE_CHECKING:
    import tokenizers

_PART = 8_000
"""Characters of a part: small enough that a call with several keeps all cores busy."""
_AT_ONCE = 128_000
"""Characters read by one call, between which others can have their turn; a tenth of a second or so."""
_MOST_COVERED = 200
_SPACES = np.array([code for code in range(0x3001) if chr(code).isspace()], dtype=np.uint32)


class LongReading:
    """A text as a tokenizer reads it, without special tokens around it; `read_on` until it is done.

    Where no token can reach from one part of the text into the next (`long_texts.spans_can_be_cut`) it is read part
    by part, otherwise in one call. It takes 12 bytes a token besides the text.
    """

    def __init__(self, tokenizer: AnyTokenizer, tokenizer_name: str, text: str) -> None:
        self.tokenizer = tokenizer
        self.text = text[:MOST_CHARACTERS]
        self.name = blake2b(self.text.encode("utf-8", "replace"), digest_size=16).hexdigest()
        """What the text can be called by."""
        self.done = 0
        """Characters read."""
        self.seconds = 0.0
        self.unknown = 0
        self._uncovered: tuple[int, int] | None = (0, 0)
        self._tokenizer_name = tokenizer_name
        self._groups = list(self._cut_up())
        self._calls = 0
        self._ids: list[NDArray[np.uint32]] = []
        self._spans: list[NDArray[np.int32]] | None = []

    @property
    def is_whole(self) -> bool:
        """Whether all of the text was read."""
        return self.done == len(self.text)

    @property
    def total(self) -> int:
        """Tokens, as far as the text was read."""
        return sum(map(len, self._ids))

    @property
    def uncovered(self) -> int | None:
        """Characters that no token stands for; None where the tokenizer doesn't tell."""
        return self._uncovered[0] if self._uncovered is not None else None

    @property
    def uncovered_spaces(self) -> int | None:
        """Those of them that are white space."""
        return self._uncovered[1] if self._uncovered is not None else None

    def read_on(self) -> None:
        """Read some more. Raises EngineError where the tokenizer gives up."""
        if self.is_whole:
            return
        group = self._groups[self._calls]
        began = time.perf_counter()
        if group == [(0, len(self.text))]:
            whole = read_whole(self.tokenizer, self._tokenizer_name, self.text)
            self._add(self.text, 0, whole.ids, whole.spans)
        else:
            assert isinstance(self.tokenizer, RustTokenizer)
            texts = [self.text[start:end] for start, end in group]
            self.tokenizer.try_text(self.text[group[0][0] : group[-1][1]])
            with tells_failure(self._tokenizer_name):
                encodings = self.tokenizer.ask(partial(_encodings, texts=texts))
            for (start, _), text, encoding in zip(group, texts, encodings, strict=True):
                self._add(text, start, encoding.ids, encoding.offsets)
        self.done, self._calls = group[-1][1], self._calls + 1
        self.seconds += time.perf_counter() - began
        if self.is_whole:
            self._ids = [np.concatenate(self._ids)]
            self._spans = [np.concatenate(self._spans)] if self._spans is not None else None

    def rows(self, start: int, count: int) -> tuple[ListedToken, ...]:
        """`count` tokens from place `start` on, of a text that was read."""
        if not self._ids:
            return ()
        start = max(0, start)
        ids = self._ids[0][start : start + max(0, count)].tolist()
        within = None if self._spans is None else self._spans[0][start : start + len(ids)]
        spans: Sequence[tuple[int | None, int | None]] = (
            [(None, None)] * len(ids) if within is None else within.tolist()
        )
        unknown = unknown_among(self.tokenizer, np.array(ids, dtype=np.uint32), within, self.text).tolist()
        entries = {index: entry_of(self.tokenizer, index) for index in set(ids)}
        return tuple(
            ListedToken(
                place=place,
                entry=entries[index],
                start=first,
                end=end,
                covers=None
                if first is None or end is None
                else self.text[first : min(end, first + _MOST_COVERED)],
                unknown=is_unknown,
            )
            for place, (index, (first, end), is_unknown) in enumerate(
                zip(ids, spans, unknown, strict=True), start
            )
        )

    def _cut_up(self) -> Iterator[list[tuple[int, int]]]:
        """The parts, as many together as one call reads."""
        if not self.text:
            return
        parts = [(0, len(self.text))]
        if isinstance(self.tokenizer, RustTokenizer) and self.tokenizer.ask(spans_can_be_cut):
            parts = cut(self.text, 0, len(self.text), _PART)
        group: list[tuple[int, int]] = []
        for part in parts:
            group.append(part)
            if part[1] - group[0][0] >= _AT_ONCE:
                yield group
                group = []
        if group:
            yield group

    def _add(self, text: str, start: int, ids: Any, spans: Any) -> None:
        """Keep the tokens of a part that begins at character `start`; its spans count from there."""
        kept = np.asarray(ids, dtype=np.uint32)
        self._ids.append(kept)
        within = None if spans is None else np.asarray(spans, dtype=np.int32).reshape(-1, 2)
        self.unknown += int(unknown_among(self.tokenizer, kept, within, text).sum())
        if within is None or self._spans is None or self._uncovered is None:
            self._spans = self._uncovered = None
            return
        bare, spaces = _uncovered(within, text)
        self._uncovered = (self._uncovered[0] + bare, self._uncovered[1] + spaces)
        self._spans.append(within + np.int32(start))


def _encodings(backend: tokenizers.Tokenizer, texts: list[str]) -> list[tokenizers.Encoding]:
    # encode_batch lets go of the interpreter while it works
    return list(backend.encode_batch(texts, add_special_tokens=False))


def _uncovered(spans: NDArray[np.int32], text: str) -> tuple[int, int]:
    """How many characters of a text no span covers, and how many of those are white space."""
    depth = np.zeros(len(text) + 1, dtype=np.int32)
    np.add.at(depth, spans[:, 0], 1)
    np.add.at(depth, spans[:, 1], -1)
    np.cumsum(depth, out=depth)
    bare = depth[:-1] == 0
    # halves of surrogate pairs never come here: no frame can hold them
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32)
    return int(bare.sum()), int(np.isin(codes[bare], _SPACES).sum())
