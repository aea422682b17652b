"""`logitscope tokenize`, from the shell to its last byte, against a script that only calls the library's `encode`.

Both are whole processes, with their start; both are measured by the clock and by what they take of the processors,
theirs and their children's: on a busy machine the clock tells of others.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.long_texts import words
from tests.benchmarks.result import Log, Result, ratio_result
from tests.benchmarks.surroundings import ROOT, environment

SIZES = (1_000_000, 10_000_000)
GOAL = 1.5
WAYS: dict[str, tuple[str, ...]] = {
    "": (),
    " --json": ("--json",),
    ", many lines": ("-",),
    ", many lines, --json": ("--json", "-"),
}
MODEL = ROOT / "tui" / "models" / "nano-generation"
ENCODE = """
import sys
from transformers import AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
text = open(sys.argv[2], encoding="utf-8").read()
for each in text.split("\\n") if sys.argv[3] else [text]:
    tokenizer.encode(each)
"""


class _Taken(NamedTuple):
    """What a process took, with those it started."""

    seconds: float
    processor_seconds: float


def told(pair_count: int, home: Path, log: Log) -> list[Result]:
    """A bare tokenizer.json has no limit: every token is told."""
    surroundings = environment(home)
    results = []
    for size in SIZES:
        file = home / f"{size}.txt"
        text = words(size)
        for way, flags in WAYS.items():
            lines = "-" in flags
            file.write_text(text.replace(" e", "\ne") if lines else text, encoding="utf-8")
            ours = [sys.executable, "-m", "tui", "tokenize", "--model", str(MODEL / "tokenizer.json"), *flags]
            theirs = [sys.executable, "-c", ENCODE, str(MODEL), str(file), "lines" if lines else ""]
            commands = (ours if lines else [*ours, f"@{file}"], theirs)
            taken: tuple[list[_Taken], list[_Taken]] = ([], [])
            for number in range(pair_count + 1):  # in turn, the first pair for warming up
                for command, each in zip(commands, taken, strict=True):
                    each.append(_run(command, file, surroundings))
                if not number:
                    log(f"{size // 1_000_000} MB{way}: warm")
                    continue
                log(
                    " against ".join(
                        f"{each[-1].seconds:.2f} s ({each[-1].processor_seconds:.2f})" for each in taken
                    )
                )
            name = f"tokenize{way} of {size // 1_000_000} MB / encode"
            for kind in _Taken._fields:
                ours_seconds, theirs_seconds = ([getattr(one, kind) for one in each[1:]] for each in taken)
                named = f"{name}, {'clock' if kind == 'seconds' else 'processors'}"
                results.append(ratio_result(named, ours_seconds, theirs_seconds, GOAL))
    return results


def _run(command: list[str], given: Path, surroundings: dict[str, str]) -> _Taken:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with given.open("rb") as text:
        subprocess.run(
            command,
            stdin=text,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=surroundings,
            check=True,
        )
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return _Taken(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
