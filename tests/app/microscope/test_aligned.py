"""The text in rows, and the figures, drawn from what the engine's own functions find."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style
from tokenizers import Tokenizer

from tests.app.drawn import STYLES, WIDTHS
from tests.app.driving import SAMPLE
from tests.engine.tokenization.trained import MAKERS, ROUGH, opened
from tui.app.render.microscope import aligned, side_by_side
from tui.engine.tokenization.comparison import compare
from tui.engine.tokenization.contrasts import contrast
from tui.engine.tokenization.opening import OpenTokenizer, open_tokenizer
from tui.protocol.microscope.comparison import Comparison

BUILT_IN = ("nano-sentiment", "nano-generation", "nano-ner")


@functools.cache
def built_in(name: str) -> OpenTokenizer:
    return open_tokenizer(name)


def of_built_ins(text: str, start: int = 0, count: int = 5_000) -> Comparison:
    return compare(text, [built_in(name) for name in BUILT_IN], start=start, count=count)


def drawn(comparison: Comparison, start: int, room: int, most: int = 1000) -> list[list[str]]:
    """[blocks][tokenizers]: rows as text."""
    rows = aligned.AlignedRows(comparison, STYLES.__getitem__)
    blocks = aligned.lay_out(comparison, start, room, most)
    return [["".join(text for text, _ in parts) for parts in rows.draw(block)] for block in blocks]


def cuts(comparison: Comparison, tokenizer: int) -> set[int]:
    """Where tokens with characters begin or end."""
    excerpt = comparison.excerpt
    inside = range(excerpt.start, excerpt.start + len(excerpt.text) + 1)
    return {
        place
        for token in comparison.tokenizers[tokenizer].tokens
        if token.start is not None and token.end is not None and token.start < token.end
        for place in (token.start, token.end)
        if place in inside
    }


def test_a_sentence_as_three_tokenizers_cut_it() -> None:
    rows = drawn(of_built_ins("I like this"), 0, 60)
    assert rows == [["│I│ │like│ │this│", "│I│␠·like│␠·this│", "│I│ │like│ │this│"]]


def test_shared_unknown_and_dropped_characters_are_marked() -> None:
    wordpiece, byte_level, _ = drawn(of_built_ins("é 東 a\u0301"), 0, 60)[0]
    assert byte_level == "│é×2│␠│東×3│␠·a│◌́×2│"
    assert wordpiece == "│é  │ ¿東  │ │a│░   "


def test_a_cut_inside_a_character_is_told_from_one_between_characters(tmp_path: Path) -> None:
    """The two bytes of é belong to two tokens, the second of which goes on to the next character."""
    backend = Tokenizer.from_str(
        '{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,'
        '"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":true},'
        '"post_processor":null,"decoder":null,"model":{"type":"BPE",'
        '"vocab":{"a":0,"Ã":1,"©":2,"b":3,"aÃ":4,"©b":5},"merges":["a Ã","© b"]}}'
    )
    backend.save(str(tmp_path / "tokenizer.json"))
    comparison = compare("aéb", [open_tokenizer(str(tmp_path)), built_in("nano-generation")])
    assert drawn(comparison, 0, 40)[0][0] == "│a┊é×2┊b│"


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60), st.integers(24, 80), st.integers(0, 60))
def test_cuts_stand_where_tokens_end_and_below_each_other(text: str, room: int, start: int) -> None:
    comparison = of_built_ins(text)
    excerpt = comparison.excerpt
    start = min(start, max(0, len(excerpt.text) - 1))
    blocks = aligned.lay_out(comparison, start, room, 1000)
    rows = aligned.AlignedRows(comparison, STYLES.__getitem__)
    place = start
    for block in blocks:
        drawn_rows = ["".join(part for part, _ in parts) for parts in rows.draw(block)]
        cells = 1 + sum(column.cells + 1 for column in block.columns)
        assert [cell_len(each) for each in drawn_rows] == [cells] * len(BUILT_IN)
        assert cells <= room
        assert not any(c < " " or "\x7f" <= c <= "\x9f" for each in drawn_rows for c in each)
        for number, _ in enumerate(BUILT_IN):
            before, at = block.before[number], place
            for owners, end in [
                *((c.owners[number], c.end) for c in block.columns),
                (block.after[number], -1),
            ]:
                cut = before != owners
                assert cut == (at in cuts(comparison, number)), (at, number)
                before, at = owners, end
        place = block.end
    assert place == excerpt.start + len(excerpt.text) or not blocks


def test_an_excerpt_that_begins_and_ends_inside_a_token_says_so() -> None:
    comparison = of_built_ins("I like it", start=3, count=2)
    assert drawn(comparison, 3, 40) == [["·ik·"] * 3]
    assert drawn(of_built_ins("I like"), 3, 40) == [["·ike│"] * 3]


def test_a_word_longer_than_the_line_is_cut_by_the_line_only() -> None:
    rows = drawn(of_built_ins("☃" * 3 + "x" * 150), 0, 40)
    assert len(rows) > 3
    joined = "".join(each[0].strip("│·¿") for each in rows)
    assert joined.count("x") == 150


def test_an_unknown_token_that_the_text_spells_has_no_sign() -> None:
    assert [row[0] for row in drawn(of_built_ins("a ☃ [UNK] a"), 0, 200)] == ["│a│ ¿☃  │ │[·U·N·K·]│ │a│"]


@pytest.mark.parametrize("kind", sorted(MAKERS))
@pytest.mark.parametrize("text", [*ROUGH, "a 東 b 東 [b] q", "☃"])
def test_unknown_tokens_are_those_with_the_unknown_id_that_the_text_does_not_spell(
    kind: str, text: str, tmp_path: Path
) -> None:
    each = opened(kind, tmp_path)
    unknown = each.tokenizer.unknown_id
    for count in (5_000, 12):
        comparison = compare(text, [each, built_in("nano-sentiment")], count=count)
        compared = comparison.tokenizers[0]
        expected = {
            place
            for place, token in enumerate(compared.tokens)
            if unknown is not None and token.id == unknown and not token.special
        }
        assert {*compared.unknown_places} == expected


@pytest.mark.parametrize("width", WIDTHS)
def test_the_table_keeps_to_its_width_and_the_sentence_has_every_figure(width: int) -> None:
    comparison = of_built_ins(SAMPLE + " ☃")
    strips = side_by_side.table(comparison, BUILT_IN, 1, width, STYLES.__getitem__)
    assert len(strips) == 2 + len(BUILT_IN)
    assert all(strip.cell_length <= width for strip in strips)
    assert [strip.text[0] for strip in strips[2:]] == [" ", "▸", " "]
    if width >= 76:
        assert "14.29" not in strips[2].text
        for part in ("WordPiece", "7,000", "15", "3.80", "1 (6.67 %)"):
            assert part in strips[2].text
    said = side_by_side.about(comparison.tokenizers[0], "", comparison)
    for part in ("WordPiece, 7,000 entries", "15 tokens for 57 characters, 59 bytes", "1 unknown (6.67 %)"):
        assert part in said
    assert "hide 1 character" in said


def test_an_empty_text_has_no_figures() -> None:
    comparison = of_built_ins("")
    assert drawn(comparison, 0, 40) == []
    rows = side_by_side.table(comparison, BUILT_IN, 0, 90, STYLES.__getitem__)
    assert rows[2].text.count("–") == 3
    assert side_by_side.contrast_sentence(contrast("", built_in("nano-sentiment"))).startswith("Type a text")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_contrasts_of_the_course(width: int) -> None:
    found = contrast("Let's do tokenization! ☃", built_in("nano-generation"))
    strips = side_by_side.contrast_table(found, 0, width, STYLES.__getitem__)
    if width >= 76:
        assert all(strip.cell_length <= width for strip in strips)
        assert "Let's│" in strips[1].text
        assert "Let│'│s│do│" in strips[2].text
        assert "L│e│t│'│s│␠│" in strips[4].text
    counts = {split.kind: split.total for split in found.splits}
    assert counts["spaces"] == 4
    assert counts["words"] == 7
    assert counts["characters"] == 24
    said = side_by_side.contrast_sentence(found)
    assert "a sequence of 7 for which a vocabulary needs 7 entries" in said
    assert "the sequence is 24 long, 3.4 times as long" in said
    assert f"nano-generation's subwords: {counts['subwords']} from" in said


def test_names_and_pieces_are_shown_harmlessly(tmp_path: Path) -> None:
    folder = tmp_path / "[red]\x1b[31m\u202e東"
    folder.mkdir()
    each = opened("wordpiece", folder)
    comparison = compare("a\x1b[31m \u202e\u0e31", [each, built_in("nano-sentiment")])
    names = [compared.name for compared in comparison.tokenizers]
    assert "\x1b" in names[0]
    strips = [
        *side_by_side.table(comparison, names, 0, 76, STYLES.__getitem__),
        *side_by_side.contrast_table(contrast("a\x1b \u202e\u0e31", each), 0, 76, STYLES.__getitem__),
    ]
    text = "".join(strip.text for strip in strips) + "".join(map("".join, drawn(comparison, 0, 60)))
    assert not {"\x1b", "\u202e"} & set(text)
    assert "◌\u0e31" in text


def test_the_styles_alternate_and_continue() -> None:
    rows = aligned.AlignedRows(of_built_ins("I like this"), STYLES.__getitem__)
    (block,) = aligned.lay_out(of_built_ins("I like this"), 0, 60, 1)
    styles: list[Style] = [style for _, style in rows.draw(block)[1]]
    assert [style.meta["name"] for style in styles] == [
        "muted",
        "even",
        "muted",
        "odd",
        "muted",
        "even",
        "muted",
    ]
