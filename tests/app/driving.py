"""Drives the real playground with the real engine and the built-in checkpoint."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widget import Widget

from tests.patience import PATIENCE
from tests.warm_engine import WarmEngine
from tui.app.app import LogitscopeApp
from tui.app.engine_client import EngineClient
from tui.app.panes.input import InputPane
from tui.app.screens.playground import Playground
from tui.app.session import Session
from tui.app.widgets.line_pane import LinePane
from tui.app.widgets.one_line import OneLine
from tui.protocol import Readout
from tui.protocol.tokens import Token
from tui.settings import Settings

SIZES = ((80, 24), (120, 40), (200, 50))
SAMPLE = "I've been waiting for a course like this my whole life."


class Driver:
    """A running playground, with the questions that tests ask of it."""

    def __init__(self, app: LogitscopeApp, pilot: Pilot[None], client: EngineClient) -> None:
        self.app = app
        self.pilot = pilot
        self.client = client

    @property
    def screen(self) -> Playground:
        return self.app.playground

    @property
    def readout(self) -> Readout:
        assert self.screen.readout is not None
        return self.screen.readout

    @property
    def tokens(self) -> tuple[Token, ...]:
        assert self.screen.shown_sequence is not None
        return self.screen.shown_sequence.tokens

    @property
    def focused(self) -> str | None:
        return self.screen.focused.id if self.screen.focused is not None else None

    def pane(self, name: str) -> Any:
        return self.screen.query_one(f"#{name}", Widget)

    def rows(self, name: str) -> str:
        pane = self.pane(name)
        assert isinstance(pane, LinePane)
        return "\n".join(strip.text.rstrip() for strip in pane._rows)

    def title(self, name: str) -> str:
        content = self.pane(name)._border_title
        return content.plain if content is not None else ""

    def line(self, name: str) -> str:
        line = self.screen.query_one(f"#{name}", OneLine)
        return line.plain

    @property
    def input(self) -> InputPane:
        return self.screen.query_one("#input", InputPane)

    def painted(self) -> list[str]:
        """The whole screen as it is drawn, line by line."""
        width, height = self.app.size
        strips = self.app.screen._compositor.render_strips()
        assert len(strips) == height
        return [strip.text[:width] for strip in strips]

    async def until(self, condition: Callable[[], bool], what: str = "the condition") -> None:
        limit = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > limit:
                raise AssertionError(f"waited {PATIENCE} s for {what}\n" + "\n".join(self.painted()))
            await asyncio.sleep(0.02)
        await self.pilot.pause()

    async def answered(self, text: str | None = None) -> None:
        """Wait until the answer on screen is that of the texts in the fields (or of `text` in the first)."""

        def fits() -> bool:
            screen = self.screen
            return (
                screen.answer is not None
                and screen.answer.texts[0] == (self.input.full_text if text is None else text)
                and not screen.stale
                and self.app.conversation.waiting_for_answer is False
            )

        await self.until(fits, "the answer")

    async def write(self, text: str) -> None:
        """Put a text into the input as typing would, and wait for its answer."""
        self.input.replace_text(text)
        await self.pilot.pause()
        await self.answered(text)


@asynccontextmanager
async def playground(
    state_folder: Path,
    size: tuple[int, int] = (120, 40),
    settings: Settings | None = None,
    session: Session | None = None,
    ready: bool = True,
    opened: bool = True,
) -> AsyncIterator[Driver]:
    """A playground at a size; `opened` waits for the editors, `ready` for the first answer."""
    settings = settings or Settings(state_folder=state_folder)
    log = state_folder / "engine.log"
    engine = (
        WarmEngine(settings.command, log) if opened and ready else None
    )  # else its start is what is looked at
    client = EngineClient(settings.command, log, engine=engine)
    if engine is None:
        client.spawn()
    app = LogitscopeApp(settings, lambda: client, session)
    try:
        async with app.run_test(size=size) as pilot:
            driver = Driver(app, pilot, client)
            if opened:
                await driver.until(lambda: bool(driver.screen.fields), "the editors")
            if ready:
                await driver.answered()
            yield driver
    finally:
        client.kill_now()
