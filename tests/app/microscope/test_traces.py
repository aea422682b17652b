"""How a word is cut, drawn from what the engine's own tracers find."""

from __future__ import annotations

import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.strip import Strip
from tokenizers import Tokenizer

from tests.app.drawn import STYLES, WIDTHS
from tests.engine.tokenization.traces.backends import ALL, BPE, UNIGRAM, WORDPIECE, changed, texts, words_of
from tui.app.render.microscope import words as word_row
from tui.app.render.microscope.traces import base, draw, steps
from tui.app.render.numbers import logit
from tui.engine.tokenization.traces import Tracer
from tui.protocol.microscope.stages import Part
from tui.protocol.microscope.traces import (
    AnyTrace,
    BytePairTrace,
    UnigramTrace,
    WordPieceTrace,
    stage,
)

FEW = settings(max_examples=10, deadline=None)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
RANKS = re.compile(r"rank  +(▸?[\d,–]+◂? *)+$")
SHORT = st.text("waitngthe ☃日", min_size=1, max_size=9)


@cache
def backend(name: str) -> Tokenizer:
    return ALL[name]()


@cache
def tracer(name: str) -> Tracer:
    return Tracer(backend(name))


def checked(strip: Strip, width: int) -> str:
    """A row's text: it fits, holds nothing that a terminal obeys, and names its styles."""
    assert strip.cell_length <= width, strip.text
    assert not CONTROL.search(strip.text), ascii(strip.text)
    assert all(segment.style is not None and "name" in segment.style.meta for segment in strip)
    return strip.text.rstrip()


def drawn(trace: AnyTrace, step: int, width: int = 76) -> list[str]:
    picture = draw(trace, step, width, STYLES.__getitem__)
    assert 0 <= picture.first < len(picture.rows)
    return [checked(strip, width) for strip in picture.rows]


def of_word(name: str, word: str) -> AnyTrace:
    return tracer(name).trace(word)


@pytest.mark.parametrize("name", ALL)
@FEW
@given(text=texts, width=st.sampled_from((10, *WIDTHS)), data=st.data())
def test_every_step_of_every_word_fits_and_ends_in_its_pieces(
    name: str, text: str, width: int, data: st.DataObject
) -> None:
    for word in words_of(backend(name), text)[:2]:
        trace = of_word(name, word)
        last = steps(trace)
        drawn(trace, data.draw(st.integers(0, last)), width)
        rows = drawn(trace, last, 190)
        ids = [each for row in rows if row.startswith("id ") for each in row.split()[1:]]
        assert ids == [str(piece.id) for piece in trace.pieces[: base.MOST_PIECES]]
        if last:
            assert not any(row.startswith("id ") for row in drawn(trace, 0, 190))


# ------------------------------------------------------------------------------------ byte-pair encoding


def test_a_merge_is_said_and_every_pair_has_its_rank_below() -> None:
    trace = of_word("nano-generation", "Ġwaitingly")
    assert isinstance(trace, BytePairTrace)
    ranks = [merge.rank for merge in trace.merges]
    assert drawn(trace, 3) == [
        f"   0 Ġ w a i t [i n] g l y{'i + n  rank ' + str(ranks[0]):>50}",
        f"   1 Ġ w a [i t] in g l y{'i + t  rank ' + str(ranks[1]):>51}",
        f"   2 Ġ w a it [in g] l y{'in + g  rank ' + str(ranks[2]):>52}",
        f"Merge 4 of 6: Ġ + w → Ġw, rank {ranks[3]}, the lowest of 4 pairs that have one",
        "      Ġ    w a     it    ing l  y",
        f"rank   ▸{ranks[3]}◂ – 2,436  1,462 –  70",
        "means ␠",
    ]


@pytest.mark.parametrize("name", BPE)
@FEW
@given(word=SHORT, width=st.sampled_from((20, 76)))
def test_the_ranks_of_every_moment_are_all_there(name: str, word: str, width: int) -> None:
    trace = of_word(name, word)
    assert isinstance(trace, BytePairTrace)
    for number, merge in enumerate(trace.merges):
        moment = stage(trace, number)
        expected = ["–" if rank is None else f"{rank:,}" for rank in moment.ranks]
        expected[merge.left] = f"▸{expected[merge.left]}◂"
        rows = drawn(trace, number, width)
        if not any(row.lstrip().startswith("… ") for row in rows):
            assert [each for row in rows if RANKS.match(row) for each in row.split()[1:]] == expected
        lowest = min(rank for rank in moment.ranks if rank is not None)
        said = " ".join(" ".join(rows).split())
        assert f"Merge {number + 1} of {len(trace.merges)}:" in said
        assert merge.rank == lowest
        assert f"rank {lowest:,}" in said


def test_ranks_stand_below_the_gaps() -> None:
    symbols, ranks = drawn(of_word("nano-generation", "Ġwaitingly"), 0)[2:4]
    for left, right, rank in (
        ("Ġ ", "w ", "26"),
        ("w ", "a ", "–"),
        ("a ", "i ", "1,586"),
        ("i ", "n ", "▸1◂"),
    ):
        low, high = symbols.rindex(left), symbols.index(right, symbols.rindex(left))
        begins = ranks.index(rank)
        assert low < begins + len(rank), (left, right, rank)
        assert begins <= high, (left, right, rank)


@pytest.mark.parametrize(
    ("name", "word", "told"),
    [
        ("ignoring merges", "Ġthe", ["taken whole", "ignore_merges"]),
        ("characters", "wait☃", ["1 of them the unknown token", "means             ☃"]),
        ("characters, none unknown", "w☃日", ["2 characters (☃ 日) become nothing", "neither them nor"]),
        (
            "characters, none unknown",
            "☃",
            ["Nothing of the word is left", "→ no piece at all", "becomes nothing"],
        ),
        ("bytes in need", "▁日", ["3 of them bytes of characters without an entry", "<0xE6>"]),
        ("nano-generation", "ĠæĿ±", ["means ␠   E6  9D  B1"]),
        ("nano-generation", "a", ["a single symbol, there is nothing to merge", "→ 1 piece"]),
    ],
)
def test_what_is_out_of_the_ordinary_is_told(name: str, word: str, told: list[str]) -> None:
    shown = "\n".join(drawn(of_word(name, word), 0, 120))
    for each in told:
        assert each in shown


def test_dropout_is_told() -> None:
    skipping = changed(backend("byte-level"), lambda model: model.update(dropout=0.25))
    trace = Tracer(skipping).trace("Ġwaiting")
    assert "with a chance of 0.25" in " ".join(drawn(trace, 0, 190))
    assert "with a chance" not in " ".join(drawn(of_word("byte-level", "Ġwaiting"), 0, 190))


def test_equal_ranks_are_said_to_go_from_the_left() -> None:
    rows = drawn(of_word("nano-generation", "Ġinin"), 0)
    assert "the leftmost of 2 with it" in " ".join(rows)


# ---------------------------------------------------------------------------------------------- WordPiece


def test_candidates_stand_below_their_place() -> None:
    trace = of_word("nano-sentiment", "waitingly")
    assert isinstance(trace, WordPieceTrace)
    waiting, ly = (piece.id for piece in trace.pieces)
    assert drawn(trace, 4) == [
        f"{'   1 ✗   waitingly':64}no entry",
        f"{'   2 ✗   waitingl':64}no entry",
        f"{'   3 ✓   waiting':64}id {waiting}",
        f"{'▸  4 ✓        ##ly':64}id {ly}",
        "     waitingly",
        "     ╰─────╯╰╯",
        f"Try 4 of 4: “##ly”, characters 7–9: ✓ an entry, id {ly}; the word is cut to",
        "its end.",
        "→ 2 pieces",
        "piece waiting ##ly",
        f"id    {waiting:<7} {ly}",
        "from  0–7     7–9",
    ]


@pytest.mark.parametrize("name", WORDPIECE)
@FEW
@given(word=SHORT)
def test_hits_and_misses_are_told_apart_without_color(name: str, word: str) -> None:
    trace = of_word(name, word)
    assert isinstance(trace, WordPieceTrace)
    rows = [row for row in drawn(trace, len(trace.attempts), 120) if re.match(r"[▸ ] *\d+ [✓✗] ", row)]
    assert ["✓" in row for row in rows] == [tried.id is not None for tried in trace.attempts]
    assert [row.startswith("▸") for row in rows] == [False] * (len(rows) - 1) + [True] * bool(rows)
    assert [int(row.rpartition("id ")[2]) for row in rows if "✓" in row] == [
        tried.id for tried in trace.attempts if tried.id is not None
    ]


def test_an_unknown_word_says_why() -> None:
    stuck = " ".join(drawn(of_word("nano-sentiment", "x☃"), 3))
    assert "nothing shorter is left to try: the whole word becomes [UNK], what was found" in stuck
    long = " ".join(drawn(of_word("short words", "waitings"), 0))
    assert "8 characters, and the model looks at none of more than 6" in long


# ------------------------------------------------------------------------------------------------ Unigram


@pytest.mark.parametrize("name", UNIGRAM)
@FEW
@given(word=SHORT)
def test_the_winner_of_every_place_is_marked_with_its_sum(name: str, word: str) -> None:
    trace = of_word(name, word)
    assert isinstance(trace, UnigramTrace)
    for place in range(1, len(word) + 1):
        rows = drawn(trace, place, 120)
        head = next(number for number, row in enumerate(rows) if "= score" in row)
        arriving = [node for node in trace.nodes if node.end == place]
        table = rows[head + 1 : head + 1 + len(arriving)]
        for row, node in zip(table, arriving, strict=True):
            score = trace.best[node.start] + node.log_probability
            shown = [
                logit(node.log_probability),
                logit(trace.best[node.start]),
                f"@{node.start}",
                logit(score),
            ]
            assert " ".join(shown) in " ".join(row.split())
            won = trace.arrivals[place] == trace.nodes.index(node)
            assert row.startswith("▸") == won == row.endswith("  best")
            assert won or score <= trace.best[place]


def test_the_end_tells_the_runners_up_and_how_far_they_are_behind() -> None:
    trace = of_word("unigram", "▁waiting")
    assert isinstance(trace, UnigramTrace)
    rows = drawn(trace, len(trace.word), 120)
    for number, way in enumerate(trace.segmentations):
        cuts = "│".join(trace.word[trace.nodes[place].start : trace.nodes[place].end] for place in way.nodes)
        row = next(row for row in rows if f"{number + 1} {cuts} " in row)
        assert logit(way.log_probability) in row
        assert row.startswith("▸") == (number == 0) == row.endswith("taken")
        assert way.factor is not None
        if number:
            assert f"{logit(way.behind)} behind, " in row
            assert float(row.split("behind, ")[1].split("×")[0].replace(",", "")) == pytest.approx(
                way.factor, rel=0.1
            )


def test_unknown_characters_say_what_they_cost_and_that_they_are_fused() -> None:
    trace = of_word("unigram", "▁☃☃")
    assert isinstance(trace, UnigramTrace)
    shown = " ".join(drawn(trace, 3, 120))
    assert f"counts {logit(trace.unknown_score)}, 10 nats below the worst entry" in shown
    assert "Characters 1–3 are unknown" in shown


# ------------------------------------------------------------------------------------- words of any length


@pytest.mark.parametrize("name", ["nano-generation", "bytes in need", "unigram", "nano-sentiment", "words"])
def test_of_a_huge_word_what_is_cut_is_said_and_only_what_is_seen_is_made(name: str) -> None:
    trace = of_word(name, "waiting東☃" * 1_200)
    for step in (0, steps(trace) // 2, steps(trace)):
        picture = draw(trace, step, 76, STYLES.__getitem__)
        assert sum(not callable(row) for row in picture.rows._rows) < 120
        assert len(drawn(trace, step)) == len(picture.rows)
    assert len(" ".join(drawn(trace, 0))) < 2_000
    end = " ".join(drawn(trace, steps(trace), 190)[-40:])
    if isinstance(trace, BytePairTrace):
        assert f"the first {len(trace.symbols):,} of {trace.symbols_total:,} symbols" in end
        assert f"all of the word takes {trace.merges_total:,}" in end
    if len(trace.pieces) > base.MOST_PIECES:
        assert f"→ {len(trace.pieces):,} pieces, the first {base.MOST_PIECES} shown" in "\n".join(
            drawn(trace, steps(trace), 190)
        )


def test_of_many_candidates_the_place_stays_in_sight() -> None:
    trace = of_word("nano-sentiment", "waitingly" * 11)
    assert isinstance(trace, WordPieceTrace)
    for step in (1, len(trace.attempts) // 2, len(trace.attempts) - 1):
        word, marks = (drawn(trace, step, 40)[step + line] for line in (0, 1))
        assert "^" in marks or "╯" in marks
        assert len(word) <= 40
        assert "…" in word


# ---------------------------------------------------------------------------------------- the row of words


@FEW
@given(
    texts=st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=30),
    width=st.sampled_from(WIDTHS),
    data=st.data(),
)
def test_the_selected_word_is_always_in_its_row(texts: list[str], width: int, data: st.DataObject) -> None:
    words = [Part(text, place, place + 1) for place, text in enumerate(texts)]
    selected = data.draw(st.integers(0, len(words) - 1))
    shown = checked(word_row.words_row(words, selected, width, STYLES.__getitem__), width)
    inside = re.fullmatch(r"(… )?(.* )?▸(?P<word>.*)◂( .*?)?( …)?", shown)
    assert inside is not None
    assert inside["word"] == base.brief(texts[selected], min(24, width - 8))


def test_words_around_the_selected_one() -> None:
    words = [Part(each, 0, 1) for each in ("I", "Ġlike", "Ġa", "Ġcourse", "Ġof", "Ġthis", "Ġkind")]
    shown = [word_row.words_row(words, 3, width, STYLES.__getitem__).text for width in (76, 30, 20)]
    assert shown == [
        "I Ġlike Ġa ▸Ġcourse◂ Ġof Ġthis Ġkind",
        "… Ġa ▸Ġcourse◂ Ġof Ġthis …",
        "… Ġa ▸Ġcourse◂ Ġof …",
    ]
