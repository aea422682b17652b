"""The real engine, which a test can hold still where it likes: `python held_engine.py GATES [ARGUMENT...]`.

GATES is a folder. While its file `Stepped` begins with 3, the thread that is about to send the fourth `Stepped`
of a request waits in front of it; `check` is the question between two parts of long work whether it is wanted,
`forward` the beginning of a text's run through the model, `import` that of torch's import. Nothing else is
changed: whatever else the engine can do meanwhile, it does.
"""

from __future__ import annotations

import math
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Gates:
    """What a test closes and opens; both sides of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._closed = 0
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def command(self) -> tuple[str, ...]:
        """What starts an engine with these gates."""
        return (sys.executable, __file__, str(self.folder))

    def close(self, point: str, after: int = 0) -> None:
        """From now on, of every request only so many pass this point."""
        self._closed += 1
        self.write(point, f"{after} {self._closed}")

    def open(self, *points: str) -> None:
        """Let everything pass again."""
        for point in points:
            (self.folder / point).unlink(missing_ok=True)

    def is_waited_at(self, point: str) -> bool:
        """Whether a thread of the engine has come to a point since it was closed."""
        return self.read(point) == self.read(f"{point} waits") != ""

    def read(self, name: str) -> str:
        """What a file of the folder holds; nothing where there is none."""
        try:
            return (self.folder / name).read_text()
        except FileNotFoundError:
            return ""

    def write(self, name: str, content: str) -> None:
        """Write a file of the folder at once."""
        written = self.folder / f".{name}"
        written.write_text(content)
        written.replace(self.folder / name)


class Held:
    """The engine's side: threads wait in `at`."""

    def __init__(self, gates: Gates) -> None:
        self._gates = gates
        self._passed: Counter[tuple[str, int]] = Counter()
        self._lock = threading.Lock()

    def at(self, point: str, request_id: int) -> None:
        """Wait until the next of a request may pass."""
        with self._lock:
            before = self._passed[point, request_id]
            self._passed[point, request_id] += 1
        told = ""
        while (closed := self._gates.read(point)) and before >= int(closed.split()[0]):
            if told != closed:
                self._gates.write(f"{point} waits", closed)
                told = closed
            time.sleep(0.005)

    def before(self, owner: Any, name: str, point: Callable[..., tuple[str, int]]) -> None:
        """Stop at a point before each call of a function."""
        original = getattr(owner, name)

        def stopping(*arguments: Any, **more: Any) -> Any:
            self.at(*point(*arguments))
            return original(*arguments, **more)

        setattr(owner, name, stopping)

    def after(self, owner: Any, name: str, sign: Callable[..., str]) -> None:
        """Leave a sign after each call of a function."""
        original = getattr(owner, name)

        def telling(*arguments: Any) -> Any:
            done = original(*arguments)
            self._gates.write(sign(*arguments), "done")
            return done

        setattr(owner, name, telling)


def main() -> int:
    from tui.engine import __main__, runtime, supervision, tasks
    from tui.engine.frames import Outbox
    from tui.engine.lanes import Lane
    from tui.protocol import AnyEvent, Progress

    def name_of(event: AnyEvent) -> str:
        """What a load says of itself is told apart from what the supervisor says, in whose thread ever."""
        waiting = isinstance(event, Progress) and event.stage == supervision.WAITING
        return "waiting" if waiting else type(event).__name__

    supervision.STUCK_SECONDS = supervision.STUCK_WORK_SECONDS = (
        math.inf
    )  # it is the test that keeps others waiting
    held = Held(Gates(Path(sys.argv[1])))
    held.before(Outbox, "send", lambda _, event: (name_of(event), event.id))
    held.before(Outbox, "check", lambda _, request_id: ("check", request_id))
    held.before(tasks, "forward", lambda *_: ("forward", 0))
    held.before(runtime.Libraries, "bring_in", lambda *_: ("import", 0))
    held.after(Lane, "submit", lambda lane, job: f"{job.request_id} in the {lane.name} lane")
    return __main__.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
