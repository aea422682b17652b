"""What is wrong with a file of pickled weights, told without unpickling a byte of it."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from tui.system.plain_files import open_plain

_MOST_MEMBERS = 1_000_000
_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""How files of torch before 1.6 begin: the pickled magic number of `torch.serialization`."""


def problem_of(file: Path) -> str:
    """Why torch should not be given a file, in words; empty where nothing is against it. Raises OSError.

    torch packs its archives without compression: one that holds more than its own size unpacks to any size.
    """
    with open_plain(file) as stream:
        size = os.fstat(stream.fileno()).st_size
        if not zipfile.is_zipfile(stream):
            stream.seek(0)
            return "" if stream.read(len(_LEGACY)) == _LEGACY else "the pickled weights are damaged"
        try:
            with zipfile.ZipFile(stream) as archive:
                members = archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeError):
            return "the pickled weights are damaged"
    if len(members) > _MOST_MEMBERS or sum(member.file_size for member in members) > size:
        return "the pickled weights unpack to more than the file's own size, which no weights do"
    if not any(member.filename.endswith("/data.pkl") for member in members):
        return "the pickled weights are a zip archive, but not one of torch"
    return ""
