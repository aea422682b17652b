"""An engine that is frozen ends no command's patience unsaid: a sentence, a status, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.headless.test_run import ROOT, gone, scripted
from tui import cli
from tui.headless import client, pipes
from tui.headless.client import BlockingEngine, RequestError
from tui.protocol import Analyze, Answered, Examine, Load, Loaded
from tui.protocol.microscope.questions import Dissect, ReadIds
from tui.settings import Settings

TASK = "sentiment-analysis"
RUN = (sys.executable, "-m", "tui", "run")


@pytest.fixture(autouse=True)
def in_the_package_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SILENT_SECONDS", 2.0)
    monkeypatch.setattr(pipes, "LOOK_SECONDS", 0.5)


def test_an_engine_frozen_while_it_runs_a_text_is_told(
    impatient: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pid = tmp_path / "pid"
    status = cli.main(["run", TASK, "one", "freeze", "two", *scripted("freeze=freeze", f"pid={pid}")])
    told = capfd.readouterr()
    assert status == 1
    assert "The engine does not answer" in told.err
    assert "it has said nothing for 2 s" in told.err
    assert "one" in told.out
    assert "two" not in told.out, "an engine that does not answer is not asked again"
    assert gone(int(pid.read_text()))


def test_the_real_engine_frozen_between_two_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with BlockingEngine(Settings().command, tmp_path / "engine.log") as engine:
        load = Load(engine.next_id(), "nano-sentiment", TASK)
        assert isinstance(list(engine.ask(load))[-1], Loaded)
        request = Analyze(engine.next_id(), TASK, {"text": "a film"})
        assert isinstance(list(engine.ask(request))[-1], Answered)
        os.kill(engine._process.pid, signal.SIGSTOP)
        monkeypatch.setattr(client, "SILENT_SECONDS", 2.0)
        with pytest.raises(RequestError) as silent:
            list(engine.ask(Analyze(engine.next_id(), TASK, {"text": "another one"})))
        assert silent.value.lost
        assert silent.value.failure.title == "The engine does not answer"
        # what no pipe holds is not waited for either
        with pytest.raises(RequestError) as silent:
            list(engine.ask(Examine(engine.next_id(), Dissect("", "x" * 10_000_000))))
        assert silent.value.failure.title == "The engine does not answer"


def test_pings_and_requests_whose_ids_were_given_out_before_do_not_collide(tmp_path: Path) -> None:
    with BlockingEngine(Settings().command, tmp_path / "engine.log") as engine:
        first, second = engine.next_id(), engine.next_id()
        events = list(engine.ask(Examine(second, ReadIds("nano-sentiment", "7"))))
        for _ in range(3):
            engine._ping()
        events += list(engine.ask(Examine(first, ReadIds("nano-sentiment", "8"))))
    assert [event.id for event in events] == [second, first]


def test_control_c_ends_a_command_whose_engine_is_frozen(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    arguments = ["text-generation", "freeze", "--steps", "--json"]
    command = [*RUN, *arguments, *scripted("freeze=freeze", f"pid={pid}")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
    assert process.stdout is not None
    for _ in range(3):
        process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in (1, 130)
    assert b"The engine does not answer" in errors
    assert b"said nothing for 6 s" in errors
    assert gone(int(pid.read_text()))
