"""Requests to write, token by token or with beams: one at a time, and who hears of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tui.app.engine_client import EngineLost
from tui.protocol import (
    BeamsStepped,
    Cancel,
    Cancelled,
    Continue,
    Continued,
    Failed,
    Loaded,
    Readout,
    Reweigh,
    Reweighed,
    Search,
    Searched,
    Stepped,
    Superseded,
    Tokenized,
)

if TYPE_CHECKING:
    from tui.app.engine_client import EngineClient, Notice
    from tui.protocol.failures import Failure
    from tui.protocol.rows import ReadoutSettings, RowAddress


_ENDS = (Continued, Searched, Failed, Cancelled, Superseded)
_TOLD = (Tokenized, Stepped, Readout, BeamsStepped, *_ENDS)


class Writers:
    """Asks the engine to write; of what was asked only the latest is heard of."""

    def __init__(self, client: EngineClient) -> None:
        self._client = client
        self._listener: Callable[[Notice], None] | None = None
        self._writing: int | None = None
        self._reading: int | None = None
        self._held: Continue | Search | None = None
        """What waits for a checkpoint: the first one, or that of a new engine."""
        self._loading = True
        self._left: set[int] = set()
        """Requests that nobody waits for any more, and whose last event has not come."""

    def listen(self, listener: Callable[[Notice], None] | None) -> None:
        """Who is told; with None nobody, and what was asked is not wanted any more."""
        if listener is None:
            self.stop()
            self._leave()
        self._listener = listener

    @property
    def busy(self) -> bool:
        """Whether the engine is at it."""
        return self._writing is not None

    @property
    def waiting(self) -> bool:
        """Whether what was asked for waits for a checkpoint."""
        return self._held is not None

    def go_on(self, **wanted: Any) -> None:
        """Ask for tokens; a request under way gives way."""
        self._send(Continue(self._client.next_id(), **wanted))

    def search(self, **wanted: Any) -> None:
        """Ask for a beam search."""
        self._send(Search(self._client.next_id(), **wanted))

    def _send(self, request: Continue | Search) -> None:
        self.stop()
        self._leave()
        self._writing = request.id
        if self._loading:
            self._held = request
        else:
            self._client.send(request)

    def _leave(self) -> None:
        if self._writing is not None:
            self._left.add(self._writing)
        if self._reading is not None:
            self._left.add(self._reading)
        self._writing = self._reading = self._held = None

    def stop(self) -> None:
        """Give up what is under way; its listener is told by `Cancelled`."""
        if self._held is not None:
            self._writing = self._held = None
        elif self._writing is not None:
            self._client.send(Cancel(self._client.next_id(), self._writing))

    def read(self, settings: ReadoutSettings, address: RowAddress) -> None:
        """Read a row of the latest run again."""
        if self._reading is not None:
            self._left.add(self._reading)
        self._reading = self._client.next_id()
        self._client.send(Reweigh(self._reading, settings, address))

    def not_loaded(self, failure: Failure) -> None:
        """No checkpoint comes that could be waited for; what waits is told why."""
        held, self._held, self._loading = self._held, None, False
        if held is not None:
            self._writing = None
            if self._listener is not None:
                self._listener(Failed(held.id, failure))

    def hear(self, notice: Notice) -> bool:
        """Whether this was about writing; then the listener was told, if it still matters."""
        if isinstance(notice, EngineLost):
            self._loading = True
            self.stop()  # it is not offered to the next engine: what was told stands, and more is asked for by hand
        if isinstance(notice, Loaded):
            held, self._held, self._loading = self._held, None, False
            if held is not None:
                self._client.send(held)
        if isinstance(notice, Loaded | EngineLost):
            if self._listener is not None:
                self._listener(notice)
            return False
        request_id = getattr(notice, "id", 0)
        if request_id in self._left:
            if isinstance(notice, (*_ENDS, Reweighed)):
                self._left.discard(request_id)
            return True
        if request_id == self._reading and request_id:
            if isinstance(notice, Reweighed | Failed | Cancelled | Superseded):
                self._reading = None
            if isinstance(notice, Readout | Failed) and self._listener is not None:
                self._listener(notice)
            return True
        if request_id != self._writing or not request_id:
            return False
        if isinstance(notice, _ENDS):
            self._writing = None
        if isinstance(notice, _TOLD) and self._listener is not None:
            self._listener(notice)
        return True
