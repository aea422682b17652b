"""The text a tokenizer learns from: a text at hand, a file, or all text files of a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from tui.engine.errors import EngineError

LONGEST_LINE = 100_000
"""Characters the trainer is given at once; a longer line is given in parts."""
_PROBE_BYTES = 8192


class Corpus:
    """Lines of text with a count of the bytes read so far."""

    def __init__(self, text: str, path: str) -> None:
        """`path` wins where both are given. Raises EngineError where there is nothing to read."""
        self._text = text
        self._files = _text_files(Path(path).expanduser()) if path else []
        self.files = len(self._files)
        self.total_bytes = sum(size for _, size in self._files) if path else len(text)
        if not self.total_bytes:
            raise EngineError(
                "There is no text to learn from",
                f"{path} holds no text." if path else "The input is empty.",
                "Name a text file or a folder of them, or type a text.",
            )

    def lines(self, told: Callable[[int], None]) -> Iterator[str]:
        """Every line with its end; `told` hears the bytes (of a text at hand: the characters) read so far."""
        done = 0
        if not self._files:
            for start in range(0, len(self._text), LONGEST_LINE):
                yield self._text[start : start + LONGEST_LINE]
                told(min(start + LONGEST_LINE, len(self._text)))
            return
        for path, size in self._files:
            try:
                with path.open(encoding="utf-8", errors="replace", newline="") as file:
                    read = 0
                    while line := file.readline(LONGEST_LINE):
                        yield line
                        read += len(line)
                        told(done + min(read, size))
            except OSError as error:
                raise EngineError(
                    "A file can't be read",
                    f"{path}: {error.strerror or error}.",
                    "Make it readable, or name another.",
                ) from error
            done += size


def _text_files(path: Path) -> list[tuple[Path, int]]:
    """(path, bytes) of the text files at a path, in the order of their names; binary files are left out."""
    if not path.exists():
        raise EngineError(
            "There is nothing there", f"{path} does not exist.", "Check the path; ~ is your home folder."
        )
    if path.is_file():
        if not _is_text(path):
            raise EngineError(
                "This is not a text file",
                f"{path} holds bytes that no text has.",
                "Name a text file in UTF-8, or a folder of them.",
            )
        return [(path, path.stat().st_size)]
    found = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder) / name
            if not name.startswith(".") and file.is_file() and _is_text(file):
                found.append((file, file.stat().st_size))
    return found


def _is_text(path: Path) -> bool:
    """Whether the beginning of a file is UTF-8 text; unreadable files are none."""
    try:
        with path.open("rb") as file:
            start = file.read(_PROBE_BYTES)
    except OSError:
        return False
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        # a character cut in two by the end of the probe is no reason to doubt
        if len(start) < _PROBE_BYTES or error.start < len(start) - 3:
            return False
    return b"\0" not in start
