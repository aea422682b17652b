"""The library's own objects as columns of numbers, of which no token is an object."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING

from tui.protocol.microscope.portions import Tokens

if TYPE_CHECKING:
    import tokenizers


def empty() -> Tokens:
    """Columns to put tokens into."""
    return Tokens([], [], [], [], [], [], [])


def put_after(
    columns: Tokens,
    encoding: tokenizers.Encoding,
    start: int = 0,
    words_before: int | None = 0,
    type_id: int | None = None,
) -> None:
    """Put an object's tokens behind those of the columns.

    start: where its text begins. words_before: those of the text before it; None where they are not counted.
    type_id: of all of them, where it is not the object's own.
    """
    ids, before = encoding.ids, len(columns.ids)
    columns.ids.extend(ids)
    if ids:
        firsts, ends = zip(*encoding.offsets, strict=True)
        columns.starts.extend([start + first for first in firsts] if start else firsts)
        columns.ends.extend([start + end for end in ends] if start else ends)
    if words_before is None:
        columns.words.extend(repeat(None, len(ids)))
    elif words_before:
        columns.words.extend([None if word is None else words_before + word for word in encoding.word_ids])
    else:
        columns.words.extend(encoding.word_ids)
    columns.type_ids.extend(encoding.type_ids if type_id is None else repeat(type_id, len(ids)))
    columns.masks.extend(encoding.attention_mask)
    put = encoding.special_tokens_mask
    if any(put):
        columns.around.extend([before + place for place, is_put in enumerate(put) if is_put])


def of(encoding: tokenizers.Encoding) -> Tokens:
    """All of an object's tokens."""
    columns = empty()
    put_after(columns, encoding)
    return columns


def cut_out(tokens: Tokens, start: int, end: int) -> Tokens:
    """The tokens [start, end)."""
    return Tokens(
        ids=tokens.ids[start:end],
        starts=tokens.starts[start:end],
        ends=tokens.ends[start:end],
        words=tokens.words[start:end],
        type_ids=tokens.type_ids[start:end],
        masks=tokens.masks[start:end],
        around=[place - start for place in tokens.around if start <= place < end],
    )


def extend(columns: Tokens, more: Tokens) -> None:
    """Put tokens behind those of the columns."""
    before = len(columns.ids)
    columns.around.extend([before + place for place in more.around])
    columns.ids.extend(more.ids)
    columns.starts.extend(more.starts)
    columns.ends.extend(more.ends)
    columns.words.extend(more.words)
    columns.type_ids.extend(more.type_ids)
    columns.masks.extend(more.masks)


def own_ids(tokens: Tokens) -> list[int]:
    """The ids of the text, without those that were put around it."""
    if not tokens.around:
        return tokens.ids
    around = {*tokens.around}
    return [index for place, index in enumerate(tokens.ids) if place not in around]


def kept(tokens: Tokens, total: int, characters: int, side: str) -> tuple[int, int]:
    """The characters [start, end) of a text that were not cut away.

    total: tokens of the whole text. characters: those of the text. side: where a text that is too long is cut.
    """
    if total <= len(tokens.ids):
        return 0, characters
    around = {*tokens.around}
    own = [place for place in range(len(tokens.ids)) if place not in around]
    if side == "left":
        return (tokens.starts[own[0]] or 0) if own else characters, characters
    return 0, (tokens.ends[own[-1]] or 0) if own else 0
