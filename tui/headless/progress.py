"""Progress as one line on a terminal."""

from __future__ import annotations

from typing import TextIO

from tui.headless.text import visible
from tui.protocol import Progress


class ProgressLine:
    """One line that is written over and over, on a terminal; nothing anywhere else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shows = stream.isatty()
        self._written = False

    def show(self, progress: Progress) -> None:
        """Replace the line."""
        if not self._shows:
            return
        counts = ""
        if progress.done is not None:
            of = "" if progress.total is None else f" of {progress.total:,}"
            counts = f" {progress.done:,}{of} {visible(progress.unit)}"
        self._stream.write(f"\r\x1b[K{visible(progress.stage)}{counts}"[:100])
        self._stream.flush()
        self._written = True

    def clear(self) -> None:
        """Leave the line empty."""
        if self._written:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._written = False
