"""Reading files that others made: none but plain files, never more than fits their kind, never waiting."""

from __future__ import annotations

import codecs
import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_OTHER_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


_POINTER = b"version https://git-lfs.github.com/spec/"
LARGEST_POINTER = 1024
"""Bytes; https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md."""
POINTER = (
    "it is only the pointer that Git LFS keeps in the place of the file: run `git lfs pull` in its folder"
)


def is_pointer(path: Path) -> bool:
    """Whether a file is Git LFS's pointer to another one, which was not fetched. Raises OSError."""
    if path.stat().st_size > LARGEST_POINTER:
        return False
    with open_plain(path) as opened:
        return opened.read(len(_POINTER)) == _POINTER


def open_plain(path: Path) -> BinaryIO:
    """Open a plain file for reading; a link counts as what it leads to.

    A named pipe would be waited for until someone writes, and a device may never end: both are refused, before and
    after opening, as are folders and sockets. Raises OSError, whose `strerror` says what is there instead.
    """
    _want_plain(path, path.stat().st_mode)
    flags = (
        os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    opened = os.fdopen(os.open(path, flags), "rb")
    try:
        _want_plain(path, os.fstat(opened.fileno()).st_mode)
    except OSError:
        opened.close()
        raise
    return opened


def read_plain(path: Path, most: int) -> bytes:
    """The whole of a plain file of at most `most` bytes. Raises OSError."""
    with open_plain(path) as opened:
        size = os.fstat(opened.fileno()).st_size
        content = b"" if size > most else opened.read(most + 1)  # files of /proc say that they are empty
    if max(size, len(content)) > most:
        raise OSError(errno.EFBIG, f"it is too large: at most {most / 1e6:,.0f} MB are read", str(path))
    return content


def decoded(content: bytes) -> str:
    """UTF-8 as text, its byte order mark left out. Raises ValueError that says where it is not."""
    for mark, name in _OTHER_ENCODINGS:
        if content.startswith(mark):
            raise ValueError(f"it is {name}, not UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as bad:
        line, column = place_in(content, bad.start)
        raise ValueError(
            f"line {line:,}, column {column:,} is not UTF-8 (byte {content[bad.start]:#04x})"
        ) from None


def place_in(content: bytes, at: int) -> tuple[int, int]:
    """Line and column, in characters and from 1, of a byte; what stands before it on its line is UTF-8."""
    begin = content.rfind(b"\n", 0, at) + 1
    return content.count(b"\n", 0, at) + 1, len(content[begin:at].decode("utf-8", "replace")) + 1


def kind_of(mode: int) -> str:
    """What a file is that is not a plain one, by its mode; empty for a plain one.

    >>> kind_of(stat.S_IFIFO), kind_of(stat.S_IFREG)
    ('a named pipe', '')
    """
    if stat.S_ISREG(mode):
        return ""
    return next((name for is_one, name in _KINDS if is_one(mode)), "something else")


def _want_plain(path: Path, mode: int) -> None:
    kind = kind_of(mode)
    if kind:
        number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        raise OSError(number, f"it is {kind}, not a file", str(path))


def working_folder() -> Path | None:
    """The folder the program was started in; None where it is gone."""
    try:
        return Path.cwd()
    except OSError:
        return None
