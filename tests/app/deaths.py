"""Killing and stopping the engine under a running playground."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from tests.app.driving import Driver


def shown(driver: Driver) -> str:
    """All that is on the terminal, in one line."""
    return " ".join(" ".join(driver.painted()).split())


def pid(driver: Driver) -> int:
    """The engine's process."""
    found = driver.app.conversation.engine.pid
    assert found is not None
    return found


async def kill(driver: Driver) -> None:
    """Kill the engine, and wait until it is told and the next one has its checkpoint."""
    before = pid(driver)
    loaded = driver.app.conversation.line.status.loaded
    os.kill(before, signal.SIGKILL)
    await driver.until(lambda: pid(driver) != before, "another engine")
    await driver.until(
        lambda: driver.app.conversation.line.status.loaded is not loaded, "the checkpoint, loaded again"
    )


async def freeze(driver: Driver) -> Callable[[], None]:
    """Stop the engine until what is returned is called."""
    stopped = pid(driver)
    os.kill(stopped, signal.SIGSTOP)
    return lambda: os.kill(stopped, signal.SIGCONT)


def last_line(driver: Driver) -> str:
    """The terminal's last line."""
    return driver.painted()[-1]


def screen(driver: Driver) -> Any:
    """The screen on top."""
    return driver.app.screen
