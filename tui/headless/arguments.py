"""Parsers of the command line; imported only where there is something to parse."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
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

    def parse_texts(self, arguments: Sequence[str]) -> dict[str, Any]:
        """What was given, options and texts in any order; all after `--` is added to `texts` as it stands."""
        before, found, after = _parted(arguments)
        given = vars(self.parse_intermixed_args(before))
        return {**given, "texts": [*given["texts"], *after]} if found else given

    def _print_message(self, message: str, file: Any = None) -> None:
        if message:
            (file or sys.stderr).write(message)

    def error(self, message: str) -> NoReturn:
        """End with the usage and what is wrong."""
        super().error("\n".join(map(visible, message.splitlines())))


def _parted(arguments: Sequence[str]) -> tuple[list[str], bool, list[str]]:
    """What stands before the first `--`, whether there is one, and what stands after it.

    argparse does it otherwise in each version where options and texts are mixed.
    """
    found = "--" in arguments
    at = list(arguments).index("--") if found else len(arguments)
    return list(arguments[:at]), found, list(arguments[at + 1 :])


def add_model_options(parser: argparse._ActionsContainer) -> None:
    """The options that say which model is run, and where."""
    parser.add_argument("--model", metavar="MODEL", help="a built-in's name, a folder, or a Hub id")
    parser.add_argument("--revision", metavar="NAME", help="a branch, tag or commit of the Hub repository")
    parser.add_argument("--device", metavar="DEVICE", help="auto, cpu, cuda, cuda:N or mps")
    parser.add_argument("--dtype", metavar="DTYPE", help="auto, float32, bfloat16 or float16")
    parser.add_argument("--engine", metavar="COMMAND", help="run the model side by this command (ssh, say)")
