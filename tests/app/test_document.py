"""What is typed, pasted or restored is the text that the model gets: only line breaks end a line."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from textual import events

from tests.app.driving import Driver, playground
from tests.app.test_rough import harmless
from tui.app.render.glyphs import visible_in_place
from tui.app.session import Session, SessionFile
from tui.app.terminal.document import PlainDocument
from tui.settings import Settings

ENDS_A_LINE_TO_PYTHON = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
STRANGE = "".join(f"{number}{character}" for number, character in enumerate(ENDS_A_LINE_TO_PYTHON))
TEXT = f"{STRANGE}\nand\x0c\x0c the rest{ENDS_A_LINE_TO_PYTHON}"
ALPHABET = ENDS_A_LINE_TO_PYTHON + "\n\n\n\t ab\x00\x1b\u200b\ufeff\u0301é日\U0001f469\ud83d"


def some_text(chance: random.Random, most: int = 12) -> str:
    return "".join(chance.choices(ALPHABET, k=chance.randrange(most)))


@pytest.mark.parametrize("seed", range(20))
def test_a_document_is_the_text_that_was_put_in(seed: int) -> None:
    """Two hundred edits against the same ones of a string, each undone and done again."""
    chance = random.Random(seed)
    text = some_text(chance, 40)
    document = PlainDocument(text)
    for _ in range(200):
        assert document.text == text
        assert document.lines == text.split("\n")
        assert document.end == document.get_location_from_index(len(text))
        places = chance.randrange(len(text) + 1), chance.randrange(len(text) + 1)
        start, end = sorted(places)
        inserted = some_text(chance)
        one, other = map(document.get_location_from_index, places)
        assert document.get_text_range(one, other) == text[start:end]
        result = document.replace_range(one, other, inserted)
        changed = text[:start] + inserted + text[end:]
        assert document.text == changed
        assert result.replaced_text == text[start:end]
        assert document.get_index_from_location(result.end_location) == start + len(inserted)
        undone = document.replace_range(min(one, other), result.end_location, result.replaced_text)
        assert document.text == text
        assert document.get_index_from_location(undone.end_location) == end
        document.replace_range(one, other, inserted)
        text = changed


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n"])
def test_line_breaks_of_any_sort_end_a_line(line_break: str) -> None:
    document = PlainDocument(f"a{line_break}{line_break}b\x0cc{line_break}")
    assert document.lines == ["a", "", "b\x0cc", ""]
    assert document.text == f"a{line_break}{line_break}b\x0cc{line_break}"
    document.replace_range((0, 0), document.end, "x\r\ny\rz\n")
    assert re.split("\r\n|\r|\n", document.text) == ["x", "y", "z", ""]


def drawn(driver: Driver) -> None:
    """Every character of the text stands in the editor, and none is sent as it is."""
    harmless(driver)
    painted = "\n".join(driver.painted())
    for line in TEXT.split("\n"):
        assert visible_in_place(line) in painted


def tokenized(driver: Driver) -> None:
    """The engine was given the very text."""
    assert driver.input.full_text == TEXT
    assert driver.screen.texts[0] == TEXT
    assert driver.screen.answer is not None
    assert driver.screen.answer.texts[0] == TEXT


async def test_what_is_pasted_is_tokenized_as_it_is_and_comes_back_by_undo(state_folder: Path) -> None:
    async with playground(state_folder) as driver:
        await driver.write("")
        driver.input.post_message(events.Paste(TEXT))
        await driver.until(lambda: driver.input.text == TEXT, "the paste")
        await driver.answered(TEXT)
        tokenized(driver)
        drawn(driver)
        assert len(driver.input.document.lines) == 2
        driver.input.select_all()
        await driver.pilot.press("x")
        await driver.until(lambda: driver.input.text == "x", "the letter")
        await driver.pilot.press("ctrl+z")
        await driver.until(lambda: driver.input.text == TEXT, "the text before")
        await driver.answered(TEXT)
        tokenized(driver)
        drawn(driver)
        await driver.pilot.press("ctrl+z")
        await driver.until(lambda: driver.input.text == "", "the empty field")


async def test_what_is_restored_is_tokenized_as_it_was_left(state_folder: Path) -> None:
    async with playground(state_folder) as driver:
        await driver.write(TEXT)
    session, why = SessionFile(state_folder).load()
    assert isinstance(session, Session), why
    assert session.desks["sentiment-analysis"].inputs["text"] == TEXT
    settings = Settings(state_folder=state_folder, resume=True)
    async with playground(state_folder, settings=settings, session=session) as driver:
        tokenized(driver)
        drawn(driver)
        await driver.pilot.press("ctrl+end", "x", "backspace")
        await driver.answered(TEXT)
        tokenized(driver)
