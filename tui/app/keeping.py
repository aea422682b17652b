"""Keeping the session while the program runs and when it ends, wherever it can be kept."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.app.desks import Desks
from tui.app.render.glyphs import visible
from tui.app.screens.frame import Frame
from tui.app.session_format import as_bytes
from tui.catalogue import example_inputs
from tui.protocol.failures import Failure

if TYPE_CHECKING:
    from tui.app.session import Session, SessionFile

NOT_KEPT = "The session can't be kept; F4 tells why"
SHOWN_CHARACTERS = 100_000
"""Of texts that can be kept nowhere; a terminal remembers no more."""


def complain(app: Any, failure: Failure | None) -> None:
    """Say on every screen that the session can't be kept, or say it no more."""
    if failure is not None:
        app.conversation.last_failure = failure
    for screen in app.screen_stack:
        if isinstance(screen, Frame):
            (screen.unsay if failure is None else screen.say)(NOT_KEPT)


class Keeper:
    """Keeps this program's session; the one user of its file while the program runs."""

    def __init__(
        self,
        file: SessionFile,
        session: Callable[[], Session],
        tell: Callable[[Failure | None], None],
        worth: bool,
    ) -> None:
        """`tell` hears that the session can't be kept, once, and that it can again.

        worth: whether there is more to keep than what a task begins with.
        """
        self._file, self._session, self._tell = file, session, tell
        self._worth = worth
        self.farewell = ""
        """What is to be said on the terminal when the screen is gone, as the session is not where it should be."""
        self._why = ""
        self._left_open = ""
        self._marking: asyncio.Future[None] | None = None

    async def save(self) -> None:
        """Keep the session as it is now."""
        session = self._session()
        try:
            await asyncio.to_thread(self._file.save, session)
            why = ""
        except OSError as error:
            why = _reason(error)
        if why != self._why:
            self._why = why
            self._tell(self._failure(why) if why else None)

    def _failure(self, why: str) -> Failure:
        return Failure(
            "The session can't be kept",
            f"{self._file.folder}: {why}.",
            "Make room there, or make it writable. It is tried again after each change, and when you leave.",
        )

    def mark(self, left_open: str) -> None:
        """Note in the session's file what was asked and not answered, for a program after this one."""
        self._left_open = left_open
        self._worth = True
        if self._marking is None or self._marking.done():
            self._marking = asyncio.ensure_future(self.mark_now(left_open))

    async def mark_now(self, left_open: str) -> None:
        """The same, done when this returns."""
        self._left_open, marked = left_open, None
        with suppress(OSError):  # the session itself can't be kept either, which is told
            while marked != self._left_open:
                marked = self._left_open
                await asyncio.to_thread(self._file.mark, marked)

    def leave(self, left_open: str) -> None:
        """Keep the session as it is at the end: in its file, or where else it can be, or in `farewell`.

        left_open: what the engine ended at or was silent about, for the next program.
        """
        session = self._session()
        if not self._worth and _is_untouched(session):
            return  # it would push an older one out
        try:
            self._file.save_last(session, left_open)
        except OSError as error:
            title = f"logitscope: the session can't be kept in {visible(str(self._file.folder))}"
            self.farewell = f"{title}: {_reason(error)}\n{_elsewhere(session)}"


def _is_untouched(session: Session) -> bool:
    """Whether every task is as it is laid out for somebody new."""
    new = Desks()
    return not session.written and all(
        desk._replace(inputs=dict(desk.inputs), options=dict(desk.options))
        == new.of(task)._replace(inputs=dict(new.of(task).inputs), options={})
        for task, desk in session.desks.items()
    )


def _elsewhere(session: Session) -> str:
    """Keep a session among the temporary files, or show its texts; what is to be said of it."""
    path = None
    try:
        descriptor, path = tempfile.mkstemp(".json", "logitscope-session-")  # mode 0600
        with os.fdopen(descriptor, "wb") as file:
            file.write(as_bytes(session))
    except OSError as error:
        with suppress(OSError):
            Path(path or "").unlink()
        shown = "\n".join(_shown(session))
        return f"  Nor can it be kept among the temporary files: {_reason(error)}. Its texts, to copy:\n{shown}\n"
    return f"  It is kept as {path}; logitscope --resume {path} goes on with it.\n"


def _reason(error: OSError) -> str:
    return visible(error.strerror or str(error))


def _shown(session: Session) -> Iterator[str]:
    """The texts of a session that are not our own examples, harmless, those of the task in use first."""
    left = SHOWN_CHARACTERS
    for heading, text in _texts(session):
        cut = text[:left]
        left -= len(cut)
        yield f"\n── {visible(heading)} ──"
        yield from ("\t".join(map(visible, line.split("\t"))) for line in cut.split("\n"))
        if len(cut) < len(text):
            yield f"… {len(text) - len(cut):,} characters more"


def _texts(session: Session) -> Iterator[tuple[str, str]]:
    for task in sorted(session.desks, key=lambda task: task != session.task):
        inputs = session.desks[task].inputs
        if any(example.items() <= inputs.items() for example in example_inputs(task)):
            continue
        yield from ((f"{task}, {name}", text) for name, text in inputs.items() if text)
    for (task, model), kept in session.written.items():
        for number, branch in enumerate(kept.tree.branches):
            written = "".join(chosen.text for chosen in kept.tree.chosens(number))
            if written:
                yield f"written for {task} with {model}, {branch.name}", written
