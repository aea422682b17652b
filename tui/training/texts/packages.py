"""Reads files out of a Debian package in memory, without installing it.

A package is an `ar` archive whose member `data.tar.*` holds the files (deb(5)).
"""

import io
import lzma
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

from tui.training.sources import SourceError

_MAGIC = b"!<arch>\n"
_HEADER_BYTES = 60


def package_files(package: Path, pattern: str) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of each file in the package whose path the regular expression finds, in its order.

    Raises SourceError when the file is no Debian package or packed in a way that Python can't unpack.
    """
    wanted = re.compile(pattern)
    try:
        with tarfile.open(fileobj=io.BytesIO(_data_member(package))) as archive:
            for member in archive:
                stream = archive.extractfile(member) if wanted.search(member.name) else None
                if stream is not None:
                    yield member.name, stream.read()
    except (tarfile.TarError, lzma.LZMAError, EOFError) as error:
        raise SourceError(f"{package} can't be unpacked: {error}") from error


def _data_member(package: Path) -> bytes:
    with package.open("rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            raise SourceError(f"{package} is no Debian package")
        while len(header := stream.read(_HEADER_BYTES)) == _HEADER_BYTES:
            name, size = header[:16].decode("ascii").rstrip(" /"), int(header[48:58])
            content = stream.read(size)
            if name.startswith("data.tar"):
                return content
            stream.seek(size % 2, io.SEEK_CUR)  # members begin at even offsets
    raise SourceError(f"{package} holds no data.tar")
