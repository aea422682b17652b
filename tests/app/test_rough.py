"""Rough input and rough ends: hostile text, a pasted megabyte, killed engines, small terminals."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest
from textual import events

from tests.app.driving import Driver, playground
from tests.patience import PATIENCE
from tui.app.desks import Desk
from tui.app.session import Session, SessionFile
from tui.app.widgets.editor import EDITOR_CHARACTERS
from tui.settings import Settings

HOSTILE = (
    "[/INST] [red]x[/red] [@click=app.quit]y[/] [MASK] \x1b[31mred\x1b]0;title\x07 \x00\x07\x7f\x9b2J "
    "\u202ertl\u202c zero\u200bwidth\ufeff \u0301combining e\u0301 👩‍👩‍👧 שלום عربي 日本語 \t tab\r\nline"
)


def harmless(driver: Driver) -> None:
    """No control, bidi or zero-width character reaches the terminal."""
    for line in driver.painted():
        for character in line:
            assert character >= " ", f"{character!r} in {line!r}"
            assert not "\x7f" <= character <= "\x9f", f"{character!r} in {line!r}"
            assert character not in "\u200b\u200e\u200f\u202a\u202c\u202d\u202e\u2066\u2069\ufeff", line


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_hostile_text_is_shown_harmlessly_and_truthfully(
    state_folder: Path, size: tuple[int, int]
) -> None:
    async with playground(state_folder, size) as driver:
        await driver.write(HOSTILE)
        harmless(driver)
        await driver.pilot.press("escape", "home")
        for _ in driver.tokens:
            await driver.pilot.press("right")
            harmless(driver)
        painted = "\n".join(driver.painted())
        assert "[/INST] [red]x[/red] [@click=app.quit]y[/] [MASK]" in painted
        assert "␛[31mred" in painted


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\x00", "👩‍👩‍👧", "a" * 5000, "‮", "\ud83d"])
async def test_odd_texts_are_answered(state_folder: Path, text: str) -> None:
    async with playground(state_folder) as driver:
        driver.input.replace_text(text)
        await driver.until(lambda: not driver.app.conversation.waiting_for_answer, "an answer or a failure")
        assert "Traceback" not in "\n".join(driver.painted())
        await driver.write("fine again")
        assert "fine" in driver.rows("tokens")


async def test_a_pasted_megabyte_is_cut_and_says_so(state_folder: Path) -> None:
    async with playground(state_folder) as driver:
        text = "not a very good film " * 50_000
        await driver.write("")
        driver.input.post_message(events.Paste(text))
        limit = time.monotonic() + PATIENCE
        while driver.app.conversation.waiting_for_answer or driver.screen.texts[:1] != (text,):
            await asyncio.sleep(0.005)
            assert time.monotonic() < limit
        await driver.pilot.pause()
        assert f"1,050,000 characters, the first {EDITOR_CHARACTERS:,} shown" in driver.title("input")
        assert "the first 512 of 250,002" in driver.title("tokens")
        assert "the rest is not read" in driver.title("tokens")
        assert driver.input.full_text == text
        assert driver.screen.unread_from is not None
        await driver.write("short")
        assert driver.title("input") == "3 Input  5 characters"


async def test_a_killed_engine_is_told_restarted_and_answers(state_folder: Path) -> None:
    async with playground(state_folder) as driver:
        await driver.pilot.press(*"abc")
        await driver.answered()
        before = driver.rows("answer")
        assert driver.app.conversation.engine.pid is not None
        os.kill(driver.app.conversation.engine.pid, signal.SIGKILL)
        await driver.until(lambda: driver.screen.failure is not None, "the failure")
        assert driver.screen.failure is not None
        assert "SIGKILL" in driver.screen.failure.title
        assert before in driver.rows("answer"), "the old answer stays"
        assert driver.screen.stale
        await driver.pilot.press(*" xyz")
        await driver.answered()
        assert driver.input.text.endswith("abc xyz")
        assert "SIGKILL" not in driver.rows("answer")


async def test_an_engine_killed_while_it_loads_still_answers(state_folder: Path) -> None:
    async with playground(state_folder, ready=False) as driver:
        await driver.until(lambda: driver.app.conversation.engine.pid is not None, "the engine")
        first = driver.app.conversation.engine.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await driver.answered()
        assert driver.app.conversation.engine.pid != first
        assert driver.screen.in_use == "nano-sentiment"


async def test_a_wrong_model_is_told_and_the_one_in_use_goes_on(state_folder: Path, tmp_path: Path) -> None:
    async with playground(state_folder) as driver:
        await driver.pilot.press("escape", "2", "a", *str(tmp_path))
        await driver.until(lambda: "config.json" in "\n".join(driver.painted()), "the look at the folder")
        await driver.pilot.press("enter")
        await driver.until(lambda: driver.screen.failure is not None, "the failure")
        assert "✗" in driver.rows("answer")
        assert "→" in driver.rows("answer")
        assert driver.screen.loading_reference is None
        await driver.write("still here")
        assert driver.screen.in_use == "nano-sentiment"
        assert "✗" not in driver.rows("answer")


async def test_too_small_says_what_is_missing(state_folder: Path) -> None:
    async with playground(state_folder, (50, 12)) as driver:
        painted = "\n".join(driver.painted())
        assert "10 columns and 4 rows missing for 60x16" in " ".join(painted.split())
        await driver.pilot.resize_terminal(60, 16)
        await driver.pilot.pause()
        assert "missing" not in "\n".join(driver.painted())
        assert "3 Input" in "\n".join(driver.painted())


async def test_the_session_is_kept_and_resumed(state_folder: Path) -> None:
    async with playground(state_folder) as driver:
        await driver.write("kept for later")
        await driver.pilot.press("end", "left", "left")
    session, why = SessionFile(state_folder).load()
    desk = Desk({"text": "kept for later", "text_pair": ""}, {}, model="nano-sentiment")
    assert session == Session("sentiment-analysis", 12, {"sentiment-analysis": desk}), why
    settings = Settings(state_folder=state_folder, resume=True)
    async with playground(state_folder, settings=settings, session=session) as driver:
        assert driver.input.text == "kept for later"
        assert driver.input.caret == 12
