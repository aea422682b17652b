"""Zero-shot classification equals `pipeline("zero-shot-classification")`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from tests.asking import ask, by_index
from tests.checkpoints import MAX_TOKENS, edit_json, make_checkpoint
from tests.engine.conftest import load_here
from tui.engine.checkpoint.loading import LoadedCheckpoint
from tui.engine.errors import Abandoned, EngineError
from tui.engine.tasks import zero_shot_classification
from tui.protocol.rows import RowAddress

TASK = "zero-shot-classification"
MNLI = ("contradiction", "neutral", "entailment")
LABELS = ["film", "Crème brûlée", "東京 😀", "[SEP] markup", "\u202eback", "a, b", "life"]
TEXTS = (
    "The film was dull, the acting was worse.",
    " ",
    "[CLS] <s> twice </s> [SEP] [MASK] <|endoftext|>",
    "\x00\x07\x1b[31m 😀👩‍👩‍👧 e\u0301 \u202egnihton\u202c",
    "the film was dull " * 200,
)


def make(folder: Path, model_type: str, head: tuple[str, ...] = MNLI, **settings: Any) -> Path:
    make_checkpoint(folder, model_type, len(head), **settings)
    rename(folder, head)
    return folder


def rename(folder: Path, head: tuple[str, ...]) -> None:
    names = {str(index): name for index, name in enumerate(head)}
    edit_json(folder / "config.json", id2label=names, label2id={name: i for i, name in enumerate(head)})


@pytest.fixture(scope="module")
def mnli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("mnli"), "bert")


@pytest.fixture(scope="module")
def loaded(mnli: Path) -> LoadedCheckpoint:
    return load_here(mnli, task=TASK)


def pipeline_of(folder: Path) -> Any:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    return pipeline("zero-shot-classification", model=model, tokenizer=tokenizer)


def typed(labels: list[str]) -> str:
    return "\n".join(labels) + "\n"


@pytest.mark.parametrize("model_type", ["bert", "distilbert", "roberta", "deberta-v2", "gpt2", "bart"])
def test_every_architecture(tmp_path: Path, model_type: str) -> None:
    folder = make(tmp_path, model_type)
    here, classify = load_here(folder, task=TASK), pipeline_of(folder)
    for text in TEXTS:
        for multi_label in (False, True):
            told = ask(here, {"text": text, "candidate_labels": typed(LABELS)}, multi_label=multi_label)
            assert told.answer == classify(text, LABELS, multi_label=multi_label)


@pytest.mark.parametrize(
    "head",
    [
        MNLI,
        ("entailment", "neutral", "contradiction"),
        ("ENTAILMENT", "not_entailment"),
        ("neutral", "Entails", "contradiction"),
        ("entailment",),
        ("contradiction", "entailment", "entailed too"),
    ],
)
@pytest.mark.parametrize("labels", [["life"], ["film", "life"], [f"label {n}" for n in range(20)]])
def test_every_head_and_number_of_labels(tmp_path: Path, head: tuple[str, ...], labels: list[str]) -> None:
    folder = make(tmp_path, "bert", head)
    here, classify = load_here(folder, task=TASK), pipeline_of(folder)
    for multi_label in (False, True):
        told = ask(here, {"text": "dull", "candidate_labels": typed(labels)}, multi_label=multi_label)
        assert told.answer == classify("dull", labels, multi_label=multi_label)
        alone = multi_label or len(labels) == 1
        assert told.view.multi_label == alone
        entailment = [name.lower().startswith("entail") for name in head].index(True)
        assert told.view.entailment == entailment
        assert told.view.contradiction == ((len(head) - 1 if entailment == 0 else 0) if alone else None)
        assert [verdict.label for verdict in told.view.verdicts] == told.answer["labels"]
        assert [verdict.score for verdict in told.view.verdicts] == told.answer["scores"]


@pytest.mark.parametrize(
    "template", ["{}", "It is {0}, yes {0}!", "{0}", "{{}} {!r:>9}", "Es geht um {}.", "{0.__class__}{}"]
)
def test_templates(mnli: Path, loaded: LoadedCheckpoint, template: str) -> None:
    labels = ["film", "life"]
    inputs = {"text": "dull", "candidate_labels": "film, life"}
    if "class" in template:  # one field numbered by hand, one by Python
        with pytest.raises(EngineError, match="can't be filled in"):
            ask(loaded, inputs, hypothesis_template=template)
        return
    told = ask(loaded, inputs, hypothesis_template=template)
    assert told.answer == pipeline_of(mnli)("dull", labels, hypothesis_template=template)
    by_label = {verdict.label: verdict.hypothesis for verdict in told.view.verdicts}
    assert by_label == {label: template.format(label) for label in labels}


@pytest.mark.parametrize(
    ("text", "labels", "template", "title"),
    [
        ("dull", "", "{}", "No label to choose from"),
        ("dull", " , ,\t,", "{}", "No label to choose from"),
        ("dull", "a", "no place", "The template has no place for a label"),
        ("dull", "a", "", "The template has no place for a label"),
        ("dull", "{}", "{}", "The template has no place for a label"),
        ("dull", "a", "{", "The template can't be filled in"),
        ("dull", "a", "{name}", "The template can't be filled in"),
        ("dull", "a", "{} {}", "The template can't be filled in"),
        ("dull", "a", "{0[x]}", "The template can't be filled in"),
        ("dull", "a", "{0.nothing}", "The template can't be filled in"),
        ("dull", "a", "{:9999999999}", "The template can't be filled in"),
        ("dull", "9999999999", "{0:{0}}", "The template can't be filled in"),
        ("", "a", "It is {}.", "Nothing to read"),
        ("dull", "word " * 100, "It is {}.", "A label leaves no room for the text"),
    ],
)
def test_bad_input_is_told(
    loaded: LoadedCheckpoint, text: str, labels: str, template: str, title: str
) -> None:
    with pytest.raises(EngineError) as caught:
        ask(loaded, {"text": text, "candidate_labels": labels}, hypothesis_template=template)
    assert caught.value.failure.title == title


def assert_as_the_pipeline(folder: Path, labels: str = "film, life, film") -> Any:
    """The view of an answer, which is the pipeline's."""
    here, classify = load_here(folder, task=TASK), pipeline_of(folder)
    for multi_label in (True, False):
        told = ask(here, {"text": "dull", "candidate_labels": labels}, multi_label=multi_label)
        assert told.answer == classify("dull", labels, multi_label=multi_label)
    return told.view


@pytest.mark.parametrize("labels", ["film, film", "life,film , life, life", "a, b, c, a"])
def test_a_label_named_twice_stands_twice(mnli: Path, labels: str) -> None:
    view = assert_as_the_pipeline(mnli, labels)
    assert sorted(each.label for each in view.verdicts) == sorted(
        label.strip() for label in labels.split(",")
    )
    assert len({each.start for each in view.verdicts}) == len({each.sequence for each in view.verdicts})
    assert view.note == ""


@pytest.mark.parametrize("head", [("NEGATIVE", "POSITIVE"), ("one",), ("LABEL_0", "LABEL_1", "LABEL_2")])
def test_a_head_without_entailment_is_read_as_the_pipeline_reads_it_and_told(
    tmp_path: Path, head: tuple[str, ...]
) -> None:
    view = assert_as_the_pipeline(make(tmp_path, "bert", head))
    assert view.entailment == len(head) - 1
    assert f"({', '.join(head)}). As the pipeline does, the last row is taken" in view.note


@pytest.mark.parametrize(
    ("label2id", "entailment", "told"),
    [
        (
            {"entailment": 0, "neutral": 1, "contradiction": 2},
            0,
            "row 0 is “contradiction” by the one and “entail",
        ),
        (
            {"contradiction": 1, "neutral": 0, "entailment": 2},
            2,
            "row 0 is “contradiction” by the one and “neutral”",
        ),
        ({"LABEL_0": 0, "LABEL_1": 1, "LABEL_2": 2}, 2, "names no label that begins with “entail”"),
        ({"entailment": -1}, 2, ""),
        ({"entailment": -2}, 1, "row 1 is “neutral” by the one and “entailment” by the other"),
    ],
)
def test_labels_that_disagree_are_read_as_the_pipeline_reads_them_and_told(
    tmp_path: Path, label2id: dict[str, int], entailment: int, told: str
) -> None:
    folder = make(tmp_path, "bert")
    edit_json(folder / "config.json", label2id=label2id)
    view = assert_as_the_pipeline(folder)
    assert view.entailment == entailment
    assert told in view.note
    assert bool(told) == bool(view.note)


def test_a_row_that_the_head_lacks_is_told(tmp_path: Path) -> None:
    folder = make(tmp_path, "bert")
    edit_json(folder / "config.json", label2id={"entailment": 3})
    with pytest.raises(EngineError) as caught:
        ask(load_here(folder, task=TASK), "dull")
    assert "“entailment” is row 3; the head has 3 rows" in caught.value.failure.detail


@pytest.mark.parametrize(
    ("typed_labels", "expected"),
    [
        ("a,b , a,,c", ["a", "b", "a", "c"]),
        ("a, b\nc\n\n a, b ", ["a, b", "c", "a, b"]),
        ("x\r\ny\r\n", ["x", "y"]),
    ],
)
def test_labels_are_split(typed_labels: str, expected: list[str]) -> None:
    split = zero_shot_classification.split_labels(typed_labels)
    assert [label for label, _ in split] == expected
    assert all(typed_labels[start : start + len(label)] == label for label, start in split)


@pytest.mark.parametrize("model_type", ["bert", "roberta", "deberta-v2"])
def test_tokens_of_a_label_are_placed_in_the_field_of_labels(tmp_path: Path, model_type: str) -> None:
    here = load_here(make(tmp_path, model_type), task=TASK)
    labels = " waiting ,honest story, 東京 😀"
    told = ask(here, {"text": "dull", "candidate_labels": labels}, hypothesis_template="a film of {}.")
    for sequence in told.prepared.sequences():
        placed = [token for token in sequence.tokens if token.field == 1 and token.end != token.start]
        covered = "".join(labels[token.start : token.end] for token in placed if token.start is not None)
        assert sequence.name.replace(" ", "") in covered.replace(" ", "") or model_type == "roberta"
        assert all(token.start is not None and labels.index(sequence.name) <= token.start for token in placed)
        assert "".join("dull"[t.start : t.end] for t in sequence.tokens if t.field == 0) == "dull"
        assert any(t.field is None and not t.special for t in sequence.tokens)  # the template's own words


def test_the_text_gives_way_and_says_so(loaded: LoadedCheckpoint) -> None:
    text = "the film was dull " * 100
    told = ask(loaded, {"text": text, "candidate_labels": "film, a long label of many words"})
    for sequence in told.prepared.sequences():
        assert len(sequence.tokens) == MAX_TOKENS < sequence.total
        assert sequence.unread_from[0] is not None
        assert sequence.unread_from[1] is None


def test_the_readout_is_the_winners_pair_until_a_label_is_chosen(
    mnli: Path, loaded: LoadedCheckpoint
) -> None:
    told = ask(loaded, {"text": "dull", "candidate_labels": "film, life, waiting"})
    tokenizer = AutoTokenizer.from_pretrained(mnli)
    model = AutoModelForSequenceClassification.from_pretrained(mnli).eval()
    pairs = []
    for label in ("film", "life", "waiting"):
        with torch.inference_mode():
            encoded = tokenizer("dull", f"This example is {label}.", return_tensors="pt")
            pairs.append(model(**encoded).logits[0].tolist())
    winner = ["film", "life", "waiting"].index(told.answer["labels"][0])
    for address, expected in (
        (RowAddress(), winner),
        (RowAddress(0, 3), 0),
        (RowAddress(1), 1),
        (RowAddress(2, 999), 2),
        (RowAddress(99, 1), winner),
    ):
        readout = told.readout(address)
        assert by_index(readout)[0] == pairs[expected]
        assert readout.address.sequence == expected
        assert readout.name == f"pair of “{['film', 'life', 'waiting'][expected]}”"
        assert told.readout(readout.address) == readout
        assert {row.label for row in readout.rows} == set(MNLI)
    assert [list(verdict.logits) for verdict in told.view.verdicts] == [
        pairs[verdict.sequence] for verdict in told.view.verdicts
    ]


def test_logits_beyond_float32s_exponential_are_the_pipelines_nan(tmp_path: Path) -> None:
    folder = make(tmp_path, "bert")
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    with torch.no_grad():
        model.classifier.bias.copy_(torch.tensor([0.0, 0.0, 200.0]))
    model.save_pretrained(folder)
    told = ask(load_here(folder, task=TASK), {"text": "dull", "candidate_labels": "film, life"})
    expected = pipeline_of(folder)("dull", ["film", "life"])
    assert told.answer["labels"] == expected["labels"]
    assert np.isnan(told.answer["scores"]).all()
    assert np.isnan(expected["scores"]).all()


def test_the_walk_and_giving_up_between_pairs(loaded: LoadedCheckpoint) -> None:
    from tui.engine import tasks

    told = ask(loaded, {"text": "dull", "candidate_labels": "film, life"})
    names = [step.name for step in told.outcome.steps]
    assert (names[0], names[-2:]) == ("ids", ["logits", "all pairs"])
    assert told.outcome.steps[-1].shape == (2, 3)
    assert [len(norms) for norms in told.outcome.norms] == [
        len(sequence.tokens) for sequence in told.prepared.sequences()
    ]
    calls = []

    def give_up() -> None:
        calls.append(1)
        if len(calls) == 2:
            raise Abandoned

    prepared = tasks.prepare(TASK, loaded.tokenizer, {"text": "dull", "candidate_labels": "a, b, c"}, {})
    with pytest.raises(Abandoned):
        tasks.code_of(TASK).forward(loaded, prepared, give_up)
    assert len(calls) == 2
