"""`logitscope tokenize`, from the shell to its last byte, against the library's `encode` of the same text."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.long_texts import words
from tests.benchmarks.result import Log, Result, pairs, ratio_result
from tests.benchmarks.surroundings import ROOT, environment

SIZES = (1_000_000, 10_000_000)
GOAL = 1.5
WAYS: dict[str, tuple[str, ...]] = {"": (), " --json": ("--json",), ", lines --json": ("--json", "-")}
TOKENIZER = ROOT / "tui" / "models" / "nano-generation" / "tokenizer.json"
ENCODE = """
import sys, time
from tokenizers import Tokenizer
backend = Tokenizer.from_file(sys.argv[1])
backend.no_truncation()
text = open(sys.argv[2], encoding="utf-8").read()
began = time.perf_counter()
backend.encode(text)
print(time.perf_counter() - began)
"""


def told(pair_count: int, home: Path, log: Log) -> list[Result]:
    """A bare tokenizer.json has no limit: every token is told. Starting the engine is part of it."""
    surroundings = environment(home)
    results = []
    for size in SIZES:
        file = home / f"{size}.txt"
        text = words(size)
        for way, flags in WAYS.items():
            lines = "-" in flags
            file.write_text(text.replace(" e", "\ne") if lines else text, encoding="utf-8")
            command = [sys.executable, "-m", "tui", "tokenize", "--model", str(TOKENIZER), *flags]

            def ours(command: list[str] = command, lines: bool = lines, file: Path = file) -> float:
                began = time.perf_counter()
                with file.open("rb") as given:
                    subprocess.run(
                        command if lines else [*command, f"@{file}"],
                        stdin=given,
                        stdout=subprocess.DEVNULL,
                        cwd=ROOT,
                        env=surroundings,
                        check=True,
                    )
                return time.perf_counter() - began

            def theirs(file: Path = file) -> float:
                encode = [sys.executable, "-c", ENCODE, str(TOKENIZER), str(file)]
                return float(json.loads(subprocess.run(encode, capture_output=True, check=True).stdout))

            name = f"tokenize{way} of {size // 1_000_000} MB / bare encode"
            results.append(ratio_result(name, *pairs(ours, theirs, pair_count, log), GOAL))
    return results
