"""Text classification equals `pipeline("text-classification")`: pairs, top_k, every function."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from tests.asking import ask
from tests.checkpoints import MAX_TOKENS, edit_json
from tests.engine.conftest import TinyFolder, load_here
from tui.engine.errors import EngineError
from tui.protocol.answers import Classified
from tui.protocol.rows import RowAddress

PAIRS = (
    ("The film was dull.", "Nobody laughed."),
    ("", "a text of its own"),
    ("Crème brûlée 東京 😀👩‍👩‍👧 e\u0301", "\u202egnihton\u202c \x00\x07\x1b[31m"),
    ("[CLS] <s> twice </s> [SEP]", "[MASK] <|endoftext|> [UNK]"),
    ("the film was dull " * 100, "short"),
    ("short", "the film was dull " * 100),
    ("the film was dull " * 100, "and the acting was worse " * 100),
)


def pipeline_of(folder: Path) -> Any:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    return pipeline("text-classification", model=model, tokenizer=tokenizer)


@pytest.mark.parametrize("model_type", ["bert", "distilbert", "roberta", "deberta-v2", "gpt2", "bart"])
def test_pairs(tiny: TinyFolder, model_type: str) -> None:
    folder = tiny(model_type, 3)
    loaded, classify = load_here(folder), pipeline_of(folder)
    for text, pair in PAIRS:
        told = ask(loaded, {"text": text, "text_pair": pair}, top_k=3)
        assert told.answer == classify({"text": text, "text_pair": pair}, top_k=3, truncation=True)
        (sequence,) = told.prepared.sequences()
        assert {token.field for token in sequence.tokens if not token.special} <= {0, 1}
        assert len(sequence.tokens) <= MAX_TOKENS
        assert len(sequence.unread_from) == 2
        assert (sequence.unread_from == (None, None)) == (sequence.total <= MAX_TOKENS)


@pytest.mark.parametrize("labels", [1, 2, 5])
@pytest.mark.parametrize("function", ["auto", "softmax", "sigmoid", "none"])
@pytest.mark.parametrize("problem_type", [None, "multi_label_classification", "regression"])
def test_every_function_and_top_k(
    tiny: TinyFolder, labels: int, function: str, problem_type: str | None
) -> None:
    folder = tiny("bert", labels, problem_type)
    loaded, classify = load_here(folder), pipeline_of(folder)
    own = {} if function == "auto" else {"function_to_apply": function}
    for top_k in (1, 2, 100):
        told = ask(loaded, "The film was dull.", top_k=top_k, function_to_apply=function)
        assert told.answer == classify("The film was dull.", top_k=top_k, **own)
        assert isinstance(told.view, Classified)
        assert [{"label": score.label, "score": score.score} for score in told.view.scores] == told.answer
        assert told.view.total == labels
        assert len(told.answer) == min(top_k, labels)
    readout = told.readout()
    assert readout.function == told.view.function
    shown = [row.scaled if row.probability is None else row.probability for row in readout.rows]
    assert shown == pytest.approx([score.score for score in told.view.scores], abs=1e-6)


def test_one_logit_is_told_to_be_two_things(tiny: TinyFolder) -> None:
    loaded = load_here(tiny("bert", 1))
    notes = {}
    for function in ("auto", "softmax", "none"):
        view = ask(loaded, "dull", function_to_apply=function).view
        assert isinstance(view, Classified)
        notes[function] = view.note
    assert "function_to_apply none" in notes["auto"]
    assert "always 1" in notes["softmax"]
    assert "regression" in notes["none"]
    several = ask(load_here(tiny("bert", 2)), "dull").view
    assert isinstance(several, Classified)
    assert several.note == ""


def test_ties_keep_the_order_of_the_head(tiny: TinyFolder) -> None:
    loaded = load_here(tiny("bert", 4))
    head = loaded.model.get_submodule("classifier")
    assert isinstance(head, torch.nn.Linear)
    with torch.no_grad():
        head.weight.zero_()
        head.bias.copy_(torch.tensor([1.0, 2.0, 1.0, 2.0]))
    told = ask(loaded, "dull", top_k=4)
    assert [each["label"] for each in told.answer] == ["label 1", "label 3", "label 0", "label 2"]


def test_the_readout_obeys_its_own_settings(tiny: TinyFolder) -> None:
    told = ask(load_here(tiny("bert", 3)), "dull", function_to_apply="sigmoid")
    assert (told.readout().function, told.readout().reason) == ("sigmoid", "the option function_to_apply")
    again = told.readout(RowAddress(), temperature=2.0, function="softmax", top=2)
    assert (again.function, len(again.rows), again.total) == ("softmax", 2, 3)
    assert again.rows[0].scaled == again.rows[0].logit / 2


@pytest.mark.parametrize(
    "options",
    [{"top_k": 0}, {"top_k": None}, {"top_k": True}, {"function_to_apply": "tanh"}, {"temperature": 1.0}],
)
def test_what_no_option_can_have_is_refused(tiny: TinyFolder, options: dict[str, Any]) -> None:
    with pytest.raises(EngineError, match="This can't be asked"):
        ask(load_here(tiny("bert", 2)), "dull", **options)


def test_no_token_at_all_is_refused(tiny: TinyFolder) -> None:
    with pytest.raises(EngineError, match="Nothing to read"):
        ask(load_here(tiny("gpt2", 2)), "")


def test_two_threads_may_prepare_at_once(tiny: TinyFolder) -> None:
    loaded = load_here(tiny("bert", 2))
    expected = {text: ask(loaded, text).prepared.sequences() for text in ("dull", "funny " * 80)}
    wrong: list[str] = []

    def prepare(text: str) -> None:
        from tui.engine import tasks

        for _ in range(50):
            prepared = tasks.prepare(loaded.task, loaded.tokenizer, {"text": text}, {})
            if prepared.sequences() != expected[text]:
                wrong.append(text)

    threads = [threading.Thread(target=prepare, args=(text,)) for text in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_labels_are_of_the_type_that_the_config_gives_them(tiny: TinyFolder, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny("bert", 7), tmp_path / "numbers"))
    own = (0, -1, 1.5, True, None, "1", ["a"])
    edit_json(folder / "config.json", id2label={str(index): label for index, label in enumerate(own)})
    told = ask(load_here(folder), "The film was dull.", top_k=7)
    assert told.answer == pipeline_of(folder)("The film was dull.", top_k=7)
    assert sorted(map(repr, (each["label"] for each in told.answer))) == sorted(map(repr, own))
    assert isinstance(told.view, Classified)
    assert [score.label for score in told.view.scores] == [str(each["label"]) for each in told.answer]
