"""Writing token by token against `generate`, in turn in one process: `writing.py FOLDER PAIRS [DEVICE]` → JSON.

The model has SmolLM2-135M's shape and random weights, the threads are those of the engine. stdout: {"writing":
{"ours": [s], "theirs": [s]}, "edit": {...}}, seconds in the order in which they were taken, without a first pair.

writing: TOKENS tokens greedily after a short prompt, the 50 likeliest ids, entropy, rank and bytes of each told
as a frame, and the logits after the last one left to be read; against a bare `generate` of the same ids. edit: one
such step after another last token of a prompt of PROMPT tokens; against a `generate` that reads the whole prompt.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from tests.benchmarks.programs.writing_checkpoint import make
from tests.engine.conftest import load_here
from tests.engine.decoding.writing import Heard, Writer
from tui import framing
from tui.engine import runtime
from tui.generation.steps import Chosen
from tui.protocol import Stepped

TOKENS, PROMPT, ALTERNATIVES = 256, 1000, 50
TEXT = "The film was dull, the acting was worse, and nobody laughed; not even once. "


@dataclass
class Sent(Heard):
    """Puts what it hears into frames, as the engine does."""

    stream: int = os.open(os.devnull, os.O_WRONLY)

    def stepped(self, chosen: Chosen) -> None:
        super().stepped(chosen)
        os.write(self.stream, framing.encode_frame(Stepped(1, chosen)))


def pairs(ours: Callable[[], object], theirs: Callable[[], object], count: int) -> dict[str, list[float]]:
    """Seconds of each, A B B A A B …"""
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    for number in range(count + 1):
        turn = [("ours", ours), ("theirs", theirs)]
        for name, work in turn if number % 2 else reversed(turn):
            began = time.perf_counter()
            work()
            if number:
                seconds[name].append(time.perf_counter() - began)
    return seconds


def main() -> None:
    """Measure and tell."""
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    where = sys.argv[3] if len(sys.argv) > 3 else "cpu"
    loaded = load_here(make(folder), where, task="text-generation")
    torch.set_num_threads(runtime.threads())
    writer = Writer(loaded)

    def ours() -> list[int]:
        writer.caches.clear()
        return writer.write(TEXT, TOKENS, alternatives=ALTERNATIVES, heard=Sent()).ids

    def theirs() -> list[int]:
        return writer.reference(TEXT, TOKENS)

    writing = pairs(ours, theirs, count)
    if ours() != theirs():
        raise SystemExit("the two write different tokens")

    ids = loaded.tokenizer.read(TEXT * PROMPT).ids[: PROMPT - 1]
    start = loaded.tokenizer.decode(ids)
    endings = iter(f" {letter}" for letter in "abcdefghijklmnopqrstuvwxyz" * 20)
    writer.write(start + " .", 1, alternatives=ALTERNATIVES)

    def edited() -> None:
        reused = writer.write(
            start + next(endings), 1, alternatives=ALTERNATIVES, heard=Sent()
        ).loop.counted.reused
        if reused < PROMPT - 2:
            raise SystemExit(f"only {reused} positions were reused")

    edit = pairs(edited, lambda: writer.reference(start + " .", 1), count)
    json.dump({"writing": writing, "edit": edit}, sys.stdout)


if __name__ == "__main__":
    main()
