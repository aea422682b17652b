"""`python -m tests.families [TASK …] [--only FAMILY …]`: every family in every task, and the figures of it."""

from __future__ import annotations

import argparse
import collections
import sys
import tempfile
import time
import warnings
from pathlib import Path

import torch
import transformers
from transformers.models.auto import modeling_auto

from tests.families.comparing import MAPPINGS, Found, compare
from tests.families.making import CannotBeMadeError, make_family
from tui.tasks import TASKS


def main() -> None:
    """Run the checks, tell what differs, and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", default=list(MAPPINGS))
    parser.add_argument("--only", nargs="*", help="families; all by default")
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    for task in given.tasks:
        _sweep(task, given.only)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _sweep(task: str, only: list[str] | None) -> None:
    began, verdicts, left = time.perf_counter(), collections.Counter[str](), 0
    families = [each for each in getattr(modeling_auto, MAPPINGS[task]) if not only or each in only]
    for family in families:
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = list(compare(make_family(Path(folder), family, TASKS[task].needs.auto_class), task))
            except CannotBeMadeError as reason:
                left += 1
                _say(f"{task}  {family}: not made: {reason}")
                continue
            except Exception as error:  # noqa: BLE001 - the library's own loading
                found = [Found("loading", "fails there", f"{type(error).__name__}: {error}"[:200])]
        verdicts.update(each.verdict for each in found)
        for each in found:
            if each.verdict != "agrees":
                _say(f"{task}  {family}: {each.check}: {each.verdict}: {each.about}")
    counts = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
    seconds = time.perf_counter() - began
    _say(f"= {task}: {len(families) - left} of {len(families)} families, {counts}; {seconds:.0f} s")


if __name__ == "__main__":
    main()
