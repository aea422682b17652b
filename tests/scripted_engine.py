"""An engine that fails on purpose: `python scripted_engine.py STEP...`; no model, canned events.

banner=N     print N bytes of text before the preamble
preamble=V   greet with another version in the preamble
protocol=V   report another protocol in Ready
garbage      print text and never greet
garbled=N    answer the N-th request with a frame that is no event
exit=S       exit with status S before greeting, after a line on stderr
silent       greet, then answer no pings
die=WORD     SIGKILL itself when an `Analyze` whose text holds WORD comes; behind the third token of a `Continue`
die-once=F   SIGKILL itself at the first `Analyze`, unless the file F exists; makes F
die-at=KIND  SIGKILL itself when a request of a kind comes
freeze=WORD  SIGSTOP itself when an `Analyze` whose text holds WORD comes
by=NAME      die by the signal of that name instead
die-load=F   SIGKILL itself at each `Load` of F
fail=WORD    fail for an `Analyze` whose text holds WORD; behind the third token of a `Continue`
fatal        answer the first `Analyze` with a fatal failure and exit
hold=WORD    never answer an `Analyze` whose text holds WORD; a `Continue` stays open behind its third token, a
             `Search` behind its first step
freeze=WORD  stop, as SIGSTOP does it, for an `Analyze` whose text holds WORD; behind the third token of a
             `Continue`
deaf         greet, then read nothing more
uncancelled  do nothing for a `Cancel`
unread       fail for a `Continue` that adds nothing
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

from msgspec.structs import replace

from tui.protocol import (
    PROTOCOL_VERSION,
    Analyze,
    Answered,
    AnyEvent,
    AnyRequest,
    BeamsStepped,
    Cancel,
    Cancelled,
    Continue,
    Continued,
    Failed,
    Load,
    Loaded,
    Ping,
    Pong,
    Readout,
    Ready,
    Reweigh,
    Reweighed,
    Search,
    Searched,
    Shutdown,
    Stepped,
    Tokenized,
)
from tui.protocol.answers import Candidate, Classified, GenerationSetting, Score
from tui.protocol.checkpoints import Checkpoint, Memory
from tui.protocol.failures import Failure
from tui.protocol.frames import HEADER, PREAMBLE, body_length, decode_request, encode_frame
from tui.protocol.tokens import Token, TokenSequence
from tui.protocol.writing.beams import BeamCandidate, Hypothesis
from tui.protocol.writing.kept import CacheUse
from tui.protocol.writing.steps import Chosen, Stop

UNKNOWN = Memory(None, None)
HOSTILE = " \x1b[2J\u202e[red]"
NOT_A_NUMBER, NEVER = float("nan"), float("-inf")
WRITTEN = (
    Chosen(
        0, 5, " time", b" time", False, -1.0, 1, 2.5, top=(Candidate(5, " time", 0.4), Candidate(6, "a", 0.2))
    ),
    Chosen(1, 6, HOSTILE, HOSTILE.encode(), False, NEVER, 7, NOT_A_NUMBER, NEVER, 3, "sample", 0.5),
    Chosen(2, 7, "Ã", b"\xc3", by="given"),
    Chosen(3, 0, "</s>", special=True, log_probability=-0.5, rank=1, entropy_bits=0.0),
)
"""Tokens of every kind, as a `Continue` is answered."""


def write(event: AnyEvent) -> None:
    sys.stdout.buffer.write(encode_frame(event))
    sys.stdout.buffer.flush()


def read() -> AnyRequest | None:
    header = sys.stdin.buffer.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    return decode_request(sys.stdin.buffer.read(body_length(header)))


def die(steps: dict[str, str]) -> None:
    os.kill(os.getpid(), signal.Signals[steps.get("by", "SIGKILL")])


def greet(steps: dict[str, str]) -> None:
    if "exit" in steps:
        sys.stderr.write("Permission denied (publickey).\x1b[31m\n")
        sys.exit(int(steps["exit"]))
    if "garbage" in steps or "garbage-and-end" in steps:
        sys.stdout.write("Usage: something else \x1b[2J\n")
        sys.stdout.flush()
        if "garbage-and-end" in steps:
            sys.exit(0)
        time.sleep(6000)
    sys.stdout.buffer.write(b"Welcome!\n" * (int(steps.get("banner", 0)) // 9))
    version = steps.get("preamble")
    sys.stdout.buffer.write(PREAMBLE if version is None else b"\x00logitscope-engine-%d\n" % int(version))
    write(Ready(0, int(steps.get("protocol", PROTOCOL_VERSION)), "0", os.getpid(), "scripted", ""))


def analyze(request: Analyze, steps: dict[str, str]) -> None:
    text = next(iter(request.inputs.values()), "")
    if "die" in steps and steps["die"] in text:
        die(steps)
    if "freeze" in steps and steps["freeze"] in text:
        os.kill(os.getpid(), signal.SIGSTOP)
    if "die-once" in steps and not Path(steps["die-once"]).exists():
        Path(steps["die-once"]).touch()
        die(steps)
    if "last-words" in steps:
        os.close(0)
        time.sleep(0.1)
    if "fatal" in steps or "last-words" in steps:
        write(Failed(request.id, Failure("The accelerator is poisoned", "why", "wait", fatal=True)))
        sys.exit(1)
    if "fail" in steps and steps["fail"] in text:
        write(Failed(request.id, Failure("Scripted failure", "as asked", "ask for something else")))
        return
    if "freeze" in steps and steps["freeze"] in text:
        os.kill(os.getpid(), signal.SIGSTOP)
    if "hold" in steps and steps["hold"] in text:
        return
    token = Token(1, text[:8], 0, len(text[:8]), False, 1, 0, 0)
    write(Tokenized(request.id, "scripted", (TokenSequence((token,), 1),), None, 0.0))
    write(Readout(request.id, request.readout, "none", "scripted", (), 0, None, 0.0, 0.0, None))
    score = Score("LABEL_0", 1.0)
    write(Answered(request.id, [{"label": score.label, "score": 1.0}], Classified((score,)), 0.0))


def go_on(request: Continue, steps: dict[str, str]) -> None:
    text = request.inputs["text"]
    for chosen in WRITTEN[len(request.written) : len(request.written) + request.most]:
        if chosen.place == 3 and "freeze" in steps and steps["freeze"] in text:
            os.kill(os.getpid(), signal.SIGSTOP)
        if chosen.place == 3 and "hold" in steps and steps["hold"] in text:
            return
        if chosen.place == 3 and "die" in steps and steps["die"] in text:
            die(steps)
        if chosen.place == 3 and "fail" in steps and steps["fail"] in text:
            write(Failed(request.id, Failure("Scripted failure", "as asked", "ask for something else")))
            return
        write(Stepped(request.id, replace(chosen, top=chosen.top[: request.alternatives])))
    if "unread" in steps and not request.most:
        write(Failed(request.id, Failure("Not read", "", "")))
        return
    settings = (GenerationSetting("do_sample", "\x1b[2J", "scripted"),)
    told = " time" if request.written or request.most else ""
    stop, cache = Stop("end", f"it chose {HOSTILE}"), CacheUse(0, 0, 0, 0)
    write(Continued(request.id, stop, told + HOSTILE, 3, None, settings, cache, UNKNOWN, 2.0, note=HOSTILE))


def search(request: Search, steps: dict[str, str]) -> None:
    candidates = (
        BeamCandidate(0, 5, " time", -0.5, -0.5, -0.5, "kept", ""),
        BeamCandidate(0, 6, HOSTILE, -1.0, -1.0, -1.0, "finished", f"ends {HOSTILE}"),
        BeamCandidate(0, 7, "a", NEVER, NEVER, NEVER, "cut", "rank 3 of 2 beams"),
    )
    write(BeamsStepped(request.id, 0, candidates, 1))
    if "hold" in steps and steps["hold"] in request.inputs["text"]:
        return
    best = Hypothesis((6,), -1.0, -1.0, True, (1,))
    stop = Stop("end", HOSTILE)
    write(Searched(request.id, (best,), (HOSTILE,), stop, 3, (), UNKNOWN, 0.5))


def answer(request: AnyRequest, steps: dict[str, str]) -> None:
    if steps.get("die-at") == type(request).__name__:
        die(steps)
    match request:
        case Ping():
            if "silent" not in steps:
                write(Pong(request.id, UNKNOWN))
        case Load():
            if steps.get("die-load") == request.reference:
                die(steps)
            checkpoint = Checkpoint(request.reference, request.reference, "built-in", labels=("LABEL_0",))
            write(Loaded(request.id, checkpoint, request.task, "cpu", "", "float32", 1, 0.0, UNKNOWN))
        case Analyze():
            analyze(request, steps)
        case Continue():
            go_on(request, steps)
        case Search():
            search(request, steps)
        case Reweigh():
            write(Reweighed(request.id, 0.0))
        case Cancel():
            if "uncancelled" not in steps:
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
        subprocess.Popen(["sleep", "6000"])
    greet(steps)
    if "deaf" in steps:
        time.sleep(6000)
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
        time.sleep(6000)


if __name__ == "__main__":
    main()
