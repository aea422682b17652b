"""A Hub cache on a bad day: two engines fill it at once, a kill cuts it, the clock jumps under it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.checkpoints import make_checkpoint
from tests.engine.conftest import TASK
from tests.engine.driver import EngineProcess
from tests.engine.sources.loopback_hub import LoopbackHub
from tests.jumping_clock import JumpingClock
from tests.patience import PATIENCE
from tui.protocol import Analyze, Answered, Cancel, Cancelled, Failed, Load, Loaded, Progress

NAME = "someone/tiny-classifier"
TEXT = {"text": "A warm, funny film"}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of some megabytes."""
    return make_checkpoint(tmp_path_factory.mktemp("large"), "distilbert", 3, dim=256, hidden_dim=1024)


@pytest.fixture
def hub(large: Path) -> Iterator[LoopbackHub]:
    """One whose line stands still in the middle of the weights, until it is told to go on."""
    with LoopbackHub({NAME: large}, stop_after=1_000_000) as serving:
        yield serving


def ask(engine: EngineProcess, reference: str = NAME) -> int:
    request = engine.next_id()
    engine.send(Load(request, reference, TASK))
    return request


def downloading(engine: EngineProcess, request: int, most: int = 0) -> None:
    """Wait until it tells of more than so many bytes."""
    engine.until(
        lambda event: (
            event.id == request
            and isinstance(event, Progress)
            and event.unit == "bytes"
            and (event.done or 0) > most
        )
    )


def answer(engine: EngineProcess, request: int) -> Answered:
    """What the checkpoint that was asked for says of a text."""
    loaded = engine.last(request)
    assert isinstance(loaded, Loaded), loaded
    text = engine.next_id()
    engine.send(Analyze(text, TASK, TEXT))
    answered = engine.last(text)
    assert isinstance(answered, Answered), answered
    return answered


def kill_all(engine: EngineProcess) -> None:
    """End an engine and its download as a power failure would: nobody tidies up."""
    family = [
        *psutil.Process(engine.process.pid).children(recursive=True),
        psutil.Process(engine.process.pid),
    ]
    assert len(family) > 1
    for process in family:
        process.suspend()  # none of them may see another end
    for process in family:
        process.kill()
    engine.process.wait(PATIENCE)
    psutil.wait_procs(family[:-1], timeout=PATIENCE)


def remains(cache: Path) -> list[Path]:
    return [file for file in cache.rglob("*.incomplete") if file.stat().st_size]


def fetched(hub: LoopbackHub) -> int:
    """How often the weights were asked for."""
    return sum(request.startswith("GET") and "model.safetensors" in request for request in hub.requests)


@contextmanager
def both_downloading(
    hub: LoopbackHub, cache: Path
) -> Iterator[tuple[EngineProcess, int, EngineProcess, int]]:
    """Two engines at the same checkpoint, each with its request: the first downloads, the second waits for it."""
    environment = hub.environment(cache)
    with EngineProcess(environment) as first, EngineProcess(environment) as second:
        one = ask(first)
        downloading(first, one, most=500_000)
        other = ask(second)
        downloading(second, other)
        yield first, one, second, other


def test_two_engines_download_a_checkpoint_once(hub: LoopbackHub, tmp_path: Path) -> None:
    with both_downloading(hub, tmp_path) as (first, one, second, other):
        hub.go_on()
        assert answer(first, one).answer == answer(second, other).answer
        assert fetched(hub) == 1


@pytest.mark.parametrize("end", ["cancelled", "killed"])
def test_who_waits_for_the_download_of_another_takes_it_over(
    hub: LoopbackHub, tmp_path: Path, end: str
) -> None:
    with both_downloading(hub, tmp_path) as (first, one, second, other):
        if end == "killed":
            kill_all(first)
        else:
            first.send(Cancel(first.next_id(), one))
            assert isinstance(first.last(one), Cancelled)
        hub.go_on()
        answer(second, other)


def test_who_waits_for_the_download_of_another_can_be_cancelled(hub: LoopbackHub, tmp_path: Path) -> None:
    with both_downloading(hub, tmp_path) as (first, one, second, other):
        second.send(Cancel(second.next_id(), other))
        assert isinstance(second.last(other), Cancelled)
        hub.go_on()
        answer(first, one)
        answer(second, ask(second))


def test_a_cache_that_was_cut_by_a_kill_is_told_and_made_whole(
    hub: LoopbackHub, large: Path, tmp_path: Path
) -> None:
    with EngineProcess(hub.environment(tmp_path)) as engine:
        downloading(engine, ask(engine), most=500_000)
        kill_all(engine)
    assert remains(tmp_path)
    with EngineProcess({**hub.environment(tmp_path), "HF_HUB_OFFLINE": "1"}) as engine:
        failed = engine.last(ask(engine))
        assert isinstance(failed, Failed)
        assert failed.failure.title == "The Hub is switched off"
        assert failed.failure.hint
        alone = answer(engine, ask(engine, str(large)))
    hub.go_on()
    with EngineProcess(hub.environment(tmp_path)) as engine:
        assert answer(engine, ask(engine)).answer == alone.answer


def test_a_blob_that_lost_its_end_is_named(hub: LoopbackHub, large: Path, tmp_path: Path) -> None:
    """What a machine that lost its power leaves: the name is there, the bytes are not."""
    hub.go_on()
    with EngineProcess(hub.environment(tmp_path)) as engine:
        answer(engine, ask(engine))
        (weights,) = tmp_path.rglob("model.safetensors")
        for left in (weights.stat().st_size - 1, 1000, 1, 0):
            os.truncate(weights.resolve(), left)
            failed = engine.last(ask(engine))
            assert isinstance(failed, Failed)
            assert "model.safetensors" in failed.failure.detail
            assert failed.failure.hint
        answer(engine, ask(engine, str(large)))


def test_the_clock_jumps(hub: LoopbackHub, large: Path, tmp_path: Path) -> None:
    """Nothing that is waited for, kept or found is measured by the time of day."""
    clock = JumpingClock(tmp_path)
    environment = {**hub.environment(tmp_path / "cache"), **clock.environment}
    with EngineProcess(environment) as engine:
        request = ask(engine)
        downloading(engine, request, most=500_000)
        hub.go_on()
        first = answer(engine, request)
    assert clock.processes > 1, "the engine and its download run by that clock"
    for place, file in enumerate(sorted((tmp_path / "cache").rglob("*"))):
        if file.is_file():
            when = (0, 2**31 + 10**6, 2**32 + 10**6)[place % 3]  # 1970, 2038, 2106
            os.utime(file, (when, when))
    with EngineProcess({**environment, "HF_HUB_OFFLINE": "1"}) as engine:
        assert answer(engine, ask(engine)).answer == first.answer
