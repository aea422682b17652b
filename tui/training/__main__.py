"""The command `python -m tui.training`: train a built-in checkpoint, or say where its data comes from."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tui.training.sources import SourceError, describe_sources, find_source
from tui.training.trainings import TRAININGS, Training

_MODELS = Path(__file__).resolve().parent.parent / "models"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0 done, 1 a clear refusal, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tui.training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("sources", help="list the public files, their licenses and how to download them")
    for training in TRAININGS:
        command = commands.add_parser(training.name, help=f"{training.checkpoint}: {training.summary}")
        command.add_argument(
            "--data", type=Path, required=True, help="folder that holds the downloaded files"
        )
        command.add_argument(
            "--out",
            type=Path,
            default=_MODELS / training.checkpoint,
            help="checkpoint folder to write (default: the built-in one)",
        )
        command.add_argument("--resume", action="store_true", help="go on with an interrupted training")
    options = parser.parse_args(arguments)
    if options.command == "sources":
        _say(describe_sources())
        return 0
    chosen = next(training for training in TRAININGS if training.name == options.command)
    return _train(chosen, options.data, options.out, options.resume)


def _train(training: Training, data: Path, out: Path, resume: bool) -> int:
    # Two threads that spin between operations starve everything else on a small machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        # Importing torch takes seconds: a missing file is said before.
        for source in training.sources:
            find_source(source, data)
    except SourceError as error:
        return _refuse(error)

    from tui.training.workspace import WorkspaceError

    train = importlib.import_module(training.module).train
    try:
        train(data, out, resume=resume, report=_say)
    except (SourceError, WorkspaceError) as error:
        return _refuse(error)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. The same command with --resume goes on from the last half minute.\n")
        return 130
    return 0


def _refuse(error: Exception) -> int:
    sys.stderr.write(f"{error}\n")
    return 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
