"""The first frame: outlines in the place of the editors, which look like them, and keep what is typed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual import events

from tests.app.driving import SIZES, Driver, playground
from tests.held_engine import Gates
from tui.app.screens.fields import Fields
from tui.app.session import SessionFile
from tui.settings import Settings

OPEN = Fields.open_fields


async def not_yet(fields: Fields) -> None:
    """Leaves the screen at its first frame."""


@asynccontextmanager
async def at_first_frame(
    state_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
    task: str,
    text: str,
    silent: bool = False,
) -> AsyncIterator[Driver]:
    """silent: the engine says nothing, so that only the screen itself changes what is drawn."""
    monkeypatch.setattr(Fields, "open_fields", not_yet)
    gates = Gates(state_folder / "gates")
    if silent:
        gates.close("Ready")
    settings = Settings(state_folder=state_folder, task=task, text=text, engine_command=gates.command)
    async with playground(state_folder, size, settings, ready=False, opened=False) as driver:
        await driver.pilot.pause(0.1)
        yield driver


async def opened(driver: Driver) -> None:
    driver.screen.call_next(lambda: OPEN(driver.screen))
    await driver.until(lambda: bool(driver.screen.fields) and driver.app._takes, "the editors")


def places(driver: Driver) -> dict[str, str]:
    """What is painted of each field, title included."""
    painted = driver.painted()
    found = {}
    for name in ("input", "second"):
        for pane in driver.screen.query(f"#{name}"):
            x, y, width, height = pane.region
            found[name] = "\n".join(line[x : x + width] for line in painted[y : y + height])
    return found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("task", "text"),
    [
        (
            "sentiment-analysis",
            "A warm, funny and surprisingly honest film, at times, for those who like it long.",
        ),
        ("sentiment-analysis", ""),
        ("text-generation", "two\nlines"),
        ("question-answering", "Who 東京 says 😀 it?"),
    ],
)
async def test_an_outline_looks_like_its_editor(
    state_folder: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], task: str, text: str
) -> None:
    async with at_first_frame(state_folder, monkeypatch, size, task, text, silent=True) as driver:
        before, focused = places(driver), driver.focused
        assert text.split("\n")[0][:12] in before["input"]
        await opened(driver)
        await driver.pilot.pause(0.1)
        after = places(driver)
        assert before.keys() == after.keys()
        assert before["input"] == after["input"]
        assert before["second" if "second" in before else "input"].split("\n")[0][:14] in "".join(
            after.values()
        )
        assert driver.focused == focused == "input"


async def test_what_is_typed_before_the_editor_is_there_is_kept(
    state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_first_frame(state_folder, monkeypatch, (120, 40), "sentiment-analysis", "ab") as driver:
        for key in ("c", "1", "d"):
            driver.app.post_message(events.Key(key, key))
        driver.app.post_message(events.Paste("x\ny"))
        await driver.pilot.pause(0.1)
        assert not driver.screen.fields
        await opened(driver)
        await driver.answered("abc1dx\ny")
        await driver.pilot.press("e")
        await driver.answered("abc1dx\nye")


async def test_an_end_before_the_editors_are_there_keeps_the_texts(
    state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_first_frame(state_folder, monkeypatch, (120, 40), "ner", "Ada lives in London.") as driver:
        driver.app.exit()
        await driver.pilot.pause(0.1)
    session, problem = SessionFile(state_folder).load()
    assert not problem
    assert session is not None
    assert (session.task, session.cursor) == ("ner", 20)
    assert session.desks["ner"].inputs == {"text": "Ada lives in London."}
