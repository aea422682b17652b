"""The microscope on the real playground with the real engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from tests.app.driving import SAMPLE, Driver, playground
from tui.app.panes.microscope.view import View
from tui.app.screens.ask_path import AskPath
from tui.app.screens.microscope import Microscope
from tui.settings import Settings


class Looking:
    """The microscope open, with what tests ask of it."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.screen = cast("Microscope", driver.app.screen)

    @property
    def view(self) -> Any:
        """The view in sight."""
        return self.screen.view

    @property
    def shown(self) -> str:
        """All rows of the view in sight, also those scrolled away."""
        view: View = self.screen.view
        return view.plain()

    @property
    def head(self) -> str:
        """The line that names the tokenizer."""
        return str(self.screen.query_one("#status").plain)  # type: ignore[attr-defined]

    async def press(self, *keys: str) -> None:
        await self.driver.pilot.press(*keys)

    async def until(self, text: str) -> None:
        """Wait until the view shows a text."""
        await self.driver.until(lambda: text in self.shown, text)

    async def dissected(self, text: str = SAMPLE) -> None:
        """Wait until the view in sight knows the stages of a text."""
        await self.driver.until(
            lambda: self.view.found is not None and self.view.found.text == text, "the stages"
        )

    async def go_to(self, tab: str) -> None:
        """Show a view by its digit."""
        tabs = [view.TAB for view in self.screen._views]
        await self.press(str(tabs.index(tab) + 1))
        await self.driver.until(lambda: self.screen.shown == tab, tab)

    async def name(self, key: str, reference: str) -> None:
        """Press a key that asks for a tokenizer, and name one."""
        await self.press(key)
        await self.driver.until(lambda: isinstance(self.driver.app.screen, AskPath), "the question")
        self.driver.app.screen.query_one("#path").value = reference  # type: ignore[attr-defined]
        await self.press("enter")
        await self.driver.until(lambda: self.driver.app.screen is self.screen, "the microscope")

    async def write(self, text: str) -> None:
        """Put a text into the field, and go back to the view."""
        self.screen.field.replace_text(text)
        await self.driver.pilot.pause()


@asynccontextmanager
async def microscope(
    state_folder: Path,
    size: tuple[int, int] = (100, 40),
    tab: str = "stages",
    settings: Settings | None = None,
) -> AsyncIterator[Looking]:
    """The microscope on nano-sentiment, a view in sight."""
    async with playground(state_folder, size, settings) as driver:
        await driver.answered()
        await driver.pilot.press("f7")
        await driver.until(lambda: isinstance(driver.app.screen, Microscope), "the microscope")
        looking = Looking(driver)
        await driver.until(lambda: bool(looking.screen.shown), "a view")
        if tab != "stages":
            await looking.go_to(tab)
        yield looking
