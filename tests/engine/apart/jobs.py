"""Jobs for a helper process that go well, and that don't."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path


def prepare() -> None:
    """Nothing to import."""


def echo(*arguments: object) -> list[object]:
    sys.stdout.write("what a library prints is no reply\n")
    sys.stdout.flush()
    return list(arguments)


def who() -> int:
    return os.getpid()


def spin() -> None:
    while True:
        pass


def power() -> int:
    """One operation, in which the interpreter runs no other code."""
    return len(str(9 ** (9**9)))


def wait(file: str) -> None:
    """Says that it is there, and takes its time without using the processor."""
    Path(file).touch()
    time.sleep(3600)


def grow() -> int:
    held = []
    while True:
        held.append(bytearray(1 << 20))


def write(characters: int) -> str:
    return "x" * characters


def fail(message: str) -> None:
    raise ValueError(message)


def leave() -> None:
    sys.exit(3)


def die(number: int) -> None:
    os.kill(os.getpid(), signal.Signals(number))
