"""`python -m tests.fuzz --keys 100000 --seed 7 --log FILE`: types until so many keys are typed, or replays."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TextIO

from tests.fuzz.grammar import round_of
from tests.fuzz.items import Round, read_round, written_round
from tests.fuzz.playing import FREEZE, Fall, Played, play
from tests.fuzz.shrinking import Falls, shrunk

_AGAIN = 2
"""How often a freeze is replayed before it counts."""


class Options(argparse.Namespace):
    """What the command was told."""

    keys: int
    seed: int
    first: int
    rounds: int | None
    round_keys: int
    minutes: float | None
    jobs: int
    log: Path | None
    shrink: float
    found: Path | None
    replay: Path | None
    tries: int


def main() -> int:
    """The command; 1 if anything fell."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--keys", type=int, default=2_000, help="how many to type")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first round of the seed")
    parser.add_argument("--rounds", type=int, help="how many rounds, whatever the keys")
    parser.add_argument("--round-keys", type=int, default=500, help="keys of one start of the program")
    parser.add_argument("--minutes", type=float, help="end after so long")
    parser.add_argument("--jobs", type=int, default=1, help="programs at once")
    parser.add_argument("--log", type=Path, help="a file for what is told, and for each fall")
    parser.add_argument("--shrink", type=float, default=0.0, help="seconds to shrink each new kind of fall")
    parser.add_argument("--found", type=Path, help="a folder for each new kind of fall as a file")
    parser.add_argument("--replay", type=Path, help="play the round in a file instead")
    parser.add_argument("--tries", type=int, default=3, help="how often it is replayed")
    options = parser.parse_args(namespace=Options())
    log = options.log.open("a", encoding="utf-8") if options.log else None
    if options.replay:
        return _replay(options.replay, options.tries, options.shrink, log)
    return Run(options, log).type()


def _tell(log: TextIO | None, line: str) -> None:
    for stream in (sys.stdout, *([log] if log else [])):
        print(line, file=stream, flush=True)


class Run:
    """Rounds of one seed, some at once, and what came of them."""

    def __init__(self, options: Options, log: TextIO | None) -> None:
        self._options = options
        self._log = log
        self._begun = time.monotonic()
        self._played: list[Played] = []
        self._kinds: Counter[str] = Counter()
        self._next = options.first
        self._running: dict[Future[Played], tuple[int, Round]] = {}

    @property
    def _keys(self) -> int:
        return sum(played.keys for played in self._played)

    def _more(self) -> bool:
        options = self._options
        if options.minutes is not None and time.monotonic() - self._begun > options.minutes * 60:
            return False
        if options.rounds is not None:
            return self._next < options.first + options.rounds
        return self._keys + sum(made.keys for _, made in self._running.values()) < options.keys

    def type(self) -> int:
        """Play until there are enough keys; 1 if anything fell."""
        jobs = self._options.jobs
        with (
            tempfile.TemporaryDirectory(prefix="logitscope-fuzz-", ignore_cleanup_errors=True) as folder,
            ThreadPoolExecutor(jobs) as pool,
        ):
            free = [Path(folder) / str(job) for job in range(jobs)]

            def played_in_a_home(made: Round) -> Played:
                home = free.pop()
                try:
                    return play(made, home)
                finally:
                    free.append(home)

            while self._running or self._more():
                while len(self._running) < jobs and self._more():
                    made = round_of(self._options.seed, self._next, self._options.round_keys)
                    self._running[pool.submit(played_in_a_home, made)] = self._next, made
                    self._next += 1
                for done in wait(self._running, return_when=FIRST_COMPLETED).done:
                    self._take(*self._running.pop(done), done.result())
        self._sum_up()
        return 1 if self._kinds else 0

    def _sum_up(self) -> None:
        seconds, falls = time.monotonic() - self._begun, sum(self._kinds.values())
        played = self._played
        _tell(
            self._log,
            f"seed {self._options.seed}: {self._keys:,} keys in {len(played)} rounds and {seconds:.0f} s, "
            f"{falls} falls; {sum(each.engines for each in played)} signals to an engine; "
            f"at most {max((each.memory for each in played), default=0):.0f} MB, slowest probe "
            f"{max((each.slowest for each in played), default=0):.2f} s of {sum(each.probes for each in played)}",
        )
        for kind, count in self._kinds.most_common():
            _tell(self._log, f"{count:5} {kind}")

    def _again(self, made: Round) -> bool:
        """Whether it freezes when it is replayed: the computing of a loaded machine takes longer, too."""
        again = (play(made).fall for _ in range(_AGAIN))
        return any(fall is not None and fall.kind == "freeze" for fall in again)

    def _take(self, number: int, made: Round, result: Played) -> None:
        self._played.append(result)
        options, log, fall = self._options, self._log, result.fall
        line = (
            f"{options.seed}:{number} {result.keys} keys {result.seconds:.1f} s {result.computed:.1f} s computed "
            f"{result.memory:.0f} MB slowest {result.slowest:.2f} s; {self._keys:,} keys in all"
        )
        if result.slowest_burst > FREEZE:
            line += f"; slow: {result.slowest_burst:.2f} s before item {result.slowest_at}"
        if fall is None:
            _tell(log, f"{line}: {'quit' if result.quit else 'ok'}")
            return
        name = f"{fall.kind}: {fall.name}"
        if fall.kind == "freeze" and not self._again(made):
            _tell(log, f"{line}: {name} {fall.detail.splitlines()[0]}; not again in {_AGAIN} replays")
            return
        self._kinds[name] += 1
        _tell(log, f"{line}: FALL {name}")
        _tell(log, fall.detail)
        if self._kinds[name] > 1:
            return
        fallen = made._replace(items=made.items[: result.items])
        if options.shrink:
            fallen = shrunk(fallen, _falls_like(fall, log), options.shrink)
            _tell(log, f"shrunk to {len(fallen.items)} items: {json.dumps(written_round(fallen))}")
        if options.found:
            _store(options.found, fall, fallen, f"{options.seed}:{number}")


def _falls_like(fall: Fall, log: TextIO | None) -> Falls:
    def falls(candidate: Round) -> bool:
        found = play(candidate).fall
        same = found is not None and (found.kind, found.name) == (fall.kind, fall.name)
        if found is not None and not same:
            _tell(
                log, f"    another: {found.kind}: {found.name} {json.dumps(written_round(candidate))[:2000]}"
            )
        return same

    return falls


def _store(folder: Path, fall: Fall, fallen: Round, origin: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    words = "".join(c if c.isalnum() else "-" for c in f"{fall.kind}-{fall.name}".lower())
    path = folder / f"{'-'.join(filter(None, words.split('-')))[:100]}.json"
    value = {"fall": f"{fall.kind}: {fall.name}", "origin": origin, **written_round(fallen)}
    path.write_text(json.dumps(value, ensure_ascii=True, indent=1) + "\n", encoding="utf-8")


def _replay(path: Path, tries: int, seconds: float, log: TextIO | None) -> int:
    """Play a stored round some times: a race is not lost every time."""
    stored = read_round(json.loads(path.read_text("utf-8")))
    falls = [fall for fall in (play(stored).fall for _ in range(tries)) if fall is not None]
    for fall in falls:
        _tell(log, f"{fall.kind}: {fall.name}\n{fall.detail}")
    _tell(log, f"{path.name}: fell {len(falls)} of {tries} times")
    if falls and seconds:
        smallest = shrunk(stored, _falls_like(falls[0], log), seconds)
        _tell(log, json.dumps(written_round(smallest)))
    return 1 if falls else 0


if __name__ == "__main__":
    sys.exit(main())
