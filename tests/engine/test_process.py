"""The engine's process: its streams stay clean, its log is kept small, and it never outlives its purpose."""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import psutil
import pytest

from tests.engine.conftest import TASK
from tests.engine.driver import ROOT, EngineProcess, HeldEngine
from tests.patience import PATIENCE
from tui.engine import log
from tui.protocol import (
    Analyze,
    Answered,
    Failed,
    Load,
    Loaded,
    Ping,
    Pong,
    Progress,
    Ready,
    Shutdown,
    Tokenized,
    frames,
)

BUILT_IN = "nano-sentiment"


def ready(engine: EngineProcess) -> Ready:
    event = engine.until(lambda event: isinstance(event, Ready))
    assert isinstance(event, Ready)
    return event


def test_it_is_ready_before_any_heavy_library_is_imported() -> None:
    program = "import sys, tui.engine.__main__, tui.engine.server, tui.engine.runtime; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    heavy = {
        "torch",
        "transformers",
        "tokenizers",
        "numpy",
        "huggingface_hub.hf_api",
        "safetensors",
        "textual",
    }
    assert not heavy & set(done.stdout.split())


def test_stderr_stays_where_it_is_when_told_so(tmp_path: Path) -> None:
    with EngineProcess(
        {"LOGITSCOPE_STATE": str(tmp_path / "state")}, ("-m", "tui.engine", "--log", "-")
    ) as engine:
        assert ready(engine).log_path == ""
    with EngineProcess(arguments=("-m", "tui.engine", "--log", str(tmp_path / "my.log"))) as engine:
        assert ready(engine).log_path == str(tmp_path / "my.log")
    assert not (tmp_path / "state").exists()


def test_what_libraries_print_goes_to_the_log_and_never_between_the_frames(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys, threading, time\n"
        "def chatter():\n"
        "    while True:\n"
        "        print('noise from a library', flush=True)\n"
        "        os.write(1, b'raw noise\\n')\n"
        "        time.sleep(0.002)\n"
        "def later():\n"
        "    while 'tui.engine.session' not in sys.modules: time.sleep(0.005)\n"
        "    chatter()\n"
        "threading.Thread(target=later, daemon=True).start()\n"
    )
    with EngineProcess({"PYTHONPATH": str(tmp_path), "LOGITSCOPE_STATE": str(tmp_path)}) as engine:
        load, text = engine.next_id(), engine.next_id()
        engine.send(Load(load, BUILT_IN, TASK), Analyze(text, TASK, {"text": "a dull film"}))
        assert isinstance(engine.last(load), Loaded)
        assert isinstance(engine.last(text), Answered)
        assert engine.junk == b""
        written = Path(ready(engine).log_path).read_text()
    assert "noise from a library" in written
    assert "raw noise" in written


@pytest.mark.parametrize("moment", ["at once", "while torch is imported"])
@pytest.mark.parametrize("way", ["end of stdin", "Shutdown", "SIGTERM", "SIGINT", "stdout closed"])
def test_it_ends_without_waiting_for_what_is_under_way(tmp_path: Path, way: str, moment: str) -> None:
    with HeldEngine(tmp_path) as engine:
        ready(engine)
        if moment != "at once":
            engine.gates.close("Progress", after=1)  # it imports torch, and comes no further
            load, text = engine.next_id(), engine.next_id()
            engine.send(Load(load, BUILT_IN, TASK), Analyze(text, TASK, {"text": "dull"}))
            engine.first(Tokenized, text)
            engine.first(Progress, load)
        expected = 0
        assert engine.process.stdin is not None
        if way == "end of stdin":
            engine.process.stdin.close()
        elif way == "Shutdown":
            engine.send(Shutdown(engine.next_id()))
        elif way == "stdout closed":
            engine.close_stdout()  # the read that is under way still gets what comes next
            limit = time.monotonic() + PATIENCE
            with contextlib.suppress(BrokenPipeError):
                while engine.process.poll() is None and time.monotonic() < limit:
                    engine.send(Ping(engine.next_id()))
                    time.sleep(0.01)
        else:
            number = signal.Signals[way]
            engine.process.send_signal(number)
            expected = 128 + number
        assert engine.ended() == expected
        assert not any(isinstance(event, Loaded) for event in engine.seen), "it did not wait for the load"


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys, time\n"
        "engine = subprocess.Popen([sys.executable, '-m', 'tui.engine'], stdin=subprocess.PIPE,"
        " stdout=subprocess.PIPE)\n"
        "print(engine.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    engine = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    gone, _ = psutil.wait_procs([engine], timeout=PATIENCE)
    assert gone


def test_a_frame_cut_off_by_the_end_of_the_stream_ends_it(tmp_path: Path) -> None:
    with EngineProcess() as engine:
        ready(engine)
        engine.send_bytes(frames.encode_frame(Ping(1))[:-2])
        assert engine.process.stdin is not None
        engine.process.stdin.close()
        assert engine.ended() == 0


def test_a_length_beyond_all_measure_ends_it_with_a_word() -> None:
    with EngineProcess() as engine:
        engine.send_bytes(b"\xff\xff\xff\xff")
        failed = engine.until(lambda event: isinstance(event, Failed))
        assert failed.id == 0
        assert engine.ended() == 0


def test_it_is_nice_and_leaves_a_core(tmp_path: Path) -> None:
    with EngineProcess() as engine:
        ready(engine)
        ping = engine.next_id()
        engine.send(Ping(ping))
        pong = engine.last(ping)
        process = psutil.Process(engine.process.pid)
        assert process.nice() >= 10
        assert isinstance(pong, Pong)
        assert pong.memory.used is not None
        assert 5_000_000 < pong.memory.used < 2_000_000_000


def test_the_log_is_moved_aside_when_it_has_grown(tmp_path: Path) -> None:
    path = tmp_path / "state" / "engine.log"
    path.parent.mkdir()
    path.write_bytes(b"x" * (log.LARGEST_BYTES + 1))
    with EngineProcess({"LOGITSCOPE_STATE": str(path.parent)}) as engine:
        assert ready(engine).log_path == str(path)
        assert path.stat().st_size < log.LARGEST_BYTES
        assert (path.parent / "engine.log.1").stat().st_size == log.LARGEST_BYTES + 1
        with path.open("ab") as flood:
            flood.write(b"y" * (log.LARGEST_BYTES + 1))
        ping = engine.next_id()
        engine.send(Ping(ping))
        engine.last(ping)
        engine.send(Ping(engine.next_id()))
        deadline = time.monotonic() + PATIENCE
        while path.stat().st_size > log.LARGEST_BYTES and time.monotonic() < deadline:
            time.sleep(0.01)
        assert path.stat().st_size < log.LARGEST_BYTES


def test_a_state_folder_that_cannot_be_written_costs_only_the_log(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with EngineProcess({"LOGITSCOPE_STATE": str(tmp_path / "file" / "state")}) as engine:
        assert ready(engine).log_path == ""


def waiting_in(pipe: int) -> int:
    """Bytes that were written into a pipe and not read yet."""
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


def test_a_reader_that_stops_reading_does_not_lose_a_frame() -> None:
    """Pipes hold 64 kB: the engine has to wait with its events, not drop them."""
    reading, writing = os.pipe()
    with Path(os.devnull).open("w") as nowhere:
        engine = subprocess.Popen(
            [sys.executable, "-m", "tui.engine"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=writing,
            stderr=nowhere,
        )
    os.close(writing)
    try:
        assert engine.stdin is not None
        count = 3_000
        pings = b"".join(frames.encode_frame(Ping(number)) for number in range(1, count + 1))
        threading.Thread(target=engine.stdin.write, args=(pings,), daemon=True).start()
        limit = time.monotonic() + PATIENCE
        while waiting_in(reading) < 60_000 and time.monotonic() < limit:
            time.sleep(0.01)
        stream = os.fdopen(reading, "rb")
        assert stream.read(len(frames.PREAMBLE)) == frames.PREAMBLE
        ids: list[int] = []
        while len(ids) <= count:
            header = stream.read(frames.HEADER.size)
            ids.append(frames.decode_event(stream.read(frames.body_length(header))).id)
        assert ids == list(range(count + 1))
    finally:
        engine.kill()
        engine.wait()
