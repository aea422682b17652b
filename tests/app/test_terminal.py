"""The command in a real pseudo-terminal: how it starts, how it ends, and that nothing stays behind."""

from __future__ import annotations

import os
import re
import signal
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.jumping_clock import JumpingClock
from tests.patience import PATIENCE
from tests.pseudo_terminal import TRUE_COLOR, PseudoTerminal
from tui.app.session import SessionFile
from tui.app.session_format import read

RESIZED_TWICE = """\
import fcntl, signal, struct, sys, termios
from textual import events
from textual.app import App
from tui.app.terminal.reading import KeyReader

class Interrupted(KeyReader):
    is_due = False

    def _get_terminal_size(self):
        size = super()._get_terminal_size()
        if Interrupted.is_due:
            Interrupted.is_due = False
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 70, 0, 0))
            signal.raise_signal(signal.SIGWINCH)
        return size

class Sizes(App):
    told = ()

    def get_driver_class(self):
        return Interrupted

    def interrupt(self):
        Interrupted.is_due = True
        signal.raise_signal(signal.SIGWINCH)

    def post_message(self, message):
        if isinstance(message, events.Resize):
            self.told += (tuple(message.size),)
            if len(self.told) == 1:
                self.call_later(self.interrupt)
            if len(self.told) == 3:
                self.exit(message=f"sizes {self.told}")
        return super().post_message(message)

Sizes().run()
"""
"""A terminal that is resized while the size before is being asked for."""


class Shell:
    """`logitscope` in a pseudo-terminal of 100x30."""

    def __init__(self, *arguments: str, environment: dict[str, str] | None = None, limits: str = "") -> None:
        """`limits`: those of a shell's `ulimit` that the program starts under."""
        self.output = b""
        command = (sys.executable, "-m", "tui", *arguments)
        if limits:
            command = ("/bin/sh", "-c", f'ulimit {limits}; exec "$@"', "sh", *command)
        self.terminal = PseudoTerminal(command, {**os.environ, **TRUE_COLOR, **(environment or {})}, 100, 30)
        self.pid = self.terminal.process.pid

    def read(self, seconds: float = 0.1) -> None:
        limit = time.monotonic() + seconds
        while (left := limit - time.monotonic()) > 0:
            came = self.terminal.read(left)
            if came is None:
                return
            self.output += came

    def until(self, condition: Callable[[], bool], what: str) -> None:
        limit = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < limit, f"waited for {what}; the terminal got {self.output[-2000:]!r}"
            self.read()

    def shows(self, text: str) -> None:
        self.until(lambda: text.encode() in self.output, text)

    def write(self, keys: str) -> None:
        self.output += self.terminal.write(keys.encode())

    def type(self, keys: str) -> None:
        """Write keys that change something on the screen, and wait for that."""
        before = len(self.output)
        self.write(keys)
        self.until(lambda: len(self.output) > before, f"an answer to {keys!r}")

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.pid).children(recursive=True)

    def ended(self) -> int:
        """Wait for the end of the command; its status."""
        limit = time.monotonic() + PATIENCE
        while (status := self.terminal.process.poll()) is None:
            assert time.monotonic() < limit, "the command does not end"
            self.read()
        return status


@pytest.fixture
def start(state_folder: Path) -> Iterator[Callable[..., Shell]]:
    shells: list[Shell] = []

    def starting(*arguments: str, limits: str = "", **environment: str) -> Shell:
        shells.append(Shell(*arguments, environment=environment, limits=limits))
        return shells[-1]

    yield starting
    for shell in shells:
        for process in (psutil.Process(shell.pid), *shell.family()) if psutil.pid_exists(shell.pid) else ():
            process.kill()
        shell.terminal.close()


def gone(processes: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(processes, timeout=PATIENCE)[1]


def test_it_starts_answers_and_quits_leaving_nothing(start: Callable[..., Shell], state_folder: Path) -> None:
    shell = start()
    shell.shows("7 Answer")
    shell.shows("ITIVE ")
    family = shell.family()
    assert family, "there is an engine process"
    shell.write(" Bravo\x11")
    assert shell.ended() == 0
    assert b"\x1b[?1049l" in shell.output, "the terminal is given back"
    assert b"Traceback" not in shell.output
    assert gone(family)
    session, why = SessionFile(state_folder).load()
    assert session is not None, why
    assert session.desks[session.task].inputs["text"].endswith("life. Bravo")
    again = start("--resume")
    again.shows("life. Bravo")


def test_nothing_on_the_screen_goes_by_the_time_of_day(
    start: Callable[..., Shell], state_folder: Path, tmp_path: Path
) -> None:
    clock = JumpingClock(tmp_path)
    shell = start(**clock.environment)
    shell.shows("ITIVE ")
    assert clock.processes > 1, "the screen and the engine run by that clock"
    shell.type("!")
    shell.write(" Bravo\x11")
    assert shell.ended() == 0
    assert b"Traceback" not in shell.output
    session, why = SessionFile(state_folder).load()
    assert session is not None, why
    assert session.desks[session.task].inputs["text"].endswith("life.! Bravo")


@pytest.mark.parametrize("early", [True, False])
def test_a_closed_terminal_leaves_no_process_and_keeps_the_text(
    start: Callable[..., Shell], state_folder: Path, early: bool
) -> None:
    shell = start("--text", "kept when the line drops")
    shell.shows("7 Answer")
    if not early:
        shell.shows("ITIVE ")
        shell.type("!")
    family = shell.family()
    assert family
    os.kill(shell.pid, signal.SIGHUP)
    shell.ended()
    assert gone(family)
    session, why = SessionFile(state_folder).load()
    assert session is not None, why
    assert session.desks[session.task].inputs["text"] == "kept when the line drops" + ("" if early else "!")


NOTING = """
import os, sys, termios
terminal = os.open(os.readlink(f"/proc/{os.getppid()}/fd/0"), os.O_RDWR | os.O_NOCTTY)
with open(sys.argv[1], "w") as noted:
    noted.write(str(termios.tcgetattr(terminal)[3]))
os.close(terminal)
os.execv(sys.executable, [sys.executable, "-m", "tui.engine"])
"""
"""An engine that notes how the terminal is when it is started, before the screen's imports."""


def test_keys_come_one_by_one_from_the_start_and_the_terminal_is_given_back(
    start: Callable[..., Shell], tmp_path: Path
) -> None:
    """While lines are edited, a backspace would take the last byte off an arrow key that came before it."""
    other = os.openpty()
    untouched = termios.tcgetattr(other[1])
    for end in other:
        os.close(end)
    script, noted = tmp_path / "noting.py", tmp_path / "noted"
    script.write_text(NOTING)
    shell = start("--engine", f"{sys.executable} {script} {noted}")
    shell.shows("ITIVE ")
    assert not int(noted.read_text()) & (termios.ICANON | termios.ECHO)
    os.kill(shell.pid, signal.SIGTSTP)
    shell.until(lambda: psutil.Process(shell.pid).status() == psutil.STATUS_STOPPED, "the suspension")
    assert termios.tcgetattr(shell.terminal._master) == untouched
    os.kill(shell.pid, signal.SIGCONT)
    shell.until(lambda: termios.tcgetattr(shell.terminal._master) != untouched, "the terminal taken again")
    shell.write("\x11")
    assert shell.ended() == 0
    assert termios.tcgetattr(shell.terminal._master) == untouched


def test_sigterm_puts_the_terminal_in_order(start: Callable[..., Shell]) -> None:
    shell = start()
    shell.shows("7 Answer")
    family = shell.family()
    os.kill(shell.pid, signal.SIGTERM)
    shell.ended()
    assert b"\x1b[?1049l" in shell.output
    assert gone(family)


def test_it_works_in_odd_surroundings(start: Callable[..., Shell], tmp_path: Path) -> None:
    shell = start(
        HOME="/proc",
        TMPDIR=str(tmp_path / "nowhere"),
        HF_HOME="/dev/null",
        XDG_CACHE_HOME="/dev/null",
        TZ="No/Where",
        LC_ALL="x",
    )
    shell.shows("ITIVE ")
    shell.write("\x11")
    assert shell.ended() == 0
    assert b"Traceback" not in shell.output


def test_memory_too_tight_for_the_libraries_is_told_on_the_screen(start: Callable[..., Shell]) -> None:
    """Which of them is the first to find no room depends on the machine, and so does how it says so."""
    shell = start(limits="-v 400000")
    shell.until(
        lambda: re.search(b"Memory is too tight|Out of memory|The engine ended", shell.output) is not None,
        "why",
    )
    shell.write("\x11")
    assert shell.ended() == 0
    assert b"Traceback" not in shell.output


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "xterm", "COLORTERM": ""}])
def test_it_works_with_few_or_no_colors(start: Callable[..., Shell], environment: dict[str, str]) -> None:
    shell = start(**environment)
    shell.shows("ITIVE ")
    shell.type("\x1b")
    shell.write("ll6hh?\x11")
    assert shell.ended() == 0
    assert b"Traceback" not in shell.output


@pytest.mark.parametrize(("where", "end"), [("a file", "quit"), ("/proc/nowhere", "sigterm")])
def test_a_session_that_can_not_be_kept_is_told_and_kept_elsewhere(
    start: Callable[..., Shell], tmp_path: Path, where: str, end: str
) -> None:
    (tmp_path / "a file").touch()
    folder = Path(tmp_path / where)
    shell = start("--text", "kept", LOGITSCOPE_STATE=str(folder), TMPDIR=str(tmp_path))
    shell.shows("7 Answer")
    family = shell.family()
    shell.write(" elsewhere!")
    shell.shows("The session can't be kept; F4 tells why")
    if end == "quit":
        shell.write("\x11")
    else:
        os.kill(shell.pid, signal.SIGTERM)
    assert shell.ended() == 1
    shell.shows("goes on with it")
    after = shell.output.rpartition(b"\x1b[?1049l")[2].decode()
    assert "Traceback" not in after
    assert f"logitscope: the session can't be kept in {folder}: " in after
    (kept,) = tmp_path.glob("logitscope-session-*.json")
    assert f"logitscope --resume {kept} goes on with it" in after
    assert kept.stat().st_mode & 0o777 == 0o600
    assert gone(family)
    again = start("--resume", str(kept))
    again.shows("elsewhere!")


def test_a_text_that_can_be_kept_nowhere_is_shown_to_copy(start: Callable[..., Shell]) -> None:
    """No file can grow: the state folder and the temporary files are full alike."""
    shell = start("--text", "first\x1b[31m\u202eline\nsecond\tline", limits="-f 0")
    shell.shows("7 Answer")
    shell.write("!\x11")
    assert shell.ended() == 1
    shell.until(lambda: b"line!\r\n" in shell.output.partition(b"Its texts, to copy")[2], "all of it")
    after = shell.output.rpartition(b"\x1b[?1049l")[2].decode().replace("\r", "")
    assert "Traceback" not in after
    assert (
        "Its texts, to copy:\n\n── sentiment-analysis, text ──\nfirst␛[31m⟨202E⟩line\nsecond\tline!\n"
        in after
    )


def test_a_closed_terminal_and_a_full_disk_leave_no_process(
    start: Callable[..., Shell], tmp_path: Path
) -> None:
    shell = start("--text", "kept", LOGITSCOPE_STATE="/proc/nowhere", TMPDIR=str(tmp_path))
    shell.shows("7 Answer")
    family = shell.family()
    os.kill(shell.pid, signal.SIGHUP)
    assert shell.ended() == 128 + signal.SIGHUP
    assert gone(family)
    (kept,) = tmp_path.glob("logitscope-session-*.json")
    assert SessionFile(tmp_path / "none").load()[0] is None
    session, why = read(kept)
    assert session is not None, why
    assert session.desks[session.task].inputs["text"] == "kept"


def test_a_text_that_was_not_answered_is_not_sent_by_itself(
    start: Callable[..., Shell], state_folder: Path
) -> None:
    """The whole program is killed before the engine answers, as a machine that runs out of memory does it."""
    shell = start("--text", "the text that ends it all")
    shell.shows("7 Answer")
    shell.write("\x11")
    shell.ended()
    shell = start("--resume")
    shell.until(lambda: bool(shell.family()), "the engine")
    family = shell.family()
    for process in family:
        process.suspend()  # so that it can't answer
    shell.until(
        lambda: any(path.read_bytes() for path in state_folder.glob("session-*.lock")), "the mark in the lock"
    )
    os.kill(shell.pid, signal.SIGKILL)
    for process in family:
        process.kill()
    shell.ended()
    shell = start("--resume")
    shell.shows("is held back")
    shell.shows("the text that ends it all")
    shell.write("\x12")
    shell.shows("ITIVE ")
    shell.write("\x11")
    shell.ended()
    shell = start("--resume")
    shell.shows("ITIVE ")


def test_a_size_that_comes_while_the_one_before_is_told_is_the_last_one() -> None:
    environment = {**os.environ, **TRUE_COLOR}
    environment.pop("COLUMNS", None)
    environment.pop("LINES", None)
    terminal = PseudoTerminal((sys.executable, "-c", RESIZED_TWICE), environment, 100, 30)
    came, limit = b"", time.monotonic() + PATIENCE
    while terminal.process.poll() is None and time.monotonic() < limit:
        came += terminal.read(0.1) or b""
    came += terminal.read(0.1) or b""
    terminal.process.kill()
    terminal.close()
    assert b"sizes ((100, 30), (100, 30), (70, 20))" in came
