"""Comparing a screen with its snapshot: its numbers come from a recording, and what was measured is held still."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any, cast

from textual.pilot import Pilot
from textual.widgets import Input

from tests.app.driving import Driver
from tests.app.recorded import Recording, RecordingClient, ReplayingClient
from tui.app.app import LogitscopeApp
from tui.app.engine_client import EngineClient
from tui.settings import Settings

_recordings: dict[str, Recording] = {}
"""What this run records."""


class Album:
    """Compares screens, each with the recording of its task; the engines it records are killed by `close`."""

    def __init__(self, snap_compare: Any, record: bool) -> None:
        self._compare = snap_compare
        self._record = record
        self._clients: list[RecordingClient | ReplayingClient] = []

    def _client(self, settings: Settings) -> RecordingClient | ReplayingClient:
        if not self._record:
            return ReplayingClient(Recording.read(settings.task))
        client = RecordingClient(settings.command, settings.state_folder / "engine.log")
        client.begin(_recordings.setdefault(settings.task, Recording(settings.task)))
        client.spawn()
        return client

    def compare(
        self,
        settings: Settings,
        size: tuple[int, int],
        prepare: Callable[[Driver], Awaitable[Callable[[], None]]],
    ) -> bool:
        """`prepare` is called with the first answer on the screen, and returns what holds the figures still."""
        client = self._client(settings)
        self._clients.append(client)
        app = LogitscopeApp(settings, lambda: cast("EngineClient", client))

        async def run_before(pilot: Pilot[None]) -> None:
            driver = Driver(app, pilot, cast("EngineClient", client))
            await driver.answered()
            hold_still = await prepare(driver)
            await driver.until(lambda: client.at_rest, "the last answer")
            if self._record and app.conversation.engine.pid is not None:
                os.kill(
                    app.conversation.engine.pid, signal.SIGSTOP
                )  # each answer to a ping has another memory figure
                await pilot.pause(0.5)
            hold_still()
            fields = list(app.screen.query(Input))
            for field in fields:
                field.cursor_blink = False
            await pilot.pause()  # a blink that was under way is over
            for field in fields:
                field._cursor_visible = True
            await pilot.pause()

        return bool(self._compare(app, terminal_size=size, run_before=run_before))

    def close(self) -> None:
        for client in self._clients:
            client.kill_now()
            if self._record:
                client.asking.recording.write()


async def press(driver: Driver, *keys: str) -> None:
    """Press one key after the other, each when all is answered: what is asked then never depends on the speed."""
    client = cast("ReplayingClient", driver.client)
    for key in keys:
        await driver.until(lambda: client.at_rest, "an answer")
        await driver.pilot.press(key)
        await driver.pilot.pause()
    await driver.until(lambda: client.at_rest, "an answer")
