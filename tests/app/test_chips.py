"""Pieces in a flow and in running lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from tui.app.render.chips import Chip, Flow, in_line
from tui.app.render.glyphs import visible
from tui.app.render.running import Running

texts = st.lists(st.text(max_size=30).map(visible), max_size=12)


def plain(name: str) -> Style:
    return Style.parse("bold") if name == "cursor" else Style.null()


@given(texts, st.integers(2, 40))
def test_running_lines_keep_every_character_and_the_width(parts: list[str], width: int) -> None:
    strips, begins = in_line([(part, "text") for part in parts], width, plain)
    assert "".join(strip.text for strip in strips) == "".join(parts)
    assert all(strip.cell_length <= width for strip in strips)
    assert len(begins) == len(parts)
    assert begins == sorted(begins)


@given(texts, texts, st.integers(2, 40), st.none() | st.integers(0, 25))
def test_what_is_put_behind_a_running_text_stands_as_if_it_had_been_there(
    before: list[str], after: list[str], width: int, selected: int | None
) -> None:
    grown = Running(width, plain)
    for part in before:
        grown.append(part, "text")
    assert list(grown.rows(selected, "▮"))[-1].text.endswith("▮")
    for part in after:
        grown.append(part, "text")
    whole, begins = in_line([(part, "text") for part in [*before, *after]], width, plain, selected)
    assert list(grown.rows(selected)) == list(whole)
    assert grown.begins == begins
    marked = list(grown.rows(selected, "▮"))
    assert "".join(strip.text for strip in marked) == "".join([*before, *after, "▮"])
    assert all(strip.cell_length <= width for strip in marked)
    bold = "".join(part.text for strip in marked for part in strip if part.style and part.style.bold)
    assert bold == "".join([*before, *after][slice(selected, selected + 1)] if selected is not None else [])


@given(texts, st.integers(8, 40), st.integers(0, 11))
def test_a_flow_shows_every_chip_once_and_finds_it_again(parts: list[str], width: int, selected: int) -> None:
    chips = [Chip((part, str(place)), "even") for place, part in enumerate(parts)]
    laid = Flow(chips, width, ("piece", "id"))
    rows = laid.rows(plain, selected)
    assert all(strip.cell_length <= width for strip in rows)
    ids = " ".join(strip.text for strip in rows if strip.text.startswith("id ")).replace("id ", " ").split()
    assert ids == [str(place) for place in range(len(chips))]
    for place, chip in enumerate(chips):
        first = rows[laid.row_of(place)].text
        assert first.startswith("piece")
        if cell_len(chip.levels[0]) <= width - 6:
            assert chip.levels[0] in first
    assert laid.row_of(len(chips) + 5) == max(0, len(rows) - 2)
