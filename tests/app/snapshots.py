"""Comparing a screen with its snapshot while the engine keeps silent, so that the figures can be held still."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot

from tests.app.driving import Driver
from tui.app.app import LogitscopeApp
from tui.app.engine_client import EngineClient
from tui.settings import Settings


class Album:
    """Compares screens; the engines it started are killed by `close`."""

    def __init__(self, snap_compare: Any) -> None:
        self._compare = snap_compare
        self._clients: list[EngineClient] = []

    def compare(
        self,
        settings: Settings,
        size: tuple[int, int],
        prepare: Callable[[Driver], Awaitable[Callable[[], None]]],
    ) -> bool:
        """`prepare` is called with the first answer on the screen, and returns what holds the figures still."""
        client = EngineClient(settings.command, settings.state_folder / "engine.log")
        self._clients.append(client)
        client.spawn()
        app = LogitscopeApp(settings, lambda: client)

        async def run_before(pilot: Pilot[None]) -> None:
            driver = Driver(app, pilot, client)
            await driver.answered()
            hold_still = await prepare(driver)
            await pilot.pause(0.2)
            # Each answer to a ping brings a new memory figure: nothing may come after the figures are set.
            assert app.conversation.engine_pid is not None
            os.kill(app.conversation.engine_pid, signal.SIGSTOP)
            await pilot.pause(0.2)
            hold_still()
            await pilot.pause(0.2)

        return bool(self._compare(app, terminal_size=size, run_before=run_before))

    def close(self) -> None:
        for client in self._clients:
            client.kill_now()
