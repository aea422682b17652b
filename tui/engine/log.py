"""The engine's log file, which is also where everything printed by libraries ends up."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import platformdirs

LARGEST_BYTES = 2 * 1024 * 1024


def state_folder() -> Path:
    """Where logs are kept: `LOGITSCOPE_STATE`, or the user's state folder of the platform."""
    chosen = os.environ.get("LOGITSCOPE_STATE")
    return Path(chosen) if chosen else Path(platformdirs.user_state_dir("logitscope"))


def redirect_output(path: Path | None) -> str:
    """Point stdout and stderr, descriptors and Python streams, at the log file; return its path.

    A log above `LARGEST_BYTES` is first moved aside, so there are at most two of them. With no path stderr
    stays what it is and takes stdout's place too. A folder that can't be written costs only the log.
    """
    written = ""
    if path is not None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and path.stat().st_size > LARGEST_BYTES:
                path.replace(path.with_suffix(".log.1"))
            log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            written = os.fsencode(path).decode("utf-8", "backslashreplace")  # a name can be any bytes
        except OSError:
            log = os.open(os.devnull, os.O_WRONLY)
        os.dup2(log, 2)
        os.close(log)
    os.dup2(2, 1)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.stdout = sys.stderr
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(process)d %(name)s %(message)s"
    )
    return written


def trim() -> None:
    """Empty a log that grew beyond its limit while the engine ran (a library that warns at every call)."""
    try:
        if os.fstat(2).st_size > LARGEST_BYTES:
            os.ftruncate(2, 0)
    except OSError:
        return
