"""What a tokenizer makes of a text as one JSON object on one line, written portion by portion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from json.encoder import encode_basestring
from typing import Any

import msgspec

from tui.headless.json_lines import dumps, plain
from tui.protocol.microscope.portions import (
    AnyPortion,
    Compared,
    DecodedText,
    End,
    NormalizedText,
    Portion,
    Tokens,
    Words,
)

_OPENINGS: dict[type[Portion], str] = {
    NormalizedText: ', "normalized": "',
    Words: '", "words": [',
    Tokens: '], "tokens": [',
    DecodedText: '], "decoded": "',
    Compared: '", "same": ',
    End: '], "seconds": ',
}
"""What stands before the portions of each sort, behind those of the sort before; they come in this order."""
_ORDER = {sort: place for place, sort in enumerate(_OPENINGS)}
_SORTS = tuple(_OPENINGS)
_SMALL = 1 << 16
"""Bytes up to which text is passed on as text."""
_ENCODER = msgspec.json.Encoder()


class ObjectWriter:
    """Writes one object after the other."""

    def __init__(self, write: Callable[[str], object], write_bytes: Callable[[memoryview], object]) -> None:
        """write_bytes: the same of what is UTF-8 already."""
        self._write = write
        self._write_bytes = write_bytes
        self._buffer = bytearray()
        self._entries = _Entries()

    def tell(self, model: str, text: str, portions: Iterable[AnyPortion], more: dict[str, Any]) -> None:
        """Write the object of one text, with what else is known of it, as its portions come."""
        self._write(f'{{"model": {encode_basestring(model)}, "input": {encode_basestring(text)}')
        begun, is_told = -1, False
        for portion in portions:
            sort = _ORDER[type(portion)]
            while begun < sort:
                begun, is_told = begun + 1, False
                self._open(_SORTS[begun], portion)
            is_told |= self._told(portion, is_told)
        for name, value in more.items():
            self._write(f", {dumps({name: value})[1:-1]}")
        self._write("}\n")

    def _open(self, sort: type[Portion], portion: AnyPortion) -> None:
        """Close what was written last and begin the next sort; portion: the one that is told next."""
        self._write(_OPENINGS[sort])
        if sort is Compared:
            same = isinstance(portion, Compared) and portion.same
            self._write(f'{"true" if same else "false"}, "differences": [')

    def _told(self, portion: AnyPortion, behind: bool) -> bool:
        """Write a portion, behind another of its sort or as the first; whether it has something to tell."""
        between = ", " if behind else ""
        match portion:
            case NormalizedText() | DecodedText():
                self._write(encode_basestring(portion.text)[1:-1])
            case Words(texts=[_, *_]):
                added = _flags(portion.added, len(portion.texts))
                self._rows(between, map(_Word, portion.texts, portion.starts, portion.ends, added))
            case Tokens(ids=[_, *_] as ids):
                self._entries.add(portion)
                columns = (
                    portion.starts,
                    portion.ends,
                    _flags(portion.special, len(ids)),
                    portion.masks,
                    portion.type_ids,
                    portion.words,
                )
                texts, spelled = self._entries.texts.__getitem__, self._entries.spelled.__getitem__
                self._rows(between, map(_Token, ids, map(texts, ids), *columns, map(spelled, ids)))
            case Compared(differences=[_, *_] as differences):
                self._write(f"{between}{', '.join(dumps(plain(each)) for each in differences)}")
            case End():
                self._write(repr(portion.seconds))
            case _:
                return False
        return True

    def _rows(self, between: str, structs: Iterable[msgspec.Struct]) -> None:
        _ENCODER.encode_into(list(structs), self._buffer)  # a list, of which the brackets are left out
        if len(self._buffer) <= _SMALL:
            self._write(between + self._buffer[1:-1].decode())
        else:
            self._write(between)
            self._write_bytes(memoryview(self._buffer)[1:-1])


class _Token(msgspec.Struct, gc=False):
    """A token's object. Rows of a portion are made and encoded in one go each: there may be millions."""

    id: int
    text: str
    start: int | None
    end: int | None
    special: bool
    mask: int
    type_id: int
    word: int | None
    bytes: str | None


class _Word(msgspec.Struct, gc=False):
    text: str
    start: int
    end: int
    added_token: bool


class _Entries:
    """What the vocabulary says of a token, by its id."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}
        self.spelled: dict[int, str | None] = {}

    def add(self, tokens: Tokens) -> None:
        """Take the entries of some tokens."""
        for entry in tokens.entries:
            self.texts[entry.id] = entry.text
            self.spelled[entry.id] = None if entry.spelled is None else entry.spelled.hex()


def _flags(places: Sequence[int], count: int) -> Iterable[bool]:
    if not places:
        return repeat(False, count)
    flags = [False] * count
    for place in places:
        flags[place] = True
    return flags
