"""Rows that are made when they are looked at, and what is kept from one drawing to the next."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rich.style import Style
from textual.strip import Strip

from tests.app.test_races import at_work
from tui.app.panes.answer import AnswerPane
from tui.app.render.answers.base import kept
from tui.app.render.strips import Lines, row
from tui.protocol import Analyze, Answered, Tokenized
from tui.protocol.answers import Entity, Strategy, Tagged
from tui.protocol.tokens import Token, TokenSequence

PLAIN = Style()


def test_a_row_is_made_once_and_only_if_it_is_looked_at() -> None:
    made = []

    def make(number: int) -> Strip:
        made.append(number)
        return row((f"row {number}", PLAIN))

    lines = Lines(partial(make, number) for number in range(5))
    lines.append(row(("the last one", PLAIN)))
    whole = Lines([row(("a head", PLAIN))])
    whole += lines
    whole += [row(("a foot", PLAIN))]
    cut = whole.cut(5)
    assert (len(lines), len(whole), len(cut)) == (6, 8, 8)
    assert made == []
    assert [cut[2].text, cut[2].text, cut[-1].text, cut[0].text] == ["row 1", "row 1", "a foo", "a hea"]
    assert made == [1]
    assert [strip.text for strip in cut[3:5]] == ["row 2", "row 3"]
    assert [strip.text for strip in whole][1:7] == [*(f"row {number}" for number in range(5)), "the last one"]
    with pytest.raises(IndexError):
        whole[8]


def test_what_is_kept_is_that_of_the_last_arguments() -> None:
    asked: list[Any] = []

    @kept
    def describe(value: tuple[int, ...], width: int, text: str) -> str:
        asked.append((value, width, text))
        return f"{text} {value} {width}"

    one, other = (1, 2), (1, int("2"))
    assert describe(one, 3, "a" * 40) == describe(one, 3, "".join(["a"] * 40))
    assert len(asked) == 1
    for arguments in ((other, 3, "a"), (other, 4, "a"), (other, 4, "b"), (one, 4, "b")):
        assert describe(*arguments) == f"{arguments[2]} {arguments[0]} {arguments[1]}"
    assert len(asked) == 5


@pytest.mark.parametrize("mode", [0, 1, 2])
async def test_a_move_of_the_cursor_makes_the_rows_that_are_seen(tmp_path: Path, mode: int) -> None:
    count = 400
    async with at_work(tmp_path) as (app, client, pilot):
        request = client.last(Analyze)
        tokens = tuple(Token(1, f"w{n}", n, n + 1, False, 1, 0, n) for n in range(count))
        client.hear(Tokenized(request.id, "x", (TokenSequence(tokens, count, (None,)),), 500, 0.0))
        entities = tuple(Entity("PER", 0.9, n, n + 1, f"w{n}", 0, n, n) for n in range(count))
        names = ("none", "simple", "first", "average", "max")
        view = Tagged(
            ("O", "PER"), (((0.1, 0.9),) * count,), tuple(Strategy(n, entities) for n in names), "simple"
        )
        client.hear(Answered(request.id, None, view, 0.01))
        await pilot.press("escape", "7", *["v"] * mode)
        await pilot.pause()
        pane = app.playground.query_one("#answer", AnswerPane)
        for key in ("down", "down", "end", "up", "pageup", "home", "down"):
            await pilot.press(key)
            lines = pane._rows
            assert isinstance(lines, Lines)
            assert len(lines) > count
            unmade = [each for each in lines._rows if not isinstance(each, Strip)]
            assert len(unmade) > count - 3 * pane.size.height
            selected = pane._targets[pane._selected][0]
            assert lines[selected].text.startswith("▸ ")
            shown = range(pane.scroll_offset.y, pane.scroll_offset.y + pane.room)
            assert selected in shown
            marked = [number for number in shown if lines[number].text.startswith("▸ ")]
            assert marked == [selected]
