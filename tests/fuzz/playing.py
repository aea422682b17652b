"""Plays a round: types it into the program, and tells whether it fell."""

from __future__ import annotations

import os
import re
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.benchmarks.surroundings import ROOT, environment
from tests.fuzz import processes
from tests.fuzz.hostile import END
from tests.fuzz.items import Engine, Gap, Item, Probe, Quiet, Resize, Round, Type
from tests.fuzz.judging import Stream, doing, exceptions, signature
from tests.fuzz.keyboard import QUITS, SUSPENDS, sent
from tests.patience import PATIENCE
from tests.pseudo_terminal import TRUE_COLOR, PseudoTerminal

FREEZE = 1.0
"""Seconds of its own computing that the screen may take to react."""
STUCK = 30.0
"""Seconds without a reaction of a screen that does not even compute."""
_EACH = 0.1
"""Seconds of computing that an item may take before the items between two rests are suspected."""
_REST = 0.04
_MOST_REST = 2.0
_AHEAD = 0.3
"""Seconds of computing after which the typing waits for the screen, so that no backlog grows."""


@dataclass(frozen=True)
class Fall:
    """What must not happen."""

    kind: str
    """exception, unsafe, freeze, end."""
    name: str
    """What falls of one cause have in common."""
    detail: str


@dataclass
class Played:
    """How a round went."""

    fall: Fall | None = None
    keys: int = 0
    items: int = 0
    """How many were done before the fall or the end."""
    seconds: float = 0.0
    computed: float = 0.0
    memory: float = 0.0
    """Megabytes of the screen's process at the end."""
    slowest: float = 0.0
    """Most seconds of computing that a probe was answered after."""
    slowest_burst: float = 0.0
    """Most seconds of computing between two rests, beyond what the items between may take."""
    slowest_at: int = 0
    """The item after which it rested again."""
    probes: int = 0
    engines: int = 0
    """Signals that were sent to an engine."""
    quit: bool = False


class Player:
    """One start of the program; use it as a context manager."""

    def __init__(self, played: Round, home: Path, patient: bool = False) -> None:
        """`patient`: what takes long is no fall, as where other programs want the processor, too."""
        self._patient = patient
        self._round = played
        self._stacks = home / "stacks"
        self._log = home / "state" / "screen.log"
        self._log.unlink(missing_ok=True)
        work = home / "work"
        work.mkdir(parents=True, exist_ok=True)
        command = (sys.executable, "-m", "tests.fuzz.program", str(self._stacks), *played.arguments)
        surroundings = {**environment(home), **TRUE_COLOR}
        self._terminal = PseudoTerminal(command, surroundings, played.columns, played.rows, work, mute=True)
        self._pid = self._terminal.process.pid
        self._stream = Stream()
        self._packet = b""
        self._size = (played.columns, played.rows)
        self._typed_quit = False
        self._begun = time.monotonic()
        self._at_rest = 0.0
        """What the screen had computed when it rested the last time."""
        self._since = 0
        """Items since then."""
        self.result = Played()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        engine = processes.engine_of(self._pid)
        self._terminal.close()
        if engine is not None:
            processes.signal_group(engine, signal.SIGKILL)

    def play(self) -> Played:
        """The whole round, or up to the fall."""
        result = self.result
        result.fall = self._start()
        for item in self._round.items if result.fall is None else ():
            self._do(item)
            result.items += 1
            result.keys += item.keys * item.repeat if isinstance(item, Type) else 0
            if result.fall is None:
                result.fall = self._fallen()
            if result.fall is not None or self._over():
                break
        result.quit = self._over()
        if result.fall is None and not self._over():
            result.fall = self._end()
        result.seconds = time.monotonic() - self._begun
        return result

    # ----------------------------------------------------------------------------------- the program

    def _over(self) -> bool:
        return self._terminal.process.poll() is not None

    def _start(self) -> Fall | None:
        limit = time.monotonic() + PATIENCE
        while not self._stream.raw:
            if self._over() or time.monotonic() > limit:
                return self._fallen() or Fall("end", "it does not start", self._stream.after[-2000:])
            self._read(0.05)
        return None

    def _read(self, seconds: float) -> bytes:
        came = self._terminal.read(seconds)
        if came is None:
            if seconds:
                time.sleep(min(seconds, 0.02))
            return b""
        self._stream.feed(came)
        return came

    def _flush(self) -> None:
        packet, self._packet = self._packet, b""
        if packet and not self._over():
            try:
                self._stream.feed(self._terminal.write(packet, PATIENCE))
            except TimeoutError as error:
                self.result.fall = Fall("freeze", "what is typed is not read", str(error))

    def _do(self, item: Item) -> None:
        self._foreground()
        self._since += 1
        match item:
            case Type(data, repeat, _):
                if data in SUSPENDS:
                    self._flush()
                    self._packet = data
                    self._flush()
                    self._wait_for_stop()
                    return
                self._typed_quit = self._typed_quit or data in (*QUITS, sent("ctrl+p"))
                self._packet += data * repeat
            case Gap(seconds):
                self._flush()
                self._read(seconds)
                while self._read(0.0):
                    pass
                if processes.computed(self._pid) - self._at_rest > _AHEAD:
                    self._rest(_MOST_REST)
            case Quiet(engine):
                self._flush()
                self._rest(60.0 if engine else _MOST_REST, engine)
            case Probe():
                self._flush()
                self._probe()
            case Resize(columns, rows):
                self._flush()
                self._size = (columns, rows)
                self._terminal.resize(columns, rows)
            case Engine(name):
                self._flush()
                self._signal_engine(name)

    def _signal_engine(self, name: str) -> None:
        engine = processes.engine_of(self._pid)
        if engine is not None:
            self.result.engines += 1
            number = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "cont": signal.SIGCONT}[name]
            processes.signal_group(engine, number)

    def _wait_for_stop(self) -> None:
        """The key that suspends hands the terminal to a shell: keys typed meanwhile are not the program's."""
        self._rest(5.0)
        self._foreground()

    def _foreground(self) -> None:
        """Go on with it if it has suspended itself."""
        if processes.state(self._pid) == "T":
            os.kill(self._pid, signal.SIGCONT)
            limit = time.monotonic() + STUCK
            while not self._stream.drawing and not self._over() and time.monotonic() < limit:
                self._read(0.02)
            self._rest(1.0)

    def _rest(self, most: float, engine: bool = False) -> bool:
        """Read until nothing is drawn or computed; whether it came to that within so long."""
        limit = time.monotonic() + most
        while not self._over() and time.monotonic() < limit:
            pids = [self._pid]
            if engine and (child := processes.engine_of(self._pid)):
                pids.append(child)
            before = [(processes.computed(pid), processes.computed_by_all(pid)) for pid in pids]
            came = self._read(_REST if not engine else 0.1)
            if processes.state(self._pid) == "T":
                return True
            after = [(processes.computed(pid), processes.computed_by_all(pid)) for pid in pids]
            idle = all(b[0] - a[0] < 0.001 and b[1] - a[1] < 0.02 for a, b in zip(before, after, strict=True))
            if idle and not came and all(processes.rests(pid) for pid in pids):
                self._rested()
                return True
        return False

    def _rested(self) -> None:
        """Whether one item took long is not known after many; that they took long together is."""
        now, since, self._since = processes.computed(self._pid), self._since, 0
        took = now - self._at_rest - _EACH * since
        self._at_rest = now
        if took > self.result.slowest_burst:
            self.result.slowest_burst, self.result.slowest_at = took, self.result.items

    # ---------------------------------------------------------------------------------- the judgment

    def _probe(self) -> None:
        """Make the terminal a row higher and wait until something is drawn in the new row."""
        self._rest(_MOST_REST)
        if self._over() or not self._stream.drawing or self._patient:
            return
        columns, rows = self._size
        new = re.compile(rb"\x1b\[%d;\d+H" % (rows + 1))
        begun, before = time.monotonic(), processes.computed(self._pid)
        moved = before, begun
        self._terminal.resize(columns, rows + 1)
        came = b""
        while not new.search(came):
            if self._over():
                return
            came = came[-32:] + self._read(0.02)
            now = processes.computed(self._pid)
            if now > moved[0] + 0.001:
                moved = now, time.monotonic()
            if time.monotonic() - moved[1] > STUCK:
                self.result.fall = self._frozen("stuck", f"{STUCK:g} s without computing")
                return
            if now - before > 5 * FREEZE:
                self.result.fall = self._frozen(
                    "endless", f"no reaction within {now - before:.1f} s of computing"
                )
                return
        took = processes.computed(self._pid) - before
        self.result.probes += 1
        self.result.slowest = max(self.result.slowest, took)
        if took > FREEZE:
            self.result.fall = Fall("freeze", "slow", f"a probe was answered after {took:.2f} s of computing")
        self._terminal.resize(columns, rows)

    def _frozen(self, how: str, detail: str) -> Fall:
        """What the program is doing instead."""
        os.kill(self._pid, signal.SIGUSR2)
        time.sleep(0.5)
        stacks = self._stacks.read_text("utf-8", "replace")
        return Fall("freeze", f"{how}: {doing(stacks)}", f"{detail}\n{stacks}")

    def _fallen(self) -> Fall | None:
        noted = exceptions(self._log)
        if noted:
            return Fall("exception", signature(noted[0]), noted[0])
        if self._stream.unsafe:
            return Fall("unsafe", "a character that nobody may draw", self._stream.unsafe)
        status = self._terminal.process.poll()
        if status is None:
            return None
        while self._read(0.2):
            pass
        if status == 0 and self._typed_quit and "Traceback" not in self._stream.after:
            return None
        return Fall("end", f"it ended with status {status}", self._stream.after[-3000:])

    def _end(self) -> Fall | None:
        """Quit by its own key: it has to end, and in order."""
        engine = processes.engine_of(self._pid)
        if engine is not None:
            processes.signal_group(engine, signal.SIGCONT)
        self._packet += END
        self._flush()
        self._rest(5.0)
        fall = self._fallen()
        if fall is not None or self._over():
            self.result.quit = self._over()
            return fall
        self.result.memory = processes.memory(self._pid)
        self.result.computed = processes.computed(self._pid)
        self._typed_quit = True
        self._packet = QUITS[0]
        self._flush()
        patience = PATIENCE if self._patient else 2 * STUCK
        limit, used = time.monotonic() + patience, self.result.computed
        while not self._over() and time.monotonic() < limit:
            self._foreground()
            self._read(0.05)
        if not self._over():
            used = processes.computed(self._pid) - used
            return self._frozen("does not quit", f"{patience:g} s after ctrl+q, {used:.1f} s computed")
        return self._fallen()


def play(played: Round, home: Path | None = None, patient: bool = False) -> Played:
    """Play a round in a home of its own, or in one that others were played in."""
    if home is not None:
        with Player(played, home, patient) as player:
            return player.play()
    with tempfile.TemporaryDirectory(prefix="logitscope-fuzz-", ignore_cleanup_errors=True) as folder:
        return play(played, Path(folder), patient)


__all__ = ["ROOT", "Fall", "Played", "Player", "play"]
