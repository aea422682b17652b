"""Keys come from the terminal one by one from the first moment on, not line by line once the screen stands.

Until the program says otherwise the terminal edits lines: it shows what is typed, and a backspace takes a byte
off an escape sequence, whose rest would then be text.
"""

from __future__ import annotations

import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

_EDITING = termios.ICANON | termios.ECHO
"""ctrl+c still ends the program: the screen, which takes it as a key, is not there yet."""
_TRANSLATING = termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON | termios.IXOFF
_before: dict[int, list[Any]] = {}


@contextmanager
def keys_at_once(terminal: int) -> Iterator[None]:
    """Let a terminal, by its file descriptor, hand out keys as they are typed; in the end it is as it was."""
    try:
        modes = termios.tcgetattr(terminal)
        _before[terminal] = list(modes)
        modes[0] &= ~_TRANSLATING
        modes[3] &= ~_EDITING
        termios.tcsetattr(terminal, termios.TCSANOW, modes)
    except termios.error:
        _before.pop(terminal, None)  # gone, or no terminal: the screen's own driver tells
    try:
        yield
    finally:
        if (before := _before.pop(terminal, None)) is not None:
            with suppress(termios.error):
                termios.tcsetattr(terminal, termios.TCSANOW, before)


def modes_before(terminal: int) -> list[Any] | None:
    """How a terminal was before `keys_at_once`, which a shell is given back while the program is suspended."""
    return _before.get(terminal)
