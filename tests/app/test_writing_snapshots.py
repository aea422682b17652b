"""How the screen that writes looks at its three sizes. Numbers are recorded, speed and memory held still."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import replace

from tests.app.driving import SIZES, Driver
from tests.app.snapshots import Album, press
from tests.app.writing import PROMPT, Writer
from tui.app.branches.written import as_plain, of_plain
from tui.app.screens.options import OptionsScreen
from tui.app.screens.writing.screen import Writing
from tui.settings import Settings

Look = Callable[..., bool]
Doing = Callable[[Writer], Awaitable[None]]


@pytest.fixture
def look(snap_compare: Any, state_folder: Path, request: pytest.FixtureRequest) -> Iterator[Look]:
    """Compares the screen, after something was done on it, with the snapshot."""
    album = Album(snap_compare, request.config.getoption("--record"))

    def looking(
        size: tuple[int, int], doing: Doing, task: str = "text-generation", text: str = PROMPT
    ) -> bool:
        async def prepare(driver: Driver) -> Callable[[], None]:
            app = driver.app
            await driver.pilot.press("f12")
            await driver.until(lambda: isinstance(app.screen, Writing), "the screen")
            writer, screen = Writer(driver), cast("Writing", app.screen)
            await writer.rest()
            await doing(writer)
            return lambda: hold_still(screen)

        return album.compare(Settings(state_folder=state_folder, task=task, text=text), size, prepare)

    yield looking
    album.close()


def hold_still(screen: Writing) -> None:
    """Give every token the same time, and the memory one value."""
    (plain,) = as_plain({("", ""): screen._written.kept})
    for token in plain["tokens"]:
        token[11] = 0.01  # seconds
    (kept,) = of_plain([plain]).values()
    screen._written.history.now(kept.tree, step=False)
    assert screen._cache is not None
    screen._cache = replace(screen._cache, bytes_used=300_000, bytes_allowed=8_000_000_000)
    screen._show()


async def two_branches(writer: Writer) -> None:
    await writer.press("space")
    await writer.driver.until(lambda: len(writer.ids) > 3 and not writer.screen.busy, "the end")
    await press(writer.driver, "left", "left", "left", "2", "down", "down", "enter")
    await writer.driver.until(lambda: len(writer.names) == 2, "another branch")
    await writer.rest()
    await press(writer.driver, "1", "left", "left")


async def searched(writer: Writer) -> None:
    await writer.press("b")
    await writer.driver.until(lambda: len(writer.names) == 5 and not writer.screen.busy, "beams")


@pytest.mark.parametrize("size", SIZES)
def test_two_branches(look: Look, size: tuple[int, int]) -> None:
    """You should see a token in ‹›, another one selected, what it was chosen from, and two branches."""
    assert look(size, two_branches)


@pytest.mark.parametrize("size", SIZES)
def test_the_steps_of_a_search(look: Look, size: tuple[int, int]) -> None:
    """You should see what became of each candidate of the third step of a translation, and why."""

    async def doing(writer: Writer) -> None:
        await searched(writer)
        keys = ("full_stop", "full_stop", "full_stop", "3", "down", "down", "down", "down")
        await press(writer.driver, *keys)

    assert look(size, doing, "translation", "Ce logiciel permet de lire.")


def test_two_branches_compared(look: Look) -> None:
    """You should see where the branches of a search part, below their list."""

    async def doing(writer: Writer) -> None:
        await searched(writer)
        await press(writer.driver, "3", "down", "c")

    assert look((120, 40), doing)


def test_the_settings(look: Look) -> None:
    """You should see a box with how a token is chosen, over the panes."""

    async def doing(writer: Writer) -> None:
        await writer.press("f2")
        await writer.driver.until(lambda: isinstance(writer.driver.app.screen, OptionsScreen), "the box")

    assert look((80, 24), doing)
