"""Which requests are open, which of them the engine has, and what a new process is to be offered."""

from __future__ import annotations

from dataclasses import dataclass

from tui.protocol import (
    Analyze,
    AnyEvent,
    AnyRequest,
    Cancelled,
    Continue,
    Load,
    Loaded,
    Progress,
    Reweigh,
    Search,
    Superseded,
    kind_of,
)

MODEL_LANE: tuple[type[AnyRequest], ...] = (Load, Analyze, Reweigh, Continue, Search)
"""Requests the engine runs one at a time, in the order in which it prefers them."""


@dataclass(frozen=True)
class Death:
    """What the end of a process means for the requests."""

    running: tuple[AnyRequest, ...]
    """What the engine was at: one of the model lane, any number of the others."""
    held: tuple[AnyRequest, ...]
    """Those that ran at the death before, too: they are not offered again until `release`."""
    settled: tuple[AnyEvent, ...]
    """Last events of requests that are not offered again: cancelled, or replaced by a newer one."""


class OpenRequests:
    """Requests from `add` to their last event. Plain bookkeeping: sends nothing, waits for nothing."""

    def __init__(self) -> None:
        self._open: dict[int, AnyRequest] = {}
        self._sent: dict[int, None] = {}  # in the order in which this process got them
        self._held: set[int] = set()
        self._cancelled: set[int] = set()
        self._running: int | None = None  # in the engine's model lane
        self._ran_at_death: set[int] = set()
        self._in_use: Load | None = None
        self._has_model = False

    def add(self, request: AnyRequest) -> list[AnyEvent]:
        """Remember a request; the last events of those the engine hasn't got and this one replaces."""
        self._open[request.id] = request
        return self._drop_older(request, also_sent=False)

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
        """What the engine hasn't got: a `Load` first, then by age.

        A new process gets the checkpoint in use again, unless another one is about to be loaded.
        """
        load = self._in_use
        loading = any(isinstance(r, Load) and i not in self._held for i, r in self._open.items())
        if load is not None and not self._has_model and not loading:
            self._open.setdefault(load.id, load)
        waiting = [r for i, r in self._open.items() if i not in self._sent and i not in self._held]
        return sorted(waiting, key=lambda r: (type(r) is not Load, r.id))

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
        repeated = {r.id for r in running} & self._ran_at_death
        self._held |= repeated
        self._ran_at_death = {r.id for r in running}
        settled: list[AnyEvent] = [Cancelled(i) for i in sorted(self._cancelled)]
        for event in settled:
            self._forget(event.id)
        for request in list(self._open.values()):
            if request.id in self._open:
                settled += self._drop_older(request, also_sent=True)
        self._sent.clear()
        self._running = None
        self._has_model = False
        held = tuple(r for r in running if r.id in repeated)
        return Death(tuple(running), held, tuple(settled))

    def release(self) -> None:
        """Offer held requests again, with a clean record."""
        self._held.clear()
        self._ran_at_death.clear()

    def _is_running(self, request_id: int) -> bool:
        return request_id == self._running or type(self._open[request_id]) not in MODEL_LANE

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
        for ids in (self._held, self._cancelled, self._ran_at_death):
            ids.discard(request_id)
