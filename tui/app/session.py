"""The sessions in the state folder: one for each program, and those that programs before it left."""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from tui.app.session_format import Session, as_bytes, begins_like_one, read

__all__ = ["KEPT", "Session", "SessionFile"]

KEPT = 10
"""Sessions that stay in the folder; the one left longest ago goes first, and what is no session stays."""
_NAME = re.compile(r"session(?:-(\d{1,9}))?\.json")
_PARTIAL = re.compile(r"session-(\d{1,9})-.*\.tmp")
_LOCK = re.compile(r"session-(\d{1,9})\.lock")
_MARK_BYTES = 16


class SessionFile:
    """This program's `session-N.json`; another program has another number, and neither writes over the other's.

    The session left last has the highest number: nothing depends on a clock. While a program runs it holds a lock
    on `session-N.lock`, which ends with its process, however that ends; in that file stands what was asked of the
    engine and not answered. Every save writes a file of its own and renames it. Methods may be called from any
    thread.
    """

    def __init__(self, state_folder: Path) -> None:
        self.folder = state_folder
        self.left_open = ""
        """What the session that was loaded had asked of the engine without an answer, as `mark` was told."""
        self._number: int | None = None
        self._lock: IO[bytes] | None = None
        self._guard = threading.RLock()
        self._finished = False

    @property
    def path(self) -> Path | None:
        """Where this program's session is kept, once it is."""
        return None if self._number is None else self._path(self._number)

    def save(self, session: Session) -> None:
        """Keep a session. Raises OSError when it can't be written; the file is then what it was."""
        with self._guard:
            if not self._finished:
                self._write(self._own(), session)

    def save_last(self, session: Session, left_open: str = "") -> None:
        """Keep the session as it is at the end; saves still under way in other threads are ignored.

        left_open: as for `mark`, for the next program. Raises OSError when it can't be written.
        """
        with self._guard:
            self._finished = True
            before = self._own()
            if any(number > before for number in self._numbers()):
                self._lock, held = None, self._lock  # the old one until the new one is written
                self._number = None
                self._write(self._own(), session)
                self._remove(before, held)
            else:
                self._write(before, session)
            self._prune()
            with suppress(OSError):
                self._mark(left_open)
            self._let_go(self._own(), self._lock)
            self._lock = None

    def mark(self, left_open: str) -> None:
        """Note what is asked of the engine from now on, a word; empty: it was answered. Raises OSError."""
        with self._guard:
            if not self._finished and (left_open or self._number is not None):
                self._own()
                self._mark(left_open)

    def load(self, which: int = 1) -> tuple[Session | None, str]:
        """The session left last that no running program has, or the one left before it (`which` 2), and so on.

        It is this program's from now on. Beside it, or in its place: what is to be said. What is no session is
        kept under another name.
        """
        with self._guard:
            said, found = [], []
            for number in sorted(self._numbers(), reverse=True):
                free, lock = self._locked(number)
                if not free:
                    continue
                try:
                    session, why = read(self._path(number))
                except FileNotFoundError:
                    continue
                if why:
                    said.append(f"{why}; {self._set_aside(self._path(number))}")
                if session is not None:
                    found.append(session)
                if session is not None and len(found) == which:
                    self._number, self._lock = number, lock
                    self.left_open = _marked(lock)
                    return session, "; ".join(said)
                if lock is not self._lock:
                    self._let_go(number, lock)
            return None, "; ".join([*said, _which(found)] if found or not said else said)

    # -------------------------------------------------------------------------------- numbers and locks

    def _numbers(self) -> list[int]:
        """Of the sessions in the folder; `session.json` has 0."""
        return [int(match[1] or 0) for match in self._named(_NAME)]

    def _named(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        with suppress(OSError):
            yield from filter(None, (pattern.fullmatch(path.name) for path in self.folder.iterdir()))

    def _path(self, number: int) -> Path:
        return self.folder / (f"session-{number}.json" if number else "session.json")

    def _lock_path(self, number: int) -> Path:
        return self.folder / f"session-{number}.lock"

    def _own(self) -> int:
        """This program's number; a new one, above all others, where it has none."""
        if self._number is None:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            taken = [*self._numbers(), *(int(match[1]) for match in self._named(_LOCK))]
            number = max(taken, default=0) + 1
            while not self._taken_new(number):
                number += 1
            self._number = number
        return self._number

    def _taken_new(self, number: int) -> bool:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            self._lock = os.fdopen(os.open(self._lock_path(number), flags, 0o600), "r+b", buffering=0)
        except FileExistsError:
            return False
        with suppress(OSError):  # not every file system has locks
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True

    def _locked(self, number: int) -> tuple[bool, IO[bytes] | None]:
        """Whether no other program has a session, and the lock on it, where one can be had."""
        if number == self._number:
            return True, self._lock
        path = self._lock_path(number)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        while True:
            try:
                lock = os.fdopen(os.open(path, flags, 0o600), "r+b", buffering=0)
            except OSError:  # a folder that can't be written, say
                return True, None
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                return False, None
            except OSError:
                return True, lock
            with suppress(OSError):
                if path.stat().st_ino == os.fstat(lock.fileno()).st_ino:
                    return True, lock
            lock.close()  # its owner removed it meanwhile

    def _let_go(self, number: int, lock: IO[bytes] | None) -> None:
        """Give a lock up; its file stays where something is marked in it."""
        if lock is not None:
            with suppress(OSError):
                if not _marked(lock):
                    self._lock_path(number).unlink()
            lock.close()

    # ------------------------------------------------------------------------------------ files

    def _write(self, number: int, session: Session) -> None:
        written = as_bytes(session)
        descriptor, temporary = tempfile.mkstemp(".tmp", f"session-{number}-", self.folder)  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(written)
                file.flush()
                os.fsync(descriptor)
            Path(temporary).replace(self._path(number))
        except BaseException:
            with suppress(OSError):
                Path(temporary).unlink()
            raise

    def _mark(self, left_open: str) -> None:
        if self._lock is not None:
            self._lock.seek(0)
            self._lock.truncate()
            self._lock.write(left_open.encode())

    def _set_aside(self, path: Path) -> str:
        """Give a file another name, which is said."""
        aside = path.with_name(f"{path.name}.aside")
        number = 1
        while os.path.lexists(aside):
            number += 1
            aside = path.with_name(f"{path.name}.aside-{number}")
        try:
            path.rename(aside)
        except OSError:
            return "it stays there"
        return f"it is kept as {aside.name}"

    def _prune(self) -> None:
        """Remove the sessions left longest ago, and what killed programs left behind."""
        others = sorted(number for number in self._numbers() if number != self._number)
        for number in others[: max(0, len(others) + 1 - KEPT)]:
            if begins_like_one(self._path(number)):
                free, lock = self._locked(number)
                if free:
                    self._remove(number, lock)
        known = {*self._numbers(), self._number}
        for match in (*self._named(_PARTIAL), *self._named(_LOCK)):
            number, partial = int(match[1]), match.re is _PARTIAL
            if not partial and number in known:
                continue
            free, lock = self._locked(number)
            if free and partial:
                with suppress(OSError):
                    (self.folder / match[0]).unlink()
            if free and number not in known:
                self._remove(number, lock)
            elif lock is not self._lock:
                self._let_go(number, lock)

    def _remove(self, number: int, lock: IO[bytes] | None) -> None:
        for path in (self._path(number), self._lock_path(number)):
            with suppress(OSError):
                path.unlink()
        if lock is not None:
            lock.close()


def _marked(lock: IO[bytes] | None) -> str:
    if lock is None:
        return ""
    lock.seek(0)
    return lock.read(_MARK_BYTES).decode("ascii", "replace")


def _which(found: list[Session]) -> str:
    """What could be gone on with, where it isn't among it."""
    if not found:
        return "no session has been kept yet"
    rows = []
    for number, session in enumerate(found, start=1):
        desk = session.desks.get(session.task)
        text = next(iter(desk.inputs.values()), "") if desk is not None else ""
        rows.append(f"  {number}  {session.task}  {' '.join(text.split())[:50]}")
    return "\n".join(
        [f"there {'is one' if len(found) == 1 else f'are {len(found)}'}, the last one first:", *rows]
    )
