"""Jobs in a process of their own: results, broken limits, cancelling; and the next job is done in any case."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tui.engine.apart import Helper, Limits, OutOfBounds, Raised, of_limit
from tui.engine.apart.limits import Bound
from tui.engine.errors import Abandoned
from tui.engine.wanted import asked_by

BOUNDS = Limits(seconds=0.3, megabytes=200, characters=10_000)
HALF = "\ud83d"
"""Of a character."""


@pytest.fixture(scope="module")
def helper() -> Iterator[Helper]:
    helper = Helper("tests.engine.apart.jobs")
    helper.prepare()
    yield helper
    helper.close()


def works(helper: Helper) -> bool:
    return bool(helper.ask("echo", 1, "a", limits=BOUNDS) == [1, "a"])


def test_what_goes_in_comes_out(helper: Helper) -> None:
    asked = ["a\x00\x1b[2J", HALF, {"x": [1, 2.5, None, True]}, "ä" * 1_000]
    assert helper.ask("echo", *asked, limits=BOUNDS) == asked
    assert helper.ask("who", limits=BOUNDS) == helper.ask("who", limits=BOUNDS) != os.getpid()


@pytest.mark.parametrize(
    ("bound", "job", "arguments"),
    [
        ("time", "spin", ()),
        ("time", "power", ()),
        pytest.param(
            "memory", "grow", (), marks=pytest.mark.skipif(sys.platform != "linux", reason="no limit")
        ),
        ("size", "write", (20_000,)),
        ("death", "die", (signal.SIGSEGV,)),
        ("memory", "die", (signal.SIGABRT,)),
        ("death", "die", (signal.SIGKILL,)),
    ],
)
def test_a_broken_limit_is_told_and_the_next_job_is_done(
    helper: Helper, bound: Bound, job: str, arguments: tuple[Any, ...]
) -> None:
    with pytest.raises(OutOfBounds) as broken:
        helper.ask(job, *arguments, limits=BOUNDS)
    assert broken.value.bound == bound
    failure = of_limit(broken.value, "The chat template of x", "Choose another one.").failure
    assert failure.detail.startswith("The chat template of x: ")
    assert works(helper)


def test_what_a_job_raises_comes_back_in_words(helper: Helper) -> None:
    process = helper.ask("who", limits=BOUNDS)
    with pytest.raises(Raised, match=r"no such thing") as raised:
        helper.ask("fail", f"no such thing {HALF}", limits=BOUNDS)
    assert raised.value.kind == "ValueError"
    with pytest.raises(Raised) as raised:
        helper.ask("fail", "x" * 1_000_000, limits=Limits(5.0))
    assert len(str(raised.value)) == 20_000
    with pytest.raises(Raised) as raised:
        helper.ask("leave", limits=BOUNDS)
    assert raised.value.kind == "SystemExit"
    assert helper.ask("who", limits=BOUNDS) == process


def test_a_job_is_stopped_when_its_request_is_over(helper: Helper, tmp_path: Path) -> None:
    there = tmp_path / "there"

    def over() -> None:
        if there.exists():
            raise Abandoned

    with asked_by(over), pytest.raises(Abandoned):
        helper.ask("wait", str(there), limits=BOUNDS)
    assert works(helper)


def test_who_waits_for_another_job_can_be_cancelled_too(helper: Helper, tmp_path: Path) -> None:
    there, leave = tmp_path / "there", threading.Event()

    def over() -> None:
        if leave.is_set():
            raise Abandoned

    def occupy() -> None:
        with asked_by(over), pytest.raises(Abandoned):
            helper.ask("wait", str(there), limits=BOUNDS)

    other = threading.Thread(target=occupy)
    other.start()
    while not there.exists():
        other.join(0.01)

    def unwanted() -> None:
        raise Abandoned

    with asked_by(unwanted), pytest.raises(Abandoned):
        helper.ask("echo", limits=BOUNDS)
    leave.set()
    other.join()
    assert works(helper)


def test_a_process_that_died_while_idle_is_replaced(helper: Helper) -> None:
    os.kill(helper.ask("who", limits=BOUNDS), signal.SIGKILL)
    assert works(helper)


def test_it_ends_with_its_owner() -> None:
    code = (
        "from tui.engine.apart import Helper, Limits\n"
        "import os, signal\n"
        "print(Helper('tests.engine.apart.jobs').ask('who', limits=Limits(1)), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    # the output of both is open as long as one of them lives
    owner = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=60)
    assert owner.returncode == -signal.SIGKILL
    assert int(owner.stdout) != os.getpid()
