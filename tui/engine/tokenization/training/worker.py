"""The process that trains: a recipe as a line of JSON on stdin, progress as lines of JSON on stderr.

`python -m tui.engine.tokenization.training.worker TARGET`. Exit status 0 when the tokenizer is in TARGET, 1 when
not; the last line then holds a `failure` of title, detail and hint. It ends when its stdin does: with the engine.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator

import msgspec

from tui.engine.errors import failure_of
from tui.engine.tokenization.training import recipes
from tui.engine.tokenization.training.corpus import Corpus
from tui.protocol.microscope.training import Recipe

READING, LEARNING = "reading", "learning"
_EVERY_SECONDS = 0.1


def main() -> int:
    """Train as told."""
    recipe = msgspec.json.decode(_first_line(), type=Recipe)
    threading.Thread(target=_end_with_the_engine, daemon=True).start()
    try:
        _train(recipe, sys.argv[1])
    except BaseException as error:  # noqa: BLE001 - the engine tells it and logs it
        failure = failure_of(error, "Train")
        traceback.print_exception(error)
        _tell(failure={"title": failure.title, "detail": failure.detail, "hint": failure.hint})
        return 1
    return 0


def _train(recipe: Recipe, target: str) -> None:
    corpus = Corpus(recipe.text, recipe.path)
    told = 0.0

    def tell_read(done: int) -> None:
        nonlocal told
        if time.monotonic() - told >= _EVERY_SECONDS:
            told = time.monotonic()
            _tell(stage=READING, current=done, total=corpus.total_bytes)

    def lines() -> Iterator[str]:
        yield from corpus.lines(tell_read)
        _tell(stage=LEARNING, current=0, total=0)

    tokenizer = recipes.train(recipe, lines())
    tokenizer.save(target)


def _first_line() -> bytes:
    # not through sys.stdin: a thread that waits in its buffer can't be ended in an orderly way
    line = b""
    while not line.endswith(b"\n") and (more := os.read(0, 1 << 20)):
        line += more
    return line


def _end_with_the_engine() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


def _tell(**facts: object) -> None:
    # one write: the library writes lines of its own from other threads
    os.write(2, (json.dumps(facts) + "\n").encode())


if __name__ == "__main__":
    sys.exit(main())
