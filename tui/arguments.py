"""Parsers of the command line; imported only where there is something to parse."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn

from tui.headless.text import visible


class Parser(argparse.ArgumentParser):
    """One that tells when its help can't be written, and repeats nothing harmful of what it refuses."""

    def __init__(self, name: str, description: str, epilog: str) -> None:
        super().__init__(
            name,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def _print_message(self, message: str, file: Any = None) -> None:
        if message:
            (file or sys.stderr).write(message)

    def error(self, message: str) -> NoReturn:
        """End with the usage and what is wrong."""
        super().error("\n".join(map(visible, message.splitlines())))


def add_model_options(parser: argparse._ActionsContainer) -> None:
    """The options that say which model is run, and where."""
    parser.add_argument("--model", metavar="MODEL", help="a built-in's name, a folder, or a Hub id")
    parser.add_argument("--revision", metavar="NAME", help="a branch, tag or commit of the Hub repository")
    parser.add_argument("--device", metavar="DEVICE", help="auto, cpu, cuda, cuda:N or mps")
    parser.add_argument("--dtype", metavar="DTYPE", help="auto, float32, bfloat16 or float16")
    parser.add_argument("--engine", metavar="COMMAND", help="run the model side by this command (ssh, say)")
