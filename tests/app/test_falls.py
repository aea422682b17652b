"""The last resort: whatever fails inside the screen is told and logged, and everything goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import events, work
from textual.app import ComposeResult, RenderResult
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from tests.app.driving import Driver, playground
from tui.app.terminal import closing  # noqa: F401 - closes screens once
from tui.app.terminal.falls import MARK, Falls
from tui.app.terminal.last_resort import NOT_DRAWN, LastResort
from tui.app.terminal.palette import Palette
from tui.app.terminal.reading import PASTE_PAUSE, Keys


class BrokenError(Exception):
    """What the tests let fall."""


class Fragile(Static, can_focus=True):
    """Fails in the way a key names."""

    drawn_badly = False

    class Sent(Message):
        """Fails where it is heard."""

    def on_key(self, event: events.Key) -> None:
        event.stop()
        ways: dict[str, Callable[[], object]] = {
            "h": self.fall,
            "t": lambda: self.set_timer(0.001, self.fall),
            "l": lambda: self.call_later(self.fall),
            "r": lambda: self.call_after_refresh(self.fall),
            "n": lambda: self.call_next(self.fall),
            "w": self.work_badly,
            "m": lambda: self.post_message(self.Sent()),
            "d": self.draw_badly,
            "a": lambda: asyncio.get_running_loop().call_soon(self.fall),
            "s": lambda: self.app.push_screen(Uncomposed()),
        }
        ways[event.key]()

    def fall(self) -> None:
        raise BrokenError("[red]\x1b]0;hostile\x07")

    @work
    async def work_badly(self) -> None:
        self.fall()

    def on_fragile_sent(self) -> None:
        self.fall()

    def draw_badly(self) -> None:
        self.drawn_badly = True
        self.refresh(layout=True)

    def render(self) -> RenderResult:
        if self.drawn_badly:
            self.fall()
        return "whole"


class Uncomposed(ModalScreen[None]):
    """A screen that can't be composed."""

    def compose(self) -> ComposeResult:
        yield Static("first")
        raise BrokenError


class Kept(LastResort):
    """Counts the keys that still arrive."""

    def __init__(self, log_path: Path) -> None:
        super().__init__(log_path)
        self.told: list[str] = []
        self.after = 0

    def compose(self) -> ComposeResult:
        yield Fragile()
        yield Static("beside")

    def on_mount(self) -> None:
        self.take_stray()
        self.goes_on = True
        self.query_one(Fragile).focus()

    def tell_fall(self, sentence: str) -> None:
        self.told.append(sentence)


@asynccontextmanager
async def kept(log_path: Path) -> AsyncIterator[tuple[Kept, Pilot[None]]]:
    """An app whose falls are expected: `run_test` is not to raise them at its end."""
    app = Kept(log_path)
    async with app.run_test(size=(60, 10)) as pilot:
        yield app, pilot
        app._exception = None


async def until(condition: Callable[[], bool], pilot: Pilot[None]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await pilot.pause()


def painted(app: Any) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


@pytest.mark.parametrize("way", "htlrnwmas")
async def test_what_fails_anywhere_is_told_and_the_widget_goes_on(tmp_path: Path, way: str) -> None:
    log = tmp_path / "state" / "screen.log"
    async with kept(log) as (app, pilot):
        await pilot.press(way)
        await until(lambda: app.falls.count == 1, pilot)
        assert len(app.told) == 1
        assert "BrokenError" in app.told[0]
        assert "screen.log" in app.told[0]
        assert "\x1b" not in app.told[0]
        if way == "s":
            await app.pop_screen()
        app.falls._told.clear()
        await pilot.press("h")
        await until(lambda: app.falls.count == 2, pilot)
    await asyncio.to_thread(app.falls.written)
    text = log.read_text()
    assert text.count(MARK) == text.count("\n=== ") + 1 >= 1
    assert "Traceback" in text
    assert "raise BrokenError" in text


async def test_a_widget_that_fails_at_every_paint_is_shown_as_a_line(tmp_path: Path) -> None:
    async with kept(tmp_path / "screen.log") as (app, pilot):
        await pilot.press("d")
        await until(lambda: app.falls.count > 0, pilot)
        for _ in range(40):
            app.query_one(Fragile).refresh()
            await pilot.pause()
        assert NOT_DRAWN[:10] in painted(app)
        assert "beside" in painted(app)
        assert len(app.told) <= 2, "once for measuring, once for drawing"
    await asyncio.to_thread(app.falls.written)
    assert (tmp_path / "screen.log").read_text().count(MARK) < 20


async def test_what_falls_before_there_is_a_screen_ends_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Early(Kept):
        def on_mount(self) -> None:
            raise BrokenError("too early")

    app = Early(tmp_path / "screen.log")
    with pytest.raises(BrokenError):
        async with app.run_test():
            pass
    assert app.return_code == 1
    assert not app.told
    said = capsys.readouterr().err
    assert "“Early” failed inside (BrokenError: too early) at the start" in said
    assert str(tmp_path / "screen.log") in said.replace("\n", "")  # a long path is broken at the width
    assert "Traceback" not in said


def test_the_same_failure_is_logged_ever_less_often(tmp_path: Path) -> None:
    told: list[str] = []
    falls = Falls(tmp_path / "log", told.append)
    for _ in range(1000):
        try:
            raise BrokenError
        except BrokenError as error:
            falls.take(error, "a loop")
    falls.written()
    text = (tmp_path / "log").read_text()
    assert text.count(MARK) == 10
    assert text.count("Traceback") == 1
    assert falls.count == 1000
    assert len(told) == 1


def test_a_log_that_cannot_be_written_and_a_teller_that_fails_are_survived(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    def tell(sentence: str) -> None:
        raise BrokenError

    falls = Falls(tmp_path / "file" / "log", tell)
    falls.take(BrokenError("first"), "somewhere")
    falls.written()
    assert "telling" in falls.latest


async def test_the_playground_tells_it_and_keeps_the_text(
    state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playground(state_folder) as driver:
        await driver.write("typed before")
        pane = driver.pane("tokens")

        def broken(by: int) -> None:
            raise BrokenError("a defect")

        monkeypatch.setattr(pane, "action_token", broken)
        await driver.pilot.press("escape", "4", "right")
        await driver.until(lambda: driver.app.falls.count == 1)
        told(driver)
        assert driver.input.text == "typed before"
        await driver.pilot.press("escape", "f4")
        await driver.until(lambda: "Inside the screen" in "\n".join(driver.painted()))
        assert MARK in "\n".join(driver.painted())
        driver.app._exception = None


def told(driver: Driver) -> None:
    assert "failed inside (BrokenError: a defect); nothing typed is lost" in driver.line("hints")


async def test_what_the_engine_says_is_heard_on_after_a_fall(
    state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playground(state_folder) as driver:
        hear = driver.app.conversation._hear_numbers
        answers = []

        def broken(event: Any) -> None:
            answers.append(event)
            if len(answers) == 1:
                raise BrokenError("a defect")
            hear(event)

        monkeypatch.setattr(driver.app.conversation, "_hear_numbers", broken)
        before = driver.app.conversation.engine.pid
        driver.input.replace_text("another text")
        await driver.until(lambda: driver.app.falls.count == 1)
        await driver.write("and another")
        assert driver.app.conversation.engine.pid == before
        driver.app._exception = None


class Box(ModalScreen[int]):
    """Closes itself with a number."""


async def test_a_screen_closes_once_and_only_on_top(tmp_path: Path) -> None:
    async with kept(tmp_path / "screen.log") as (app, pilot):
        results: list[int | None] = []
        box, over = Box(), Box()
        await app.push_screen(box, results.append)
        await app.push_screen(over, results.append)
        box.dismiss(1)
        assert app.screen is over
        over.dismiss(2)
        over.dismiss(3)
        assert app.screen is box
        box.dismiss(4)
        box.dismiss(5)
        app.screen.dismiss(None)
        await until(lambda: len(results) == 2, pilot)
        assert results == [2, 4]
        assert len(app.screen_stack) == 1
        assert app.falls.count == 0


def test_a_paste_whose_end_is_lost_is_over_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("tui.app.terminal.reading.time.monotonic", lambda: now[0])
    keys = Keys()
    assert keys.read("\x1b[20") == keys.read("0~ab") == keys.read("c\x1b[Ad") == keys.read("") == []
    now[0] += PASTE_PAUSE + 1
    (paste,) = keys.read("")
    assert isinstance(paste, events.Paste)
    assert paste.text == "abc\x1b[Ad"
    assert [str(getattr(key, "key", "")) for key in keys.read("xy")] == ["x", "y"]
    now[0] += PASTE_PAUSE + 1
    assert keys.read("") == []


def test_a_paste_is_never_typed_however_it_comes() -> None:
    text = "a\x1b[24~b\x1bq\x1b\x1b[A\x00" * 3
    sent = f"x\x1b[200~{text}\x1b[201~y\x1b[200~\x1b[201~z\x1b[200~2\x1b[201~"
    for size in (1, 2, 3, 5, 7, len(sent)):
        keys = Keys()
        found = [each for at in range(0, len(sent), size) for each in keys.read(sent[at : at + size])]
        said = [each.text if isinstance(each, events.Paste) else getattr(each, "key", "") for each in found]
        assert said == ["x", text.replace("\x00", ""), "y", "z", "2"]


def test_a_sequence_that_cannot_be_taken_is_left_out() -> None:
    keys = Keys()
    keys.read("\x1b[48;0;0;0;0t")  # mouse places are divided by this size from now on
    keys.read("\x1b[<0;5;5M")
    assert [str(getattr(key, "key", "")) for key in keys.read("ab")] == ["a", "b"]


class Listening(ModalScreen[None]):
    """Counts what it hears."""

    heard = 0

    class Said(Message):
        """Anything."""

    def on_listening_said(self) -> None:
        self.heard += 1

    def on_key(self) -> None:
        self.heard += 1


async def test_a_dialog_that_is_closed_hears_nothing_any_more(tmp_path: Path) -> None:
    async with kept(tmp_path / "screen.log") as (app, pilot):
        dialog = Listening()
        await app.push_screen(dialog)
        dialog.post_message(Listening.Said())
        await until(lambda: dialog.heard == 1, pilot)
        dialog.dismiss()
        dialog.post_message(Listening.Said())
        await until(lambda: not dialog.is_attached and not dialog.is_running, pilot)
        assert dialog.heard == 1


class Composing(ModalScreen[None]):
    """A dialog whose widgets take their time to come."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()

    def compose(self) -> ComposeResult:
        yield Static("inside")

    async def mount_composed_widgets(self, widgets: list[Widget]) -> None:
        await self.go_on.wait()
        await super().mount_composed_widgets(widgets)

    def on_mount(self) -> None:
        self.query_one(Static)


async def test_a_dialog_that_is_closed_while_it_is_composed_is_not_mounted(tmp_path: Path) -> None:
    async with kept(tmp_path / "screen.log") as (app, pilot):
        dialog = Composing()
        app.push_screen(dialog)
        dialog.dismiss()
        limit = time.monotonic() + 60
        while not dialog._pruning:  # the pilot would wait for its widgets
            await asyncio.sleep(0.01)
            assert time.monotonic() < limit
        dialog.go_on.set()
        await until(lambda: not dialog.is_attached and not dialog.is_running, pilot)
        assert app.falls.latest == ""


async def test_a_click_on_what_was_just_removed_meets_nothing(state_folder: Path) -> None:
    async with playground(state_folder) as driver:
        pane = driver.pane("tokens")
        x, y = pane.region.x + 2, pane.region.y + 1
        parent, pane._parent = pane._parent, None
        for kind in (events.MouseDown, events.MouseUp):
            driver.app.post_message(kind(None, x, y, 0, 0, 1, False, False, False, x, y))
        await driver.until(lambda: not driver.app._typed and not driver.app._busy, "the click")
        pane._parent = parent
        await driver.pilot.press("f1")
        assert driver.app.falls.count == 0


async def test_a_search_of_the_palette_may_end_when_it_is_closed(state_folder: Path) -> None:
    async with playground(state_folder) as driver:
        await driver.pilot.press("ctrl+p")
        await driver.until(lambda: bool(driver.app.screen.query("CommandInput")), "the palette")
        palette = driver.app.screen
        assert isinstance(palette, Palette)
        await palette.query("*").remove()
        palette._show_busy = True
        palette._list_visible = not palette._list_visible
        palette.dismiss()
        await driver.until(lambda: not palette.is_running, "its end")
        assert driver.app.falls.count == 0
