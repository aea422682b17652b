"""A short choice of the families, in the suite; `python -m tests.families` runs all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.families.comparing import compare
from tests.families.making import make_family
from tui.engine import tasks

CHOICE = {
    "text-generation": {
        "bamba": "its own preparation keeps one row of logits",
        "falcon_h1": "so does this one's, and its layers hold two kinds of states",
        "rwkv": "a state that is no cache",
        "xlm": "a mask token behind the text, and a cache that doesn't fit it",
        "bert": "reads both ways",
        "roberta": "positions of its own, unless generate hands it others",
        "bart": "a decoder whose embeddings the library doesn't find",
        "prophetnet": "one token at a time behind a cache",
    },
}


@pytest.mark.parametrize(
    ("task", "family"), [(task, family) for task, families in CHOICE.items() for family in families]
)
def test_a_family_answers_as_the_library_does(tmp_path: Path, task: str, family: str) -> None:
    found = list(compare(make_family(tmp_path, family, tasks.room(task).auto_class), task))
    assert [each for each in found if each.verdict in ("differs", "fails here")] == []
    assert sum(each.verdict == "agrees" for each in found) > len(found) // 2
