"""`python -m tui.engine.apart.worker`: does jobs that come on stdin one after another, each within its limits.

A message `[job, arguments, seconds, megabytes, characters]` is answered by `["done", result]`, `["raised", class,
message]`, `["memory"]` or `["size"]`; a job that takes too long ends the process by SIGPROF. A message `[job]`
imports what the job needs and is not answered. The end of stdin ends the process.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tui.engine.apart import wire

LONGEST_MESSAGE = 20_000
"""Characters of what a job raised that are told."""


def main() -> int:
    """Do jobs until there are no more."""
    jobs, replies = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what libraries print is no reply
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while len(header := wire.read(jobs, wire.HEADER.size)) == wire.HEADER.size:
        name, *asked = json.loads(wire.read(jobs, wire.HEADER.unpack(header)[0]))
        if not asked:
            with contextlib.suppress(Exception):  # the job itself meets it again
                _found(name)
            continue
        wire.write(replies, _done(name, *asked))
    return 0


def _done(name: str, arguments: list[Any], seconds: float, megabytes: int, characters: int) -> bytes:
    """The reply to a job."""
    try:
        function = _found(name)
        with _bounded(seconds, megabytes):
            try:
                reply = wire.packed(["done", function(*arguments)])
            except MemoryError:
                raise
            except BaseException as error:  # noqa: BLE001 - the engine tells it
                return wire.packed(["raised", type(error).__name__, str(error)[:LONGEST_MESSAGE]])
    except MemoryError:
        return wire.packed(["memory"])
    return reply if len(reply) <= characters else wire.packed(["size"])


def _found(name: str) -> Callable[..., Any]:
    """The function that a job names, with all that it needs imported."""
    module_name, _, function = name.partition(":")
    module = importlib.import_module(module_name)
    module.prepare()
    found: Callable[..., Any] = getattr(module, function)
    return found


@contextlib.contextmanager
def _bounded(seconds: float, megabytes: int) -> Iterator[None]:
    """Memory and processor time are limited inside, as far as the system limits them."""
    taken = _address_space()
    with contextlib.ExitStack() as ends:
        if taken is not None:
            import resource

            soft, hard = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (taken + (megabytes << 20), hard))
            ends.callback(resource.setrlimit, resource.RLIMIT_AS, (soft, hard))
        if hasattr(signal, "setitimer"):
            # left to the system, whose signal also ends what never comes back to the interpreter
            signal.setitimer(signal.ITIMER_PROF, seconds)
            ends.callback(signal.setitimer, signal.ITIMER_PROF, 0.0)
        yield


def _address_space() -> int | None:
    """Bytes of memory that this process has mapped; None where the system doesn't say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None


if __name__ == "__main__":
    sys.exit(main())
