"""The portions of a text that a tokenizer of the `tokenizers` library reads.

Where no token can reach from one part of the text into the next (`long_texts.spans_can_be_cut`), the text is read
part by part; otherwise in one call, whose size is the library's. What is kept is the text, what its ids decode to,
and where something unknown stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from tui.engine.tokenization import token_columns
from tui.engine.tokenization.components import Component
from tui.engine.tokenization.conventions import without_gaps
from tui.engine.tokenization.cutting import Cutter
from tui.engine.tokenization.long_texts import LONG, cut, spans_can_be_cut
from tui.engine.tokenization.passages import AT_ONCE, BRIEFLY, Passage
from tui.engine.tokenization.round_trip import compare
from tui.engine.tokenization.token_sorts import Span, TokenSorts
from tui.protocol.microscope.portions import (
    AnyPortion,
    Compared,
    DecodedText,
    End,
    NormalizedText,
    Tokens,
    Words,
)
from tui.protocol.microscope.stages import Difference, Loss

if TYPE_CHECKING:
    import tokenizers

    from tui.engine.tokenization.pieces import PieceMaker
    from tui.engine.tokenization.reading import RustTokenizer

_PART = 8_000
"""Characters of a part: small enough that a call with several keeps all cores busy."""
_GROUP = 128_000
"""Characters of the parts that are read by one call."""
_TOLD_TOGETHER = _GROUP // _PART
"""Parts whose decoded texts are one portion."""
_BY_TOKEN = frozenset({"ByteLevel", "WordPiece", "Metaspace"})
"""Decoders that make the same of a token whatever stands around it, but for the first one."""


class _Back(NamedTuple):
    """A stretch of the text and what its ids decode to."""

    start: int
    end: int
    decoded: str
    unknown: list[Span]
    """Where in the text something stands that is not in the vocabulary."""


class RustPassage(Passage):
    """Gives the portions. Not for two threads at once, nor while its cutter is asked by another."""

    def __init__(
        self,
        reader: RustTokenizer,
        cutter: Cutter,
        make: PieceMaker,
        decoders: Sequence[Component],
        text: str,
        brief: bool = False,
    ) -> None:
        super().__init__(text, brief, 2 if brief else 4)
        self._reader = reader
        self._cutter = cutter
        self._sorts = TokenSorts(reader, make)
        self._by_token = len(decoders) == 1 and decoders[0].name in _BY_TOKEN
        can = len(text) >= LONG and reader.ask(spans_can_be_cut)
        self._groups = _grouped(cut(text, 0, len(text), _PART) if can else [(0, len(text))])
        self._words_before: list[int] = []
        """The words before each part, as far as they were told."""
        self._words = 0
        self._added: set[int] = set()
        """Which words are added tokens."""
        self._back: list[_Back] = []

    def portions(self) -> Iterator[AnyPortion]:
        """All of them, in order."""
        told = self._groups[:1] if self.brief else self._groups
        normalized = tokens = decoded = 0
        for group in told:
            portion = self._normalized(group)
            normalized += len(portion.text)
            yield portion
        for group in told:
            yield self._words_in(group)
        for some in self._tokens():
            tokens += len(some.ids)
            if not self.brief or tokens == len(some.ids):
                some = token_columns.cut_out(some, 0, BRIEFLY) if self.brief else some
                yield self._sorts.named(some, self._added, self.text)
        self._clean_up()
        for start in range(0, len(self._back), _TOLD_TOGETHER):
            text = "".join([back.decoded for back in self._back[start : start + _TOLD_TOGETHER]])
            if not self.brief or not decoded:
                yield DecodedText(text)
            decoded += len(text)
        losses = set[Loss]()
        for compared in self._compared():
            losses.update(loss for each in compared.differences for loss in each.losses)
            yield compared
        self.done = self.total
        all_told = told == self._groups
        yield End(
            tokens,
            normalized if all_told else None,
            self._words if all_told else None,
            decoded,
            sorted(losses),
            0.0,
        )

    # ------------------------------------------------------------------------------- before the model

    def _normalized(self, group: list[Span]) -> NormalizedText:
        texts = self._texts(group)
        if self._cutter.leaves_texts:
            normalized = "".join(texts)
        else:
            encodings = self._cutter.encodings(texts, 0)
            normalized = "".join([stretch for encoding in encodings for stretch in encoding.tokens])
        self._went_through(group)
        return NormalizedText(normalized)

    def _words_in(self, group: list[Span]) -> Words:
        words = Words([], [], [], [])
        encodings = self._cutter.encodings(self._texts(group))
        for (start, _), encoding in zip(group, encodings, strict=True):
            self._words_before.append(self._words)
            added = self._cutter.added_among(encoding.ids)
            words.added.extend([len(words.texts) + place for place in added])
            self._added.update([self._words + place for place in added])
            spelled = encoding.tokens
            words.texts.extend(spelled)
            if spelled:
                firsts, ends = zip(*encoding.offsets, strict=True)
                words.starts.extend([start + first for first in firsts] if start else firsts)
                words.ends.extend([start + end for end in ends] if start else ends)
            self._words += len(spelled)
        self._went_through(group)
        return words

    # ------------------------------------------------------------------------------------- the tokens

    def _tokens(self) -> Iterator[Tokens]:
        """The model's input, with what each stretch of it decodes to put aside."""
        is_cut = len(self._groups[0]) > 1
        if is_cut and self._reader.limit is None and self._reader.languages is None:
            yield from self._of_parts()
        else:
            yield from self._of_whole()

    def _of_whole(self) -> Iterator[Tokens]:
        """Those of a text that is read by one call, or cut to a limit."""
        encoding, total = self._reader.encoding(self.text)
        columns = token_columns.of(encoding)
        del encoding
        start, end = token_columns.kept(columns, total, len(self.text), self._reader.truncation_side)
        decoded = self._reader.decode(token_columns.own_ids(columns), clean_up=False)
        self._back.append(_Back(start, end, decoded, self._sorts.unknown_spans(columns, self._added)))
        self.done += len(self.text)
        if len(columns.ids) <= AT_ONCE:
            yield columns
            return
        for place in range(0, len(columns.ids), AT_ONCE):
            yield token_columns.cut_out(columns, place, place + AT_ONCE)

    def _of_parts(self) -> Iterator[Tokens]:
        """Those of all parts; what the post-processor puts around the first one stands around them all."""
        (first, *_) = self._texts(self._groups[0])
        (alone,) = self._reader.ask(partial(_encodings, texts=[first], special=True))
        put = alone.special_tokens_mask
        head = put.index(0) if 0 in put else len(put)
        tail = put[::-1].index(0) if 0 in put else 0
        model_s = alone.type_ids[head] if head < len(put) else 0
        around = token_columns.empty()
        token_columns.put_after(around, alone, words_before=None)
        last: int | None = None
        for group in self._groups:
            self._reader.try_text("".join(self._texts(group)), back=True)
            read, last = self._reader.ask(partial(self._read, group=group, last=last))
            columns = token_columns.cut_out(around, 0, head if group is self._groups[0] else 0)
            for encoding, start, before in read:
                token_columns.put_after(columns, encoding, start, before, model_s)
            if group is self._groups[-1]:
                token_columns.extend(columns, token_columns.cut_out(around, len(put) - tail, len(put)))
            self._went_through(group)
            yield columns

    def _read(
        self, backend: tokenizers.Tokenizer, group: list[Span], last: int | None
    ) -> tuple[list[tuple[tokenizers.Encoding, int, int | None]], int | None]:
        """The tokens of some parts, each with its first character and the words before it, and the last of all ids.

        last: the id before them, which decides how the first one is decoded.
        """
        read = []
        for (start, end), encoding in zip(group, _encodings(backend, self._texts(group)), strict=True):
            ids, number = encoding.ids, len(self._back)
            before = self._words_before[number] if number < len(self._words_before) else None
            unknown: list[Span] = []
            if self._reader.unknown_id in ids:
                unknown = [
                    (start + first, start + one_past)
                    for (first, one_past), index, word in zip(
                        encoding.offsets, ids, encoding.word_ids, strict=True
                    )
                    if self._is_unknown(index, None if word is None or before is None else before + word)
                ]
            decoded = ""
            if self._by_token and last is None:
                decoded = str(backend.decode(ids, skip_special_tokens=False))
            elif self._by_token and last is not None:
                stands_before = str(backend.decode([last], skip_special_tokens=False))
                decoded = str(backend.decode([last, *ids], skip_special_tokens=False))[len(stands_before) :]
            last = ids[-1] if ids else last
            self._back.append(_Back(start, end, decoded, unknown))
            read.append((encoding, start, before))
        return read, last

    def _is_unknown(self, index: int, word: int | None) -> bool:
        return index == self._reader.unknown_id and word not in self._added

    # ------------------------------------------------------------------------------------- the way back

    def _clean_up(self) -> None:
        """Finish what the ids decode to, of the whole at once where parts can't be decoded or cleaned alone."""
        by_part = len(self._back) == 1 or self._by_token
        if by_part and self._reader.cleans_up:
            # a place where something is cleaned up begins with a space; after a letter none can reach across
            by_part = all(back.decoded[-1:].isalnum() for back in self._back[:-1])
            if by_part:
                self._back = [back._replace(decoded=without_gaps(back.decoded)) for back in self._back]
        if not by_part:
            unknown = [span for back in self._back for span in back.unknown]
            ids = self._reader.bare_ids(self.text)
            self._back = [_Back(0, len(self.text), self._reader.decode(ids), unknown)]

    def _compared(self) -> Iterator[Compared]:
        """What did not come back, stretch by stretch; at least one portion."""
        alone = len(self._back) == 1
        same = all(self.text[back.start : back.end] == back.decoded for back in self._back) and (
            not alone or (self._back[0].start, self._back[0].end) == (0, len(self.text))
        )
        found, there = False, 0
        for back in () if same else self._back:
            first, text = (0, self.text) if alone else (back.start, self.text[back.start : back.end])
            if text != back.decoded:
                kept = back.start - first, back.end - first
                unknown = [(start - first, end - first) for start, end in back.unknown]
                trip = compare(text, back.decoded, 0, kept, self._sorts.unknown_entry, unknown)
                found = True
                yield Compared(False, [_moved(each, first, there) for each in trip.differences])
            there += len(back.decoded)
            self.done += 0 if self.brief else back.end - back.start
        if not found:
            yield Compared(same, [])

    # ------------------------------------------------------------------------------------------- the parts

    def _texts(self, group: list[Span]) -> list[str]:
        return [self.text[start:end] for start, end in group]

    def _went_through(self, group: list[Span]) -> None:
        self.done += group[-1][1] - group[0][0]


def _grouped(parts: Sequence[Span]) -> list[list[Span]]:
    """The parts, as many together as one call reads."""
    groups: list[list[Span]] = [[]]
    for part in parts or [(0, 0)]:
        if groups[-1] and groups[-1][-1][1] - groups[-1][0][0] >= _GROUP:
            groups.append([])
        groups[-1].append(part)
    return groups


def _encodings(
    backend: tokenizers.Tokenizer, texts: list[str], special: bool = False
) -> list[tokenizers.Encoding]:
    # encode_batch lets go of the interpreter while it works
    return list(backend.encode_batch(texts, add_special_tokens=special))


def _moved(each: Difference, start: int, decoded_start: int) -> Difference:
    """A difference of a stretch as one of the whole."""
    return Difference(
        each.start + start,
        each.end + start,
        each.text,
        each.decoded_start + decoded_start,
        each.decoded_end + decoded_start,
        each.decoded,
        each.losses,
    )
