"""Short texts, read together by as many calls as one takes, and each told whole."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from tui.engine.tokenization import token_columns
from tui.engine.tokenization.cutting import Cutter
from tui.engine.tokenization.passages import BRIEFLY, in_brief
from tui.engine.tokenization.round_trip import compare
from tui.engine.tokenization.token_sorts import TokenSorts
from tui.protocol.microscope.portions import (
    AnyPortion,
    Compared,
    DecodedText,
    End,
    NormalizedText,
    Tokens,
    Words,
)

if TYPE_CHECKING:
    import tokenizers

    from tui.engine.tokenization.pieces import PieceMaker
    from tui.engine.tokenization.reading import RustTokenizer


class ShortTexts:
    """Tells what `RustPassage` tells of texts that one call can read. Not for two threads at once."""

    def __init__(self, reader: RustTokenizer, cutter: Cutter, make: PieceMaker, brief: bool) -> None:
        """brief: only the beginnings and the sums are wanted."""
        self._reader = reader
        self._cutter = cutter
        self._sorts = TokenSorts(reader, make)
        self._brief = brief

    def told(self, texts: Sequence[str]) -> Iterator[tuple[AnyPortion, ...]]:
        """All portions of each text. Raises EngineError where the tokenizer gives up on one."""
        tokens = self._reader.encodings(texts)
        normalized = texts
        if not self._cutter.leaves_texts:
            normalized = ["".join(encoding.tokens) for encoding in self._cutter.encodings(texts, 0)]
        words = self._cutter.encodings(texts)
        yield from map(self._one, texts, normalized, words, tokens)

    def _one(
        self, text: str, normalized: str, cut: tokenizers.Encoding, encoding: tokenizers.Encoding
    ) -> tuple[AnyPortion, ...]:
        began = time.perf_counter()
        words = Words(cut.tokens, [], [], self._cutter.added_among(cut.ids))
        if words.texts and not self._brief:
            firsts, ends = zip(*cut.offsets, strict=True)
            words.starts.extend(firsts)
            words.ends.extend(ends)
        added = {*words.added}
        tokens = token_columns.of(encoding)
        decoded = self._reader.decode(token_columns.own_ids(tokens))
        compared = self._compared(text, decoded, encoding, tokens, added)
        losses = {loss for each in compared.differences for loss in each.losses}
        size = len(tokens.ids)
        if self._brief:
            tokens = token_columns.cut_out(tokens, 0, BRIEFLY) if size > BRIEFLY else tokens
            compared = Compared(compared.same, [])
        named = self._sorts.named(tokens, added, text)
        return (
            NormalizedText(normalized),
            words,
            in_brief(named) if self._brief else named,
            DecodedText(decoded),
            compared,
            End(
                size,
                len(normalized),
                len(words.texts),
                len(decoded),
                sorted(losses),
                time.perf_counter() - began,
            ),
        )

    def _compared(
        self,
        text: str,
        decoded: str,
        encoding: tokenizers.Encoding,
        tokens: Tokens,
        added: AbstractSet[int],
    ) -> Compared:
        whole = (0, len(text))
        kept = token_columns.kept(
            tokens, self._reader.total(encoding), len(text), self._reader.truncation_side
        )
        if text == decoded:
            return Compared(kept == whole, [])
        unknown = self._sorts.unknown_spans(tokens, added)
        trip = compare(text, decoded, 0, kept, self._sorts.unknown_entry, unknown)
        return Compared(False, list(trip.differences))
