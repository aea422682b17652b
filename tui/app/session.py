"""What is kept from one run to the next: the task, the cursor, and every task's texts, options and model."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.app.desks import Desk
from tui.choices import TASKS
from tui.forms import FORMS, Value

if TYPE_CHECKING:
    from tui.generation.written import About, Kept

FORMAT = 2
LARGEST_BYTES = 64 * 1024 * 1024


class Session(NamedTuple):
    """The state of one playground."""

    task: str
    cursor: int
    """Characters before the cursor, in code points of the first field of `task`."""
    desks: Mapping[str, Desk] = MappingProxyType({})
    """By task; tasks never used are not in it."""
    written: Mapping[About, Kept] = MappingProxyType({})
    """What was written token by token, the last one last."""


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
        desks = {task: desk._asdict() for task, desk in session.desks.items()}
        values = {"format": FORMAT, **session._asdict(), "desks": desks, "written": _plain(session.written)}
        written = json.dumps(values, default=dict).encode("ascii")
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
    task, cursor, desks = (values.get(name) for name in ("task", "cursor", "desks"))
    if not isinstance(task, str) or not isinstance(cursor, int) or not isinstance(desks, dict):
        return None, f"{path} is damaged: it lacks a part"
    if task not in TASKS:
        return None, f"{path} names a task that this version doesn't have"
    try:
        kept = {name: _desk(name, desk) for name, desk in desks.items() if name in FORMS}
    except (TypeError, AttributeError):
        return None, f"{path} is damaged: it lacks a part"
    first = FORMS[task].fields[0].name
    text = kept[task].inputs.get(first, "") if task in kept else ""
    return Session(task, min(max(int(cursor), 0), len(text)), kept, _written(values.get("written"))), ""


def _plain(written: Mapping[About, Kept]) -> list[Any]:
    if not written:
        return []
    from tui.generation.written import as_plain

    return as_plain(written)


def _written(values: object) -> dict[About, Kept]:
    if (
        not isinstance(values, list) or not values
    ):  # nothing more is imported before the first frame than is needed
        return {}
    from tui.generation.written import of_plain

    return of_plain(values)


def _desk(task: str, values: Any) -> Desk:
    """A desk as it was kept, without what this version's form of the task can't have. Raises TypeError."""
    form, model = FORMS[task], values.get("model")
    texts = {name: values["inputs"][name] for name in values.get("inputs", {})}
    if not all(isinstance(text, str) for text in texts.values()) or not isinstance(model, str | None):
        raise TypeError
    options: dict[str, Value] = {}
    for option in form.options:
        if option.name in values.get("options", {}):
            with suppress(ValueError):
                options[option.name] = option.checked(values["options"][option.name])
    names = [each.name for each in form.fields]
    kept = {name: text for name, text in texts.items() if name in names}
    return Desk(kept, options, values.get("second_shown") is True, model)
