"""Every key of every pane and screen before there is anything to show, each twice at once: nothing falls."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.geometry import Size
from textual.screen import Screen

from tests.app.driving import Driver, playground
from tests.app.test_engine_client import SCRIPT
from tui.app.keys import TABLE
from tui.settings import Settings

LEAVING = ("quit", "suspend", "restart")
"""Ids of keys that end the program, stop it, or start another engine."""
SCREENS = {
    "the playground": (),
    "writing": ("f12",),
    "the microscope": ("f7",),
    "the turns": ("ctrl+t",),
    "the options": ("f2",),
    "the script": ("f8",),
    "the palette": ("ctrl+p",),
    "a checkpoint": ("2", "a"),
}


def all_keys() -> list[str]:
    """Every key that does anything anywhere, and those that fields and lists take."""
    bound = [
        key
        for keys in TABLE.values()
        for each in keys
        if each.id not in LEAVING
        for key in each.keys.replace(" ", "").split(",")
    ]
    common = ["home", "end", "pageup", "pagedown", "backspace", "delete", "enter", "tab", "shift+tab", "x"]
    return list(dict.fromkeys([*bound, *common, *"0123456789"]))


async def press(driver: Driver, *keys: str) -> None:
    """Keys in one packet: none waits for the one before."""
    for key in keys:
        character = key if len(key) == 1 else {"enter": "\r", "tab": "\t", "space": " "}.get(key)
        driver.app.post_message(events.Key(key, character))


@pytest.mark.parametrize(
    ("screen", "size"), [(each, (60, 16) if number % 2 else (120, 40)) for number, each in enumerate(SCREENS)]
)
async def test_every_key_where_nothing_is_there(
    state_folder: Path, screen: str, size: tuple[int, int]
) -> None:
    settings = Settings(
        state_folder=state_folder,
        engine_command=(sys.executable, str(SCRIPT), "deaf"),
        task="text-generation",
    )
    async with playground(state_folder, size, settings, ready=False) as driver:
        app = driver.app
        opened: Screen[Any] | None = None
        for number, key in enumerate(all_keys()):
            if opened is None or app.screen is not opened:
                while len(app.screen_stack) > 1:
                    app.screen.dismiss()
                await press(driver, "escape", "escape", *SCREENS[screen])
                await driver.pilot.pause()
                opened = app.screen
            await press(driver, key, key)
            if number % 10 == 0:
                for small in (Size(1, 1), Size(*size)):
                    app.post_message(events.Resize(small, small))
                await driver.pilot.pause()
        for _ in range(3):
            await driver.pilot.pause()
        assert app.falls.count == 0, app.falls.latest
