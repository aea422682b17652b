"""The drawing of labeled tokens."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.drawn import WIDTHS, draw, lines, styles
from tests.asking import Told, ask
from tests.checkpoints import CORPUS
from tests.engine.tasks.test_token_classification import BothOf
from tests.engine.tasks.test_token_classification import both_of as both_of  # the fixture
from tui.app.render.answers import tagged

TEXT = "Nobody in Paris laughed; the acting was worse."
HOSTILE = "A \x1b[31m[red]x[/red] \u202egnihton\u202c 東京 😀👩‍👩‍👧 e\u0301\x00\n[CLS]"
LONG = " ".join(CORPUS)


def told_of(both_of: BothOf, text: str = TEXT, model_type: str = "bert", **options: Any) -> Told:
    return ask(both_of(model_type).loaded, text, **options)


@pytest.mark.parametrize("width", WIDTHS[1:])
def test_the_entities_come_first(both_of: BothOf, width: int) -> None:
    told = told_of(both_of)
    drawn = draw(tagged, told, width=width, selected=1)
    shown = lines(drawn)
    assert len(told.answer) == len(drawn.targets) > 2
    for number, ((line, target), entity) in enumerate(zip(drawn.targets, told.answer, strict=True)):
        assert line == number
        assert shown[number].startswith("▸ " if number == 1 else f"  {entity['entity_group']} ")
        assert f"{entity['score']:.4f}" in shown[number]
        assert f"{entity['start']}–{entity['end']}" in shown[number]
        assert target.mark == (0, entity["start"], entity["end"])
        token = told.prepared.readings[0].tokens[target.position or 0]
        assert token.start == entity["start"]
    assert any(f"{len(told.answer)} entities" in line for line in shown)
    assert styles(drawn.strips[1])[1][1] == "strong"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("mode", tagged.MODES)
@pytest.mark.parametrize("text", ["", HOSTILE, LONG])
def test_all_texts_at_all_widths(both_of: BothOf, width: int, mode: str, text: str) -> None:
    for model_type, options in (("bert", {}), ("roberta", {"stride": 8})):
        if text or model_type == "bert":
            drawn = draw(tagged, told_of(both_of, text, model_type, **options), width=width, mode=mode)
            assert drawn.strips
            marked = [line for line in lines(drawn) if line.startswith("▸ ")]
            assert len(marked) == (1 if drawn.targets else 0)


def test_no_entity_is_said(both_of: BothOf) -> None:
    drawn = draw(tagged, told_of(both_of, ""))
    assert lines(drawn)[0] == "No entity: “simple” labels every token O."
    assert not drawn.targets


def test_the_text_with_its_entities_in_brackets(both_of: BothOf) -> None:
    told = told_of(both_of)
    whole = " ".join(lines(draw(tagged, told, width=190)))
    for entity in told.answer:
        assert f"⟦{TEXT[entity['start'] : entity['end']]} {entity['entity_group']}⟧" in whole


def test_what_was_not_read_is_said(both_of: BothOf) -> None:
    told = told_of(both_of, LONG)
    (sequence,) = told.prepared.sequences()
    shown = " ".join(lines(draw(tagged, told, width=190)))
    assert f"the first {len(sequence.tokens)} of {sequence.total} tokens were read" in shown
    windows = told_of(both_of, LONG, stride=5)
    shown = " ".join(lines(draw(tagged, windows, width=190)))
    assert f"read in {len(windows.prepared.names)} windows" in shown


def test_the_matrix_has_a_row_for_each_token(both_of: BothOf) -> None:
    told = told_of(both_of)
    drawn = draw(tagged, told, mode="matrix", width=190, selected=2)
    tokens = told.prepared.readings[0].tokens
    assert [target.position for _, target in drawn.targets] == list(range(len(tokens)))
    shown = lines(drawn)
    assert all(label in shown[0] for label in told.view.labels)
    for (line, target), token in zip(drawn.targets, tokens, strict=True):
        probabilities = told.view.probabilities[0][target.position or 0]
        best = max(range(len(probabilities)), key=probabilities.__getitem__)
        assert token.text in shown[line]
        assert f"{told.view.labels[best]} " in shown[line]
        assert f"{probabilities[best]:.4f}" in shown[line]
        assert f"{probabilities[best] * 100:.1f}" in shown[line]
        assert (target.mark is None) == (token.field is None)
    assert shown[drawn.targets[2][0]].startswith("▸ ")


def test_the_matrix_marks_the_cursor(both_of: BothOf) -> None:
    drawn = draw(tagged, told_of(both_of), mode="matrix", cursor=(0, 4))
    assert lines(drawn)[drawn.targets[4][0]].startswith("• ")


def test_a_narrow_matrix_says_which_labels_it_shows(both_of: BothOf) -> None:
    shown = lines(draw(tagged, told_of(both_of), mode="matrix", width=50))
    assert "3 of 7 labels" in shown[-1]
    split = lines(draw(tagged, told_of(both_of), mode="matrix", width=76))
    assert split[0].split() == ["B", "I", "B", "I", "E"]
    assert split[1].split()[-7:] == ["O", "PER", "PER", "LOC", "LOC", "ORG", "MISC"]


def test_windows_have_their_names_in_the_matrix(both_of: BothOf) -> None:
    told = told_of(both_of, LONG, stride=5)
    drawn = draw(tagged, told, mode="matrix")
    assert [line for line in lines(drawn) if line.startswith("window ")] == list(told.prepared.names)
    assert {target.sequence for _, target in drawn.targets} == set(range(len(told.prepared.names)))


@pytest.mark.parametrize("width", WIDTHS[1:])
def test_strategies_side_by_side(both_of: BothOf, width: int) -> None:
    told = told_of(both_of)
    drawn = draw(tagged, told, mode="strategies", width=width)
    shown = lines(drawn)
    assert shown[0].split() == ["token", "none", "[simple]", "first", "average", "max"]
    by_name = {strategy.name: strategy.entities for strategy in told.view.strategies}
    tokens = told.prepared.readings[0].tokens
    differing = 0
    for line, target in drawn.targets:
        position = target.position or 0
        labels = {
            next(
                (each.label.split("-")[-1] for each in entities if each.first <= position <= each.last), None
            )
            for entities in by_name.values()
        }
        sign = shown[line][2]
        assert sign in "≠ "
        if len(labels) > 1:
            assert sign == "≠"
        differing += sign == "≠"
        assert tokens[position].text in shown[line]
    assert differing > 0
    assert shown[-1].startswith(f"≠ {differing} tokens") or "≠" in " ".join(shown[-2:])
    begin = by_name["simple"][0]
    line = next(line for line, target in drawn.targets if target.position == begin.first)
    assert begin.label in shown[line]


def test_what_can_not_be_had_is_said(both_of: BothOf) -> None:
    drawn = draw(tagged, told_of(both_of, stride=5), mode="strategies", width=190)
    assert all("✗" in lines(drawn)[line] for line, _ in drawn.targets)
    assert "none: ✗ The pipeline puts windows together by entities" in lines(drawn)[-1]


def test_windows_show_a_token_once(both_of: BothOf) -> None:
    told = told_of(both_of, LONG, stride=20)
    drawn = draw(tagged, told, mode="strategies")
    marks = [target.mark for _, target in drawn.targets]
    assert len(set(marks)) == len(marks)
    assert marks == sorted(marks)  # type: ignore[type-var]
