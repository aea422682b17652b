"""Summaries and translations are those of the last pipelines, which version 4 of transformers had.

`EXPECTED` is what `model.generate` was called with in the end by the `pipeline` of version 4.57.6, read there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from tests.asking import Told, ask, by_index
from tests.checkpoints import edit_json
from tests.engine.conftest import load_here
from tests.engine.decoding.writing import Writer
from tests.seq2seq_checkpoints import make_writer
from tui.engine.errors import EngineError
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.scripts import Asked, script

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
    "a task that says nothing": (
        {"num_beams": 3},
        {"num_beams": None, "length_penalty": None, "max_new_tokens": 7},
        {"num_beams": 4, "max_new_tokens": 7},
    ),
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
    "a task that says nothing",
    "a task of defaults, before 4.50",
}
"""Where the file states what the pipeline takes no notice of."""


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
    assert_the_script_says_so(folder, told)


def assert_the_script_says_so(folder: Path, told: Told) -> None:
    """The script of the same question, run, ends with the same answer and the same row of logits."""
    prepared, limit = told.prepared, told.prepared.tokenizer.limit
    options, address = prepared.options, RowAddress()
    asked = Asked(
        prepared.task, str(folder), None, prepared.inputs, options, ReadoutSettings(), address, limit
    )
    found: dict[str, Any] = {}
    exec(compile(script(asked), "script", "exec"), found)
    assert found["answer"] == told.answer
    assert found["ids"].tolist() == [token.id for token in told.view.tokens]
    assert found["logits"].tolist() == by_index(told.readout())[0]


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


WAYS: dict[str, dict[str, Any]] = {
    "translation_en_to_ro": {"prefix": "dull: ", "num_beams": 2, "max_new_tokens": 6},
    "translation_fr_XX_to_de_DE": {"prefix": "film: ", "num_beams": 3, "max_new_tokens": 5},
    "summarization": {"prefix": "the: ", "num_beams": 1, "max_new_tokens": 4},
}
NLLB: dict[str, Any] = {"src_lang": "fra_Latn", "tgt_lang": "deu_Latn"}
CODES: dict[str, dict[str, Any]] = {
    "mbart": {"src_lang": "fr_XX", "tgt_lang": "en_XX"},
    "nllb": NLLB,
    "marian with codes": {},
    "t5": {},
}


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("task", [TASK, "translation"])
@pytest.mark.parametrize("own", [False, True])
def test_prefixes_and_parameters_of_checkpoints_with_language_codes(
    tmp_path: Path, kind: str, task: str, own: bool
) -> None:
    """As the pipeline of 4.57.6 reads them: no prefix where special tokens tell the languages of a translation."""
    ways = {name: WAYS[name] for name in WAYS if kind != "t5" or "_XX" not in name}
    folder = make_writer(tmp_path, kind, generation={"max_length": 12})
    edit_json(folder / "config.json", prefix="acting ", task_specific_params=ways if own else None)
    codes = CODES[kind] if task == "translation" else {}
    entry = "summarization" if task == TASK else "translation_en_to_ro"
    stated = WAYS[entry]["prefix"] if own else "acting "
    prefix = "" if codes else stated
    told = ask(load_here(folder, task=task), TEXT, **codes)
    assert told.view.prefix == prefix
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    if codes:
        tokenizer.src_lang = codes["src_lang"]
    assert told.prepared.readings[0].ids == tokenizer(prefix + TEXT)["input_ids"]
    rows = {row.name: (row.value.split(" ")[0], row.origin) for row in told.view.settings}
    origin = f"config.json, task_specific_params, {entry}"
    if own:
        for name in ("num_beams", "max_new_tokens"):
            assert rows[name] == (str(WAYS[entry][name]), origin)
    where = origin if own else "config.json, prefix"
    assert (f"“{stated}” ({where}) is not put before the text" in told.view.note) == bool(codes)
    if prefix:
        assert ("prefix", f"“{prefix}”", where) in [
            (row.name, row.value, row.origin) for row in told.view.source
        ]
    assert_the_script_says_so(folder, told)


@pytest.mark.parametrize(
    ("kind", "task", "options", "prefix", "beams"),
    [
        ("mbart", "translation", {"src_lang": "fr_XX", "tgt_lang": "de_DE"}, "", "3"),
        ("mbart", "translation", {"tgt_lang": "de_DE"}, "", "3"),
        ("mbart", "translation", {"tgt_lang": "de_DE", "prefix": "say: "}, "say: ", "3"),
        ("nllb", "translation", NLLB | {"num_beams": 1, "max_new_tokens": 3}, "", "1"),
        ("marian with codes", "translation", {"tgt_lang": "fra"}, ">>fra<< dull: ", "2"),
        ("marian with codes", "translation", {"prefix": ""}, "", "2"),
        ("t5", "translation", {"prefix": "say: "}, "say: ", "2"),
        ("t5", "translation", {"src_lang": "fr_XX"}, "film: ", "3"),
        ("bart", "translation", {"prefix": ""}, "", "2"),
    ],
)
def test_the_parameters_are_of_the_direction_asked_for_or_else_the_first(
    tmp_path: Path, kind: str, task: str, options: dict[str, Any], prefix: str, beams: str
) -> None:
    folder = make_writer(tmp_path, kind, generation={"max_length": 12})
    edit_json(folder / "config.json", task_specific_params=WAYS)
    told = ask(load_here(folder, task=task), TEXT, **options)
    assert told.view.prefix == prefix
    assert [row.value.split(" ")[0] for row in told.view.settings if row.name == "num_beams"] == [beams]
    assert_the_script_says_so(folder, told)


@pytest.mark.parametrize(
    ("stated", "params", "prefix"),
    [("acting ", {"prefix": None}, ""), (None, {"prefix": "dull "}, "dull "), ("acting ", {}, "acting ")],
)
def test_a_prefix_of_the_task_goes_before_that_of_all_be_it_none(
    tmp_path: Path, stated: str | None, params: dict[str, Any], prefix: str
) -> None:
    folder = make_writer(tmp_path, "bart", generation={"max_length": 12})
    edit_json(folder / "config.json", prefix=stated, task_specific_params={TASK: params})
    told = ask(load_here(folder, task=TASK), TEXT)
    assert told.view.prefix == prefix
    assert_the_script_says_so(folder, told)


ODD: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    ({"forced_bos_token_id": 40}, {"decoder_start_token_id": 50, "max_new_tokens": 5}),
    ({"forced_bos_token_id": 40, **OLD}, {"forced_bos_token_id": None, "max_new_tokens": 5}),
    ({"num_return_sequences": 3, "num_beams": 3, "max_length": 9}, {"num_beams": 2}),
    (
        {"num_return_sequences": 4, "num_beams": 4, "max_length": 12, "forced_eos_token_id": None},
        {"eos_token_id": [*range(20, 120, 5)]},
    ),
    ({"max_length": 9}, {"num_return_sequences": 2, "early_stopping": True, "length_penalty": 2.0}),
    ({"do_sample": True, "temperature": 0.5, "top_k": 3, "max_length": 9}, {"do_sample": True}),
    (
        {"repetition_penalty": 1.3, "max_length": 9},
        {"no_repeat_ngram_size": 2, "min_length": 7, "unheard": 1},
    ),
    ({"max_length": 9, "bad_words_ids": [[40]]}, {"suppress_tokens": [50, 60], "eos_token_id": [70, 80]}),
    ({"max_length": 20, "min_length": 22, "eos_token_id": 2}, {"validate": 1, "max_length": 20}),
    ({"exponential_decay_length_penalty": [3, 1.5], "max_length": 9}, {"forced_eos_token_id": 60}),
    ({"max_length": 9, "cache_implementation": "static"}, {"num_beams": 1, "use_cache": False}),
)


@pytest.mark.parametrize("kind", ["bart", "t5"])
@pytest.mark.parametrize("number", range(len(ODD)))
def test_the_script_obeys_what_the_engine_obeys(tmp_path: Path, kind: str, number: int) -> None:
    stated, params = ODD[number]
    folder = make_writer(tmp_path, kind)
    edit_json(folder / FILE, **stated)
    edit_json(folder / "config.json", task_specific_params={TASK: params})
    loaded = load_here(folder, task=TASK)
    for options in ({}, {"num_beams": 3, "max_new_tokens": 6}):
        assert_the_script_says_so(folder, ask(loaded, TEXT, **options))


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
