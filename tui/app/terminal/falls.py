"""What failed inside the screen: counted, kept in a log with its traceback, told once in plain words."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from tui.app.render.glyphs import fit

MARK = "=== FALL"
"""Begins the line of each failure in the log."""
TOLD_AGAIN_AFTER = 2.0
"""Seconds after which the same failure is told again: what fails at every paint must not fill the screen."""
_KEPT_CHARACTERS = 16_384


class Falls:
    """Takes the exceptions that nothing else took; the one writer of the screen's log."""

    def __init__(self, log_path: Path, tell: Callable[[str], None]) -> None:
        """`tell` shows a sentence to the person."""
        self.log_path = log_path
        self.latest = ""
        """The last failure as it stands in the log; empty where nothing failed."""
        self._tell = tell
        self._times: dict[tuple[str, str, int], int] = {}
        """How often each failure came, by its type and place."""
        self._told: dict[tuple[str, str, int], float] = {}
        self._telling = False
        self._writing = threading.Lock()
        self._writers: list[threading.Thread] = []

    @property
    def count(self) -> int:
        """How many exceptions were taken."""
        return sum(self._times.values())

    def take(self, error: BaseException, where: str, *, tell: bool = True) -> None:
        """Count, log and tell a failure in `where`, a part of the screen as people call it.

        One that repeats is logged at its 1st, 2nd, 4th, 8th … time, its traceback at the first.
        """
        place = _place_of(error)
        times = self._times[place] = self._times.get(place, 0) + 1
        if times & (times - 1) == 0:
            self._log(error, where, times)
        now = time.monotonic()
        if not tell or self._telling or now - self._told.get(place, -TOLD_AGAIN_AFTER) < TOLD_AGAIN_AFTER:
            return
        self._told[place] = now
        self._telling = True
        try:
            why = f"nothing typed is lost, F4 shows why ({self.log_path.name})"
            self._tell(f"{failed(error, where)}; {why}")
        except Exception as another:  # noqa: BLE001 - the very line that tells may be what fails
            self._log(another, "telling of a failure", 1)
        finally:
            self._telling = False

    def _log(self, error: BaseException, where: str, times: int) -> None:
        said = time.strftime("%Y-%m-%d %H:%M:%S")
        lines = [f"{MARK} {self.count} {said} in {where}, time {times}: {type(error).__name__}\n"]
        if times == 1:
            lines += traceback.format_exception(error)
        text = "".join(lines)
        self.latest = text[-_KEPT_CHARACTERS:]
        # Not on the event loop: the file may be on a disk that answers late.
        self._writers = [writer for writer in self._writers if writer.is_alive()]
        self._writers.append(threading.Thread(target=self._write, args=(text,), name="falls"))
        self._writers[-1].start()

    def written(self) -> None:
        """Wait until all of it is in the log. Waits for a file: not for the event loop."""
        for writer in self._writers:
            writer.join()

    def _write(self, text: str) -> None:
        try:
            with self._writing:
                self.log_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with self.log_path.open("a", encoding="utf-8", errors="backslashreplace") as log:
                    log.write(text)
        except OSError:
            pass  # `latest` has it


def failed(error: BaseException, where: str) -> str:
    """What failed, and with what."""
    return f"{where} failed inside ({fit(f'{type(error).__name__}: {error}', 60)})"


def _place_of(error: BaseException) -> tuple[str, str, int]:
    """An exception's type, and file and line where it was raised."""
    last: TracebackType | None = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None:
        return type(error).__name__, "", 0
    return type(error).__name__, last.tb_frame.f_code.co_filename, last.tb_lineno
