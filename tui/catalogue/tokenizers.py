"""What kind of tokenizer each built-in checkpoint has, as its own tokenizer.json says."""

from __future__ import annotations

import re

from tui.catalogue import built_in_folder, built_in_names
from tui.tasks import TASKS

_KIND = re.compile(rb'"model"\s*:\s*\{\s*"type"\s*:\s*"(\w+)"')


def tokenizer_kinds() -> dict[str, str]:
    """The built-in checkpoints in the catalogue's order: name → model of the tokenizer (`BPE`, `WordPiece`, …).

    Reads files of up to a megabyte, a millisecond for each: not for an event loop. Those whose file can't be
    read, or doesn't say, are left out.
    """
    kinds = {}
    for name in dict.fromkeys(name for task in TASKS for name in built_in_names(task)):
        folder = built_in_folder(name)
        try:
            written = (folder / "tokenizer.json").read_bytes() if folder is not None else b""
        except OSError:
            continue
        # no string of a JSON file holds this pattern: the quotes in it would be escaped there
        found = _KIND.search(written)
        if found is not None:
            kinds[name] = found[1].decode()
    return kinds
