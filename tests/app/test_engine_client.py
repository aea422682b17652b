"""The engine client against an engine that fails on purpose, and against the real one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from tests.held_engine import Gates
from tests.patience import PATIENCE
from tui.app.engine_client import EngineClient, EngineLost, EngineSilent, EngineStarted, Notice, Timing
from tui.protocol import (
    Analyze,
    Answered,
    AnyRequest,
    Cancel,
    Cancelled,
    Continue,
    Examine,
    Failed,
    Inspect,
    Load,
    Loaded,
    Ping,
    Pong,
    Progress,
    Ready,
    Reweigh,
    Reweighed,
    Search,
    Superseded,
    Tokenized,
)
from tui.protocol.microscope.questions import Dissect
from tui.protocol.rows import ReadoutSettings
from tui.settings import Settings

SCRIPT = Path(__file__).parents[1] / "scripted_engine.py"
ROOT = Path(__file__).parents[2]
FAST = Timing(ping=0.05, silent=0.2, cancel=PATIENCE, handshake=PATIENCE, backoff=0.05, grace=0.3)
PATIENT = Timing(ping=0.05, silent=PATIENCE, cancel=PATIENCE, handshake=PATIENCE, backoff=0.05, grace=0.3)
TASK = "sentiment-analysis"
N = TypeVar("N")


class Playground:
    """A client with a listener that keeps everything it hears."""

    def __init__(self, client: EngineClient) -> None:
        self.client = client
        self.heard: list[Notice] = []
        self._news = asyncio.Event()

    def hear(self, notice: Notice) -> None:
        self.heard.append(notice)
        self._news.set()

    def all(self, kind: type[N]) -> list[N]:
        return [notice for notice in self.heard if isinstance(notice, kind)]

    async def wait(self, kind: type[N], count: int = 1, seconds: float = PATIENCE) -> N:
        """The `count`-th notice of a kind."""
        async with asyncio.timeout(seconds):
            while len(self.all(kind)) < count:
                self._news.clear()
                await self._news.wait()
        return self.all(kind)[count - 1]

    def load(self, reference: str = "tiny") -> int:
        request = Load(self.client.next_id(), reference, TASK)
        self.client.send(request)
        return request.id

    def analyze(self, text: str) -> int:
        request = Analyze(self.client.next_id(), TASK, {"text": text})
        self.client.send(request)
        return request.id


Start = Callable[..., Playground]


@pytest.fixture
async def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    playgrounds: list[Playground] = []

    def with_steps(*steps: str, timing: Timing = FAST, command: tuple[str, ...] | None = None) -> Playground:
        command = command or (sys.executable, str(SCRIPT), *steps)
        playground = Playground(EngineClient(command, tmp_path / "state" / "engine.log", timing))
        playgrounds.append(playground)
        return playground

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    yield with_steps
    for playground in playgrounds:
        await playground.client.close()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def group(leader: int) -> list[str]:
    """Living processes of a process group, as Linux lists them."""
    living = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, process_group = entry.read_text().rsplit(")", 1)[1].split()[:3]
            if int(process_group) == leader and state != "Z":
                living.append(entry.parent.name)
    return living


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what other processes do."""
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit
        await asyncio.sleep(0.02)


async def recorded(record: Path, kind: str, request_id: int) -> None:
    """Wait until the scripted engine has read a request."""
    await until(lambda: record.exists() and f"{kind} {request_id}\n" in record.read_text())


# -------------------------------------------------------------------------------- speaking with it


async def test_what_is_sent_before_the_connection_is_answered(start: Start) -> None:
    playground = start("banner=5000")
    playground.client.spawn()
    load, analyze = playground.load(), playground.analyze("hello")
    await playground.client.connect(playground.hear)
    assert (await playground.wait(Answered)).id == analyze
    assert playground.all(Loaded)[0].id == load
    started = playground.all(EngineStarted)[0]
    assert not started.restarted
    assert started.ready.host == "scripted"
    assert playground.all(Ready) == []


async def test_requests_that_never_left_are_replaced_by_newer_ones(start: Start) -> None:
    playground = start()
    first, other, second = playground.analyze("a"), playground.load(), playground.analyze("b")
    await playground.client.connect(playground.hear)
    assert (await playground.wait(Superseded)).id == first
    assert playground.all(Superseded)[0].by == second
    assert (await playground.wait(Answered)).id == second
    assert playground.all(Loaded)[0].id == other


async def test_a_request_that_never_left_can_be_cancelled(start: Start, tmp_path: Path) -> None:
    record = tmp_path / "record"
    playground = start(f"record={record}")
    unwanted = playground.analyze("a")
    playground.client.send(Cancel(playground.client.next_id(), unwanted))
    await playground.client.connect(playground.hear)
    assert (await playground.wait(Cancelled)).id == unwanted
    playground.load()
    await playground.wait(Loaded)
    assert "Analyze" not in record.read_text()


async def test_large_frames_come_whole(start: Start) -> None:
    playground = start()
    await playground.client.connect(playground.hear)
    text = "word " * 1_000_000
    playground.analyze(text)
    assert (await playground.wait(Tokenized)).sequences[0].tokens[0].text == "word wor"
    await playground.wait(Answered)


async def test_a_text_that_no_frame_holds_fails_alone(start: Start) -> None:
    playground = start()
    await playground.client.connect(playground.hear)
    await playground.wait(EngineStarted)
    broken = playground.analyze("half a character: \ud83d")
    failed = await playground.wait(Failed)
    assert failed.id == broken
    assert "sent" in failed.failure.title
    assert playground.analyze("whole") == (await playground.wait(Answered)).id


async def test_an_engine_that_does_not_read_gets_only_the_newest(start: Start) -> None:
    playground = start("deaf")
    await playground.client.connect(playground.hear)
    await playground.wait(EngineStarted)
    text = "x" * 900_000
    ids = [playground.analyze(text) for _ in range(20)]
    await playground.wait(Superseded, count=15)
    replaced = {event.id for event in playground.all(Superseded)}
    assert ids[-1] not in replaced
    assert len(replaced) >= 15


async def test_pongs_are_heard(start: Start) -> None:
    playground = start(timing=PATIENT)
    await playground.client.connect(playground.hear)
    await playground.wait(Pong, count=2)
    ping = Ping(playground.client.next_id())
    playground.client.send(ping)
    await playground.wait(Pong, count=4)
    assert ping.id in {pong.id for pong in playground.all(Pong)}
    await playground.wait(Pong, count=12)
    assert playground.all(EngineSilent) == []


async def test_keys_that_come_together_are_told_once(start: Start) -> None:
    playground = start(timing=PATIENT)
    playground.client.typing()  # nobody is there yet
    await playground.client.connect(playground.hear)
    await playground.wait(EngineStarted)
    before = playground.client.next_id()
    for _ in range(3):
        playground.client.typing()
    assert playground.client.next_id() == before + 2, "one ping went out"
    await until(lambda: any(pong.id == before + 1 for pong in playground.all(Pong)))


# ------------------------------------------------------------------------------ commands that fail


async def test_a_command_that_does_not_exist(start: Start) -> None:
    playground = start(command=("/nowhere/engine\x1b[31m",))
    await playground.client.connect(playground.hear)
    lost = await playground.wait(EngineLost)
    assert not lost.restarts
    assert "No such file" in lost.failure.detail
    assert "\x1b" not in lost.failure.detail
    assert "--engine" in lost.failure.hint


@pytest.mark.parametrize(
    ("step", "title", "detail"),
    [
        ("garbage", "does not speak Logitscope's protocol", "Usage: something else \\x1b[2J"),
        ("banner=70000", "does not speak Logitscope's protocol", "Welcome!"),
        ("preamble=99", "another version", "99"),
        ("protocol=98", "another version", "98"),
    ],
)
async def test_a_command_that_is_no_engine(start: Start, step: str, title: str, detail: str) -> None:
    timing = Timing(ping=0.05, handshake=0.3 if step == "garbage" else PATIENCE, grace=0.3)
    playground = start(step, timing=timing)
    playground.client.spawn()
    assert playground.client._newest_link is not None
    printed = playground.client._newest_link.engine.popen.stdout
    assert printed is not None
    select.select([printed], [], [], PATIENCE)  # it has printed when the time for its greeting is over
    await playground.client.connect(playground.hear)
    lost = await playground.wait(EngineLost)
    assert title in lost.failure.title
    assert detail in lost.failure.detail
    assert not lost.restarts


async def test_a_command_that_prints_and_ends_is_no_engine(start: Start) -> None:
    playground = start(command=("echo", "hello"))
    await playground.client.connect(playground.hear)
    lost = await playground.wait(EngineLost)
    assert "does not speak" in lost.failure.title
    assert "hello" in lost.failure.detail


async def test_what_a_command_says_before_it_fails_is_told_and_kept(start: Start, tmp_path: Path) -> None:
    playground = start("exit=255")
    await playground.client.connect(playground.hear)
    lost = await playground.wait(EngineLost)
    assert lost.failure.title == "The engine ended at its start (exit status 255)"
    assert "Permission denied (publickey).\\x1b[31m" in lost.failure.detail
    assert not lost.restarts
    log = tmp_path / "state" / "engine.log"
    assert b"Permission denied" in log.read_bytes()
    assert log.stat().st_mode & 0o777 == 0o600


async def test_a_stopped_command_starts_again_when_asked(start: Start) -> None:
    playground = start("exit=1")
    await playground.client.connect(playground.hear)
    await playground.wait(EngineLost)
    playground.client.retry()
    await playground.wait(EngineLost, count=2)


# ------------------------------------------------------------------------------------------ deaths


@pytest.mark.parametrize(
    ("by", "why"),
    [
        ("SIGKILL", "The system does this when memory runs out, or the time that a limit gives."),
        (
            "SIGBUS",
            "The system does this when a file in use becomes shorter: was the checkpoint written anew?",
        ),
        ("SIGTERM", "after its start."),
    ],
)
async def test_a_killed_engine_comes_back_and_answers(
    start: Start, tmp_path: Path, by: str, why: str
) -> None:
    playground = start(f"die-once={tmp_path / 'mark'}", f"by={by}")
    await playground.client.connect(playground.hear)
    load = playground.load()
    analyze = playground.analyze("hello")
    assert (await playground.wait(Answered)).id == analyze
    lost = playground.all(EngineLost)[0]
    assert lost.restarts
    assert lost.failure.title == f"The engine was killed ({by})"
    assert lost.failure.detail.endswith(why)
    assert lost.failure.hint == "It is starting again, and your request is offered again."
    assert "running sentiment-analysis on 5 characters" in lost.failure.detail
    assert [loaded.id for loaded in playground.all(Loaded)] == [load, load]
    assert [started.restarted for started in playground.all(EngineStarted)] == [False, True]


async def test_what_kills_twice_is_held_back_until_it_is_wanted(start: Start, tmp_path: Path) -> None:
    record = tmp_path / "record"
    playground = start("die=poison", f"record={record}")
    await playground.client.connect(playground.hear)
    playground.load()
    poison = playground.analyze("poison")
    second = await playground.wait(EngineLost, count=2)
    assert "second time" in second.failure.detail
    assert "held back" in second.failure.detail
    assert second.restarts
    assert [(event.id, event.failure.title) for event in playground.all(Failed)] == [
        (poison, "This text is held back")
    ]
    await playground.wait(Loaded, count=3)
    again = playground.analyze("poison")
    assert (await playground.wait(Failed, count=2)).id == again, "a screen asks the same when it is loaded"
    good = playground.analyze("good")
    assert (await playground.wait(Answered)).id == good
    assert record.read_text().count("Analyze") == 3
    playground.client.retry()
    playground.analyze("poison")
    await playground.wait(EngineLost, count=3)
    assert record.read_text().count("Analyze") == 4


async def test_the_same_text_under_new_ids_is_the_same(start: Start, tmp_path: Path) -> None:
    """What a screen does: it asks again, under a new id, as soon as the checkpoint is back."""
    record = tmp_path / "record"
    playground = start("die=poison", f"record={record}")

    def hear(notice: Notice) -> None:
        playground.hear(notice)
        if isinstance(notice, Loaded):
            playground.analyze("poison")
            playground.analyze("poison")

    await playground.client.connect(hear)
    playground.load()
    await playground.wait(EngineLost, count=2)
    await playground.wait(Loaded, count=3)
    await playground.wait(Failed, count=3)
    assert playground.analyze("good") == (await playground.wait(Answered)).id
    assert len(playground.all(EngineLost)) == 2
    assert record.read_text().count("Analyze") == 3


async def test_what_is_held_from_the_start_is_not_sent(start: Start, tmp_path: Path) -> None:
    record = tmp_path / "record"
    playground = start(f"record={record}")
    playground.client.hold(Analyze(0, TASK, {"text": "of last time"}))
    load, held = playground.load(), playground.analyze("of last time")
    await playground.client.connect(playground.hear)
    failed = await playground.wait(Failed)
    assert failed.id == held
    assert "without an answer" in failed.failure.detail
    assert (await playground.wait(Loaded)).id == load
    playground.client.release()
    assert playground.analyze("of last time") == (await playground.wait(Answered)).id
    assert record.read_text().count("Analyze") == 1


@pytest.mark.parametrize("kind", ["analyze", "load", "examine", "continue", "search"])
async def test_whatever_kills_twice_is_held_back(start: Start, tmp_path: Path, kind: str) -> None:
    record = tmp_path / "record"
    playground = start(f"record={record}", f"die-at={kind.title()}")
    await playground.client.connect(playground.hear)
    inputs = {"text": "a"}
    make: dict[str, Callable[[int], AnyRequest]] = {
        "analyze": lambda number: Analyze(number, TASK, inputs),
        "load": lambda number: Load(number, "huge", TASK),
        "examine": lambda number: Examine(number, Dissect(text="a")),
        "continue": lambda number: Continue(number, "text-generation", inputs, most=3),
        "search": lambda number: Search(number, "text-generation", inputs, most=3),
    }
    for count in (1, 2):
        request = make[kind](playground.client.next_id())
        playground.client.send(request)
        await playground.wait(EngineLost, count=count)
    assert len(playground.all(Failed)) == 1
    await playground.wait(EngineStarted, count=3)
    again = make[kind](playground.client.next_id())
    playground.client.send(again)
    held = await playground.wait(Failed, count=2)
    assert held.id == again.id
    assert "held back" in held.failure.title
    assert "F9" in held.failure.hint
    assert record.read_text().split().count(kind.title()) == 2


async def test_a_text_that_silences_the_engine_is_held_back_at_the_second_restart(start: Start) -> None:
    playground = start("freeze=poison")
    await playground.client.connect(playground.hear)
    playground.load()
    playground.analyze("poison")
    for count in (1, 2):
        await playground.wait(EngineStarted, count=count)
        while not (playground.all(EngineSilent) and not playground.all(EngineSilent)[-1].answering):
            await playground.wait(EngineSilent, count=len(playground.all(EngineSilent)) + 1)
        playground.heard = [each for each in playground.heard if not isinstance(each, EngineSilent)]
        playground.client.restart()
        await playground.wait(EngineLost, count=count)
    assert "held back" in (await playground.wait(Failed)).failure.title
    assert playground.analyze("good") == (await playground.wait(Answered)).id


async def test_a_checkpoint_that_kills_gives_way_to_the_one_in_use(start: Start) -> None:
    playground = start("die-load=huge")
    await playground.client.connect(playground.hear)
    good = playground.load("good")
    await playground.wait(Loaded)
    playground.load("huge")
    held = await playground.wait(EngineLost, count=2)
    assert "loading huge" in held.failure.detail
    assert (await playground.wait(Loaded, count=2)).id == good
    assert playground.analyze("still here") == (await playground.wait(Answered)).id


async def test_requests_older_than_the_load_in_use_are_offered_again(start: Start) -> None:
    """The protocol wants growing ids, and the load goes first: the older request goes under a new id."""
    playground = start("hold=wait")
    await playground.client.connect(playground.hear)
    waiting = playground.analyze("wait")
    playground.load()
    await playground.wait(Loaded)
    playground.client.send(Reweigh(playground.client.next_id(), ReadoutSettings()))
    started = playground.all(EngineStarted)[0]
    os.kill(started.ready.pid, signal.SIGKILL)
    await playground.wait(Loaded, count=2)
    playground.client.send(Cancel(playground.client.next_id(), waiting))
    assert (await playground.wait(Cancelled)).id == waiting
    assert len(playground.all(EngineLost)) == 1


async def test_of_each_kind_the_newest_is_offered_again(start: Start, tmp_path: Path) -> None:
    record = tmp_path / "record"
    playground = start("hold=wait", f"record={record}")
    await playground.client.connect(playground.hear)
    await playground.wait(EngineStarted)
    older, newer = playground.analyze("wait a"), playground.analyze("wait b")
    await recorded(record, "Analyze", newer)
    os.kill(playground.all(EngineStarted)[0].ready.pid, signal.SIGKILL)
    await playground.wait(EngineStarted, count=2)
    assert [(event.id, event.by) for event in playground.all(Superseded)] == [(older, newer)]
    await playground.wait(Pong, count=3)
    assert record.read_text().split().count("Analyze") == 3


async def test_a_cancelled_request_is_not_offered_again(start: Start, tmp_path: Path) -> None:
    record = tmp_path / "record"
    playground = start("hold=wait", f"record={record}")
    await playground.client.connect(playground.hear)
    await playground.wait(EngineStarted)
    unwanted = playground.analyze("wait")
    await recorded(record, "Analyze", unwanted)
    pid = playground.all(EngineStarted)[0].ready.pid
    os.kill(pid, signal.SIGSTOP)
    playground.client.send(Cancel(playground.client.next_id(), unwanted))
    os.kill(pid, signal.SIGKILL)
    assert (await playground.wait(Cancelled)).id == unwanted
    await playground.wait(EngineStarted, count=2)
    await playground.wait(Pong, count=len(playground.all(Pong)) + 1)
    assert record.read_text().count("Analyze") == 1


async def test_an_engine_that_keeps_dying_stays_down(start: Start, tmp_path: Path) -> None:
    playground = start("die=poison", timing=Timing(ping=0.05, handshake=PATIENCE, backoff=0.3, grace=0.3))
    await playground.client.connect(playground.hear)
    died = 0.0
    for count in (1, 2, 3):
        playground.analyze(f"poison {count}")  # each another text: none is held back
        await playground.wait(EngineStarted, count=count)
        waited = time.monotonic() - died
        lost = await playground.wait(EngineLost, count=count)
        died = time.monotonic()
        assert lost.restarts == (count < 3)
    assert waited >= 0.3
    assert "3 times" in playground.all(EngineLost)[2].failure.hint
    kept = playground.analyze("good")
    await asyncio.sleep(0.6)
    assert len(playground.all(EngineStarted)) == 3
    playground.client.retry()
    assert (await playground.wait(Answered)).id == kept


async def test_a_frame_that_is_none_restarts_the_engine(start: Start) -> None:
    playground = start("garbled=2")
    await playground.client.connect(playground.hear)
    playground.load()
    await playground.wait(Loaded)
    playground.analyze("hello")
    lost = await playground.wait(EngineLost)
    assert lost.failure.title == "The engine's stream is broken"
    assert lost.restarts


@pytest.mark.parametrize("step", ["fatal", "last-words"])
async def test_the_reason_an_engine_gave_before_it_ended_is_repeated(start: Start, step: str) -> None:
    playground = start(step)
    await playground.client.connect(playground.hear)
    playground.load()
    failing = playground.analyze("hello")
    lost = await playground.wait(EngineLost)
    assert playground.all(Failed)[0].id == failing
    assert "The accelerator is poisoned" in lost.failure.detail
    assert lost.restarts
    await playground.wait(Loaded, count=2)


async def test_a_death_is_noticed_though_its_output_is_kept_open(start: Start) -> None:
    playground = start("child")
    await playground.client.connect(playground.hear)
    os.kill((await playground.wait(EngineStarted)).ready.pid, signal.SIGKILL)
    assert "SIGKILL" in (await playground.wait(EngineLost)).failure.title


# ----------------------------------------------------------------------------------------- silence


async def test_silence_is_told_and_its_end_too(start: Start) -> None:
    playground = start()
    await playground.client.connect(playground.hear)
    pid = (await playground.wait(EngineStarted)).ready.pid
    os.kill(pid, signal.SIGSTOP)
    silent = await playground.wait(EngineSilent)
    assert not silent.answering
    assert silent.seconds >= FAST.silent
    os.kill(pid, signal.SIGCONT)
    await playground.wait(Pong, count=len(playground.all(Pong)) + 2)
    assert any(notice.answering for notice in playground.all(EngineSilent))


async def test_a_silent_engine_can_be_restarted_with_its_request(start: Start) -> None:
    playground = start("silent")
    await playground.client.connect(playground.hear)
    pid = (await playground.wait(EngineStarted)).ready.pid
    os.kill(pid, signal.SIGSTOP)
    analyze = playground.analyze("hello")
    await playground.wait(EngineSilent)
    playground.client.restart()
    assert (await playground.wait(Answered)).id == analyze
    assert playground.all(EngineLost)[0].restarts
    assert not alive(pid)


async def test_a_cancel_that_a_frozen_engine_takes_no_notice_of_ends_it(start: Start, tmp_path: Path) -> None:
    """The cancelled request is not offered again; another one is, and is answered."""
    record = tmp_path / "record"
    playground = start("hold=endless", f"record={record}", timing=replace(FAST, cancel=0.2))
    await playground.client.connect(playground.hear)
    pid = (await playground.wait(EngineStarted)).ready.pid
    endless = playground.analyze("endless")
    await playground.wait(Pong, count=len(playground.all(Pong)) + 2)
    os.kill(pid, signal.SIGSTOP)
    await playground.wait(EngineSilent)
    assert not playground.all(EngineLost), "as long as nobody cancels, it is waited for"
    playground.client.send(Cancel(playground.client.next_id(), endless))
    inspected = Reweigh(playground.client.next_id(), ReadoutSettings())
    playground.client.send(inspected)
    lost = await playground.wait(EngineLost)
    assert lost.restarts
    assert "no notice of the cancel" in lost.failure.title
    assert (await playground.wait(Cancelled)).id == endless
    assert (await playground.wait(Reweighed)).id == inspected.id
    assert not alive(pid)
    assert [line.split()[0] for line in record.read_text().splitlines()].count("Analyze") == 1


# ----------------------------------------------------------------------------------------- the end


@pytest.mark.parametrize("step", ["", "stubborn", "deaf", "child"])
async def test_nothing_is_left_behind(start: Start, step: str) -> None:
    playground = start(step)
    await playground.client.connect(playground.hear)
    pid = (await playground.wait(EngineStarted)).ready.pid
    await playground.client.close()
    assert not alive(pid)
    await until(lambda: not group(pid))  # a killed process takes a moment


async def test_close_during_a_restart_leaves_nothing(start: Start) -> None:
    playground = start("die=poison")
    await playground.client.connect(playground.hear)
    playground.analyze("poison")
    await playground.wait(EngineLost)
    await playground.client.close()
    await asyncio.sleep(0.3)
    assert len(playground.all(EngineLost)) == 1
    newest = playground.client._newest_link
    assert newest is not None
    assert newest.engine.popen.poll() is not None


async def test_kill_now_needs_no_event_loop(start: Start) -> None:
    playground = start("stubborn")
    playground.client.spawn()
    newest = playground.client._newest_link
    assert newest is not None
    playground.client.kill_now()
    assert newest.engine.popen.poll() == -signal.SIGKILL


async def test_the_engine_has_a_session_of_its_own(start: Start) -> None:
    playground = start()
    await playground.client.connect(playground.hear)
    pid = (await playground.wait(EngineStarted)).ready.pid
    assert os.getsid(pid) == pid != os.getsid(0)


# --------------------------------------------------------------------------------- the real engine


@pytest.fixture
def real(start: Start) -> Playground:
    return start(command=Settings().command, timing=Timing())


async def test_the_real_engine_killed_while_it_loads_answers(start: Start, tmp_path: Path) -> None:
    gates = Gates(tmp_path / "gates")
    gates.close("Progress", after=1)
    real = start(command=gates.command, timing=Timing())
    await real.client.connect(real.hear)
    load, analyze = real.load("nano-sentiment"), real.analyze("What a wonderful course!")
    await real.wait(Progress)
    os.kill(real.all(EngineStarted)[0].ready.pid, signal.SIGKILL)
    gates.open("Progress")
    assert "loading nano-sentiment" in (await real.wait(EngineLost)).failure.detail
    answered = await real.wait(Answered)
    assert answered.id == analyze
    assert answered.answer[0]["label"] == "POSITIVE"
    assert [loaded.id for loaded in real.all(Loaded)] == [load]


async def test_the_real_engine_killed_while_it_answers_answers(real: Playground) -> None:
    await real.client.connect(real.hear)
    real.load("nano-sentiment")
    loaded = await real.wait(Loaded)
    pid = real.all(EngineStarted)[0].ready.pid
    os.kill(pid, signal.SIGSTOP)  # so that the answer can't be out before the kill
    analyze = real.analyze("What a wonderful course!")
    real.client.send(Inspect(real.client.next_id(), "nano-sentiment", TASK))
    await asyncio.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    assert "running sentiment-analysis" in (await real.wait(EngineLost)).failure.detail
    assert (await real.wait(Answered)).id == analyze
    assert [again.id for again in real.all(Loaded)] == [loaded.id, loaded.id]


async def test_the_real_engine_ends_with_its_input(real: Playground) -> None:
    await real.client.connect(real.hear)
    pid = (await real.wait(EngineStarted)).ready.pid
    await real.client.close()
    assert not alive(pid)
    assert real.client._newest_link is not None
    assert real.client._newest_link.engine.popen.poll() == 0, "nobody had to kill it"
