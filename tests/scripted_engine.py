"""An engine that fails on purpose: `python scripted_engine.py STEP...`; no model, canned events.

banner=N     print N bytes of text before the preamble
preamble=V   greet with another version in the preamble
protocol=V   report another protocol in Ready
garbage      print text and never greet
garbled=N    answer the N-th request with a frame that is no event
exit=S       exit with status S before greeting, after a line on stderr
silent       greet, then answer no pings
die=WORD     SIGKILL itself when an `Analyze` whose text holds WORD comes
die-once=F   SIGKILL itself at the first `Analyze`, unless the file F exists; makes F
die-load=F   SIGKILL itself at each `Load` of F
fatal        answer the first `Analyze` with a fatal failure and exit
hold=WORD    never answer an `Analyze` whose text holds WORD
deaf         greet, then read nothing more
stubborn     ignore SIGTERM and the end of its input
record=F     append each request's kind and id to the file F
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tui.framing import HEADER, PREAMBLE, body_length, decode_request, encode_frame
from tui.protocol import (
    PROTOCOL_VERSION,
    Analyze,
    Answered,
    AnyEvent,
    AnyRequest,
    Cancel,
    Cancelled,
    Checkpoint,
    Failed,
    Failure,
    Load,
    Loaded,
    Memory,
    Ping,
    Pong,
    Readout,
    Ready,
    Reweigh,
    Reweighed,
    Score,
    Shutdown,
    Token,
    Tokenized,
)

UNKNOWN = Memory(None, None)


def write(event: AnyEvent) -> None:
    sys.stdout.buffer.write(encode_frame(event))
    sys.stdout.buffer.flush()


def read() -> AnyRequest | None:
    header = sys.stdin.buffer.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    return decode_request(sys.stdin.buffer.read(body_length(header)))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def greet(steps: dict[str, str]) -> None:
    if "exit" in steps:
        sys.stderr.write("Permission denied (publickey).\x1b[31m\n")
        sys.exit(int(steps["exit"]))
    if "garbage" in steps or "garbage-and-end" in steps:
        sys.stdout.write("Usage: something else \x1b[2J\n")
        sys.stdout.flush()
        if "garbage-and-end" in steps:
            sys.exit(0)
        time.sleep(60)
    sys.stdout.buffer.write(b"Welcome!\n" * (int(steps.get("banner", 0)) // 9))
    version = steps.get("preamble")
    sys.stdout.buffer.write(PREAMBLE if version is None else b"\x00logitscope-engine-%d\n" % int(version))
    write(Ready(0, int(steps.get("protocol", PROTOCOL_VERSION)), "0", os.getpid(), "scripted", ""))


def analyze(request: Analyze, steps: dict[str, str]) -> None:
    if "die" in steps and steps["die"] in request.text:
        die()
    if "die-once" in steps and not Path(steps["die-once"]).exists():
        Path(steps["die-once"]).touch()
        die()
    if "last-words" in steps:
        os.close(0)
        time.sleep(0.1)
    if "fatal" in steps or "last-words" in steps:
        write(Failed(request.id, Failure("The accelerator is poisoned", "why", "wait", fatal=True)))
        sys.exit(1)
    if "fail" in steps and steps["fail"] in request.text:
        write(Failed(request.id, Failure("Scripted failure", "as asked", "ask for something else")))
        return
    if "hold" in steps and steps["hold"] in request.text:
        return
    token = Token(1, request.text[:8], 0, len(request.text[:8]), False, 1, 0, 0)
    write(Tokenized(request.id, "scripted", (token,), 1, None, None, 0.0))
    write(Readout(request.id, request.readout, "none", "scripted", (), 0, None, 0.0, 0.0, None))
    write(Answered(request.id, (Score("LABEL_0", 1.0),), 0.0))


def answer(request: AnyRequest, steps: dict[str, str]) -> None:
    match request:
        case Ping():
            if "silent" not in steps:
                write(Pong(request.id, UNKNOWN))
        case Load():
            if steps.get("die-load") == request.reference:
                die()
            checkpoint = Checkpoint(request.reference, request.reference, "built-in", labels=("LABEL_0",))
            write(Loaded(request.id, checkpoint, request.task, "cpu", "", "float32", 1, 0.0, UNKNOWN))
        case Analyze():
            analyze(request, steps)
        case Reweigh():
            write(Reweighed(request.id, 0.0))
        case Cancel():
            write(Cancelled(request.target))
        case _:
            write(Failed(request.id, Failure("Not scripted", "", "")))


def main() -> None:
    steps = dict((step + "=").split("=", 1) for step in sys.argv[1:])
    steps = {name: value.rstrip("=") for name, value in steps.items()}
    if "stubborn" in steps:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "pid" in steps:
        Path(steps["pid"]).write_text(str(os.getpid()))
    if "child" in steps:
        subprocess.Popen(["sleep", "60"])
    greet(steps)
    if "deaf" in steps:
        time.sleep(60)
    asked = newest = 0
    while (request := read()) is not None and not isinstance(request, Shutdown):
        if "record" in steps:
            with Path(steps["record"]).open("a") as record:
                record.write(f"{type(request).__name__} {request.id}\n")
        asked += not isinstance(request, Ping)
        if not isinstance(request, Cancel):
            if request.id <= newest:
                sys.exit(f"request id {request.id} after {newest}")
            newest = request.id
        if steps.get("garbled") == str(asked) and not isinstance(request, Ping):
            sys.stdout.buffer.write(HEADER.pack(4) + b"oops")
            sys.stdout.buffer.flush()
        else:
            answer(request, steps)
    if "stubborn" in steps:
        time.sleep(60)


if __name__ == "__main__":
    main()
