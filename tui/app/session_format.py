"""What is kept from one run to the next, and how it becomes bytes: JSON that says its format first."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.app.desks import Desk
from tui.tasks import TASKS
from tui.tasks.forms import Value

if TYPE_CHECKING:
    from tui.app.branches.written import About, Kept

FORMAT = 2
BEGINNING = b'{"format": %d, ' % FORMAT
"""First bytes of every session of this format."""
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


def as_bytes(session: Session) -> bytes:
    """A session as a file holds it."""
    # ASCII with escapes: a text may hold halves of surrogate pairs, which UTF-8 can't.
    desks = {task: desk._asdict() for task, desk in session.desks.items()}
    values = {"format": FORMAT, **session._asdict(), "desks": desks, "written": _plain(session.written)}
    return json.dumps(values, default=dict).encode("ascii")


def read(path: Path) -> tuple[Session | None, str]:
    """The session in a file, or None; and what is wrong with it. Raises FileNotFoundError."""
    try:
        written = _content(path)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        return None, f"{path} can't be read: {getattr(error, 'strerror', None) or error}"
    if len(written) > LARGEST_BYTES:
        return None, f"{path} is larger than a session can be"
    try:
        values = json.loads(written)
    except (ValueError, RecursionError):
        return None, f"{path} is damaged: it is not JSON"
    return _session(values, path)


def begins_like_one(path: Path) -> bool:
    """Whether a file is a session of this format, by its first bytes."""
    try:
        return _content(path, len(BEGINNING)) == BEGINNING
    except (OSError, ValueError):
        return False


def _content(path: Path, most: int = LARGEST_BYTES + 1) -> bytes:
    """The first bytes of a file; ValueError for what is none, such as a pipe, which could be read for ever."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is not a file")
        return file.read(most)


def _session(values: object, path: Path) -> tuple[Session | None, str]:
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        return None, f"{path} is of another version of Logitscope"
    task, cursor, desks = (values.get(name) for name in ("task", "cursor", "desks"))
    if not isinstance(task, str) or not isinstance(cursor, int) or not isinstance(desks, dict):
        return None, f"{path} is damaged: it lacks a part"
    if task not in TASKS:
        return None, f"{path} names a task that this version doesn't have"
    try:
        kept = {name: _desk(name, desk) for name, desk in desks.items() if name in TASKS}
    except (TypeError, AttributeError):
        return None, f"{path} is damaged: it lacks a part"
    first = TASKS[task].form.fields[0].name
    text = kept[task].inputs.get(first, "") if task in kept else ""
    written = values.get("written")
    trees = _written(written)
    lost = "" if len(trees) == _count(written) else f"a part of what was written in {path} is damaged"
    return Session(task, min(max(int(cursor), 0), len(text)), kept, trees), lost


def _count(written: object) -> int:
    """How many trees there should be."""
    return len(written) if isinstance(written, list) else int(written is not None)


def _plain(written: Mapping[About, Kept]) -> list[Any]:
    if not written:
        return []
    from tui.app.branches.written import as_plain

    return as_plain(written)


def _written(values: object) -> dict[About, Kept]:
    if (
        not isinstance(values, list) or not values
    ):  # nothing more is imported before the first frame than is needed
        return {}
    from tui.app.branches.written import of_plain

    return of_plain(values)


def _desk(task: str, values: Any) -> Desk:
    """A desk as it was kept, without what this version's form of the task can't have. Raises TypeError."""
    form, model = TASKS[task].form, values.get("model")
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
