"""`python -m tests.house.steady [TIMES] [--as-another-processor] [PYTEST ARGUMENT...]`: nothing fails by chance.

The whole suite runs several times (five, if not said) beside two loops that only burn time, all at the lowest
priority: on two cores the suite has half of them, and whatever else runs there takes its part of that. It ends with
the first run that fails; without one the status is 0.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUSY = (sys.executable, "-c", "while True: pass")
LOOPS = 2
LOWEST_PRIORITY = 19
ANOTHER_PROCESSOR = {
    "ATEN_CPU_CAPABILITY": "default",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "MKL_CBWR": "COMPATIBLE",
}
"""Torch and what it calls compute as on a processor without vector units: the last digits of a sum are others."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite; the status of the first run that fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.house.steady")
    parser.add_argument("times", nargs="?", type=int, default=5)
    parser.add_argument("--as-another-processor", action="store_true")
    options, more = parser.parse_known_args(arguments)
    environment = {**os.environ, **(ANOTHER_PROCESSOR if options.as_another_processor else {})}
    suite = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "--dist", "loadfile", *more]
    os.nice(
        LOWEST_PRIORITY
    )  # the loops' too: beside loops of a higher one the suite would have a hundredth of a core
    loops = [subprocess.Popen(BUSY) for _ in range(LOOPS)]
    try:
        for number in range(1, options.times + 1):
            began = time.monotonic()
            status = subprocess.run(suite, cwd=ROOT, env=environment).returncode
            seconds = time.monotonic() - began
            sys.stdout.write(f"run {number} of {options.times}: status {status} after {seconds:.0f} s\n")
            if status:
                return status
    finally:
        for loop in loops:
            loop.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
