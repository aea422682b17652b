"""Which requests are open, which of them the engine has, and what a new process is to be offered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from tui.protocol import (
    Analyze,
    AnyEvent,
    AnyRequest,
    Cancelled,
    Continue,
    Examine,
    Load,
    Loaded,
    Progress,
    Reweigh,
    Search,
    Superseded,
    Write,
    kind_of,
)
from tui.protocol.failures import Failure
from tui.protocol.microscope.questions import Bring
from tui.protocol.rows import ReadoutSettings, RowAddress

MODEL_LANE: tuple[type[AnyRequest], ...] = (Load, Analyze, Reweigh, Continue, Search)
"""Requests the engine runs one at a time, in the order in which it prefers them."""


@dataclass(frozen=True)
class Death:
    """What the end of a process means for the requests."""

    running: tuple[AnyRequest, ...]
    """What the engine was at: one of the model lane, any number of the others."""
    held: tuple[AnyRequest, ...]
    """Those whose like ran at the death before, too: they are over, and whoever hears of it holds their like."""
    settled: tuple[AnyEvent, ...]
    """Last events of requests that are not offered again: cancelled, or replaced by a newer one."""


def content_of(request: AnyRequest) -> AnyRequest:
    """A request without what differs between two that ask the same: its id, and what is read of the answer."""
    changes: dict[str, Any] = {"id": 0}
    if isinstance(request, Analyze):
        changes |= {"readout": ReadoutSettings(), "address": RowAddress(), "plain_answer": True}
    elif isinstance(request, Reweigh):
        changes["of"] = 0
    elif isinstance(request, Write):
        changes |= {"most": min(request.most, 1), "readout": ReadoutSettings()}  # looking is not writing
    return replace(request, **changes)


class OpenRequests:
    """Requests from `add` to their last event. Plain bookkeeping: sends nothing, waits for nothing.

    What the engine was at when it died twice in a row is told apart by its content, not by its id: screens ask
    the same again, under new ids, when the checkpoint is back.
    """

    def __init__(self) -> None:
        self._open: dict[int, AnyRequest] = {}
        self._sent: dict[int, None] = {}  # in the order in which this process got them
        self._held: list[tuple[AnyRequest, Failure]] = []  # contents, and why
        self._cancelled: set[int] = set()
        self._running: int | None = None  # in the engine's model lane
        self._ran_at_death: list[AnyRequest] = []  # contents
        self._in_use: Load | None = None
        self._has_model = False

    def add(self, request: AnyRequest) -> list[AnyEvent]:
        """Remember a request; the last events of those the engine hasn't got and this one replaces."""
        self._open[request.id] = request
        return self._drop_older(request, also_sent=False)

    def hold(self, request: AnyRequest, why: Failure) -> None:
        """Take a request's like for one that ends the engine."""
        self._held.append((content_of(request), why))

    def why_held(self, request: AnyRequest) -> Failure | None:
        """Why the like of a request is held back; None where it isn't."""
        if not self._held:
            return None
        content = content_of(request)
        return next((why for held, why in self._held if held == content), None)

    @property
    def holds_any(self) -> bool:
        """Whether anything is held back."""
        return bool(self._held)

    def cancel(self, target: int) -> Cancelled | None:
        """Mark a request as unwanted; its last event, if the engine never got it."""
        if target in self._sent:
            self._cancelled.add(target)
        elif target in self._open:
            self._forget(target)
            return Cancelled(target)
        return None

    @property
    def any_cancelled(self) -> bool:
        """Whether a cancelled request still waits for its last event."""
        return bool(self._cancelled)

    def to_send(self) -> list[AnyRequest]:
        """What the engine hasn't got: a `Load` first, then what was trained before, then by age.

        A new process gets the checkpoint in use again, unless another one is about to be loaded; questions wait for
        it, as they may be about its tokenizer.
        """
        load = self._in_use
        loading = any(isinstance(r, Load) for r in self._open.values())
        if load is not None and not self._has_model and not loading:
            self._open.setdefault(load.id, load)
        early = load is not None and not self._has_model
        waiting = [
            r
            for i, r in self._open.items()
            if i not in self._sent and not (early and isinstance(r, Examine) and not _brings(r))
        ]
        return sorted(waiting, key=lambda r: (type(r) is not Load, not _brings(r), r.id))

    def sent(self, request: AnyRequest) -> None:
        """The engine has it now."""
        self._sent[request.id] = None
        if self._running is None and type(request) in MODEL_LANE:
            self._running = request.id

    def progressed(self, event: Progress) -> None:
        """The engine is at this request."""
        if type(self._open.get(event.id)) in MODEL_LANE:
            self._running = event.id

    def settle(self, event: AnyEvent) -> None:
        """A last event came."""
        request = self._open.get(event.id)
        self._forget(event.id)
        if request is not None and self._ran_at_death:
            content = content_of(request)
            self._ran_at_death = [each for each in self._ran_at_death if each != content]
        if self._running == event.id:
            lane = [self._open[i] for i in self._sent if type(self._open[i]) in MODEL_LANE]
            following = min(lane, key=lambda r: MODEL_LANE.index(type(r)), default=None)
            self._running = None if following is None else following.id
        if isinstance(request, Load):
            if isinstance(event, Loaded):
                self._in_use, self._has_model = request, True
            elif request is self._in_use and not self._has_model:
                self._in_use = None

    def died(self) -> Death:
        """The process is gone: find the suspects, keep the newest of each kind for the next process."""
        running = [self._open[i] for i in self._sent if self._is_running(i) and i not in self._cancelled]
        repeated = [r for r in running if content_of(r) in self._ran_at_death]
        suspects = [content_of(r) for r in _suspects(repeated)]
        held = [r for r in self._open.values() if content_of(r) in suspects]
        self._ran_at_death = [content_of(r) for r in running if r not in held]
        settled: list[AnyEvent] = [Cancelled(i) for i in sorted(self._cancelled)]
        for request_id in (*(event.id for event in settled), *(r.id for r in held)):
            self._forget(request_id)
        for request in list(self._open.values()):
            if request.id in self._open:
                settled += self._drop_older(request, also_sent=True)
        self._sent.clear()
        self._running = None
        self._has_model = False
        if self._in_use is not None and content_of(self._in_use) in suspects:
            self._in_use = None
        return Death(tuple(running), tuple(held), tuple(settled))

    def release(self) -> None:
        """Let what is held back be asked again, with a clean record."""
        self._held.clear()
        self._ran_at_death.clear()

    def _is_running(self, request_id: int) -> bool:
        """Whether the engine may be at it: one of the model lane, and beside a load what is read meanwhile."""
        kind = type(self._open[request_id])
        if request_id == self._running or kind not in MODEL_LANE:
            return True
        return kind is not Load and isinstance(self._open.get(self._running or 0), Load)

    def _drop_older(self, newest: AnyRequest, also_sent: bool) -> list[AnyEvent]:
        dropped: list[AnyEvent] = []
        for older in [r for r in self._open.values() if kind_of(r) is kind_of(newest) and r.id < newest.id]:
            if also_sent or older.id not in self._sent:
                self._forget(older.id)
                dropped.append(Superseded(older.id, newest.id))
        return dropped

    def _forget(self, request_id: int) -> None:
        self._open.pop(request_id, None)
        self._sent.pop(request_id, None)
        self._cancelled.discard(request_id)


def _brings(request: AnyRequest) -> bool:
    return isinstance(request, Examine) and isinstance(request.question, Bring)


def _suspects(repeated: list[AnyRequest]) -> list[AnyRequest]:
    """Of what ran at two deaths what is held back: the foremost of the model lane alone, or else all."""
    lane = [r for r in repeated if type(r) in MODEL_LANE]
    return [min(lane, key=lambda r: MODEL_LANE.index(type(r)))] if lane else repeated
