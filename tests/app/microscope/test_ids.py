"""From ids back to text: the view on the real engine, and long texts in lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.app.driving import SAMPLE
from tests.app.microscope.driving import Looking, microscope
from tui.app.render.glyphs import visible
from tui.app.render.microscope import flowing
from tui.app.render.microscope.flowing import Flowing
from tui.engine.tokenization.opening import open_tokenizer


@given(st.text(alphabet="ab 漢\n\x1b\u0301"), st.integers(2, 12))
def test_lines_hold_the_whole_text_and_fit(text: str, width: int) -> None:
    lines = Flowing(text, width).all()
    assert all(cell_len(line) <= width for line in lines)
    whole = "".join(visible(each) for each in text.split("\n"))
    assert "".join(lines).replace(" ", "") == whole.replace(" ", "")
    assert Flowing(text, width).first(3) == lines[:3]


@pytest.mark.parametrize("text", ["x" * 100_000, "the cat " * 12_500, "漢\n" * 50_000, "\u0301" * 100_000])
def test_the_first_lines_of_a_long_text_come_at_once(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They take few of the characters."""
    taken = 0

    def counted(part: str) -> str:
        nonlocal taken
        taken += len(part)
        return visible(part)

    monkeypatch.setattr(flowing, "visible", counted)
    assert len(Flowing(text, 76).first(20)) <= 20
    # marks without a width never fill a line
    assert taken <= (20_000 if cell_len(text[:100]) else len(text))


async def read(looking: Looking, ids: str) -> None:
    """Put ids into the field and wait until they are read."""
    view = looking.view
    await looking.write(ids)
    await looking.driver.until(lambda: view.found is not None and not view.outdated, "the ids")


async def test_ids_on_the_real_engine(state_folder: Path) -> None:
    async with microscope(state_folder, (80, 24), "from ids") as looking:
        await ids_become_text_and_back_to_the_vocabulary(looking)
        await looking.go_to("from ids")
        await ids_out_of_range_leave_what_was_read_dimmed(looking)
        await many_ids_are_read_in_pages_and_their_text_whole(looking)


async def ids_become_text_and_back_to_the_vocabulary(looking: Looking) -> None:
    assert "type ids" in looking.shown
    assert f"({len(SAMPLE)} characters)" in looking.shown
    await looking.press("enter")
    await looking.until("with 2 special tokens")
    tokenizer = open_tokenizer("nano-sentiment").tokenizer
    ids = [int(each) for each in looking.screen.field.full_text.split()]
    assert tokenizer.decode(ids) in looking.shown
    assert "[SEP]" in looking.shown.splitlines()[1]
    await looking.press("x")
    await looking.until("without 2 special tokens")
    assert looking.shown.splitlines()[1] == tokenizer.decode(ids, skip_special=True)
    await looking.press("down", "down", "down", "enter")
    await looking.driver.until(lambda: looking.screen.shown == "vocabulary", "the vocabulary")
    await looking.until(f"id         {ids[3]}  of 7,000")


async def ids_out_of_range_leave_what_was_read_dimmed(looking: Looking) -> None:
    await read(looking, "1947, 5-9")
    assert "6 ids, 0 special" in looking.view._title
    assert "no special tokens among the ids" in looking.shown
    await looking.write("1947 7000")
    await looking.until("No such id")
    assert "7000 is out of range" in looking.shown
    assert looking.view.stale
    assert "##3" in looking.shown
    await read(looking, "1947")
    assert not looking.view.stale
    assert "No such id" not in looking.shown
    await looking.write("")
    await looking.until("type ids")
    assert looking.view._title == "From ids"


async def many_ids_are_read_in_pages_and_their_text_whole(looking: Looking) -> None:
    await looking.press("x")
    await read(looking, "0-6999 0-6999")
    view = looking.view
    assert "14,000 ids, 10 special" in view._title
    assert "w: all" in looking.shown
    await looking.press("end")
    await looking.until("amazingly")
    assert "13,999" in looking.shown
    text = open_tokenizer("nano-sentiment").tokenizer.decode([*range(7_000)] * 2)
    assert f"{len(text):,} characters" in looking.shown
    await looking.press("w", "end")
    assert looking.shown.endswith("amazingly")
    await looking.press("home")
    assert looking.shown.splitlines()[1].startswith("[PAD] [UNK]")
    await looking.press("pagedown")
    assert view._text_top == view.room - 1
    await looking.press("w")
    assert "place" in looking.shown
