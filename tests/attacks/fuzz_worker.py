"""One process that opens changed files by the engine's own functions, one after the other; it may hang or die of one."""

from __future__ import annotations

import os
import random
import resource
import shutil
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import torch
import transformers

from tests.attacks import mutation
from tui.engine import tasks
from tui.engine.checkpoint import loading
from tui.engine.errors import failure_of
from tui.engine.sources import facts
from tui.engine.sources.locate import locate
from tui.engine.tokenization.opening import open_tokenizer
from tui.engine.tokenization.stages import stages_of

TEXTS = (
    "I love a good film!",
    "",
    " ",
    "a" * 30 + "!",
    "déjà vu 🤗 e\u0301 \u202e",
    "[CLS] the [MASK]",
    "good " * 60,
)
TASKS = {
    "classifier": "sentiment-analysis",
    "unigram": "sentiment-analysis",
    "sharded": "sentiment-analysis",
    "writer": "text-generation",
}
KIND_OF = {
    "classifier": ("tokenizer", "config", "weights"), "unigram": ("tokenizer",), "sharded": ("index",),
    "writer": ("tokenizer", "config", "weights"),
}  # fmt: skip
WAYS = tuple((base, kind) for base, kinds in KIND_OF.items() for kind in kinds)
LEAST_ADDRESSES = 6_000_000_000


@dataclass(frozen=True)
class Case:
    """One checkpoint with changed files."""

    base: str
    kind: str
    files: dict[str, bytes]
    text: str

    @property
    def task(self) -> str:
        return TASKS[self.base]

    def write(self, folder: Path) -> None:
        for old in folder.iterdir():
            if old.name not in self.files:
                old.unlink()
        for name, raw in self.files.items():
            (folder / name).write_bytes(raw)


@dataclass(frozen=True)
class Outcome:
    """How it ended in this process."""

    said: str
    """`works`, or the title of what it is told as."""
    detail: str
    seconds: float
    peak_bytes: int
    """The most memory the process has had so far."""


SEEDS = mutation.seeds()


def case(seed: int, number: int, only: str | None = None) -> Case:
    """The same each time for the same numbers."""
    chance = random.Random(f"{seed}-{number}")
    base, kind = chance.choice([way for way in WAYS if only in (None, way[1])])
    return Case(base, kind, mutation.mutated(SEEDS[base], kind, chance), chance.choice(TEXTS))


def serve(asked: Connection, seed: int, only: str | None) -> None:
    """Answer cases, or their numbers, with their outcomes, until the other side is gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 - for as long as the process lives
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(1)
    resource.setrlimit(resource.RLIMIT_AS, (LEAST_ADDRESSES * 2, LEAST_ADDRESSES * 2))
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="logitscope-fuzz-", dir=shared if shared.is_dir() else None))
    try:
        while True:
            one = asked.recv()
            asked.send(outcome(one if isinstance(one, Case) else case(seed, one, only), folder))
    except (EOFError, BrokenPipeError):
        shutil.rmtree(folder, ignore_errors=True)


def outcome(one: Case, folder: Path) -> Outcome:
    """Put a case through what `tokenize` and the microscope, or `run` and the playground, do with it."""
    one.write(folder)
    began = time.perf_counter()
    said, detail = "works", ""
    try:
        _examine(one, folder) if one.kind == "tokenizer" else _run(one, folder)
    except BaseException as error:  # noqa: BLE001 - whatever a file makes the libraries raise
        failure = failure_of(error, "Examine" if one.kind == "tokenizer" else "Load")
        said, detail = failure.title, failure.detail
    return Outcome(
        said, detail, time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    )


def _examine(one: Case, folder: Path) -> None:
    tokenizer = open_tokenizer(str(folder)).tokenizer
    stages_of(tokenizer).stages(one.text, None)
    reading = tokenizer.read(one.text)
    tokenizer.decode(reading.ids)


def _run(one: Case, folder: Path) -> None:
    place = locate(str(folder))
    # a tokenizer that transformers has made already: of those that are changed only few have more to tell
    known = None if one.kind == "config" else open_tokenizer(str(folder)).tokenizer
    loaded = loading.load(
        facts.describe(place, folder, one.task),
        folder,
        one.task,
        requested_device="cpu",
        requested_dtype="float32",
        tokenizer=known,
        default_dtype_gate=threading.Lock(),
        stage=lambda _: None,
    )
    prepared = tasks.prepare(one.task, loaded.tokenizer, {"text": one.text or "a"}, {})
    forward = tasks.forward(loaded, prepared, lambda: None, lambda _: None)
    tasks.code_of(one.task).answer(forward)
