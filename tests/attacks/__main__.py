"""`python -m tests.attacks FOLDER [NAME...]`: write every hostile checkpoint, or those whose names hold a word."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.attacks.catalogue import ATTACKS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    for name, attack in ATTACKS.items():
        if not options.names or any(word in name for word in options.names):
            sys.stdout.write(f"{attack.write(options.folder)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
