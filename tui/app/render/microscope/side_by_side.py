"""The figures of tokenizers side by side, and of words, subwords and characters, as tables and as sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from tui.app.render.glyphs import fit, pad, visible
from tui.app.render.microscope.aligned import UNKNOWN as UNKNOWN_MARK
from tui.app.render.microscope.aligned import on_its_own
from tui.app.render.numbers import UNKNOWN, count, percent
from tui.app.render.strips import bar, row

if TYPE_CHECKING:
    from tui.protocol.microscope.comparison import ComparedTokenizer, Comparison, Contrasts, Split

_NAME_LEAST, _NAME_MOST = 10, 34
_BAR_LEAST, _BAR_MOST = 8, 40
_PREVIEW_LEAST = 12


class _Figure(NamedTuple):
    """One column: its head in two lines, its cell, and how early it gives way where there is little room."""

    above: str
    head: str
    cell: Callable[[ComparedTokenizer], str]
    rank: int = 0
    left: bool = False


def _ratio(number: float | None) -> str:
    return UNKNOWN if number is None else f"{number:.2f}"


def _milliseconds(seconds: float | None) -> str:
    if seconds is None:
        return UNKNOWN
    return f"{seconds * 1000:.2f}" if seconds >= 0.0001 else f"{seconds * 1000:.4f}"


def _unknown(number: int, rate: float | None) -> str:
    return f"{number:,}" if rate in (None, 0.0) else f"{number:,} ({percent(rate)})"


_FIGURES = (
    _Figure("", "model", lambda each: fit(each.kind, 14), rank=1, left=True),
    _Figure("", "entries", lambda each: count(each.vocabulary_size), rank=3),
    _Figure("", "tokens", lambda each: count(each.total), rank=9),
    _Figure("chars/", "token", lambda each: _ratio(each.characters_per_token), rank=8),
    _Figure("bytes/", "token", lambda each: _ratio(each.bytes_per_token), rank=4),
    _Figure("", "unknown", lambda each: _unknown(each.unknown, each.unknown_rate), rank=7),
    _Figure("ms/1,000", "chars", lambda each: _milliseconds(each.seconds_per_1000_characters), rank=2),
)


def table(
    comparison: Comparison, names: Sequence[str], selected: int, width: int, style: Callable[[str], Style]
) -> list[Strip]:
    """Two lines of heads, then a row for each tokenizer; where there is little room some columns are left out."""
    tokenizers = comparison.tokenizers
    figures = list(_FIGURES)
    cells = {figure: [figure.cell(each) for each in tokenizers] for figure in figures}
    widths = {
        figure: max(map(cell_len, (figure.above, figure.head, *shown))) for figure, shown in cells.items()
    }
    longest = min(_NAME_MOST, max(cell_len(visible(name)) for name in names))
    while figures and _taken(widths, figures) + min(longest, _NAME_LEAST) > width:
        figures.remove(min(figures, key=lambda figure: figure.rank))
    name_cells = max(1, min(longest, width - _taken(widths, figures)))
    room = min(_BAR_MOST, width - _taken(widths, figures) - name_cells - 2)
    heads = pad("  tokenizer", name_cells + 2) + _cells(widths, {each: each.head for each in figures})
    drawn = room >= _BAR_LEAST
    strips = [
        row(
            (" " * (name_cells + 2) + _cells(widths, {each: each.above for each in figures}), style("muted"))
        ),
        row((heads + (fit("  tokens, drawn", room + 2) if drawn else ""), style("muted"))),
    ]
    most = max(each.total for each in tokenizers)
    for number, (name, each) in enumerate(zip(names, tokenizers, strict=True)):
        here = number == selected
        shown = f"{'▸' if here else ' '} {pad(name, name_cells)}" + _cells(
            widths, {figure: cells[figure][number] for figure in figures}
        )
        strips.append(
            row(
                (shown, style("strong" if here else "text")),
                ("  " + bar(each.total / most, room) if drawn and most else "", style("bar")),
            )
        )
    return strips


def _taken(widths: dict[_Figure, int], figures: Sequence[_Figure]) -> int:
    """Cells of the marker and the columns with a blank before each."""
    return 2 + sum(widths[figure] + 1 for figure in figures)


def _cells(widths: dict[_Figure, int], shown: dict[_Figure, str]) -> str:
    return "".join(
        " " + (pad(text, widths[figure]) if figure.left else _right(text, widths[figure]))
        for figure, text in shown.items()
    )


def _right(text: str, width: int) -> str:
    return " " * (width - cell_len(text)) + text


def about(compared: ComparedTokenizer, reference: str, comparison: Comparison) -> str:
    """All that is known of one tokenizer on this text, in sentences."""
    excerpt = comparison.excerpt
    source = f" ({reference})" if reference and reference != compared.name else ""
    said = [
        f"{compared.name}{source}: {compared.kind}, {count(compared.vocabulary_size)} entries. "
        f"{count(compared.total)} tokens for {count(excerpt.characters)} characters, {count(excerpt.bytes)} bytes"
    ]
    if compared.characters_per_token is not None:
        said.append(
            f"{_ratio(compared.characters_per_token)} characters, {_ratio(compared.bytes_per_token)} bytes a token"
        )
    unknown = f"{count(compared.unknown)} unknown ({percent(compared.unknown_rate)})"
    if compared.unknown and compared.unknown_characters is not None:
        unknown += f", which hide {_characters(compared.unknown_characters)}"
    said.append(unknown)
    if compared.dropped is None:
        said.append("what it drops is not known: it tells no offsets")
    elif compared.dropped:
        said.append(f"{_characters(compared.dropped)} dropped, besides white space")
    bare = sum(token.start is not None and token.start == token.end for token in compared.tokens)
    if bare:
        said.append(f"{bare:,} of the tokens shown stand{'s' if bare == 1 else ''} for no character")
    said.append(f"{_milliseconds(compared.seconds_per_1000_characters)} ms for 1,000 characters")
    return "; ".join(said) + "."


def _characters(number: int) -> str:
    return f"{number:,} character{'' if number == 1 else 's'}"


_SPLITS = {
    "spaces": "at spaces",
    "words": "words",
    "subwords": "subwords",
    "characters": "characters",
}
_SPLIT_HEADS = ("pieces", "distinct", "unknown", "chars/piece")


def contrast_table(
    contrasts: Contrasts, start: int, width: int, style: Callable[[str], Style]
) -> list[Strip]:
    """A row for each way to cut the text, with its first pieces from the character `start` on."""
    shown = {
        split.kind: (
            count(split.total),
            count(split.distinct),
            _unknown(split.unknown, split.unknown_rate),
            _ratio(split.characters_per_piece),
        )
        for split in contrasts.splits
    }
    names = max(map(len, _SPLITS.values())) + 2
    widths = [
        max(cell_len(text) for text in column) for column in zip(_SPLIT_HEADS, *shown.values(), strict=True)
    ]
    room = width - names - sum(widths) - len(widths) - 2
    muted, text = style("muted"), style("text")
    head = "".join(" " + _right(name, cells) for name, cells in zip(_SPLIT_HEADS, widths, strict=True))
    preview = room >= _PREVIEW_LEAST
    strips = [
        row((pad("  split", names) + head + (fit("  begins with", room + 2) if preview else ""), muted))
    ]
    for split in contrasts.splits:
        cells = "".join(
            " " + _right(cell, place) for cell, place in zip(shown[split.kind], widths, strict=True)
        )
        parts = [(pad(f"  {_SPLITS[split.kind]}", names), text), (cells, text), ("  ", text)]
        strips.append(row(*parts, *(_preview(split, start, room, style) if preview else ())))
    return strips


def _preview(split: Split, start: int, room: int, style: Callable[[str], Style]) -> list[tuple[str, Style]]:
    """The first pieces, `¿` before those that are unknown, as many as there is room for."""
    parts: list[tuple[str, Style]] = []
    for number, piece in enumerate(split.pieces):
        if piece.start < start:
            continue
        text = fit(on_its_own(piece.text), 40) or "∅"
        if piece.known is False:
            text = UNKNOWN_MARK + text
        if cell_len(text) + 2 > room:
            parts.append(("…", style("muted")))
            break
        unknown, turn = piece.known is False, "odd" if number % 2 else "even"
        parts += [(text, style("error" if unknown else turn)), ("│", style("muted"))]
        room -= cell_len(text) + 1
    return parts


def contrast_sentence(contrasts: Contrasts) -> str:
    """What the figures say about this text and this vocabulary."""
    by_kind = {split.kind: split for split in contrasts.splits}
    words, subwords, characters = (by_kind["words"], by_kind["subwords"], by_kind["characters"])
    if not characters.total:
        return "Type a text: there is nothing to cut."
    name = contrasts.name
    return " ".join(
        (
            f"Words: a sequence of {words.total:,} for which a vocabulary needs {_entries(words.distinct)}; "
            f"{_known(words, name)}.",
            f"Characters: {_entries(characters.distinct)} would do, but the sequence is {characters.total:,} long"
            f"{_times(characters, words)}; {_known(characters, name)}.",
            f"{name}'s subwords: {subwords.total:,} from {_entries(subwords.distinct)}"
            f"{_place(words, subwords, characters)}, {count(subwords.unknown)} unknown.",
        )
    )


def _entries(number: int) -> str:
    return f"{number:,} entr{'y' if number == 1 else 'ies'}"


def _known(split: Split, name: str) -> str:
    if not split.unknown:
        return f"{name} has an entry for each"
    rate = f" ({percent(split.unknown_rate)})" if split.unknown_rate is not None else ""
    return f"{name} has no single entry for {split.unknown:,} of them{rate}"


def _times(longer: Split, shorter: Split) -> str:
    return f", {longer.total / shorter.total:.1f} times as long" if shorter.total else ""


def _place(words: Split, subwords: Split, characters: Split) -> str:
    """Where the length of the subword sequence lies."""
    low, high = sorted((words.total, characters.total))
    if low < subwords.total < high:
        return ", in length between the two"
    if subwords.total == words.total:
        return ", as long as the words"
    if subwords.total == characters.total:
        return ", as long as the characters"
    return ", longer than both" if subwords.total > high else ", shorter than both"
