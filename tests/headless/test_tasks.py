"""Every task without the screen, by the real engine on tiny checkpoints: JSON and text say what the task found."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.asking import ask
from tests.checkpoints import edit_json, make_checkpoint
from tests.engine.conftest import load_here
from tui.headless.client import BlockingEngine
from tui.headless.client import RequestError as AskedInVainError
from tui.headless.json_lines import as_json, plain
from tui.headless.output import as_text, heading
from tui.headless.reading import SHOWN_OF_A_VOCABULARY, Reply, readout_settings
from tui.headless.run import loaded_by, reading_of
from tui.protocol import Analyze, Load, Loaded
from tui.settings import Settings
from tui.tasks import TASKS
from tui.tasks.forms import Value

HOSTILE = "Ada \x1b[31mwas\x07 dull\u202e, 東京 😀 [bold]laughed[/]\r\n"


@dataclass(frozen=True)
class Case:
    """A task on a tiny checkpoint."""

    model_type: str
    head: str
    inputs: dict[str, str]
    options: dict[str, Value] = field(default_factory=dict)
    labels: int = 3


CASES = {
    "sentiment-analysis": Case("bert", "SequenceClassification", {"text": HOSTILE}, {"top_k": 2}),
    "zero-shot-classification": Case(
        "bert",
        "SequenceClassification",
        {"text": HOSTILE, "candidate_labels": "film, 東京, \x1b[2J"},
        {"multi_label": True},
    ),
    "text-generation": Case("gpt2", "CausalLM", {"text": HOSTILE}, {"max_new_tokens": 5}),
    "fill-mask": Case("bert", "MaskedLM", {"text": f"[MASK] {HOSTILE} [MASK]"}, {"top_k": 3}),
    "ner": Case("bert", "TokenClassification", {"text": HOSTILE}, {"aggregation_strategy": "first"}, 5),
    "question-answering": Case(
        "bert", "QuestionAnswering", {"question": "Who?\x07", "context": HOSTILE * 2}, {"top_k": 3}, 2
    ),
    "summarization": Case("bart", "Seq2SeqLM", {"text": HOSTILE}, {"max_new_tokens": 6, "num_beams": 2}),
    "translation": Case("bart", "Seq2SeqLM", {"text": HOSTILE}, {"max_new_tokens": 6}),
    "feature-extraction": Case(
        "bert", "MaskedLM", {"text": HOSTILE, "text_pair": "dull"}, {"pooling": "first"}
    ),
}
VOCABULARIES = ("text-generation", "fill-mask", "summarization", "translation")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {}
    for task, case in CASES.items():
        folder = tmp_path_factory.mktemp(task)
        made[task] = make_checkpoint(folder, case.model_type, case.labels, head=case.head)
        if task == "zero-shot-classification":
            names = ("contradiction", "neutral", "entailment")
            edit_json(folder / "config.json", label2id={name: index for index, name in enumerate(names)})
            edit_json(folder / "config.json", id2label={str(index): name for index, name in enumerate(names)})
    return made


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlockingEngine]:
    with BlockingEngine(Settings().command, tmp_path_factory.mktemp("state") / "engine.log") as running:
        yield running


@pytest.fixture(scope="module")
def readings(folders: dict[str, Path], engine: BlockingEngine) -> dict[str, Reply]:
    return {
        task: read(engine, use(engine, task, folders[task]), case.inputs, case.options)
        for task, case in CASES.items()
    }


def use(engine: BlockingEngine, task: str, folder: Path) -> Loaded:
    return loaded_by(engine.ask(Load(engine.next_id(), str(folder), task)))


def read(
    engine: BlockingEngine, loaded: Loaded, inputs: dict[str, str], options: dict[str, Value] | None = None
) -> Reply:
    task = loaded.task
    analyze = Analyze(engine.next_id(), task, inputs, options or {}, readout_settings(task, {}))
    return reading_of(analyze, loaded, engine.ask(analyze))


def assert_alike(found: Any, expected: Any) -> None:
    """The same shape, texts and whole numbers; other numbers but for the last digits of a float32."""
    if isinstance(expected, float):
        assert math.isclose(found, expected, rel_tol=1e-4, abs_tol=1e-6)
    elif isinstance(expected, dict):
        assert list(found) == list(expected)
        for name, value in expected.items():
            assert_alike(found[name], value)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_alike(one, other)
    else:
        assert found == expected


@pytest.mark.parametrize("task", TASKS)
def test_json_says_what_the_task_found(
    task: str, readings: dict[str, Reply], folders: dict[str, Path]
) -> None:
    case = CASES[task]
    written = as_json(readings[task])
    values = json.loads(written.encode("utf-8"), parse_constant=pytest.fail)
    told = ask(load_here(folders[task], task=task), dict(case.inputs), **case.options)
    assert "\n" not in written
    assert_alike(values["answer"], json.loads(json.dumps(plain(told.answer))))
    assert_alike(values["view"], json.loads(json.dumps(plain(told.view))))
    assert values["view"]["type"] == type(told.view).__name__
    assert values["task"] == task
    assert values["model"] == str(folders[task])
    first = TASKS[task].form.fields[0].name
    assert values["input"] == case.inputs[first]
    assert values["inputs"] == TASKS[task].form.inputs(case.inputs)
    assert values["options"] == TASKS[task].form.values(case.options)
    sequences = told.outcome.written or told.prepared.sequences()
    assert [token["id"] for token in values["tokens"]] == [token.id for token in sequences[0].tokens]
    assert values["steps"][0]["name"] == "ids"
    assert values["steps"][0]["shape"][0] == 1
    assert_alike(values["norms"], json.loads(json.dumps(plain(told.outcome.norms))))
    masks = [(token["mask"], token["type_id"]) for token in values["tokens"]]
    assert masks == [(token.mask, token.type_id) for token in sequences[0].tokens]
    if len(sequences) == 1:
        assert "sequences" not in values
    else:
        ids = [[token["id"] for token in sequence["tokens"]] for sequence in values["sequences"]]
        assert ids == [[token.id for token in sequence.tokens] for sequence in sequences]
        assert [each["name"] for each in values["sequences"]] == [each.name for each in sequences]


@pytest.mark.parametrize("task", TASKS)
def test_rows_are_all_labels_or_the_best_of_a_vocabulary(task: str, readings: dict[str, Reply]) -> None:
    values = json.loads(as_json(readings[task]))
    indices = values["rows"]["indices"]
    lengths = {len(values[name]) for name in ("logits", "probabilities", "labels")} | {len(indices)}
    assert len(lengths) == 1
    if task in VOCABULARIES:
        assert len(indices) == SHOWN_OF_A_VOCABULARY < values["rows_total"]
        assert values["logits"] == sorted(values["logits"], reverse=True)
        assert sum(values["probabilities"]) + values["tail"] == pytest.approx(1.0)
        assert values["rows"]["name"]
    else:
        assert indices == list(range(values["rows_total"]))


def test_tokens_of_several_fields_say_which(readings: dict[str, Reply]) -> None:
    values = json.loads(as_json(readings["question-answering"]))
    fields = {token.get("field", "missing") for token in values["tokens"]}
    assert fields == {None, "question", "context"}
    for token in values["tokens"]:
        assert token["field"] or token["special"]
    plain_tokens = json.loads(as_json(readings["sentiment-analysis"]))["tokens"]
    assert list(plain_tokens[0]) == ["id", "text", "start", "end", "special", "mask", "type_id"]
    assert list(values["tokens"][0])[5:] == ["field", "mask", "type_id"]
    types = {token["type_id"] for token in values["tokens"] if token["field"] == "context"}
    assert types == {1}


@pytest.mark.parametrize("task", TASKS)
def test_text_begins_with_the_answer_and_can_harm_no_terminal(task: str, readings: dict[str, Reply]) -> None:
    reading = readings[task]
    lines = as_text(reading).split("\n")
    assert all(char.isprintable() for line in lines for char in line)
    assert "token" in lines[1]
    assert lines[1].endswith(" ms)")
    assert all(line.startswith("  ") for line in lines[2:])
    assert all(line == line.rstrip() for line in lines[2:])
    answer = reading.answered.answer
    match task:
        case "sentiment-analysis":
            assert lines[1].startswith(f"{answer[0]['label']} {answer[0]['score']:.6f}, ")
        case "zero-shot-classification":
            assert lines[1].startswith(
                ascii(answer["labels"][0])[1:-1] if answer["labels"][0] != "東京" else "東京"
            )
        case "question-answering":
            assert f"{answer[0]['score']:.6f}" in lines[1]
        case "fill-mask":
            assert all(f"{guesses[0]['score']:.6f}" in lines[1] for guesses in answer)
        case "ner":
            assert all(entity["entity_group"] in lines[1] for entity in answer)
        case "feature-extraction":
            assert lines[1].startswith("cosine ")


@pytest.mark.parametrize("task", TASKS)
def test_a_text_too_long_is_read_in_part_and_that_is_said(
    task: str, folders: dict[str, Path], engine: BlockingEngine
) -> None:
    long = {
        name: text if name == "candidate_labels" else text * 30 for name, text in CASES[task].inputs.items()
    }
    if task == "question-answering":
        long["question"] = "Who?"
    loaded = use(engine, task, folders[task])
    reading = read(engine, loaded, long, CASES[task].options)
    values = json.loads(as_json(reading))
    second = as_text(reading).split("\n")[1]
    assert all(len(sequence.tokens) <= 48 for sequence in reading.sequences)
    if task == "question-answering":  # windows read all of it
        assert len(values["sequences"]) > 2
        assert not values["truncated"]
    else:
        assert values["truncated"]
        assert "are not read" in second or "first 48 of" in second


def test_what_a_task_refuses_is_told_in_its_words(folders: dict[str, Path], engine: BlockingEngine) -> None:
    loaded = use(engine, "fill-mask", folders["fill-mask"])
    with pytest.raises(AskedInVainError) as raised:
        read(engine, loaded, {"text": "no mask here"})
    assert raised.value.failure.title == "No mask in the text"
    assert not raised.value.lost


def test_the_heading_holds_what_is_the_same_for_every_text(readings: dict[str, Reply]) -> None:
    reading = readings["question-answering"]
    lines = heading(reading.loaded, {"context": HOSTILE}, {"top_k": 3}).split("\n")
    assert lines[0].startswith("question-answering · ")
    assert lines[1].startswith("context: Ada \\x1b[31mwas\\x07 dull\\u202e")
    assert lines[2] == "top_k: 3"
