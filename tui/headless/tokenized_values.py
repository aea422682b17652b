"""What a tokenizer makes of a text as one JSON object on one line, written portion by portion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from json.encoder import encode_basestring
from typing import Any

from tui.headless.json_lines import dumps, plain
from tui.microscope.portions import (
    AnyPortion,
    Compared,
    DecodedText,
    End,
    NormalizedText,
    Portion,
    Tokens,
    Words,
)

_SECTIONS: dict[type[Portion], tuple[str, str, str]] = {
    NormalizedText: ('"normalized": "', "", '"'),
    Words: ('"words": [', ", ", "]"),
    Tokens: ('"tokens": [', ", ", "]"),
    DecodedText: ('"decoded": "', "", '"'),
    Compared: ('"differences": [', ", ", "]"),
}
"""What stands before, between and after the portions of each sort; they come in this order."""
_ORDER = tuple(_SECTIONS)


class ObjectWriter:
    """Writes one object after the other."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def tell(self, model: str, text: str, portions: Iterable[AnyPortion], more: dict[str, Any]) -> None:
        """Write the object of one text, with what else is known of it, as its portions come."""
        self._write(f'{{"model": {encode_basestring(model)}, "input": {encode_basestring(text)}')
        opened, place, entries = -1, 0, _Entries()
        for portion in portions:
            if isinstance(portion, End):
                while opened < len(_ORDER) - 1:
                    opened = self._go_on(opened, False)
                self._write(f'{_SECTIONS[_ORDER[opened]][2]}, "seconds": {portion.seconds!r}')
                continue
            while _ORDER[max(opened, 0)] is not type(portion) or opened < 0:
                opened = self._go_on(opened, isinstance(portion, Compared) and portion.same)
                place = 0
            told = _told(portion, entries)
            if told:
                self._write(_SECTIONS[type(portion)][1] + told if place else told)
                place += 1
        for name, value in more.items():
            self._write(f", {dumps({name: value})[1:-1]}")
        self._write("}\n")

    def _go_on(self, opened: int, same: bool) -> int:
        """Close a section and open the next."""
        end = "" if opened < 0 else _SECTIONS[_ORDER[opened]][2]
        following = _ORDER[opened + 1]
        came_back = f', "same": {"true" if same else "false"}' if following is Compared else ""
        self._write(f"{end}{came_back}, {_SECTIONS[following][0]}")
        return opened + 1


class _Entries:
    """What stands in a token's object before its place and after it, by its id."""

    def __init__(self) -> None:
        self.before: dict[int, str] = {}
        self.after: dict[int, str] = {}

    def add(self, tokens: Tokens) -> None:
        """Take the entries of some tokens."""
        for entry in tokens.entries:
            spelled = "null" if entry.spelled is None else f'"{entry.spelled.hex()}"'
            text = encode_basestring(entry.text)
            self.before[entry.id] = f'{{"id": {entry.id}, "text": {text}, "start": '
            self.after[entry.id] = f', "bytes": {spelled}}}'


def _told(portion: AnyPortion, entries: _Entries) -> str:
    match portion:
        case NormalizedText(text=text) | DecodedText(text=text):
            return str(encode_basestring(text)[1:-1])
        case Words():
            return _words(portion)
        case Tokens():
            entries.add(portion)
            return _tokens(portion, entries)
        case Compared(differences=differences):
            return ", ".join(dumps(plain(each)) for each in differences)
    return ""


def _words(words: Words) -> str:
    added = _flags(words.added, len(words.texts))
    return ", ".join(
        [
            f'{{"text": {encode_basestring(text)}, "start": {start}, "end": {end}, "added_token": {is_added}}}'
            for text, start, end, is_added in zip(words.texts, words.starts, words.ends, added, strict=True)
        ]
    )


def _tokens(tokens: Tokens, entries: _Entries) -> str:
    before, after = entries.before, entries.after
    columns = zip(
        tokens.ids,
        _known(tokens.starts),
        _known(tokens.ends),
        _flags(tokens.special, len(tokens.ids)),
        tokens.masks,
        tokens.type_ids,
        _known(tokens.words),
        strict=True,
    )
    return ", ".join(
        [
            f'{before[index]}{start}, "end": {end}, "special": {special}, "mask": {mask}, "type_id": {type_id}, '
            f'"word": {word}{after[index]}'
            for index, start, end, special, mask, type_id, word in columns
        ]
    )


def _known(numbers: Sequence[int | None]) -> list[int | str]:
    return ["null" if number is None else number for number in numbers]


def _flags(places: Sequence[int], count: int) -> list[str]:
    flags = ["false"] * count
    for place in places:
        flags[place] = "true"
    return flags
