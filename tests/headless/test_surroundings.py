"""Each way in which the program finds its streams, folders, variables and limits: a sentence and a status."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.attack import Attack
from tests.attacks.survival import UNNAMED
from tests.engine.sources.loopback_hub import LoopbackHub

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "tui")
INSTANT = ["--version", "tasks", "run ner --help", "script ner x", "engine --help"]
CANT_BE_WRITTEN = "logitscope: Standard output can't be written"
NO_INPUT = "logitscope: Standard input can't be read"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("LOGITSCOPE_STATE", str(tmp_path / "state"))
    for name in ("PYTHONIOENCODING", "PYTHONUTF8", "LOGITSCOPE_CONFIG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def gone() -> Iterator[int]:
    """A pipe whose reader has left."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


def shell(
    command: str, before: str = "", after: str = "", keep: tuple[int, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """A command of the program in a shell: `before` it (variables, limits), `after` it (redirections)."""
    line = f"{before} {shlex.join(PROGRAM)} {command} {after}"
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, errors="replace", timeout=120, pass_fds=keep
    )


def told(done: subprocess.CompletedProcess[str], status: int, *said: str) -> None:
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    for part in said:
        assert part in done.stderr, done.stderr


# --------------------------------------------------------------------------------------- the streams


@pytest.mark.parametrize("command", INSTANT)
@pytest.mark.parametrize(
    ("after", "why"),
    [
        (">/dev/full", "No space left on device"),
        (">&-", "It is closed"),
        ("1</dev/null", "Bad file descriptor"),
        ("<&- >&-", "It is closed"),
    ],
)
def test_an_output_that_cannot_be_written(command: str, after: str, why: str) -> None:
    done = shell(command, after=after)
    told(done, 1, CANT_BE_WRITTEN, why)
    assert done.stdout == ""


@pytest.mark.parametrize("command", ["tasks", "--help"])
@pytest.mark.parametrize("after", [">&- 2>&-", ">/dev/full 2>/dev/full", ">&- 2>/dev/full"])
def test_nobody_to_tell(command: str, after: str) -> None:
    done = shell(command, after=after)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


@pytest.mark.parametrize("command", INSTANT)
def test_a_reader_that_has_left_is_no_failure_to_tell(command: str, gone: int) -> None:
    done = shell(command, after=f">&{gone}", keep=(gone,))
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


@pytest.mark.parametrize("after", ["2>&-", "2>/dev/full", "2</dev/null", "<&-", "<&- 2>&-"])
@pytest.mark.parametrize(
    "command", ["--version", "tasks", "script ner x", r"script ner $'\xff'", "run --help"]
)
def test_what_is_not_needed_is_not_missed(command: str, after: str) -> None:
    done = shell(command, after=after)
    told(done, 0)
    assert done.stdout


@pytest.mark.parametrize("after", ["2>&-", "2>/dev/full"])
def test_a_usage_error_that_nobody_hears_is_one(after: str) -> None:
    done = shell("run", after=after)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


@pytest.mark.parametrize(
    "command", ["script ner -", "tokenize -", "run ner x -", "run text-generation --steps -"]
)
@pytest.mark.parametrize(("after", "why"), [("<&-", "It is closed"), ("0>/dev/null", "Bad file descriptor")])
def test_an_input_that_cannot_be_read(command: str, after: str, why: str) -> None:
    if command.startswith("run") and "closed" not in why:
        command = "script ner -"  # noticed where it is read, for which no model has to be loaded again
    done = shell(command, after=after)
    told(done, 1, NO_INPUT, why)


def test_an_output_that_does_not_block_is_waited_for() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with subprocess.Popen(
        [*PROGRAM, "script", "ner", *["x" * 90_000] * 3], stdout=writer, stderr=subprocess.PIPE
    ) as process:
        os.close(writer)
        with open(reader, "rb") as output:  # noqa: PTH123 - a descriptor
            read = len(output.read())
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0
    assert read > 270_000


def test_an_input_that_does_not_block_is_waited_for() -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with subprocess.Popen([*PROGRAM, "script", "ner", "-"], stdin=reader, stdout=subprocess.PIPE) as process:
        os.close(reader)
        assert process.stdout is not None
        os.write(writer, b"first\n")
        while b"first" not in process.stdout.readline():
            assert process.poll() is None
        os.write(writer, b"second\n")
        os.close(writer)
        assert b"'second'" in process.stdout.read()
    assert process.returncode == 0


@pytest.mark.parametrize(("stream", "what"), [("<&-", "input"), (">&-", "output")])
def test_an_engine_without_its_pipes(stream: str, what: str) -> None:
    told(shell("engine", after=stream), 1, f"logitscope: Standard {what} is closed")


# ------------------------------------------------------------------------------ encodings and widths


@pytest.mark.parametrize(
    "before",
    [
        "PYTHONIOENCODING=ascii",
        "PYTHONIOENCODING=latin-1:strict",
        "LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0",
        "LC_ALL=xx_YY.nonsense",
    ],
)
@pytest.mark.parametrize("command", ["script ner 'é日本'", "engine --help"])
def test_what_an_encoding_lacks_is_escaped(before: str, command: str) -> None:
    done = shell(command, before)
    told(done, 0)
    assert done.stdout


@pytest.mark.parametrize("columns", ["0", "1", "-5", "x", "99999999999999999999"])
def test_any_width(columns: str) -> None:
    told(shell("run ner --help", f"COLUMNS={columns} LINES=0"), 0)


@pytest.mark.parametrize(
    "argument", [r"$'\xff\xfe'", r"$'\xed\xa0\x80'", r"$'\x1b]52;c;aGk=\x07'", r"$'\n\r\x08'"]
)
@pytest.mark.parametrize("command", ["script ner {0}", "{0}", "run ner x --{0}"])
def test_bytes_that_are_no_text_reach_no_terminal(argument: str, command: str) -> None:
    done = shell(command.format(argument))
    assert done.returncode in (0, 1, 2)
    told(done, done.returncode)
    assert not {"\x1b", "\x07", "\x08", "\x9b"} & {*done.stdout, *done.stderr}


# --------------------------------------------------------------------------- folders and variables


@pytest.mark.parametrize(
    "before",
    [
        "env -u HOME",
        "HOME=",
        "HOME={nowhere}",
        "HOME=/proc",
        "HOME=/dev/null",
        "TMPDIR={nowhere}",
        "TMPDIR=/dev/null",
        "LOGITSCOPE_STATE=/dev/null/x",
        r"LOGITSCOPE_STATE=$'\xff\x1b'",
        f"LOGITSCOPE_STATE={'x' * 300}",
        r"LOGITSCOPE_MODEL=$'\xff\x1b'",
        r"LOGITSCOPE_REVISION=$'\xff'",
        r"LOGITSCOPE_THEME=$'\xff\x1b'",
        "LOGITSCOPE_ENGINE=/nowhere",
        "TERM=",
        "env -u TERM",
    ],
)
def test_what_a_command_does_not_need_stops_it_not(before: str, tmp_path: Path) -> None:
    done = shell("script ner x", before.replace("{nowhere}", shlex.quote(str(tmp_path / "nowhere"))))
    told(done, 0)
    assert "import torch" in done.stdout


@pytest.mark.parametrize("name", ["TASK", "DEVICE", "DTYPE", "ENGINE", "CONFIG"])
@pytest.mark.parametrize("value", [r"$'\xff\x1b[31m\"'", f'{"x" * 5000}\\"', r"$'\n\"'"])
def test_nonsense_in_a_variable(name: str, value: str) -> None:
    done = shell("script sing x" if name == "TASK" else "script ner x", f"LOGITSCOPE_{name}={value}")
    told(done, 2)
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("command", ["--version", "tasks", "script ner x"])
def test_a_working_folder_that_is_gone(command: str, tmp_path: Path) -> None:
    told(shell(command, _in_a_folder_that_is_gone(tmp_path)), 0)


def test_the_engine_needs_no_working_folder(tmp_path: Path) -> None:
    done = shell("tokenize hello", _in_a_folder_that_is_gone(tmp_path))
    told(done, 0, "the working folder is gone")
    assert "hello" in done.stdout


def _in_a_folder_that_is_gone(tmp_path: Path) -> str:
    folder = shlex.quote(str(tmp_path / "gone"))
    return f"mkdir {folder} && cd {folder} && rmdir {folder};"


# ------------------------------------------------------------------------------- with the real engine


def test_the_engine_writes_to_nobody(gone: int) -> None:
    done = shell("run ner --device cpu x", after=f">&{gone}", keep=(gone,))
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


def test_an_answer_that_cannot_be_written() -> None:
    told(shell("tokenize hello", after=">/dev/full"), 1, CANT_BE_WRITTEN, "No space left")


@pytest.mark.parametrize(
    "before",
    [
        "env -i PYTHONPATH=.",
        r"LOGITSCOPE_STATE=$'/tmp/\xff\x1b/\n/x'",
        "TMPDIR=/nowhere HOME=/proc",
        "TZ=Nowhere/Else LC_ALL=xx_YY.none HF_HOME=/dev/null XDG_CACHE_HOME=/dev/null HF_HUB_CACHE=/proc/x",
        "umask 777; HF_HOME=/dev/full HF_ENDPOINT=nonsense HF_TOKEN_PATH=/dev/zero",
    ],
)
def test_an_answer_in_odd_surroundings(before: str) -> None:
    done = shell("tokenize hello", before, "2>/dev/full <&-")
    told(done, 0)
    assert "hello" in done.stdout


def test_a_checkpoint_runs_in_odd_surroundings() -> None:
    before = "TMPDIR=/nowhere HOME=/proc HF_HOME=/dev/null TZ=Nowhere/Else LC_ALL=xx_YY.none"
    done = shell("run ner --device cpu Berlin", before)
    told(done, 0)
    assert "Berlin" in done.stdout


@pytest.mark.parametrize(
    ("cache", "before", "why"),
    [
        ("/dev/null", "", "Not a directory: /dev/null"),
        ("/proc/nowhere", "", "/proc/nowhere"),
        ("cache", "ulimit -f 0;", "File too large: "),
    ],
)
def test_a_cache_that_takes_no_file(
    cache: str, before: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Attack("small", lambda _: None).write(tmp_path)
    with LoopbackHub({"someone/small": folder}) as hub:
        for name, value in hub.environment(tmp_path / cache).items():
            monkeypatch.setenv(name, value)
        done = shell("run sentiment-analysis --device cpu x --model someone/small", before)
    told(done, 1, "logitscope: The Hub cache can't be written", why, "Set HF_HOME to a folder")


# ------------------------------------------------------------------------------------------ limits


@pytest.mark.parametrize("command", ["tokenize hello", "run ner --device cpu hello"])
def test_memory_too_tight_for_the_libraries(command: str) -> None:
    """Which of them is the first to find no room depends on the machine, and so does how it says so."""
    done = shell(command, "ulimit -v 400000;")
    told(done, 1)
    assert re.search("Memory is too tight for a library|Out of memory|The engine ended", done.stderr)
    assert not UNNAMED.search(done.stderr)
    assert len(done.stderr.splitlines()) < 6


def test_no_room_for_another_file() -> None:
    told(
        shell("tokenize x", "ulimit -n 8;"),
        1,
        "logitscope: The engine can't be started",
        "Too many open files",
    )


def test_a_file_that_must_not_grow(tmp_path: Path) -> None:
    told(
        shell("tasks", "ulimit -f 0;", f">{shlex.quote(str(tmp_path / 'out'))}"),
        1,
        CANT_BE_WRITTEN,
        "too large",
    )


# ----------------------------------------------------------------------------------------- signals


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, -signal.SIGHUP)],
)
@pytest.mark.parametrize("command", [["run", "ner", "x"], ["tokenize", "x"]])
def test_a_signal_while_the_engine_starts(
    command: list[str], number: signal.Signals, status: int, tmp_path: Path
) -> None:
    """An engine that is being started, as one is that imports its libraries, ends with the program."""
    started, script = tmp_path / "started", tmp_path / "engine"
    script.write_text(f"echo $$ > {started}.new; mv {started}.new {started}; cat > /dev/null\n")
    command = [*PROGRAM, *command, "--engine", f"sh {script}"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_default_signals
    ) as process:
        while not started.exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == status
    assert (output, errors) == (b"", b"")
    engine = int(started.read_text())
    while Path(f"/proc/{engine}").exists() and not _is_dead(engine):
        time.sleep(0.01)


def _default_signals() -> None:
    """Also where the tests themselves were started in the background, which ignores SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _is_dead(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True
