"""What happens when the terminal goes away (SIGHUP) or the process is told to end (SIGTERM)."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

EXIT_STATUS = 128 + signal.SIGHUP


def on_hangup(hang_up: Callable[[], None], leave: Callable[[], None]) -> None:
    """Call `hang_up` and end the process at once on SIGHUP; call `leave` on SIGTERM.

    After SIGHUP there is no terminal to restore, and an event loop that goes on reading from a closed one
    spins; SIGTERM leaves a terminal behind that has to be put in order first.
    """

    def gone() -> None:
        try:
            hang_up()
        finally:
            os._exit(EXIT_STATUS)

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, gone)
    loop.add_signal_handler(signal.SIGTERM, leave)
