"""The drawing of ranked labels."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.app.drawn import WIDTHS, draw, lines, styles
from tests.asking import Told, ask
from tests.engine.conftest import load_here
from tests.engine.tasks.test_zero_shot_classification import MNLI, TASK, make
from tests.engine.tasks.test_zero_shot_classification import mnli as mnli  # the fixture
from tui.app.render.answers import ranked

FEW = "film, life, waiting"
MANY = "\n".join(f"label {number} [red]\x1b[31m 東京" for number in range(20))


def told_of(folder: Path, labels: str = FEW, multi_label: bool = False) -> Told:
    loaded = load_here(folder, task=TASK)
    return ask(loaded, {"text": "dull", "candidate_labels": labels}, multi_label=multi_label)


@pytest.mark.parametrize("width", WIDTHS[1:])
def test_the_ranking_begins_with_the_winner(mnli: Path, width: int) -> None:
    told = told_of(mnli)
    drawn = draw(ranked, told, width=width)
    shown = lines(drawn)
    for number, (label, score) in enumerate(zip(told.answer["labels"], told.answer["scores"], strict=True)):
        assert shown[number].startswith(f"{'  ' if number else '▸ '}{label}")
        assert f" {score:.4f}" in shown[number]
        assert (f"This example is {label}." in shown[number]) == (width == 190)
    assert shown[3].startswith("The labels share 1: softmax of their “entailment” logits.")
    assert {style for _, style in styles(drawn.strips[0])} >= {"strong", "bar"}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("mode", ranked.MODES)
@pytest.mark.parametrize("multi_label", [False, True])
def test_many_hostile_labels(mnli: Path, width: int, mode: str, multi_label: bool) -> None:
    drawn = draw(ranked, told_of(mnli, MANY, multi_label), width=width, mode=mode, selected=19)
    marked = [line for line in lines(drawn) if line.startswith("▸ ")]
    assert len(marked) == 1
    assert len(drawn.targets) == 20
    assert marked[0] == lines(drawn)[drawn.targets[19][0]]


@pytest.mark.parametrize("mode", ranked.MODES)
def test_targets_lead_to_the_labels_pair(mnli: Path, mode: str) -> None:
    told = told_of(mnli)
    drawn = draw(ranked, told, mode=mode)
    for (number, target), label in zip(drawn.targets, told.answer["labels"], strict=True):
        assert label in lines(drawn)[number]
        assert target.sequence is not None
        assert target.position is not None
        sequence = told.prepared.sequences()[target.sequence]
        assert sequence.name == label
        token = sequence.tokens[target.position]
        assert FEW.startswith(label, token.start)
        assert target.mark is not None
        field, start, end = target.mark
        assert told.texts[field][start:end] == label


@pytest.mark.parametrize("multi_label", [False, True])
def test_how_writes_the_formula_of_the_selected_label(mnli: Path, multi_label: bool) -> None:
    told = told_of(mnli, multi_label=multi_label)
    entailment = {verdict.label: verdict.logits[2] for verdict in told.view.verdicts}
    contradiction = {verdict.label: verdict.logits[0] for verdict in told.view.verdicts}
    for selected, label in enumerate(told.answer["labels"]):
        shown = lines(draw(ranked, told, mode="how", width=190, selected=selected))
        mine = entailment[label]
        others = [mine, contradiction[label]] if multi_label else list(entailment.values())
        whole = sum(math.exp(z) for z in others)
        assert shown[0].startswith(f"{label}: e^{mine:.4f} ÷ ")
        assert shown[0].endswith(f"= {math.exp(mine):.4f} ÷ {whole:.4f} = {math.exp(mine) / whole:.4f}")
        assert all(name in shown[1] for name in ("contradic", "neutral", "entailment*"))
        assert ("…*" in shown[1]) == multi_label
        for logit in (contradiction[label], mine):
            assert f"{logit:.4f}" in shown[2 + selected]


def test_an_odd_head_is_told(tmp_path: Path) -> None:
    told = told_of(make(tmp_path, "bert", ("neutral", "entailment", *"abcdef")), multi_label=True)
    shown = " ".join(lines(draw(ranked, told, mode="how")))
    assert "The pipeline takes “neutral” for the contradiction" in shown
    assert "4 of the head's 8 logits are not shown" in shown


def test_the_head_of_the_tests_is_that_of_mnli(mnli: Path) -> None:
    assert told_of(mnli).view.head == MNLI
