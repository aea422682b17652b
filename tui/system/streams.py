"""Standard input, output and error as the program finds them: closed, full, a folder, of another encoding.

`take_up` stands at the beginning of the program: from then on what can't be written to standard output raises, in
every command alike, and what can't be written to standard error is dropped, because there is nobody to tell.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import ReadableBuffer, WriteableBuffer

_MOST_AT_ONCE = 1 << 16


class StreamError(Exception):
    """A standard stream that can't be used: which, why, what to do."""

    def __init__(self, title: str, detail: str, hint: str) -> None:
        super().__init__(title, detail, hint)
        self.title = title
        self.detail = detail
        self.hint = hint


class ReaderGoneError(Exception):
    """Whoever read standard output has seen enough."""


class _Written(io.FileIO):
    """A standard stream's descriptor to write to; one that does not block is waited for."""

    given_up = False
    """Whether what is still to be written is dropped."""

    def __init__(self, descriptor: int, is_open: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._is_open = is_open

    def write(self, data: ReadableBuffer, /) -> int:
        """Write some of it, or raise."""
        if self.given_up:
            return memoryview(data).nbytes
        try:
            if not self._is_open:
                raise OSError(0, "It is closed")
            while (written := super().write(data)) is None:
                _wait_until_writable(self.fileno())
        except BrokenPipeError as error:
            raise ReaderGoneError from error
        except OSError as error:
            raise _no_output(_reason(error)) from error
        return written


class _Said(_Written):
    """Standard error: what can't be written is dropped."""

    def write(self, data: ReadableBuffer, /) -> int:
        """Write some of it, or let it be."""
        try:
            return super().write(data)
        except (ReaderGoneError, StreamError):
            return memoryview(data).nbytes


def take_up() -> None:
    """Put streams that tell what is wrong in the place of Python's; closed descriptors are taken, so that no file
    that is opened later is taken for one of them.
    """
    closed = {descriptor for descriptor in range(3) if not _is_open(descriptor)}
    for name, kind, descriptor in (("stdout", _Written, 1), ("stderr", _Said, 2)):
        stream = getattr(sys, name)
        if stream is getattr(sys, f"__{name}__"):  # not one that a test or a library has put there
            setattr(sys, name, _text_stream(stream, kind(descriptor, descriptor not in closed)))


def want(texts: Sequence[str]) -> None:
    """Raise StreamError where the answers can't be told, or where - stands for an input that isn't there."""
    if sys.__stdout__ is None:
        raise _no_output("It is closed")
    if "-" in texts and sys.stdin is None:
        raise _no_input("It is closed")


def want_pipes() -> None:
    """Raise StreamError where standard input or output is closed: for what needs both."""
    for name, stream in (("input", sys.__stdin__), ("output", sys.__stdout__)):
        if stream is None:
            raise StreamError(
                f"Standard {name} is closed",
                "Requests come on the one and events leave on the other.",
                "Start it by --engine, or with a pipe on each.",
            )


def write_json() -> None:
    """From now on standard output is UTF-8, as JSON is."""
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]


def write_source() -> None:
    """From now on standard output is UTF-8, in which Python reads its source; half a surrogate pair is escaped."""
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]


def give_up() -> None:
    """Drop what is still to be written to standard output, after it failed."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, _Written):
        raw.given_up = True


class StandardInput(io.RawIOBase):
    """Standard input's bytes as they come. Reading raises StreamError where there is none."""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """What is there, at least a byte; 0 at the end."""
        view = memoryview(buffer)
        read = self.read_some(min(len(view), _MOST_AT_ONCE))
        view[: len(read)] = read
        return len(read)

    def read_some(self, most: int = _MOST_AT_ONCE) -> bytes:
        """What is there, at least a byte; nothing at the end."""
        if sys.stdin is None:
            raise _no_input("It is closed")
        try:
            descriptor = sys.stdin.fileno()
            while True:
                with contextlib.suppress(BlockingIOError):
                    return os.read(descriptor, most)
                _wait_until_readable(descriptor)
        except (OSError, ValueError) as error:
            raise _no_input(_reason(error)) from error


def _no_output(reason: str) -> StreamError:
    return StreamError(
        "Standard output can't be written",
        f"{reason}; what was written before stands.",
        "Send the output where there is room for it: to a file, a pipe or the terminal.",
    )


def _no_input(reason: str) -> StreamError:
    return StreamError(
        "Standard input can't be read",
        f"{reason}; - stands for its lines.",
        "Give the texts as arguments, or send them through a pipe or from a file.",
    )


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _is_open(descriptor: int) -> bool:
    """Whether a descriptor is; from now on it is, on nothing."""
    try:
        os.fstat(descriptor)
    except OSError:
        with contextlib.suppress(OSError):
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free, which is this one
        return False
    return True


def _text_stream(stream: TextIO | None, raw: _Written) -> Any:
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(stream, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=isinstance(raw, _Said) or getattr(stream, "line_buffering", False),
        write_through=getattr(stream, "write_through", False),
    )


def _wait_until_writable(descriptor: int) -> None:
    import select

    select.select([], [descriptor], [])


def _wait_until_readable(descriptor: int) -> None:
    import select

    select.select([descriptor], [], [])
