"""The recordings that snapshots are drawn from, against the engine of today: one that rots is found here."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.app.recorded import FOLDER, Recording
from tests.engine.driver import EngineProcess
from tui.protocol import (
    LAST_EVENTS,
    Analyze,
    AnyEvent,
    AnyRequest,
    Continue,
    Continued,
    Forwarded,
    Load,
    Progress,
    Readout,
    Reweigh,
    Search,
    Tokenized,
)
from tui.protocol.rows import Row

MEASURED = {"seconds", "memory", "device_name", "checkpoints", "cache"}
"""What each run and each machine has of its own."""
NUMBER = re.compile(r"[-−]?\d+\.\d+")


def alike(found: Any, recorded: Any, where: str) -> None:
    """The same, but for what float32 allows: sums of some hundred products differ in their last digits."""
    assert type(found) is type(recorded), where
    if isinstance(recorded, msgspec.Struct):
        for name in recorded.__struct_fields__:
            if name not in MEASURED:
                alike(getattr(found, name), getattr(recorded, name), f"{where}.{name}")
    elif isinstance(recorded, tuple):
        assert len(found) == len(recorded), where
        for place, (one, other) in enumerate(zip(in_order(found), in_order(recorded), strict=True)):
            alike(one, other, f"{where}[{place}]")
    elif isinstance(recorded, float):
        assert math.isclose(found, recorded, rel_tol=1e-3, abs_tol=1e-3), (where, found, recorded)
    elif isinstance(recorded, str):
        assert NUMBER.sub("#", found) == NUMBER.sub("#", recorded), where
        for one, other in zip(NUMBER.findall(found), NUMBER.findall(recorded), strict=True):
            assert abs(float(one.replace("−", "-")) - float(other.replace("−", "-"))) < 2e-2, (
                where,
                one,
                other,
            )
    else:
        assert found == recorded, where


def in_order(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Rows of a readout by their index: two that are nearly the same may stand in either order."""
    rows = bool(values) and all(isinstance(each, Row) for each in values)
    return tuple(sorted(values, key=lambda row: int(row.index))) if rows else values


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as running:
        yield running


class Asker:
    """Asks what was recorded; a `Reweigh` of what has been read since asks for that once more, before."""

    def __init__(self, engine: EngineProcess, recording: Recording) -> None:
        self._engine, self._recording = engine, recording
        self._latest = -1

    def ask(self, place: int) -> list[AnyEvent]:
        answer = self._recording.answers[place]
        request: AnyRequest = answer.request
        if isinstance(request, Reweigh) and self._latest != answer.about:
            self.ask(answer.about)
        changes: dict[str, Any] = {"id": self._engine.next_id()}
        if isinstance(request, Reweigh):
            changes["of"] = 0
        elif isinstance(request, Load):
            changes["device"] = "cpu"
        elif isinstance(request, Analyze | Continue | Search):
            self._latest = place
        self._engine.send(msgspec.structs.replace(request, **changes))
        self._engine.last(changes["id"])
        return self._engine.of(changes["id"])


def told(events: list[AnyEvent]) -> tuple[AnyEvent, ...]:
    """What is compared: of the readouts that come now and then while a model writes only the last.

    A text that waits for its checkpoint is told twice, the second time by the tokenizer in use; what a long answer
    has run so far is told before its end.
    """
    forwards = [event for event in events if isinstance(event, Forwarded)]
    events = [
        event
        for place, event in enumerate(events)
        if not (isinstance(event, Forwarded) and event is not forwards[-1])
        if not isinstance(event, Tokenized)
        or event.sequences not in [each.sequences for each in events[:place] if isinstance(each, Tokenized)]
    ]
    writes = isinstance(events[-1], Continued)
    last = max((place for place, event in enumerate(events) if isinstance(event, Readout)), default=-1)
    nobody: dict[str, Any] = {"id": 0}
    return tuple(
        msgspec.structs.replace(event, **nobody)
        for place, event in enumerate(events)
        if not isinstance(event, Progress) and not (writes and isinstance(event, Readout) and place != last)
    )


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_the_engine_still_says_what_was_recorded(engine: EngineProcess, path: Path) -> None:
    recording = Recording.read(path.stem)
    assert any(isinstance(answer.request, Load) for answer in recording.answers)
    asker = Asker(engine, recording)
    for place, answer in enumerate(recording.answers):
        assert isinstance(answer.events[-1], LAST_EVENTS), f"answer {place} was cut off: record it again"
        name = f"{path.stem}, line {place + 1}: "
        alike(told(asker.ask(place)), told(answer.events), name)
