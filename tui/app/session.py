"""What is kept from one run to the next: the text, where the cursor was, the task and the model."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from tui.choices import TASKS

FORMAT = 1
LARGEST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Session:
    """The state of one playground."""

    text: str
    cursor: int
    """Characters before the cursor, in code points of `text`."""
    task: str
    model: str | None
    """What `Load` takes; None where no model was chosen."""


class SessionFile:
    """`session.json` in the state folder.

    Every save writes a file of its own and renames it, so that readers and other playgrounds see one whole
    session or another; the last one to save wins. Saves may come from any thread and from a signal handler.
    """

    def __init__(self, state_folder: Path) -> None:
        self.path = state_folder / "session.json"
        self._lock = threading.RLock()  # a signal handler may interrupt a save in its own thread
        self._finished = False

    def save(self, session: Session) -> None:
        """Keep a session. Raises OSError when it can't be written; the file is then what it was."""
        with self._lock:
            if not self._finished:
                self._write(session)

    def save_last(self, session: Session) -> None:
        """Keep the session as it is at the end; saves still under way in other threads are ignored."""
        with self._lock:
            self._finished = True
            self._write(session)

    def load(self) -> tuple[Session | None, str]:
        """The kept session, or None and why there is none."""
        try:
            with self.path.open("rb") as file:
                written = file.read(LARGEST_BYTES + 1)
        except FileNotFoundError:
            return None, "no session has been kept yet"
        except OSError as error:
            return None, f"{self.path} can't be read: {error.strerror}"
        if len(written) > LARGEST_BYTES:
            return None, f"{self.path} is larger than a session can be"
        try:
            values = json.loads(written)
        except (ValueError, RecursionError):
            return None, f"{self.path} is damaged: it is not JSON"
        return _session(values, self.path)

    def _write(self, session: Session) -> None:
        # ASCII with escapes: a text may hold halves of surrogate pairs, which UTF-8 can't.
        written = json.dumps({"format": FORMAT, **asdict(session)}).encode("ascii")
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(".tmp", "session-", self.path.parent)  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(written)
            Path(temporary).replace(self.path)
        except BaseException:
            with suppress(OSError):
                Path(temporary).unlink()
            raise


def _session(values: object, path: Path) -> tuple[Session | None, str]:
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        return None, f"{path} is of another version of Logitscope"
    text, cursor, task, model = (values.get(name) for name in ("text", "cursor", "task", "model"))
    if (
        not isinstance(text, str)
        or not isinstance(cursor, int)
        or not isinstance(task, str)
        or not isinstance(model, str | None)
    ):
        return None, f"{path} is damaged: it lacks a part"
    if task not in TASKS:
        return None, f"{path} names a task that this version doesn't have"
    return Session(text, min(max(int(cursor), 0), len(text)), task, model), ""
