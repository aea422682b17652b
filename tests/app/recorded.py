"""What the real engine answered once, told again word for word: for pictures, whose digits have to stand still.

`pytest --record` writes `recordings/`, from the real engine; `test_recordings.py` holds them against the engine of
today, number by number, so that they can't rot unseen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tui.app.engine_client import EngineClient, EngineStarted, Notice
from tui.protocol import (
    LAST_EVENTS,
    PROTOCOL_VERSION,
    Analyze,
    AnyEvent,
    AnyRequest,
    Cancel,
    Continue,
    Ping,
    Ready,
    Reweigh,
    Search,
)

FOLDER = Path(__file__).with_name("recordings")


class Answered(msgspec.Struct):
    """A request, and everything that was said about it."""

    request: AnyRequest
    events: list[AnyEvent] = []
    about: int = -1
    """For a `Reweigh`: the place of the request whose logits it reads."""

    @property
    def key(self) -> tuple[bytes, int]:
        """What makes two requests the same."""
        return same(self.request), self.about


def same(request: AnyRequest) -> bytes:
    """A request without its ids."""
    ids = {"id": 0, "of": 0} if isinstance(request, Reweigh) else {"id": 0}
    return msgspec.json.encode(msgspec.structs.replace(request, **ids))


class Recording:
    """Requests with their answers, in the order in which they were first asked."""

    def __init__(self, name: str, answers: list[Answered] | None = None) -> None:
        self.path = FOLDER / f"{name}.json"
        self.answers = answers or []

    @classmethod
    def read(cls, name: str) -> Recording:
        """The one that is kept under a name."""
        lines = (FOLDER / f"{name}.json").read_bytes().splitlines()
        return cls(name, [msgspec.json.decode(line, type=Answered) for line in lines])

    def write(self) -> None:
        """Keep it, an answer a line; without a number that JSON doesn't have."""
        FOLDER.mkdir(exist_ok=True)
        self.path.write_bytes(b"".join(msgspec.json.encode(answer) + b"\n" for answer in self.answers))

    def place_of(self, request: AnyRequest, about: int) -> int | None:
        """Where a request stands in it."""
        key = Answered(request, about=about).key
        return next((place for place, answer in enumerate(self.answers) if answer.key == key), None)


class _Asking:
    """Which logits a request is about, and what is unanswered."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._places: dict[int, int] = {}
        self._latest = -1
        self._open: set[int] = set()

    @property
    def at_rest(self) -> bool:
        """Whether everything is answered."""
        return not self._open

    def about(self, request: AnyRequest) -> int:
        """The place of the request whose logits this one reads."""
        if not isinstance(request, Reweigh):
            return -1
        return self._places.get(request.of, -1) if request.of else self._latest

    def sent(self, request: AnyRequest, place: int) -> None:
        """A request that stands at a place was sent."""
        self._places[request.id] = place
        self._open.add(request.id)
        if isinstance(request, Analyze | Continue | Search):
            self._latest = place


class RecordingClient(EngineClient):
    """The client of a real engine; a recording gets everything that is new to it."""

    def begin(self, recording: Recording) -> None:
        """Record from now on."""
        self.asking = _Asking(recording)
        self._new: dict[int, Answered] = {}

    @property
    def at_rest(self) -> bool:
        return self.asking.at_rest

    def send(self, request: AnyRequest) -> None:
        if not isinstance(request, Cancel | Ping):
            recording, about = self.asking.recording, self.asking.about(request)
            place = recording.place_of(request, about)
            if place is None:
                place = len(recording.answers)
                self._new[request.id] = Answered(request, [], about)
                recording.answers.append(self._new[request.id])
            self.asking.sent(request, place)
        super().send(request)

    async def connect(self, listener: Callable[[Notice], None]) -> None:
        def hear(notice: Notice) -> None:
            if isinstance(notice, AnyEvent):
                if notice.id in self._new:
                    self._new[notice.id].events.append(notice)
                if isinstance(notice, LAST_EVENTS):
                    self.asking._open.discard(notice.id)
            listener(notice)

        await super().connect(hear)


class ReplayingClient:
    """No engine at all: it answers as the recording says, and knows nothing else."""

    def __init__(self, recording: Recording) -> None:
        self.asking = _Asking(recording)
        self._last_id = 0
        self._listener: Callable[[Notice], None] = lambda _: None

    @property
    def at_rest(self) -> bool:
        return self.asking.at_rest

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    async def connect(self, listener: Callable[[Notice], None]) -> None:
        self._listener = listener
        listener(EngineStarted(Ready(0, PROTOCOL_VERSION, "0", 0, "recorded", ""), False))

    def typing(self) -> None:
        """Nobody computes."""

    def send(self, request: AnyRequest) -> None:
        if isinstance(request, Cancel | Ping):
            return
        place = self.asking.recording.place_of(request, self.asking.about(request))
        assert place is not None, (
            f"{self.asking.recording.path.name} has no answer to {request}: pytest --record"
        )
        self.asking.sent(request, place)
        asyncio.get_running_loop().call_soon(self._answer, request.id, place)

    def _answer(self, request_id: int, place: int) -> None:
        for event in self.asking.recording.answers[place].events:
            changes: dict[str, Any] = {"id": request_id}
            self._listener(msgspec.structs.replace(event, **changes))
        self.asking._open.discard(request_id)

    async def close(self) -> None:
        pass

    def kill_now(self) -> None:
        pass

    def release(self) -> None:
        """Nothing is held back."""

    def retry(self) -> None:
        pass

    def restart(self) -> None:
        pass
