"""A failure as the lines that standard error gets: what failed, why, what to do next."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from tui.headless.text import visible

if TYPE_CHECKING:
    from tui.protocol.failures import Failure

_LONGEST_ABOUT = 80
_LONGEST_DETAIL = 600


def as_lines(title: str, detail: str, hint: str, about: str | None = None) -> str:
    """The failure with the beginning of the text it is about; nothing in it can do harm to a terminal."""
    lines = [title]
    if about is not None:
        lines.append(f"about: {about[:_LONGEST_ABOUT]}{'…' if len(about) > _LONGEST_ABOUT else ''}")
    lines += [*detail.splitlines(), hint]
    return "logitscope: " + "".join(f"{visible(line)}\n  " for line in lines)[:-2]


def complain(failure: Failure, about: str | None = None) -> None:
    """A failure on stderr, with the beginning of the text it is about."""
    sys.stderr.write(as_lines(failure.title, failure.detail, failure.hint, about))


def note(message: str) -> None:
    """A line on stderr."""
    sys.stderr.write(f"logitscope: {message}\n")


def unforeseen(error: Exception) -> str:
    """An exception that nothing foresaw; its traceback goes to the log, where that can be written."""
    words = " ".join(str(error).split())[:_LONGEST_DETAIL].rstrip(".")
    where = _logged(error)
    if isinstance(error, MemoryError) or "can't start new thread" in words:
        title, detail = "There is not enough memory", "The system gave no more to this program."
        hint = "End other programs, raise the limit (ulimit -v), or give it a shorter text."
    elif isinstance(error, OSError) and error.strerror:
        title, detail = "The system refuses it", f"{error.strerror}: {error.filename or 'no file is named'}."
        hint = "Check the limits (ulimit -a), the disk and the rights of the file."
    else:
        title, detail = f"The program failed ({type(error).__name__})", f"{words or 'It gave no reason'}."
        hint = "This is a mistake in Logitscope; please report it."
    return as_lines(title, detail, f"{hint} {where}".rstrip())


def _logged(error: Exception) -> str:
    state = os.environ.get("LOGITSCOPE_STATE")
    if not state:
        return ""
    log = Path(state) / "engine.log"
    try:
        with log.open("a", encoding="utf-8", errors="backslashreplace") as lines:
            traceback.print_exception(error, file=lines)
    except (OSError, ValueError):
        return ""
    return f"The traceback is in {log}."
