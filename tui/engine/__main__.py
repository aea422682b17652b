"""`python -m tui.engine`: serve requests on stdin, events on stdout, until stdin ends."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until the request stream ends; the process then ends with its threads still running."""
    parser = argparse.ArgumentParser(prog="logitscope engine", description="The model side, on a pipe.")
    parser.add_argument("--log", metavar="FILE", help="log file; “-” leaves stderr as it is")
    parser.add_argument(
        "--tokenizers",
        action="store_true",
        help="answer about tokenizers alone: torch is left out, no model loads",
    )
    options = parser.parse_args(arguments)

    requests, events = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # whatever else runs in here can't take a frame away
    from tui.engine import log

    if options.log == "-":
        log_path = log.redirect_output(None)
    else:
        log_path = log.redirect_output(Path(options.log or log.state_folder() / "engine.log"))

    from tui.engine import runtime, server

    runtime.prepare()
    if options.tokenizers:
        runtime.leave_torch_out()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: server.leave(128 + number))
    server.Server(requests, events, log_path).serve()
    server.leave(0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
