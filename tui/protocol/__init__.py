"""The whole contract between the screen and the engine: typed requests and events, plain values only.

The two sides are processes joined by two byte streams (`protocol.frames` says how messages become bytes). A request
(screen → engine) carries a new, growing `id`; every event (engine → screen) carries the id it answers, or 0.

Life of a request: any number of `Progress`, then its own events, and exactly one *last* event: `Pong`,
`CheckpointsListed`, `Inspected`, `Loaded`, `Reweighed`, `Answered`, `Examined`, `Continued` or `Searched`, and
for every kind `Failed`, `Cancelled` or `Superseded`. No request is dropped silently.
"""

from __future__ import annotations

from typing import TypeAlias

from tui.protocol.events import (
    Answered,
    BeamsStepped,
    Cancelled,
    CheckpointsListed,
    Continued,
    Event,
    Examined,
    Failed,
    Forwarded,
    Inspected,
    Loaded,
    Pong,
    Progress,
    Readout,
    Ready,
    Reweighed,
    Searched,
    Stepped,
    Superseded,
    Tokenized,
)
from tui.protocol.requests import (
    Analyze,
    Cancel,
    Continue,
    Examine,
    Inspect,
    ListCheckpoints,
    Load,
    Ping,
    Request,
    Reweigh,
    Search,
    Shutdown,
    Write,
)

PROTOCOL_VERSION = 8

__all__ = [
    "LAST_EVENTS",
    "PROTOCOL_VERSION",
    "Analyze",
    "Answered",
    "AnyEvent",
    "AnyRequest",
    "BeamsStepped",
    "Cancel",
    "Cancelled",
    "CheckpointsListed",
    "Continue",
    "Continued",
    "Event",
    "Examine",
    "Examined",
    "Failed",
    "Forwarded",
    "Inspect",
    "Inspected",
    "ListCheckpoints",
    "Load",
    "Loaded",
    "Ping",
    "Pong",
    "Progress",
    "Readout",
    "Ready",
    "Request",
    "Reweigh",
    "Reweighed",
    "Search",
    "Searched",
    "Shutdown",
    "Stepped",
    "Superseded",
    "Tokenized",
    "Write",
    "kind_of",
]

AnyRequest: TypeAlias = (
    Ping
    | ListCheckpoints
    | Inspect
    | Load
    | Analyze
    | Reweigh
    | Examine
    | Continue
    | Search
    | Cancel
    | Shutdown
)
AnyEvent: TypeAlias = (
    Ready
    | Pong
    | CheckpointsListed
    | Inspected
    | Progress
    | Loaded
    | Tokenized
    | Forwarded
    | Readout
    | Answered
    | Reweighed
    | Examined
    | Stepped
    | Continued
    | BeamsStepped
    | Searched
    | Failed
    | Cancelled
    | Superseded
)
LAST_EVENTS: tuple[type[Event], ...] = (
    Pong,
    CheckpointsListed,
    Inspected,
    Loaded,
    Answered,
    Reweighed,
    Examined,
    Continued,
    Searched,
    Failed,
    Cancelled,
    Superseded,
)


def kind_of(request: Request) -> type:
    """What a request is about: of two of one kind only the newer is of interest."""
    return type(request.question) if isinstance(request, Examine) else type(request)
