"""The parts of a stage as chips, and a sentence about one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.app.render.chips import Chip
from tui.app.render.glyphs import fit, visible

if TYPE_CHECKING:
    from tui.protocol.microscope.questions import Dissected
    from tui.protocol.microscope.stages import Part, Piece, RoundTrip, Stage

_WIDEST = 40


def shown(text: str) -> str:
    """Text with its spaces to be seen; an empty one as ∅."""
    return fit(text.replace(" ", "␠"), _WIDEST) or "∅"


def of_stage(stage: Stage) -> tuple[list[Chip], tuple[str, ...]]:
    """The stage's parts, pieces or strings, and what their levels are called."""
    if stage.pieces:
        return [_of_piece(piece, number) for number, piece in enumerate(stage.pieces)], _levels(stage.pieces)
    if stage.strings:
        chips = [
            Chip((shown(string),), "odd" if number % 2 else "even")
            for strings in stage.strings
            for number, string in enumerate(strings)
        ]
        return chips, ()
    return [_of_part(part, number) for number, part in enumerate(stage.parts)], ()


def count_of(stage: Stage | None, found: Dissected) -> int:
    """How many parts a stage has, or the round trip where there is no stage."""
    if stage is None:
        return sum(len(trip.differences) for trip in found.stages.round_trips)
    return len(stage.pieces) or sum(map(len, stage.strings)) or len(stage.parts)


def of_trips(found: Dissected) -> tuple[list[Chip], tuple[str, ...]]:
    """What did not come back."""
    differences = [each for trip in found.stages.round_trips for each in trip.differences]
    chips = [
        Chip((f"{shown(each.text)}→{shown(each.decoded)}", ", ".join(each.losses)), "mark")
        for each in differences
    ]
    return chips, ("became", "lost") if chips else ()


def beside(found: Dissected) -> list[str]:
    """What is to be said of the tokenizer itself, and what its tokenizer.json makes of the text."""
    said = [f"≠ {note}" for note in found.subject.notes]
    alone = found.alone
    if alone is not None:
        more = f" … {alone.total:,} in all" if alone.total > len(alone.tokens) else ""
        said.append(f"≠ {alone.sentence} {'│'.join(map(shown, alone.tokens))}{more}")
    return said


def running_text(stage: Stage) -> list[tuple[str, str]] | None:
    """The text of a stage that cuts no words, as visible parts and their styles; None for the other stages."""
    if stage.kind not in ("text", "added tokens", "normalizer"):
        return None
    parts = []
    for number, part in enumerate(stage.parts):
        text = visible(part.text) or "∅"
        style = "special" if part.id is not None else "odd" if number % 2 else "even"
        if part.was is not None:
            text, style = f"[{visible(part.was) or '∅'}→{text}]", "mark"
        parts.append((text, style if len(stage.parts) > 1 else "text"))
    return parts


def trip_sentence(found: Dissected) -> str:
    """Whether the text came back."""
    return " ".join(_trip(trip, len(found.stages.round_trips) > 1) for trip in found.stages.round_trips)


def _trip(trip: RoundTrip, several: bool) -> str:
    name = f"text {trip.field + 1}: " if several else ""
    if trip.same:
        return f"{name}the ids decode to the very same text."
    losses = sorted({loss for each in trip.differences for loss in each.losses})
    places = len(trip.differences)
    return (
        f"{name}differs in {places:,} place{'s' if places != 1 else ''} ({', '.join(losses)}): "
        f"“{fit(trip.decoded, 200)}”"
    )


def about_part(stage: Stage | None, found: Dissected, number: int) -> str:
    """All that is known of one part; empty where there is none."""
    if stage is None:
        differences = [each for trip in found.stages.round_trips for each in trip.differences]
        if number >= len(differences):
            return ""
        each = differences[number]
        return (
            f"characters {each.start}–{each.end} “{visible(each.text)}” came back as “{visible(each.decoded)}”: "
            f"{', '.join(each.losses)}"
        )
    if stage.pieces:
        return _about_piece(stage.pieces[number], number) if number < len(stage.pieces) else ""
    if stage.strings or number >= len(stage.parts):
        return ""
    return _about_part(stage.parts[number], number, len(stage.parts))


def word_of(stage: Stage | None, number: int) -> int | None:
    """Which word a part of a stage belongs to, counted over the words that the model is given."""
    if stage is None:
        return None
    if stage.pieces and number < len(stage.pieces):
        return stage.pieces[number].word
    if stage.kind != "pre-tokenizer":
        return None
    return sum(part.what != "removed" for part in stage.parts[: number + 1]) - 1


def _levels(pieces: tuple[Piece, ...]) -> tuple[str, ...]:
    names = ["piece", "id"]
    if any(piece.type_id is not None for piece in pieces):
        names.append("type")
    if any(piece.mask is not None for piece in pieces):
        names.append("mask")
    return tuple(names)


def _of_piece(piece: Piece, number: int) -> Chip:
    levels = [shown(piece.text), str(piece.id)]
    if piece.type_id is not None:
        levels.append(str(piece.type_id))
    if piece.mask is not None:
        levels.append(str(piece.mask))
    style = "special" if piece.origin in ("special", "added token") else "odd" if number % 2 else "even"
    return Chip(tuple(levels), "error" if piece.origin == "unknown" else style)


def _of_part(part: Part, number: int) -> Chip:
    text = shown(part.text)
    if part.was is not None:
        return Chip((f"{shown(part.was)}→{text}",), "muted" if part.what == "removed" else "mark")
    return Chip((text,), "special" if part.id is not None else "odd" if number % 2 else "even")


def _about_part(part: Part, number: int, total: int) -> str:
    said = f"part {number + 1:,} of {total:,}: characters {part.start}–{part.end}"
    if part.what:
        said += f", {part.what}"
    if part.was is not None:
        said += f", was “{visible(part.was)}”" if part.was else ", put in here"
    return f"{said}{f', id {part.id}' if part.id is not None else ''}"


def _about_piece(piece: Piece, number: int) -> str:
    place = (
        "characters –"
        if piece.start is None or piece.end is None
        else f"characters {piece.start}–{piece.end}"
        if piece.end > piece.start
        else "from no character"
    )
    spelled = (
        ""
        if piece.spelled is None
        else f", bytes {piece.spelled.hex(' ')}"
        if piece.spelled
        else ", no bytes"
    )
    word = "" if piece.word is None else f", word {piece.word}"
    item = f", put here by {piece.item}" if piece.item and piece.origin == "special" else ""
    return f"position {number}: {shown(piece.text)} → id {piece.id}, {piece.origin}, {place}{word}{spelled}{item}"
