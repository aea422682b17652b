"""The screen that writes, on the real playground with the real engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

from tests.app.driving import Driver, playground
from tests.held_engine import Gates
from tui.app.screens.writing.screen import Writing
from tui.settings import Settings

PROMPT = "The library reads"


class Writer:
    """The screen open, with what tests ask of it."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    @property
    def screen(self) -> Writing:
        return cast("Writing", self.driver.app.screen)

    @property
    def ids(self) -> tuple[int, ...]:
        return self.screen.branching.ids()

    @property
    def names(self) -> list[str]:
        return [branch.name for branch in self.screen.branching.branches]

    @property
    def branches(self) -> list[tuple[str, tuple[int, ...]]]:
        tree = self.screen.branching
        return [(branch.name, tree.ids(number)) for number, branch in enumerate(tree.branches)]

    async def press(self, *keys: str) -> None:
        await self.driver.pilot.press(*keys)

    async def rest(self) -> None:
        """Wait until the engine is at rest, and a row is there."""
        await self.driver.until(
            lambda: not self.screen.busy and self.screen.probabilities.readout is not None, "rest"
        )

    async def count(self, tokens: int) -> None:
        await self.driver.until(lambda: len(self.ids) == tokens, f"{tokens} tokens, not {self.ids}")
        await self.rest()

    @property
    def first_row(self) -> int | None:
        readout = self.screen.probabilities.readout
        return None if readout is None else readout.rows[0].index

    @property
    def shown(self) -> str:
        return "\n".join(self.driver.painted())


@asynccontextmanager
async def writing(
    state_folder: Path,
    size: tuple[int, int] = (120, 40),
    task: str = "text-generation",
    text: str = PROMPT,
    gates: Gates | None = None,
) -> AsyncIterator[Writer]:
    """gates: those of the engine, which the test closes."""
    command = () if gates is None else gates.command
    settings = Settings(state_folder=state_folder, task=task, text=text, engine_command=command)
    async with playground(state_folder, size, settings) as driver:
        await driver.answered()
        await driver.pilot.press("f12")
        await driver.until(lambda: isinstance(driver.app.screen, Writing), "the screen")
        writer = Writer(driver)
        await writer.rest()
        yield writer
