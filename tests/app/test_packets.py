"""Keys that come in one packet, in a real pseudo-terminal with the real engine: nothing falls.

A Pilot waits for each key to be done; a repeating key or a slow line does not.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.benchmarks.screen import Screen
from tests.benchmarks.terminal import PATIENCE, Terminal
from tui.app.terminal.falls import MARK

ESCAPE = b"\x1b"
F1, F2, F7, F8, F12 = b"\x1bOP", b"\x1bOQ", b"\x1b[18~", b"\x1b[19~", b"\x1b[24~"
UP, LEFT, HOME, PAGE_UP, PAGE_DOWN = b"\x1b[A", b"\x1b[D", b"\x1b[H", b"\x1b[5~", b"\x1b[6~"
ESCAPE_KEY = b"\x1b[27u"
"""Escape as terminals with unambiguous keys send it: two of them in a packet are no other key."""
Start = Callable[..., Terminal]


def shows(*parts: str) -> Callable[[Screen], bool]:
    return lambda screen: all(part in "\n".join(screen.lines()) for part in parts)


@pytest.fixture
def start(state_folder: Path) -> Iterator[Start]:
    """`logitscope` with its first answer on the screen."""
    terminals: list[Terminal] = []

    def starting(task: str = "sentiment-analysis", columns: int = 100, rows: int = 30) -> Terminal:
        command = [sys.executable, "-m", "tui", "--task", task]
        terminals.append(Terminal(command, dict(os.environ), columns, rows))
        terminals[-1].wait(lambda screen: "ready " in screen.lines()[0], "the first answer")
        return terminals[-1]

    yield starting
    for terminal in terminals:
        if terminal.process.poll() is None:
            terminal.close()


def ends_well(terminal: Terminal, state_folder: Path) -> None:
    """It quits by its own key, and nothing fell before."""
    terminal.press(b"\x11" + b"abc\r" + F1 + ESCAPE_KEY)
    limit = time.monotonic() + PATIENCE
    while terminal.process.poll() is None and time.monotonic() < limit:
        terminal.record(0.1)
    sent = b"".join(chunk.sent for chunk in terminal.chunks)
    log = state_folder / "screen.log"
    assert not log.exists() or MARK not in log.read_text(), log.read_text()
    assert b"Traceback" not in sent
    assert terminal.process.returncode == 0


@pytest.mark.parametrize("task", ["text-generation", "summarization", "translation"])
def test_every_cursor_where_nothing_is_written(start: Start, state_folder: Path, task: str) -> None:
    terminal = start(task)
    terminal.press(F12)
    terminal.wait(shows("1 Text", "Branches"), "the writing screen")
    for pane in (b"1", b"2", b"3"):
        for key in (
            LEFT,
            b"h",
            HOME,
            b"\x7f",
            UP,
            b"g",
            b"G",
            b"l",
            b"\r",
            b"x",
            b"c",
            b"d",
            b"u",
            b"[",
            b"]",
        ):
            terminal.press(pane + key + key)
    terminal.press(F1)
    terminal.wait(shows("esc closes"), "the help")
    ends_well(terminal, state_folder)


BY_DIGIT = (
    (b"2a", "Load a checkpoint", b"nano-sentiment\r\r"),
    (b"2a", "Load a checkpoint", ESCAPE_KEY * 3),
    (b"6/", "Find a row", b"a\r\r"),
    (b"6t", "Sampling settings", b"\r\r"),
)
"""Dialogs of a pane: what a key too many does there may leave the text field focused, where digits are text."""
FROM_EVERYWHERE = (
    (F2, "Options of", b"\r\r"),
    (b"\x07", "Press a label", b"66"),
    (b"\x07", "Press a label", b"zz"),
    (b"\x10", "Search for commands", PAGE_UP + PAGE_DOWN + ESCAPE_KEY * 3),
    (b"\x10" + PAGE_UP + PAGE_DOWN, "Search for commands", b"nothing of that name\r\r" + ESCAPE_KEY * 2),
    (F1, "esc closes", b"\r\r"),
    (F8, "in Python", b"qq"),
)


def closes(terminal: Terminal, opening: bytes, there: str, packet: bytes) -> None:
    """The dialog opens, and is gone after a packet with keys too many."""
    terminal.press(opening)
    terminal.wait(shows(there), there)
    terminal.press(packet)
    terminal.wait(lambda screen: not shows(there)(screen), f"the end of {there}")


@pytest.mark.parametrize(("opening", "there", "packet"), BY_DIGIT)
def test_a_dialog_of_a_pane_gets_keys_more(
    start: Start, state_folder: Path, opening: bytes, there: str, packet: bytes
) -> None:
    terminal = start()
    terminal.press(ESCAPE)
    terminal.wait(shows("ids, mask"), "the hints of the tokens")
    closes(terminal, opening, there, packet)
    ends_well(terminal, state_folder)


def test_dialogs_get_keys_more(start: Start, state_folder: Path) -> None:
    terminal = start()
    for opening, there, packet in FROM_EVERYWHERE:
        closes(terminal, opening, there, packet)
    terminal.press(b"\x10")
    terminal.wait(shows("Explain"), "the commands")
    terminal.press(b"explain")
    terminal.wait(shows("Explain"), "the command")
    terminal.press(b"\r\r\r")
    ends_well(terminal, state_folder)


def test_the_turns_get_escapes_more(start: Start, state_folder: Path) -> None:
    terminal = start("text-generation")
    for packet in (ESCAPE_KEY * 3, b"\x14" + ESCAPE_KEY * 2, b"\x0e\x14\x14"):
        terminal.press(b"\x14")
        terminal.wait(shows("Turn 1 of"), "the turns")
        terminal.press(packet)
        terminal.wait(lambda screen: not shows("Turn 1 of")(screen), "the playground")
    ends_well(terminal, state_folder)


def test_bytes_that_are_no_text_and_no_key(start: Start, state_folder: Path) -> None:
    terminal = start()
    terminal.press(
        b"\xff\xfe\xc3" + b"\x1b[<99;99\x1b[M\x00\x00\x1b]52;c;\x1b_G\x1b[999999999;1R\x1b[?2026;9$y"
    )
    terminal.press(b"\x1b[<0;1;1M\x1b[<0;99999;99999M\x1b[48;1;1;1;1t\x1b[200~\x1b[201~")
    terminal.press(F1)
    terminal.wait(shows("esc closes"), "the help")
    ends_well(terminal, state_folder)


SIZES = ((60, 16), (99, 29), (1, 1), (80, 24), (2, 30), (100, 2), (61, 17), (30, 10), (100, 30), (79, 23))


def resize(terminal: Terminal, columns: int, rows: int) -> None:
    """Give the terminal another size; the kernel tells the program."""
    device = os.open(f"/proc/{terminal.process.pid}/fd/0", os.O_RDWR | os.O_NOCTTY)
    fcntl.ioctl(device, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.close(device)


@pytest.mark.parametrize("opening", [b"", F12, F7, b"\x14"])
def test_the_terminal_is_resized_while_text_is_typed(
    start: Start, state_folder: Path, opening: bytes
) -> None:
    terminal = start("text-generation")
    terminal.press(opening)
    for _ in range(3):
        for columns, rows in SIZES:
            terminal.press("words 日本 ".encode() + UP + LEFT)
            resize(terminal, columns, rows)
            terminal.press(b"\t" + HOME + PAGE_DOWN)
    resize(terminal, 100, 30)
    terminal.press(ESCAPE_KEY)
    terminal.press(F1)
    terminal.wait(shows("esc closes"), "the help")
    ends_well(terminal, state_folder)
