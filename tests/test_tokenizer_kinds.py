"""What the catalogue says of the built-in tokenizers."""

from __future__ import annotations

import json

from tui.catalogue import built_in_folder, built_in_names
from tui.catalogue.tokenizers import tokenizer_kinds
from tui.tasks import TASKS


def test_every_built_in_with_a_tokenizer_has_the_kind_that_its_file_says() -> None:
    written = {}
    for name in dict.fromkeys(name for task in TASKS for name in built_in_names(task)):
        folder = built_in_folder(name)
        assert folder is not None
        written[name] = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["type"]
    assert tokenizer_kinds() == written
    assert list(tokenizer_kinds()) == list(written)
    assert len(set(written.values())) > 1
