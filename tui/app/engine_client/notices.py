"""What the client tells beside the engine's own events, and how long it waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from tui.protocol import AnyEvent, Ready
from tui.protocol.failures import Failure


@dataclass(frozen=True)
class EngineLost:
    """The process ended, could not be started, or broke the protocol."""

    failure: Failure
    restarts: bool
    """It is being started again and the requests are offered again; otherwise it waits for `retry`."""


@dataclass(frozen=True)
class EngineStarted:
    """A process is up and takes requests."""

    ready: Ready
    restarted: bool
    """Not the first one of this client."""


@dataclass(frozen=True)
class EngineSilent:
    """The engine does not answer pings; repeated while that lasts, then told once with `answering`."""

    seconds: float
    answering: bool


Notice: TypeAlias = AnyEvent | EngineLost | EngineStarted | EngineSilent
"""Everything a client's listener hears."""


@dataclass(frozen=True)
class Timing:
    """How long the client waits for what, in seconds."""

    ping: float = 0.5
    silent: float = 2.0
    cancel: float = 6.0
    """How long an engine that says nothing may take no notice of a `Cancel`; then it is ended."""
    handshake: float = 30.0
    """From the start of the process to `Ready`."""
    death_window: float = 60.0
    deaths: int = 3
    """With this many deaths within the window the engine stays down."""
    backoff: float = 1.0
    """Wait before the second restart within the window; the first one is immediate."""
    grace: float = 0.5
    """For each step of closing: end of input, SIGTERM, SIGKILL."""


DEFAULT_TIMING = Timing()
