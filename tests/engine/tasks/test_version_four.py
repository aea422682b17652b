"""Summaries and translations are those of the last pipelines, which version 4 of transformers had.

`EXPECTED` is what `model.generate` was called with in the end by the `pipeline` of version 4.57.6, read there.
"""

from __future__ import annotations

import doctest
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from tests.asking import ask
from tests.checkpoints import MAX_TOKENS, edit_json
from tests.engine.conftest import load_here
from tests.engine.decoding.writing import Writer
from tests.seq2seq_checkpoints import make_writer
from tui.engine.errors import EngineError
from tui.engine.tasks import version_four
from tui.scripts import Asked, script
from tui.values import ReadoutSettings, RowAddress

TASK = "summarization"
TEXT = "The film was dull, the acting was worse."
PIPELINE = "the pipeline of transformers 4"
PARAMS = "config.json, task_specific_params, summarization"
FILE = "generation_config.json"
OLD = {"transformers_version": "4.30.0"}
OVER = {"num_beams": 1, "length_penalty": 1.0, "min_length": 0, "max_length": 20}
STATED = {"num_beams": 3, "length_penalty": 0.5, "min_length": 6, "max_length": 12}
NOTHING = {"num_beams": 4, "max_new_tokens": 256}

# of the file, of the task, in the end
EXPECTED: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {}, NOTHING),
    "other beams": ({"num_beams": 2}, {}, NOTHING),
    "one beam": ({"num_beams": 1}, {}, NOTHING),
    "new tokens": ({"max_new_tokens": 9}, {}, NOTHING),
    "new tokens, before 4.50": ({"max_new_tokens": 9, **OLD}, {}, NOTHING),
    "a length": ({"max_length": 12}, {}, {"num_beams": 4, "max_length": 12}),
    "the length of all": ({"max_length": 20}, {}, NOTHING),
    "a length and new tokens": (
        {"max_length": 12, "max_new_tokens": 9},
        {},
        {"num_beams": 4, "max_new_tokens": 9},
    ),
    "a length and new tokens, before 4.50": (
        {"max_length": 12, "max_new_tokens": 9, **OLD},
        {},
        {"num_beams": 4, "max_length": 12, "max_new_tokens": None},
    ),
    "a task": (
        {},
        {
            "num_beams": 2,
            "max_length": 14,
            "min_length": 5,
            "no_repeat_ngram_size": 2,
            "early_stopping": True,
        },
        {
            "num_beams": 2,
            "max_new_tokens": 256,
            "min_length": 5,
            "no_repeat_ngram_size": 2,
            "early_stopping": True,
        },
    ),
    "a task and a length": (
        {"max_length": 12},
        {"num_beams": 2, "max_length": 14, "min_length": 5},
        {"num_beams": 2, "max_length": 14, "min_length": 5},
    ),
    "a task without a limit": ({}, {"max_new_tokens": None}, {"num_beams": 4}),
    "a task of one beam": (
        {"num_beams": 3},
        {"max_new_tokens": 7, "num_beams": 1},
        {"num_beams": 3, "max_new_tokens": 7},
    ),
    "a task of defaults": (STATED, OVER, STATED),
    "a task of defaults, before 4.50": (
        {**STATED, **OLD},
        OVER,
        {"num_beams": 1, "max_new_tokens": 20, "min_length": 0},
    ),
}
UNHEARD = {
    "other beams",
    "one beam",
    "new tokens",
    "new tokens, before 4.50",
    "the length of all",
    "a length and new tokens, before 4.50",
    "a task of defaults, before 4.50",
}
"""Where the file states what the pipeline takes no notice of."""
OF_THE_SCRIPT = [name for name in EXPECTED if "defaults" not in name and "one beam" not in name]
"""Those but for tasks whose values are the defaults of all checkpoints, and for files before 4.50."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A T5 by the name of its case; tests must not change it."""
    folders: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in folders:
            stated, params, _ = EXPECTED[name]
            folders[name] = make_writer(
                tmp_path_factory.mktemp("t5"), "t5", generation={"eos_token_id": None}
            )
            edit_json(folders[name] / "config.json", task_specific_params={TASK: params} if params else None)
            edit_json(folders[name] / FILE, **stated)
        return folders[name]

    return folder


def generated(folder: Path, **settings: Any) -> list[int]:
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32).eval()
    inputs = tokenizer(TEXT, return_tensors="pt")
    ids: list[int] = model.generate(**inputs, **settings)[0].tolist()
    return ids


@pytest.mark.parametrize("name", EXPECTED)
def test_the_settings_are_those_of_the_pipeline(made: Any, name: str) -> None:
    stated, params, expected = EXPECTED[name]
    folder = made(name)
    loaded = load_here(folder, task=TASK)
    told = ask(loaded, TEXT)
    assert [token.id for token in told.view.tokens] == generated(folder, **expected)
    rows = {row.name: (row.value.split(" ")[0], row.origin) for row in told.view.settings}
    for setting, value in expected.items():
        if value in (None, 0):
            continue
        assert rows[setting][0] == str(value)
        whose = rows[setting][1]
        if whose == PIPELINE:
            assert value == NOTHING[setting] != stated.get(setting)
        elif whose == FILE:
            assert stated[setting] == value
        else:
            assert whose == PARAMS
            assert value in (params.get(setting), params.get("max_length"))
    assert (f"{PIPELINE} takes its own all the same" in told.view.note) == (name in UNHEARD)
    if name in OF_THE_SCRIPT and "before" not in name:
        asked = Asked(
            TASK, str(folder), None, {"text": TEXT}, {}, ReadoutSettings(), RowAddress(), MAX_TOKENS
        )
        found: dict[str, Any] = {}
        exec(compile(script(asked), "script", "exec"), found)
        assert found["answer"] == told.answer


@pytest.mark.parametrize(
    "name", ["nothing", "a length", "a task", "a task and a length", "a task of one beam"]
)
def test_writing_token_by_token_obeys_the_same_but_for_beams(made: Any, name: str) -> None:
    _, _, expected = EXPECTED[name]
    folder = made(name)
    written = Writer(load_here(folder, task=TASK)).write(TEXT, 20, unless_stated=True)
    one = {**expected, "num_beams": 1}
    one.pop("early_stopping", None)
    assert [*written.start.ids, *written.ids] == generated(folder, **one)
    assert written.start.most == expected.get("max_new_tokens", expected.get("max_length", 1) - 1)


@pytest.mark.parametrize(
    "own",
    [{"num_beams": 1}, {"max_new_tokens": 5}, {"num_beams": 2, "max_new_tokens": 6, "min_new_tokens": 6}],
)
def test_what_a_person_sets_goes_first(made: Any, own: dict[str, Any]) -> None:
    _, _, expected = EXPECTED["a task"]
    told = ask(load_here(made("a task"), task=TASK), TEXT, **own)
    both = expected | own
    if both["num_beams"] == 1:
        both.pop("early_stopping")
    assert [token.id for token in told.view.tokens] == generated(made("a task"), **both)
    rows = {row.name: row for row in told.view.settings}
    assert all(rows[name].origin == "yours" for name in own)


def test_a_direction_has_parameters_of_its_own(tmp_path: Path) -> None:
    folder = make_writer(tmp_path, "t5")
    ways = {
        "translation_en_to_de": {"prefix": "say: ", "max_new_tokens": 6},
        "translation_en_to_fr": {"prefix": "write: ", "num_beams": 2, "max_new_tokens": 8},
    }
    edit_json(folder / "config.json", task_specific_params=ways)
    told = ask(load_here(folder, task="translation"), TEXT, tgt_lang="fr")
    rows = {row.name: (row.value, row.origin) for row in told.view.settings}
    assert rows["num_beams"] == ("2", "config.json, task_specific_params, translation_en_to_fr")
    assert len(told.view.tokens) == 9
    assert told.view.prefix == "write: "


@pytest.mark.parametrize(
    ("params", "title"),
    [
        ({"num_beams": 10**9}, "The search is too large"),
        ({"num_beams": "four"}, "The checkpoint's settings can't be obeyed"),
        ({"max_length": -1}, "The checkpoint's settings can't be obeyed"),
        ({"max_new_tokens": 2**40}, "The checkpoint's settings can't be obeyed"),
        ({"decoder_start_token_id": 10**6}, "A forced token is not in the vocabulary"),
        ({"stop_strings": ["."]}, "The checkpoint asks for a search that is not run here"),
    ],
)
def test_parameters_that_nothing_can_obey_are_refused(
    tmp_path: Path, params: dict[str, Any], title: str
) -> None:
    folder = make_writer(tmp_path, "t5")
    edit_json(folder / "config.json", task_specific_params={TASK: params})
    loaded = load_here(folder, task=TASK)
    for work in (lambda: ask(loaded, TEXT), lambda: Writer(loaded).write(TEXT, 3)):
        with pytest.raises(EngineError) as caught:
            work()
        assert caught.value.failure.title == title


def test_worked_examples() -> None:
    outcome = doctest.testmod(version_four)
    assert outcome.attempted
    assert not outcome.failed
