"""One-line fields: what is pasted stays as it is and is drawn harmless, with the text cursor where it belongs."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.app import App, ComposeResult
from textual.strip import Strip

from tests.app.driving import playground
from tests.app.test_rough import HOSTILE, harmless
from tui.app.render.glyphs import visible_in_place
from tui.app.widgets.editor import Editor
from tui.app.widgets.entry import Entry

LINE = HOSTILE.split("\r")[0] + "\x85after\x1c\u2028end"


class OneField(App[None]):
    """Nothing but a field."""

    def compose(self) -> ComposeResult:
        yield Entry(compact=True)


async def test_every_place_of_the_cursor_is_drawn_where_it_is() -> None:
    app = OneField()
    async with app.run_test(size=(30, 3)) as pilot:
        entry = app.query_one(Entry)
        entry.post_message(events.Paste(LINE + "\nsecond line"))
        await pilot.pause()
        assert entry.value == LINE
        assert len(entry.drawn) == len(LINE)
        await pilot.press("home")
        for place in range(len(LINE) + 1):
            assert entry.cursor_position == place
            cell = cell_len(entry.drawn[:place])
            left = int(entry.scroll_offset.x)
            assert left <= cell <= left + entry.size.width
            at_end = place == len(LINE)
            assert entry.cursor_screen_offset.x == cell - left + at_end
            if not at_end and cell_len(entry.drawn[place]):
                assert entry._cell_offset_to_index(cell - left) == place
            shown = entry.render_line(0)
            assert entry.drawn[place : place + 1].strip() in shown.text
            await pilot.press("right")


class OneEditor(App[None]):
    """Nothing but an editor."""

    def compose(self) -> ComposeResult:
        yield Editor()


async def test_an_editor_wraps_and_places_its_cursor_by_what_it_draws() -> None:
    app = OneEditor()
    async with app.run_test(size=(20, 40)) as pilot:
        editor = app.query_one(Editor)
        text = "a\u200b\u200b\x1b" * 12 + "日本" * 9 + "\x84e\u0301" * 9 + "\n\u202e\u0301 end"
        editor.insert(text)
        await pilot.pause()
        assert editor.text == text
        editor.cursor_blink = False
        editor.show_cursor = False
        await pilot.pause()
        drawn = [editor.render_line(y).text.rstrip() for y in range(editor.wrapped_document.height)]
        assert "".join(drawn).replace(" ", "") == visible_in_place(text).replace("\n", "").replace(
            " ", ""
        ).replace("⏎", "")
        assert all(cell_len(line) <= 20 for line in drawn)
        for place in range(len(text.split("\n")[0])):
            x, y = editor.wrapped_document.location_to_offset((0, place))
            character = visible_in_place(text)[place]
            if cell_len(character):
                assert character in Strip([Segment(drawn[y])]).crop(x, x + cell_len(character)).text


@pytest.mark.parametrize(
    ("opening", "there"),
    [
        (("2", "a"), "Load a checkpoint"),
        (("6", "slash"), "Find a row"),
        (("6", "t"), "Sampling settings"),
        (("f2",), "Options of"),
        (("ctrl+p",), "Search"),
    ],
)
async def test_a_hostile_paste_in_every_dialog(
    state_folder: Path, opening: tuple[str, ...], there: str
) -> None:
    async with playground(state_folder) as driver:
        await driver.pilot.press("escape", *opening)
        await driver.until(lambda: there in "\n".join(driver.painted()))
        field = driver.app.screen.focused
        assert isinstance(field, Entry)
        field.post_message(events.Paste(LINE))
        await driver.until(lambda: LINE in field.value)
        harmless(driver)
        await driver.pilot.press("enter")
        await driver.pilot.pause()
        harmless(driver)
