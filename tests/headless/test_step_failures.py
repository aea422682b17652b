"""`run --steps` with an engine that fails on purpose: what was written stands, and how it ended is told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.headless.test_run import ROOT, assert_a_reader_may_leave, gone, scripted
from tests.patience import PATIENCE
from tests.scripted_engine import HOSTILE, WRITTEN
from tui.headless.text import cells

SCRIPT = ROOT / "tests" / "scripted_engine.py"
RUN = (sys.executable, "-m", "tui", "run", "text-generation", "--steps")


@pytest.fixture(autouse=True)
def in_the_package_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def run(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*RUN, *arguments], input=given, capture_output=True, timeout=PATIENCE)


def objects(lines: bytes) -> list[dict[str, Any]]:
    return [json.loads(line, parse_constant=pytest.fail) for line in lines.splitlines()]


def test_tokens_of_every_kind_in_json() -> None:
    done = run("Hi\u2028", "--json", "--alternatives", "1", *scripted())
    assert (done.returncode, done.stderr) == (0, b"")
    plain, hostile, half, special, end = objects(done.stdout)
    assert plain == {
        "input": 1,
        "step": 1,
        "token": {"id": 5, "text": " time"},
        "probability": pytest.approx(0.36787944),
        "log_probability": -1.0,
        "rank": 1,
        "entropy_bits": 2.5,
        "by": "greedy",
        "seconds": 0.0,
        "top": [{"id": 5, "text": " time", "probability": 0.4}],
    }
    assert hostile["token"] == {"id": 6, "text": HOSTILE}
    assert (hostile["probability"], hostile["log_probability"], hostile["entropy_bits"]) == (0.0, None, None)
    assert (hostile["kept_probability"], hostile["kept"], hostile["by"]) == (0.0, 3, "sample")
    assert half["token"] == {"id": 7, "text": "Ã", "bytes": "c3"}
    assert (half["probability"], half["rank"], half["by"]) == (None, None, "given")
    assert special["token"] == {"id": 0, "text": "</s>", "special": True}
    assert special["step"] == 4
    assert end["answer"] == [{"generated_text": f"Hi\u2028 time{HOSTILE}"}]
    assert end["stopped"] == {"kind": "end", "words": f"it chose {HOSTILE}"}
    assert (end["tokens"], end["prompt_tokens"], end["seconds"], end["tokens_per_second"]) == (4, 3, 2.0, 2.0)
    assert (end["log_probability"], end["perplexity"]) == (None, None)  # of one token it isn't known
    assert end["settings"] == [{"name": "do_sample", "value": "\x1b[2J", "origin": "scripted"}]
    assert end["note"] == HOSTILE
    assert end["inputs"] == {"text": "Hi\u2028"}


def test_tokens_of_every_kind_as_lines() -> None:
    done = run("Hi \x1b[31m", *scripted())
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    assert all(char.isprintable() or char == "\n" for char in text)
    lines = text.splitlines()
    head = next(number for number, line in enumerate(lines) if line.split()[:2] == ["step", "id"])
    assert lines[head - 1] == "Hi \\x1b[31m"
    rows = lines[head + 1 : head + 5]
    assert [row.split()[0] for row in rows] == ["1", "2", "3", "4"]
    assert [row.split()[1] for row in rows] == [str(chosen.id) for chosen in WRITTEN]
    starts = {
        cells(line[: line.index(word)])
        for line, word in ((lines[head], "likeliest"), (rows[0], "“ time” 0.4"))
    }
    assert len(starts) == 1
    assert "“ time” 0.400000, “a” 0.200000" in rows[0]
    assert rows[2].endswith("given; bytes c3, no whole character")
    assert rows[3].endswith("special token")
    assert lines[head + 5] == "  ended: end, it chose  \\x1b[2J\\u202e[red]"
    assert "  written: “ time \\x1b[2J\\u202e[red]”" in lines


def test_a_search_in_json_and_as_lines() -> None:
    asked = ("Hi", "--num-beams", "2", *scripted())
    done = run(*asked, "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    step, end = objects(done.stdout)
    assert (step["input"], step["step"], step["finished"]) == (1, 1, 1)
    assert step["candidates"][1] == {
        "parent": 0,
        "token": {"id": 6, "text": HOSTILE},
        "log_probability": -1.0,
        "score": -1.0,
        "penalized": -1.0,
        "fate": "finished",
        "why": f"ends {HOSTILE}",
    }
    assert step["candidates"][2]["score"] is None
    assert end["answer"] == [{"generated_text": f"Hi{HOSTILE}"}]
    assert (end["tokens"], end["seconds"], end["tokens_per_second"]) == (1, 0.5, 2.0)
    assert end["hypotheses"] == [
        {"text": HOSTILE, "ids": [6], "score": -1.0, "total": -1.0, "finished": True, "candidates": [1]}
    ]
    lines = run(*asked).stdout.decode()
    assert all(char.isprintable() or char == "\n" for char in lines)
    assert "  step 1, 1 hypothesis finished" in lines.splitlines()
    assert "finished: ends  \\x1b[2J\\u202e[red]" in lines
    assert "cut: rank 3 of 2 beams" in lines


def test_control_c_in_a_search_leaves_its_steps() -> None:
    command = [*RUN, "wait", "--json", "--num-beams", "2", *scripted("hold=wait")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (130, b"")
    (end,) = objects(rest)
    assert (end["stopped"]["kind"], end["answer"], end["tokens"]) == ("cancelled", None, 0)


def test_a_failure_in_the_middle() -> None:
    done = run("one", "bad \x1b[2J", "two", "--json", *scripted("fail=bad"))
    assert done.returncode == 1
    told = objects(done.stdout)
    assert [(each["input"], each.get("step")) for each in told] == [
        *((1, step) for step in (1, 2, 3, 4, None)),
        *((2, step) for step in (1, 2, 3, None)),
        *((3, step) for step in (1, 2, 3, 4, None)),
    ]
    failed = told[8]
    assert (failed["answer"], failed["tokens"]) == (None, 3)
    assert failed["stopped"] == {"kind": "failed", "words": "Scripted failure"}
    assert b"Scripted failure" in done.stderr
    assert b"bad \\x1b[2J" in done.stderr


def test_an_engine_that_dies_in_the_middle() -> None:
    done = run("one", "two", *scripted("die=one"))
    assert done.returncode == 1
    assert b"killed (SIGKILL)" in done.stderr
    assert b"Traceback" not in done.stderr
    lines = done.stdout.decode().splitlines()
    assert [line.split()[0] for line in lines[-6:]] == ["1", "2", "3", "ended:", "3", "what"]
    assert lines[-1] == "  what was written can't be read back"


@pytest.mark.parametrize(
    ("unread", "answer"), [((), [{"generated_text": f"wait time{HOSTILE}"}]), (("unread",), None)]
)
def test_control_c_in_the_middle(tmp_path: Path, unread: tuple[str, ...], answer: Any) -> None:
    pid = tmp_path / "pid"
    command = [*RUN, "wait", "never", "--json", *scripted("hold=wait", f"pid={pid}", *unread)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (130, b"")
    assert [each["step"] for each in objects(b"".join(lines))] == [1, 2, 3]
    (end,) = objects(rest)
    assert end["stopped"] == {"kind": "cancelled", "words": "ctrl+c"}
    assert (end["answer"], end["tokens"], end["seconds"]) == (answer, 3, 0.5)
    assert gone(int(pid.read_text()))


def test_a_second_control_c_does_not_wait(tmp_path: Path) -> None:
    pid, record = tmp_path / "pid", tmp_path / "record"
    steps = ("hold=wait", "uncancelled", f"pid={pid}", f"record={record}")
    process = subprocess.Popen(
        [*RUN, "wait", "--json", *scripted(*steps)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    for _ in range(3):
        process.stdout.readline()
    process.send_signal(signal.SIGINT)
    limit = time.monotonic() + PATIENCE
    while "Cancel" not in record.read_text() and time.monotonic() < limit:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (130, b"")
    assert gone(int(pid.read_text()))


def test_control_c_that_the_shell_ignores_is_ignored() -> None:
    script = "trap '' INT; exec \"$@\""
    command = ["sh", "-c", script, "sh", *RUN, "wait", "--json", *scripted("hold=wait")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    for _ in range(3):
        process.stdout.readline()
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    process.kill()
    process.communicate()


def test_a_reader_that_has_seen_enough(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    command = [*RUN, *["text"] * 2000, "--json", *scripted(f"pid={pid}")]
    assert_a_reader_may_leave(command, pid)
