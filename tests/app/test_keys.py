"""Every binding of the table is pressed and does something; the table itself is sound."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from textual import events

from tests.app.driving import Driver, playground
from tests.app.microscope.driving import microscope
from tui.app.keys import PANES, TABLE
from tui.app.screens.reading import TextScreen
from tui.catalogue import example_inputs
from tui.settings import Settings

SAME_AS_OTHERS = {"ctrl+m", "ctrl+i", "ctrl+h", "ctrl+j", "ctrl+left_square_bracket"}
NEEDS_A_TERMINAL = {"suspend"}
ENDS_THE_APP = {"quit"}


def test_ids_are_unique_and_keys_work_over_ssh() -> None:
    keys = [key for room in TABLE.values() for key in room]
    assert len({key.id for key in keys}) == len(keys)
    for key in keys:
        assert key.tooltip
        assert key.label
        assert not SAME_AS_OTHERS & set(key.keys.split(","))


MICROSCOPE_TABS = {
    "microscope": "stages",
    "stages": "stages",
    "algorithm": "algorithm",
    "side-by-side": "side by side",
    "vocabulary": "vocabulary",
    "ids": "from ids",
    "training": "train",
    "token-list": "tokens",
}
"""Rooms of keys and the views they act in."""


def noted(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The actions that run from now on."""
    ran: list[str] = []
    original = driver.app.run_action

    async def noting(action: Any, *args: Any, **kwargs: Any) -> bool:
        done = await original(action, *args, **kwargs)
        if done:
            ran.append(action if isinstance(action, str) else "")
        return done

    monkeypatch.setattr(driver.app, "run_action", noting)
    return ran


async def test_every_binding_of_the_microscope_reaches_an_action(
    state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for its views."""
    async with microscope(state_folder) as looking:
        driver = looking.driver
        ran = noted(driver, monkeypatch)
        for room, tab in MICROSCOPE_TABS.items():
            for key in TABLE[room]:
                for name in key.keys.split(","):
                    while driver.app.screen is not looking.screen:
                        driver.app.pop_screen()
                        await driver.pilot.pause()
                    looking.screen.shown = tab
                    looking.screen.set_focus(looking.view)
                    await driver.pilot.pause()
                    ran.clear()
                    await driver.pilot.press(name)
                    await driver.pilot.pause()
                    assert key.action in ran, f"{name} ({key.id}) in {tab} ran {ran}"


async def test_every_binding_reaches_an_action(state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each key of the table, pressed in the pane of its room, runs exactly the action it names."""
    async with playground(state_folder) as driver:
        ran = noted(driver, monkeypatch)
        home = {"everywhere": "tokens", "panes": "tokens", "rows": "forward", "pick": "task"}
        for room, keys in TABLE.items():
            if room in MICROSCOPE_TABS or room == "writing":  # they have tests of their own
                continue
            for key in keys:
                if key.id in NEEDS_A_TERMINAL | ENDS_THE_APP:
                    continue
                for name in key.keys.split(","):
                    while driver.app.screen is not driver.screen:
                        driver.app.pop_screen()
                        await driver.pilot.pause()
                    driver.pane(home.get(room, room)).focus()
                    if key.id == "cancel-load":
                        driver.screen.loading_reference = "nano-sentiment"
                    await driver.pilot.pause()
                    ran.clear()
                    await driver.pilot.press(name)
                    await driver.pilot.pause()
                    assert key.action.removeprefix("app.") in {
                        action.removeprefix("app.") for action in ran
                    }, f"{name} ({key.id}) in {home.get(room, room)} ran {ran}"


async def test_keys_can_be_remapped(state_folder: Path) -> None:
    settings = Settings(state_folder=state_folder, keymap=MappingProxyType({"zoom": "ctrl+b"}))
    async with playground(state_folder, (160, 40), settings) as driver:
        assert "^b zoom" in driver.line("hints")
        await driver.pilot.press("ctrl+b")
        assert driver.screen.zoomed is driver.input
        await driver.pilot.press("ctrl+o")
        assert driver.screen.zoomed is driver.input, "the default key is free now"


async def test_letters_and_digits_stay_in_the_text(state_folder: Path) -> None:
    async with playground(state_folder) as driver:
        await driver.write("")
        await driver.pilot.press(*"7dfy0")
        assert driver.input.text == "7dfy0"
        assert driver.screen.focused is driver.input


async def test_the_engine_is_told_that_keys_come(state_folder: Path) -> None:
    async with playground(state_folder) as driver:
        assert driver.app.hears_of_typing == driver.client.typing
        told: list[None] = []
        driver.app.hears_of_typing = lambda: told.append(None)
        await driver.pilot.press("x", "f1", "down")
        assert len(told) == 3


async def test_panes_are_reached_by_number_tab_and_jump(state_folder: Path) -> None:
    async with playground(state_folder, (80, 24)) as driver:
        await driver.pilot.press("escape")
        for number, name in enumerate(PANES, start=1):
            await driver.pilot.press(str(number))
            assert driver.focused == name
            assert driver.pane(name).region, "it is on the screen"
            if name == "input":
                await driver.pilot.press("escape")
        order = []
        for _ in range(5):
            await driver.pilot.press("tab")
            order.append(driver.focused)
        assert set(order) >= {"input", "tokens", "forward", "probabilities"}
        await driver.pilot.press("ctrl+g", "6")
        await driver.pilot.pause()
        assert driver.focused == "probabilities"


async def test_zoom_help_and_palette(state_folder: Path) -> None:
    async with playground(state_folder, (80, 24)) as driver:
        await driver.pilot.press("escape", "5", "ctrl+o")
        await driver.pilot.pause()
        assert "pre_classifier" in "\n".join(driver.painted()), "zoomed, there is room for every station"
        assert "^o zoom" in "\n".join(driver.painted())
        await driver.pilot.press("escape")
        assert driver.screen.zoomed is None
        await driver.pilot.press("f1")
        await driver.pilot.pause()
        help_page = "\n".join(driver.painted())
        assert "Forward" in help_page
        assert "hidden states" in help_page
        await driver.pilot.press("escape", "ctrl+p")
        await driver.until(lambda: bool(driver.app.screen.query("CommandInput")), "the palette")
        await driver.pilot.press(*"raise the temperature")
        await driver.until(lambda: "Raise the temperature" in "\n".join(driver.painted()), "the command")
        await driver.pilot.press("enter", "enter")
        await driver.until(lambda: driver.readout.settings.temperature != 1.0, "the command to run")


async def test_keys_typed_ahead_reach_the_pane_they_were_meant_for(state_folder: Path) -> None:
    """As a slow line delivers them: a digit and the letters after it in one piece."""
    async with playground(state_folder) as driver:
        await driver.write("")
        await driver.pilot.press("escape")
        in_one_packet(driver, *"3XYZ")
        await driver.until(lambda: len(driver.input.text) >= 3, "the letters")
        assert driver.input.text == "XYZ"


def in_one_packet(driver: Driver, *keys: str) -> None:
    """Hand keys to the app as one read from the terminal does: none waits for the one before."""
    for key in keys:
        driver.app.post_message(events.Key(key, key if len(key) == 1 else None))


async def test_keys_behind_one_that_opens_or_closes_a_dialog_are_for_what_is_there_then(
    state_folder: Path,
) -> None:
    async with playground(state_folder) as driver:
        await driver.write("")
        in_one_packet(driver, "f2", "escape", "f1")
        await driver.until(lambda: isinstance(driver.app.screen, TextScreen), "the help")
        in_one_packet(driver, "escape", "escape", "2", "a", *"nano-sentiment", "enter", "3", *"XYZ")
        await driver.until(lambda: len(driver.input.text) >= 3, "the letters")
        assert driver.input.text == "XYZ"
        assert driver.app.screen is driver.screen
        in_one_packet(driver, "ctrl+p", *"zoom", "escape", "escape", "3", *"ab", "ctrl+g", "escape", *"cd")
        await driver.until(lambda: len(driver.input.text) >= 7, "more letters")
        assert driver.input.text == "XYZabcd"
        assert driver.app.screen is driver.screen


async def test_examples_come_one_after_the_other_and_undo_brings_the_text_back(state_folder: Path) -> None:
    """F3 from the person's own text: the first example, then the second; ctrl+z twice."""
    texts = [str(example["text"]) for example in example_inputs("sentiment-analysis")]
    async with playground(state_folder) as driver:
        assert driver.input.text == texts[0]
        await driver.write("my own words")
        for text in (*texts, texts[0]):
            await driver.pilot.press("f3")
            await driver.answered(text)
        for text in (*reversed(texts), "my own words"):
            await driver.pilot.press("ctrl+z")
            await driver.answered(text)


async def test_every_arrow_and_temperature_key_typed_ahead_counts(state_folder: Path) -> None:
    """Five arrows in one piece move the cursor by five; three plus signs raise T by three tenths."""
    async with playground(state_folder) as driver:
        await driver.pilot.press("escape", "home")
        for _ in range(5):
            driver.app.post_message(events.Key("right", None))
        await driver.until(lambda: driver.screen.cursor == 5, "the cursor")
        await driver.pilot.press("6")
        for _ in range(3):
            driver.app.post_message(events.Key("plus", "+"))
        await driver.until(lambda: driver.readout.settings.temperature == 1.3, "the temperature")
