"""`python -m tests.attacks.measure [WORD...]`: seconds and memory of every attack, through one warm engine."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.attacks.catalogue import ALL
from tests.attacks.survival import Survivor, Told, problems

SECONDS = 2.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    names = parser.parse_args().names
    chosen = [attack for attack in ALL if not names or any(word in attack.name for word in names)]
    place = Path(tempfile.mkdtemp(prefix="logitscope-attacks-"))
    survivor, failed, slow = _warm(), 0, 0
    for attack in chosen:
        folder = attack.write(place)
        for way in ("run", "tokenize"):
            told: list[Told] = []
            wrong: list[str] = []
            try:
                told = (
                    survivor.run(attack, str(folder))
                    if way == "run"
                    else [survivor.tokenized(str(folder), attack.text)]
                )
                wrong = (
                    problems(attack, folder, told) if way == "run" else problems(attack.alone, folder, told)
                )
                survivor.ready()
            except AssertionError as error:
                wrong.append(f"the engine is lost: {str(error)[:200]} … {str(error)[-400:]}")
                survivor.close()
                survivor = _warm()
            failed += bool(wrong)
            slow += any(each.seconds > SECONDS for each in told)
            for each in told:
                sys.stdout.write(f"{attack.name:40} {way:8} {each}\n")
            sys.stdout.writelines(f"    ✗ {words}\n" for words in wrong)
            sys.stdout.flush()
        shutil.rmtree(place / attack.name, ignore_errors=True)
    survivor.close()
    shutil.rmtree(place, ignore_errors=True)
    sys.stdout.write(f"{len(chosen)} attacks, {failed} not survived, {slow} slower than {SECONDS:g} s\n")
    return 1 if failed else 0


def _warm() -> Survivor:
    survivor = Survivor()
    survivor.ready()
    return survivor


if __name__ == "__main__":
    sys.exit(main())
