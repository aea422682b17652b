"""What reaches the screen: glyphs, numbers, bars and the spans that differ."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.app.render.glyphs import fit, pad, visible, visible_in_place, wrapped
from tui.app.render.strips import bar, changed_span, flow

STYLES = (Style(), Style(bold=True), Style(color="red"))
strips = st.lists(st.tuples(st.text(max_size=6), st.sampled_from(STYLES)), max_size=6).map(
    lambda parts: Strip([Segment(visible(text), style) for text, style in parts if text])
)


@given(st.text())
def test_visible_text_is_harmless_and_nothing_vanishes(text: str) -> None:
    shown = visible(text)
    assert all(character >= " " and not "\x7f" <= character <= "\x9f" for character in shown)
    assert len(shown) >= len(text)
    assert visible(shown) == shown


@given(st.text())
def test_in_place_keeps_every_column(text: str) -> None:
    shown = visible_in_place(text)
    assert len(shown) == len(text)
    assert all(character >= " " or character == "\t" for character in shown)


@given(st.text(), st.integers(1, 40))
def test_fit_pad_and_wrap_keep_to_the_width(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) <= width
    assert cell_len(pad(text, width)) == width
    for line in wrapped(text, max(2, width)):
        assert cell_len(line) <= max(2, width)


@given(st.floats(0, 1), st.integers(1, 60))
def test_bars_have_their_width_and_never_hide_what_is_not_zero(fraction: float, width: int) -> None:
    drawn = bar(fraction, width)
    assert len(drawn) == width
    assert (drawn.strip() == "") == (fraction == 0)


@given(st.lists(st.text(alphabet="ab", min_size=1, max_size=9), max_size=30), st.integers(9, 40))
def test_flow_keeps_order_and_width(texts: list[str], width: int) -> None:
    lines = flow(map(len, texts), width)
    assert [index for line in lines for index in line] == list(range(len(texts)))
    for line in lines:
        assert sum(len(texts[index]) for index in line) + len(line) - 1 <= width


@given(strips, strips)
def test_a_changed_span_covers_every_cell_that_differs(old: Strip, new: Strip) -> None:
    span = changed_span(old, new)
    width = max(old.cell_length, new.cell_length)
    start, end = span if span is not None else (0, 0)

    def cells(strip: Strip, first: int, last: int) -> list[tuple[str, Style | None]]:
        part = strip.crop(first, last)
        return [(character, segment.style) for segment in part for character in segment.text]

    for first, last in ((0, start), (end, width)):
        if first < last:
            assert cells(old, first, last) == cells(new, first, last)
