"""Checkpoints with random weights and realistic sizes, made once for a run."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.surroundings import NANO, PROGRAMS, environment


@dataclass(frozen=True)
class Checkpoints:
    """Two folders; both have nano-sentiment's tokenizer."""

    distilbert: Path
    """66 M parameters: takes a moment to load."""
    albert: Path
    """2,048 wide, 12 layers: takes a moment to run."""

    @classmethod
    def under(cls, home: Path) -> Checkpoints:
        """Make them in a folder, unless they are there."""
        checkpoints = cls(home / "random-distilbert", home / "random-albert")
        if not checkpoints.albert.is_dir():
            folders = (NANO, checkpoints.distilbert, checkpoints.albert)
            program = [sys.executable, str(PROGRAMS / "make_checkpoints.py"), *map(str, folders)]
            subprocess.run(program, env=environment(home), check=True, capture_output=True)
        return checkpoints
