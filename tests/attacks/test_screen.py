"""Hostile checkpoints opened by hand, one after the other in one program with the real engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.events import Paste
from textual.widgets import Static

from tests.app.deaths import pid, shown
from tests.app.driving import Driver, playground
from tests.attacks.attack import EXECUTED, SECRET, Attack, both, content, entries, json_of
from tests.attacks.catalogue import ATTACKS
from tests.attacks.survival import UNNAMED
from tests.attacks.tokenizers import FILE, added
from tests.fuzz.judging import IN, Stream, exceptions
from tui.app.screens.ask import AskCheckpoint
from tui.app.screens.microscope import Microscope
from tui.app.screens.script import ScriptScreen
from tui.app.screens.turns import TurnsScreen
from tui.settings import Settings

pytestmark = pytest.mark.timeout(900)
REFUSED = (
    "tokenizer-template-of-a-missing-token",
    "tokenizer-template-ids-huge",
    "tokenizer-fixed-length-0",
    "model-merge-outside",
    "pipe-as-config.json",
    "zero-as-tokenizer.json",
    "config-layers-million",
    "config-labels-billion-unnamed",
    "config-model-type-escape",
    "config-attention-kernel",
    "config-auto-map-unknown",
    "safetensors-one-byte-short",
    "safetensors-header-2-63",
    "index-climbing",
    "index-escape",
    "pickle-os-system",
    "pickle-storage-too-small",
)
"""Of each part of attacks.md what ends in a failure, of the load or of the text."""
TEMPLATES = ("template-doubling", "template-power", "template-raise-escapes", "template-attributes")
NAME = "\x1b]52;c;YQ==\x07\x9b31m\u202e[@click=app.quit]x[red]"
"""Escapes, a C1 byte, a bidi override and markup."""


def name_a_token(tokenizer: dict[str, Any]) -> None:
    vocabulary = tokenizer["model"]["vocab"]
    vocabulary[NAME] = vocabulary.pop("film")
    tokenizer["added_tokens"] += added({"content": NAME, "id": vocabulary[NAME]})


NAMED = Attack(
    "named",
    both(
        entries("config.json", id2label={"0": NAME, "1": f"{NAME}1"}, architectures=[f"{NAME}ForSequenceClassification"]),
        json_of(FILE, name_a_token),
        content("README.md", f"---\nlicense: {NAME}\n---\n".encode()),
    ),
)  # fmt: skip


class Hand:
    """Opens checkpoints by the model pane's dialog, and looks at the screen meanwhile."""

    def __init__(self, driver: Driver, log: Path) -> None:
        self._driver = driver
        self._log = log
        self._engine = pid(driver)
        self._texts = 0

    def looked_at(self, what: str) -> str:
        """What the screen shows, on which nothing is that no terminal may get."""
        stream = Stream()
        stream.feed((IN + "\n".join(self._driver.painted())).encode())
        assert not stream.unsafe, what
        assert exceptions(self._log) == [], what
        seen = shown(self._driver)
        for never in ("Traceback", "site-packages", SECRET):
            assert never not in seen, what
        return seen

    async def open(self, folder: Path, what: str) -> None:
        """Name a folder in the dialog, look at what it says, and load it."""
        driver = self._driver
        await driver.pilot.press("escape", "2", "a")
        await driver.until(lambda: isinstance(driver.app.screen, AskCheckpoint), "the dialog")
        driver.app.post_message(Paste(str(folder)))
        asking = driver.app.screen
        assert isinstance(asking, AskCheckpoint)
        await driver.until(lambda: asking.found is not None or asking.failed is not None, f"what {what} is")
        self.looked_at(what)
        said = str(asking.query_one("#ask-facts", Static).content)
        assert "✗ " in said if asking.failed is not None else "parameters" in said, what
        await driver.pilot.press("enter")
        screen = driver.screen
        await driver.until(
            lambda: screen.in_use == str(folder) or screen.failure is not None, f"the load of {what}"
        )
        await driver.until(lambda: not driver.app.conversation.waiting_for_answer, f"the answer of {what}")
        self.looked_at(what)

    def told(self, what: str) -> None:
        """The failure is told in words, in the pane and in the last line."""
        failure = self._driver.screen.failure
        assert failure is not None, f"{what} is not refused"
        assert failure.detail, what
        assert failure.hint, what
        assert not failure.fatal, what
        assert not UNNAMED.search(failure.title), f"{what}: {failure.title}"
        assert failure.title in self.looked_at(what)

    async def look_into(self, what: str) -> None:
        """The microscope tells what the tokenizer in use makes of the text, or why nothing."""
        driver = self._driver
        await driver.pilot.press("escape", "f7")
        await driver.until(lambda: isinstance(driver.app.screen, Microscope), "the microscope")
        opened = driver.app.screen
        assert isinstance(opened, Microscope)
        await driver.until(lambda: bool(opened.shown), "a view")
        view: Any = opened.view
        await driver.until(lambda: view.failure is not None or view.found is not None, f"{what} looked into")
        self.looked_at(what)
        await driver.pilot.press("escape", "escape")
        await driver.until(lambda: driver.app.screen is driver.screen, "the playground")

    async def answers(self, what: str) -> None:
        """The built-in model answers, in the same engine."""
        driver = self._driver
        if driver.screen.in_use != "nano-sentiment":
            await driver.pilot.press("escape", "2", "home", "enter")
            await driver.until(lambda: driver.screen.in_use == "nano-sentiment", "the built-in checkpoint")
        self._texts += 1
        await driver.write(f"A good film, number {self._texts}.")
        assert driver.screen.failure is None, what
        assert "POSITIVE" in driver.rows("answer"), what
        assert pid(driver) == self._engine, what
        self.looked_at(what)


async def test_hostile_checkpoints_are_told_on_the_screen(state_folder: Path, tmp_path: Path) -> None:
    async with playground(state_folder, (120, 40)) as driver:
        hand = Hand(driver, state_folder / "screen.log")
        for name in REFUSED:
            folder = ATTACKS[name].write(tmp_path)
            await driver.write(ATTACKS[name].text)
            await hand.open(folder, name)
            hand.told(name)
            assert not (folder.parent / EXECUTED).exists(), name
            if driver.screen.in_use == str(folder):
                await hand.look_into(name)
            await hand.answers(name)
        folder = NAMED.write(tmp_path)
        folder = folder.rename(folder.parent / NAME)
        await hand.open(folder, "names")
        assert driver.screen.in_use == str(folder)
        await driver.write(f"a {NAME} good")
        for pane in ("answer", "tokens", "model"):
            assert "␛]52;c;YQ==␇⟨009B⟩31m" in driver.rows(pane), pane
        for number in ("2", "4", "5", "6", "7"):
            for keys in ((), ("right", "right"), ("down", "end"), ("enter",), ("ctrl+o",), ("ctrl+o",)):
                await driver.pilot.press("escape", number, *keys)
                hand.looked_at(f"names, pane {number}, {keys}")
        await driver.pilot.press("escape", "f8")
        await driver.until(lambda: isinstance(driver.app.screen, ScriptScreen), "the script")
        hand.looked_at("names, script")
        await driver.pilot.press("escape")
        await hand.look_into("names")
        await hand.answers("names")


async def test_hostile_templates_are_told_in_the_turns(state_folder: Path, tmp_path: Path) -> None:
    settings = Settings(state_folder=state_folder, task="text-generation", text="user: a film")
    async with playground(state_folder, (120, 40), settings) as driver:
        hand = Hand(driver, state_folder / "screen.log")
        for name in TEMPLATES:
            await hand.open(ATTACKS[name].write(tmp_path), name)
            await driver.pilot.press("escape", "ctrl+t")
            await driver.until(lambda: isinstance(driver.app.screen, TurnsScreen), "the turns")
            await driver.until(lambda: bool(said(driver)), f"what is wrong with {name}")
            hand.told(name)
            await driver.pilot.press("escape")
            await driver.until(lambda: driver.app.screen is driver.screen, "the playground")
        folder = ATTACKS["template-escapes"].write(tmp_path)
        await hand.open(folder, "escapes")
        await driver.pilot.press("escape", "ctrl+t")
        await driver.until(lambda: bool(driver.screen.options), "the option")
        await driver.answered()
        assert not said(driver)
        hand.looked_at("escapes")
        await driver.pilot.press("escape", "escape", "2", "home", "enter")
        await driver.until(lambda: driver.screen.in_use == "nano-generation", "the built-in checkpoint")
        await driver.answered()
        assert driver.screen.failure is None


def said(driver: Driver) -> str:
    """What the turns say is wrong."""
    wrong = driver.app.screen.query("#turns-wrong").results(Static)
    return "".join(str(each.content) for each in wrong if each.display)
