"""Reads requests, routes them to the lanes, answers what needs no lane, and ends when the stream ends."""

from __future__ import annotations

import importlib.metadata
import logging
import os
import socket
from collections.abc import Callable
from functools import partial

import msgspec

from tui import protocol
from tui.engine import log
from tui.engine.cores import CORES
from tui.engine.errors import failure_of
from tui.engine.frames import FrameReader, Outbox
from tui.engine.lanes import Job, Lane
from tui.engine.session import EngineSession
from tui.engine.sources import listing
from tui.engine.sources.obtain import inspect
from tui.protocol import (
    Analyze,
    Cancel,
    CheckpointsListed,
    Continue,
    Examine,
    Failed,
    Inspect,
    Inspected,
    ListCheckpoints,
    Load,
    Ping,
    Pong,
    Ready,
    Request,
    Reweigh,
    Search,
    Shutdown,
    frames,
)
from tui.protocol.failures import Failure

EXIT_LOST = 75
"""Exit status after a failure that no further computation in this process survives."""

_LOG = logging.getLogger(__name__)


class Server:
    """One engine: a request stream in, an event stream out."""

    def __init__(self, requests: int, events: int, log_path: str) -> None:
        """`requests`, `events`: descriptors of the two streams."""
        self._reader = FrameReader(requests)
        self._outbox = Outbox(events, broken=lambda: leave(0))
        self._log_path = log_path
        self._session = EngineSession(self._outbox, lost=lambda: leave(EXIT_LOST))
        self._library_lane = Lane("library", ("Inspect", "ListCheckpoints"), self._outbox.supersede)
        self._newest_id = 0

    def serve(self) -> None:
        """Serve until the request stream ends or a Shutdown comes."""
        self._outbox.preamble()
        self._outbox.send(
            Ready(
                id=0,
                protocol=protocol.PROTOCOL_VERSION,
                version=_version(),
                pid=os.getpid(),
                host=socket.gethostname(),
                log_path=self._log_path,
            )
        )
        self._session.start()
        self._session.supervisor.add(self._library_lane, apart=True)
        while (body := self._next_body()) is not None:
            try:
                request = frames.decode_request(body)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                self._refuse(f"A frame holds no request of this protocol: {error}.")
                continue
            if isinstance(request, Shutdown):
                return
            try:
                self._take(request)
            except BaseException as error:  # noqa: BLE001 - whatever it is, the next request is read
                _LOG.error("request %d could not be taken", request.id, exc_info=error)
                self._outbox.send(Failed(request.id, failure_of(error, type(request).__name__)))

    def _next_body(self) -> bytes | None:
        try:
            return self._reader.next_body()
        except ValueError as error:
            self._refuse(f"The stream can't be followed any more: {error}.")
            return None

    def _take(self, request: Request) -> None:
        if isinstance(request, Cancel):
            self._library_lane.forget(request.target)
            self._session.cancel(request.target)
            return
        if request.id <= self._newest_id:
            self._refuse(f"Request id {request.id} is not above {self._newest_id}, the newest so far.")
            return
        self._newest_id = request.id
        self._outbox.open(request.id)
        match request:
            case Ping():
                if request.typing:
                    CORES.typed()
                self._outbox.send(Pong(request.id, self._session.memory()))
                log.trim()
                self._session.supervisor.look()
            case Load():
                self._session.load(request)
            case Analyze():
                self._session.analyze(request)
            case Reweigh():
                self._session.reweigh(request)
            case Continue() | Search():
                self._session.generating.take(request)
            case Examine():
                self._session.bench.examine(request)
            case ListCheckpoints():
                self._in_library(request, lambda: self._list(request))
            case Inspect():
                self._in_library(request, lambda: self._inspect(request))

    def _in_library(self, request: Request, work: Callable[[], None]) -> None:
        kind = type(request).__name__
        attempt = self._session.attempt
        self._library_lane.submit(Job(request.id, kind, lambda: attempt(request.id, kind, work)))

    def _list(self, request: ListCheckpoints) -> None:
        self._outbox.send(CheckpointsListed(request.id, request.task, listing.checkpoints(request.task)))

    def _inspect(self, request: Inspect) -> None:
        check = partial(self._outbox.check, request.id)
        checkpoint = inspect(request.reference, request.revision, request.task, check)
        self._outbox.send(Inspected(request.id, checkpoint))

    def _refuse(self, detail: str) -> None:
        """Answer what can't be told apart as a request: nobody's failure, id 0."""
        _LOG.warning("%s", detail)
        self._outbox.send(Failed(0, Failure("Not understood", detail, "Use the same version on both sides.")))


def _version() -> str:
    try:
        return importlib.metadata.version("logitscope")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def leave(status: int) -> None:
    """End the process at once, whatever its threads are doing."""
    logging.shutdown()
    os._exit(status)
