"""Running the process that trains: its progress, its end, and stopping it."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from tui.engine.errors import EngineError
from tui.protocol.microscope.training import ALGORITHMS, LARGEST, SMALLEST, Recipe

Report = Callable[[str, int, int], None]
"""Told a stage, how much of it is done, and of how much; 0 of 0 where nobody knows."""
_LOOK_SECONDS = 0.05
_LAST_LINES = 5


class _Told(msgspec.Struct):
    """A line of the worker or of the library."""

    stage: str = ""
    current: int = 0
    total: int = 0
    failure: dict[str, str] | None = None


def train(recipe: Recipe, target: Path, report: Report, check: Callable[[], None]) -> None:
    """Train a tokenizer into the file `target`, in a process of its own.

    `check` is called some twenty times a second and may raise to give the training up; the process is then killed
    and `target` not written. Raises EngineError where the recipe or its text can't be used, or training fails.
    """
    _refuse_nonsense(recipe)
    # -P keeps the person's folder, in which paths are looked up, from being imported from
    command = [sys.executable, "-X", "utf8", "-P", "-m", f"{__package__}.worker", str(target)]
    paths = filter(None, (str(_home()), os.environ.get("PYTHONPATH")))
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    ) as process:
        try:
            _follow(process, recipe, report, check)
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0 or not target.is_file():
        raise EngineError(
            "The training ended early",
            f"Its process ended with status {process.returncode}.",
            "Give it less text or a smaller vocabulary: it may have run out of memory.",
        )


def _follow(
    process: subprocess.Popen[bytes], recipe: Recipe, report: Report, check: Callable[[], None]
) -> None:
    assert process.stdin is not None
    said: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(process, said), name="training", daemon=True).start()
    process.stdin.write(msgspec.json.encode(recipe) + b"\n")
    process.stdin.flush()
    others: list[str] = []
    latest: _Told | None = None
    """Of a flood of lines the newest is told, and the last of each stage."""

    def tell() -> None:
        nonlocal latest
        if latest is not None:
            report(latest.stage.lower(), latest.current, latest.total)
        latest = None

    while True:
        check()
        try:
            line = said.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            continue
        if line is None:
            break
        try:
            told = msgspec.json.decode(line, type=_Told)
        except msgspec.MsgspecError:
            others.append(line.decode("utf-8", "replace").strip())
            continue
        if told.failure is not None:
            raise EngineError(told.failure["title"], told.failure["detail"], told.failure["hint"])
        if latest is not None and latest.stage != told.stage:
            tell()
        latest = told
        if said.empty():
            tell()
    tell()
    if process.wait() != 0 and others:
        raise EngineError(
            "The tokenizer could not be trained",
            " ".join(others[-_LAST_LINES:])[-600:],
            "Try a smaller vocabulary, more text or another algorithm.",
        )


def _listen(process: subprocess.Popen[bytes], said: queue.SimpleQueue[bytes | None]) -> None:
    assert process.stderr is not None
    try:
        for line in process.stderr:
            said.put(line)
    finally:
        said.put(None)


def _home() -> Path:
    """The folder this package is imported from."""
    return Path(__file__).resolve().parents[4]


def _refuse_nonsense(recipe: Recipe) -> None:
    if recipe.algorithm not in ALGORITHMS:
        raise EngineError(
            "There is no such algorithm", f"“{recipe.algorithm}”.", f"There are {', '.join(ALGORITHMS)}."
        )
    if not SMALLEST <= recipe.vocabulary_size <= LARGEST:
        raise EngineError(
            "No vocabulary can be of this size",
            f"{recipe.vocabulary_size:,} entries.",
            f"Choose from {SMALLEST:,} to {LARGEST:,}.",
        )
    if recipe.algorithm == "byte-level-bpe" and recipe.vocabulary_size < 257:
        raise EngineError(
            "The vocabulary is too small for its alphabet",
            f"256 bytes and one special token don't fit into {recipe.vocabulary_size:,} entries.",
            "Choose 257 or more.",
        )
