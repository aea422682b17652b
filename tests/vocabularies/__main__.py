"""`python -m tests.vocabularies` trains the tokenizers of the tiny checkpoints anew, and keeps them beside it."""

from __future__ import annotations

import sys

from tests.checkpoints import VOCABULARIES, train_unigram, train_wordpiece
from tests.seq2seq_checkpoints import train_bpe

TRAINED = {"bpe": train_bpe, "unigram": train_unigram, "wordpiece": train_wordpiece}


def main() -> int:
    """Write them and say where."""
    for name, train in TRAINED.items():
        path = VOCABULARIES / f"{name}.json"
        path.write_text(train(), encoding="utf-8")
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
