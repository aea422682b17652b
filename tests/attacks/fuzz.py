"""`python -m tests.attacks.fuzz --files N --seed S`: changed files of every kind, through the engine's own functions.

They are opened in a process of its own, which is replaced where it hangs or dies; what happens then, and a part of all,
is put through a whole engine, where it must be survived as `survival` has it. What is not is written to the log with
its number; its files are kept beside it, and once more with only the changes that are needed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TextIO

from tests.attacks import shrinking
from tests.attacks.attack import Attack
from tests.attacks.fuzz_worker import SEEDS, Case, Outcome, case, serve
from tests.attacks.shrinking import Files
from tests.attacks.survival import MOST_BYTES, UNNAMED, Survivor, problems

LIMIT_SECONDS = 20.0
"""How long a file may take in the process before it counts as one that hangs."""
_GROWTH_BYTES = 300_000_000
"""A process that has grown so far is replaced; one file may not take more than an attack."""


@dataclass
class Fuzzing:
    """A run over many files."""

    seed: int
    only: str | None = None
    limit_seconds: float = LIMIT_SECONDS
    through_engine: int = 0
    """Every so many files go through a whole engine, too; 0: only those that need it."""
    keep: Path | None = None
    """Where files of findings are kept."""
    outcomes: Counter[str] = field(default_factory=Counter)
    findings: list[dict[str, object]] = field(default_factory=list)
    slow: int = 0
    """Files for which the process had to be replaced."""
    confirmed: int = 0
    """Files put through a whole engine."""

    def __post_init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.attacks.fuzz_worker"])
        self._place = Path(tempfile.mkdtemp(prefix="logitscope-fuzz-"))
        self._worker: tuple[BaseProcess, Connection] | None = None
        self._survivor: Survivor | None = None
        self._usual = 0

    def close(self) -> None:
        self._end_worker()
        if self._survivor is not None:
            self._survivor.close()
        shutil.rmtree(self._place, ignore_errors=True)

    def one(self, number: int) -> None:
        """Put one file through."""
        result = self._outcome(number)
        one = case(self.seed, number, self.only)
        why = ""
        if isinstance(result, str):
            self.slow += 1
            why = result
        elif UNNAMED.search(result.said):
            self._found(number, one, [f"nobody foresaw it: {result.said}: {result.detail}"])
        elif self._usual and result.peak_bytes > self._usual + MOST_BYTES:
            why = f"it took {(result.peak_bytes - self._usual) / 1e6:,.0f} MB"
        self.outcomes[
            f"{one.kind}: {why or result.said}" if not isinstance(result, str) else f"{one.kind}: {result}"
        ] += 1
        if why or (self.through_engine and number % self.through_engine == 0):
            self._confirm(number, one)
        if not isinstance(result, str):
            self._usual = self._usual or result.peak_bytes
            if why or result.peak_bytes > self._usual + _GROWTH_BYTES:
                self._end_worker()

    def _outcome(self, asked: int | Case) -> Outcome | str:
        """How a file ended in the process, or what became of the process."""
        if self._worker is None:
            here, there = self._context.Pipe()
            process: BaseProcess = self._context.Process(
                target=serve, args=(there, self.seed, self.only), daemon=True
            )
            process.start()
            there.close()
            self._worker, self._usual = (process, here), 0
        running, pipe = self._worker
        try:
            pipe.send(asked)
            if pipe.poll(self.limit_seconds if self._usual else 10 * LIMIT_SECONDS):
                answer: Outcome = pipe.recv()
                return answer
        except (EOFError, OSError):
            running.join()
            self._end_worker()
            return f"the process died ({running.exitcode})"
        self._end_worker()
        return "the process hung"

    def _end_worker(self) -> None:
        if self._worker is not None:
            process, pipe = self._worker
            process.kill()
            process.join()
            pipe.close()
            self._worker = None

    def _confirm(self, number: int, one: Case) -> None:
        """The same through a whole engine, which has limits of its own."""
        self.confirmed += 1
        folder = self._place / "case" / "checkpoint"
        folder.mkdir(parents=True, exist_ok=True)
        one.write(folder)
        attack = Attack(
            f"{self.seed}-{number}",
            lambda _: None,
            "writer" if one.base == "writer" else "classifier",
            text=one.text,
        )
        if self._survivor is None or self._survivor.is_lost:
            self._survivor = Survivor()
            self._survivor.ready()
        try:
            told = [self._survivor.tokenized(str(folder), one.text)]
            if one.kind != "tokenizer" or number % 7 == 0:
                told += self._survivor.run(attack, str(folder))
            wrong = [each for one_told in told for each in problems(attack, folder, [one_told])]
            self._survivor.ready()
        except AssertionError as error:
            wrong = [f"the engine is lost: {str(error)[:300]}"]
            self._survivor.is_lost = True
            self._survivor.close()
        if wrong:
            self._found(number, one, wrong)

    def _found(self, number: int, one: Case, why: list[str]) -> None:
        self.findings.append(
            {"number": number, "base": one.base, "kind": one.kind, "text": one.text, "why": why}
        )
        if self.keep is not None:
            for name, kept in (("", one), ("-shrunk", self.shrunk(one))):
                folder = self.keep / f"{self.seed}-{number}{name}"
                folder.mkdir(parents=True, exist_ok=True)
                kept.write(folder)

    def shrunk(self, one: Case) -> Case:
        """A case with as few changes as end the same way in the process."""

        def ends(files: Files) -> str:
            result = self._outcome(replace(one, files=dict(files)))
            return result if isinstance(result, str) else result.said

        wanted = ends(one.files)
        files = shrinking.shrunk(one.files, SEEDS[one.base], lambda files: ends(files) == wanted)
        return replace(one, files=files)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--first", type=int, default=0, help="the number of the first file: one alone is replayed so"
    )
    parser.add_argument("--only", choices=("tokenizer", "config", "weights", "index"))
    parser.add_argument(
        "--engine", type=int, default=500, metavar="N", help="every Nth goes through a whole engine"
    )
    parser.add_argument(
        "--log", type=Path, help="a file for findings, one JSON object a line; their files go beside it"
    )
    options = parser.parse_args()
    keep = options.log.with_suffix(".files") if options.log else None
    fuzzing = Fuzzing(options.seed, options.only, through_engine=options.engine, keep=keep)
    log: TextIO = options.log.open("a", buffering=1) if options.log else sys.stdout
    began, told = time.monotonic(), 0
    try:
        for count, number in enumerate(range(options.first, options.first + options.files), 1):
            fuzzing.one(number)
            for finding in fuzzing.findings[told:]:
                log.write(json.dumps({"seed": options.seed, "only": options.only, **finding}) + "\n")
            told = len(fuzzing.findings)
            if count % 1000 == 0:
                sys.stdout.write(
                    f"{count:,} files, {count / (time.monotonic() - began):.0f} a second, {told} findings\n"
                )
                sys.stdout.flush()
    finally:
        fuzzing.close()
    seconds = time.monotonic() - began
    for name, count in sorted(fuzzing.outcomes.items(), key=lambda item: -item[1]):
        sys.stdout.write(f"{count:8,}  {re.sub(r'[^ -~’“”…]', '?', name)[:100]}\n")
    sys.stdout.write(
        f"{options.files:,} files in {seconds:,.0f} s ({options.files / seconds:.0f} a second), {fuzzing.slow} hung or ended "
        f"their process, {fuzzing.confirmed:,} through a whole engine, {len(fuzzing.findings)} findings\n"
    )
    return 1 if fuzzing.findings else 0


if __name__ == "__main__":
    sys.exit(main())
