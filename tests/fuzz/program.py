"""`python -m tests.fuzz.program FILE ARGUMENTS`: the program; on SIGUSR2 FILE gets what each thread is doing."""

from __future__ import annotations

import faulthandler
import signal
import sys
from pathlib import Path

from tui import cli


def main() -> int:
    """Run it, however busy it will be."""
    path, *arguments = sys.argv[1:]
    with Path(path).open("w", encoding="utf-8") as stacks:
        faulthandler.register(signal.SIGUSR2, file=stacks)
        return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
