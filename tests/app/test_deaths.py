"""A killed or frozen engine is told on every screen, and nothing that was asked, typed or seen is lost."""

from __future__ import annotations

import os
import re
import signal
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.app.deaths import freeze, kill, last_line, pid, shown
from tests.app.driving import Driver, playground
from tests.app.microscope.driving import Looking, microscope
from tests.app.writing import writing
from tui.app.screens.ask import AskCheckpoint
from tui.app.screens.script import ScriptScreen
from tui.app.unanswered import RUNNING
from tui.protocol.microscope.questions import Train
from tui.settings import Settings

SCRIPT = Path(__file__).parents[1] / "scripted_engine.py"
SILENT = "The engine has not answered for"


async def silence_is_told_and_taken_back(driver: Driver) -> None:
    before = last_line(driver)
    go_on = await freeze(driver)
    await driver.until(lambda: SILENT in last_line(driver), "the silence")
    assert "F9 restarts it" in last_line(driver), "nothing is cut off"
    go_on()
    await driver.until(lambda: SILENT not in last_line(driver), "the silence taken back")
    assert last_line(driver) == before


async def f9_restarts(driver: Driver) -> None:
    frozen = pid(driver)
    await freeze(driver)
    await driver.until(lambda: SILENT in last_line(driver), "the silence")
    await driver.pilot.press("f9")
    await driver.until(lambda: pid(driver) != frozen, "another engine")
    with pytest.raises(ProcessLookupError):
        os.kill(frozen, 0)


@pytest.mark.parametrize("size", [(60, 16), (120, 40)])
async def test_silence_on_the_playground(state_folder: Path, size: tuple[int, int]) -> None:
    async with playground(state_folder, size) as driver:
        await silence_is_told_and_taken_back(driver)
        await f9_restarts(driver)
        await driver.until(lambda: "A new engine runs; the model is loaded again" in last_line(driver), "it")
        await driver.answered()


async def test_silence_in_the_microscope(state_folder: Path) -> None:
    async with microscope(state_folder, (80, 24)) as looking:
        await looking.dissected()
        await silence_is_told_and_taken_back(looking.driver)
        await f9_restarts(looking.driver)
        await looking.until("WordPiece takes the longest")


async def test_silence_while_writing(state_folder: Path) -> None:
    async with writing(state_folder, (80, 24)) as writer:
        await silence_is_told_and_taken_back(writer.driver)
        await writer.press("n")
        await writer.count(1)
        await f9_restarts(writer.driver)
        await writer.driver.until(lambda: "what was written stands" in last_line(writer.driver), "it")
        await writer.count(1)


@pytest.mark.parametrize(("keys", "dialog"), [(("escape", "2", "a"), AskCheckpoint), (("f8",), ScriptScreen)])
async def test_silence_and_death_in_a_dialog(state_folder: Path, keys: tuple[str, ...], dialog: type) -> None:
    async with playground(state_folder, (80, 24)) as driver:
        await driver.pilot.press(*keys)
        await driver.until(lambda: isinstance(driver.app.screen, dialog), "the dialog")
        go_on = await freeze(driver)
        await driver.until(lambda: SILENT in last_line(driver), "the silence")
        go_on()
        await driver.until(lambda: SILENT not in last_line(driver), "the silence taken back")
        await kill(driver)
        assert "A new engine runs" in last_line(driver)
        await f9_restarts(driver)
        assert isinstance(driver.app.screen, dialog), "it is still open"


async def test_a_question_about_a_checkpoint_is_asked_again(state_folder: Path) -> None:
    async with playground(state_folder, (80, 24)) as driver:
        await driver.pilot.press("escape", "2", "a")
        go_on = await freeze(driver)
        await driver.pilot.press(*"nano-ner")
        await driver.until(lambda: "Looking at nano-ner" in shown(driver), "the question")
        await kill(driver)
        del go_on
        await driver.until(lambda: "ELECTRA" in shown(driver).upper(), "what it is")


def _ended(driver: Driver, known: int) -> bool:
    return pid(driver) != known or driver.app.conversation.engine.is_stopped


async def test_an_engine_that_stays_down_is_told_everywhere(state_folder: Path) -> None:
    async with microscope(state_folder, (80, 24)) as looking:
        driver = looking.driver
        await looking.dissected()
        for _ in range(3):
            known = pid(driver)
            os.kill(known, signal.SIGKILL)
            await driver.until(partial(_ended, driver, known), "the end")
        assert driver.app.conversation.engine.is_stopped
        assert "The engine was killed" in last_line(driver)
        await looking.press("escape")
        assert "engine stopped: F9 starts it" in last_line(driver)
        await looking.press("escape")
        await driver.until(lambda: driver.app.screen is driver.screen, "the playground")
        await driver.pilot.press("f9")
        await driver.until(lambda: "stopped" not in last_line(driver), "another engine")
        await driver.answered()


# ------------------------------------------------------------------------ the views of the microscope


async def settled(looking: Looking) -> None:
    """Wait until the view in sight shows what it was asked for."""
    view = looking.view
    await looking.driver.until(
        lambda: bool(view.plain().strip()) and not view.stale and view.failure is None, "the view at rest"
    )


def timeless(looking: Looking) -> list[str]:
    """The words of the view, without how long something took: in words, and in the last column."""
    lines = looking.shown.splitlines()
    if "ms/1,000" in looking.shown:
        lines = [re.sub(r"(?<=\d) +\d[\d.,]*$", " …", line.rstrip()) for line in lines]
    return re.sub(r"\d[\d.,]* (s|ms|µs)\b", "…", " ".join(" ".join(lines).split())).split()


@pytest.mark.parametrize(
    "tab", ["stages", "algorithm", "side by side", "vocabulary", "from ids", "train", "tokens"]
)
async def test_a_death_in_a_view(state_folder: Path, tab: str) -> None:
    async with microscope(state_folder, (80, 24), tab) as looking:
        if tab == "from ids":
            await looking.write("101 102")
        await settled(looking)
        before = timeless(looking)
        await kill(looking.driver)
        new = "A new engine runs; what was asked is asked again"
        await looking.driver.until(lambda: new in last_line(looking.driver), "the news")
        await settled(looking)
        await looking.driver.until(lambda: timeless(looking) == before, "the same view")


async def test_a_death_in_the_middle_of_a_request(state_folder: Path) -> None:
    """Frozen, asked, killed: the question is answered by the next engine."""
    async with microscope(state_folder, (100, 30), "vocabulary") as looking:
        await settled(looking)
        await freeze(looking.driver)
        await looking.press("down", "enter")
        await looking.driver.until(lambda: "looking up" in shown(looking.driver), "the question")
        await kill(looking.driver)
        await looking.driver.until(lambda: looking.view.opened is not None, "the entry")
        assert looking.view.failure is None


async def test_a_death_while_paging(state_folder: Path) -> None:
    async with microscope(state_folder, (100, 30), "tokens") as looking:
        await looking.write("word " * 2_000)
        await looking.driver.until(lambda: looking.view.count() == 2_000, "the tokens")
        await settled(looking)
        await freeze(looking.driver)
        await looking.press("end")
        await kill(looking.driver)
        await looking.driver.until(lambda: looking.view.pages[1_999] is not None, "the last page")
        assert looking.view.cursor == 1_999
        assert looking.view.failure is None


async def test_a_death_while_training(state_folder: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("".join(f"{number:x}{number * 7919:o} " for number in range(400_000)))
    async with microscope(state_folder, (100, 30), "train") as looking:
        await looking.write(str(words))
        await looking.press("enter")
        await looking.driver.until(lambda: looking.view.progress is not None, "the training")
        await kill(looking.driver)
        assert looking.screen._enquiries.is_open(Train), "it is asked again"
        await looking.driver.until(lambda: looking.view.progress is not None, "the training, begun again")
        await looking.press("c")
        await looking.driver.until(lambda: not looking.screen._enquiries.is_open(Train), "its end")


async def test_a_trained_tokenizer_outlives_its_engine(state_folder: Path, tmp_path: Path) -> None:
    async with microscope(state_folder, (100, 30), "train") as looking:
        driver = looking.driver
        await looking.press("down", "left", "left", "up", "enter")
        await looking.driver.until(lambda: "trained:1-byte-level-bpe" in looking.head, "the training")
        await looking.go_to("stages")
        await looking.dissected()
        before = looking.view.found.stages
        await kill(driver)
        await driver.until(lambda: looking.view.found.subject.reference.startswith("trained:1"), "it")
        for tab in ("stages", "algorithm", "side by side", "vocabulary", "tokens"):
            await looking.go_to(tab)
            await settled(looking)
            assert "trained:1-byte-level-bpe" in looking.head
            if tab == "stages":
                assert looking.view.found.stages == before
        await f9_restarts(driver)
        await looking.press("s", *str(tmp_path / "own"), "enter")
        await driver.until(lambda: (tmp_path / "own" / "tokenizer.json").is_file(), "the file")
        await looking.go_to("train")
        await looking.press("enter")
        await driver.until(lambda: "trained:2-byte-level-bpe" in looking.head, "another name for another one")


async def test_a_text_that_ends_the_engine_is_held_back_until_it_is_wanted(
    state_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scripted engine dies at each `Analyze` of the text; the screen asks again whenever one is loaded."""
    monkeypatch.setenv("PYTHONPATH", str(SCRIPT.parents[1]))
    record = tmp_path / "record"
    command = (sys.executable, str(SCRIPT), "die=poison", f"record={record}")
    settings = Settings(state_folder=state_folder, engine_command=command, text="good")
    async with playground(state_folder, (80, 24), settings) as driver:

        def asked() -> int:
            return record.read_text().count("Analyze")

        before = asked()
        driver.input.replace_text("poison")
        await driver.until(lambda: "This text is held back" in driver.rows("answer"), "it")
        assert asked() == before + 2
        assert "F9 lets it be tried once more" in " ".join(driver.rows("answer").split())
        assert driver.app.conversation.left_open == RUNNING, "the next program is told, too"
        assert driver.input.text == "poison"
        await driver.pilot.press("ctrl+r")
        await driver.until(lambda: asked() == before + 4, "twice more")
        await driver.until(lambda: "This text is held back" in driver.rows("answer"), "it")
        await driver.write("good again")
        assert driver.app.conversation.left_open == ""
