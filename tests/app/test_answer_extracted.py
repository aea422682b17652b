"""The drawing of answers that stand in a text."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.drawn import WIDTHS, draw, lines, styles
from tests.asking import Told, ask
from tests.checkpoints import CORPUS
from tests.engine.tasks.test_question_answering import BothOf, listed
from tests.engine.tasks.test_question_answering import both_of as both_of  # the fixture
from tui.app.render.answers import extracted

HOSTILE = "A \x1b[31m[red]x[/red] \u202egnihton\u202c 東京 😀👩‍👩‍👧 e\u0301\x00\n[CLS]"
LONG = " ".join(CORPUS)


def told_of(both_of: BothOf, context: str = CORPUS[1], *which: str, **options: Any) -> Told:
    both = both_of(*(which or ("bert",)))
    return ask(both.loaded, {"question": "Who laughed?", "context": context}, **options)


@pytest.mark.parametrize("width", WIDTHS[1:])
@pytest.mark.parametrize("top_k", [1, 3])
def test_the_answer_comes_first(both_of: BothOf, width: int, top_k: int) -> None:
    told = told_of(both_of, top_k=top_k)
    drawn = draw(extracted, told, width=width)
    shown = lines(drawn)
    assert len(drawn.targets) == len(told.view.spans)
    for number, answer in enumerate(listed(told.answer)):
        line, target = drawn.targets[number]
        assert line == number
        assert shown[line].startswith("  " if number else "▸ ")
        assert answer["answer"][:15] in shown[line]
        assert f"{answer['score']:.4f}" in shown[line]
        assert f"{answer['start']}–{answer['end']}" in shown[line]
        assert target.mark == (1, answer["start"], answer["end"])
        token = told.prepared.readings[0].tokens[target.position or 0]
        assert token.start == answer["start"]
    assert shown[top_k].startswith(f"  also weighed, top_k {top_k}")
    best = told.view.spans[0].found[0]
    assert f"{best.start_logit:.3f} " in shown[0]
    assert f"{best.end_logit:.3f} " in shown[0]
    assert {style for _, style in styles(drawn.strips[top_k + 1])} == {"muted"}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("mode", extracted.MODES)
@pytest.mark.parametrize("context", [" ", "dull", HOSTILE, LONG])
def test_all_contexts_at_all_widths(both_of: BothOf, width: int, mode: str, context: str) -> None:
    for which in (("bert",), ("gpt2",), ("xlm-roberta", "left")):
        told = told_of(both_of, context, *which, handle_impossible_answer=True, top_k=20)
        drawn = draw(extracted, told, width=width, mode=mode)
        assert drawn.strips
        marked = [line for line in lines(drawn) if line.startswith("▸ ")]
        assert len(marked) == (1 if drawn.targets else 0)


def test_how_the_selected_score_came_to_be(both_of: BothOf) -> None:
    told = told_of(both_of)
    (window,) = told.view.windows
    tokens = told.prepared.readings[0].tokens
    for selected, span in enumerate(told.view.spans):
        found = span.found[0]
        whole = " ".join(lines(draw(extracted, told, selected=selected)))
        start, end = window.start_probabilities[found.first], window.end_probabilities[found.last]
        assert f"{span.score:.4f} = {start:.4f} (starts at “{tokens[found.first].text}”) × {end:.4f}" in whole


def test_scores_that_add_up_are_written_out(both_of: BothOf) -> None:
    told = told_of(both_of, "Paris PARIS paris paris paris", max_answer_len=1)
    whole = " ".join(lines(draw(extracted, told, width=190)))
    more = len(told.view.spans[0].found) - 3
    assert more > 0
    assert f" + {more} more that read the same." in whole


@pytest.mark.parametrize("impossible", [False, True])
def test_what_no_answer_did(both_of: BothOf, impossible: bool) -> None:
    told = told_of(both_of, handle_impossible_answer=impossible)
    whole = " ".join(lines(draw(extracted, told, width=76)))
    assert "“No answer” scores" in whole
    assert ("it can't win" in whole) is not impossible
    assert ("(no answer)" in whole) is impossible
    if impossible:
        won = told.answer["answer"] == ""
        assert ("it is the answer." in whole) == won
        assert ("the best span scores more." in whole) != won


def test_many_windows(both_of: BothOf) -> None:
    told = told_of(both_of, LONG * 3)
    count = len(told.view.windows)
    assert told.view.weighed > len(told.view.spans) == 50
    drawn = draw(extracted, told, width=90)
    assert f"  top 50 of {told.view.weighed}" in lines(drawn)
    assert all("window " in lines(drawn)[line] for line, _ in drawn.targets)
    for number in range(count):
        for mode in ("logits", "grid"):
            drawn = draw(extracted, told, mode=mode, cursor=(number, 9))
            assert {target.sequence for _, target in drawn.targets} == {number}
            assert f"window {number + 1} of {count}" in " ".join(lines(drawn))


def test_logits_along_the_open_tokens(both_of: BothOf) -> None:
    told = told_of(both_of)
    (window,) = told.view.windows
    best = told.view.spans[0].found[0]
    drawn = draw(extracted, told, mode="logits", width=120)
    shown = lines(drawn)
    positions = [target.position for _, target in drawn.targets]
    assert positions == [position for position, is_open in enumerate(window.open) if is_open]
    for line, target in drawn.targets:
        position = target.position or 0
        assert f" {window.start_logits[position]:.3f} " in shown[line]
        assert f" {window.end_logits[position]:.3f} " in shown[line]
        assert (shown[line][2] == "[") == (position == best.first)
        assert (shown[line][3] == "]") == (position == best.last)
        assert (target.mark is None) == (position == 0)
    closed = len(window.open) - len(positions)
    assert f"{closed} tokens that can't be an answer's edge are not shown" in " ".join(shown)


@pytest.mark.parametrize("width", WIDTHS[1:])
@pytest.mark.parametrize("longest", [2, 15])
def test_the_grid_multiplies_start_and_end(both_of: BothOf, width: int, longest: int) -> None:
    told = told_of(both_of, max_answer_len=longest)
    (window,) = told.view.windows
    best = told.view.spans[0].found[0]
    drawn = draw(extracted, told, mode="grid", width=width)
    shown = lines(drawn)
    starts = [target.position or 0 for _, target in drawn.targets]
    open_positions = [position for position, is_open in enumerate(window.open) if is_open and position]
    room = (width - 23) // 7
    middle = open_positions.index(best.last) - room // 2
    from_end = max(0, min(middle, len(open_positions) - room))
    ends = open_positions[from_end : from_end + room]
    assert best.first in starts
    assert best.last in ends
    for (line, _), first in zip(drawn.targets, starts, strict=True):
        cells = shown[line][23:].ljust(7 * len(ends))
        for number, last in enumerate(ends):
            cell = cells[number * 7 : number * 7 + 7]
            assert bool(cell.strip()) == (first <= last < first + longest)
            assert ("◂" in cell) == ((first, last) == (best.first, best.last))
            percent = window.start_probabilities[first] * window.end_probabilities[last] * 100
            if cell.strip() and percent >= 0.1:
                assert f"{percent:.1f}" in cell
    assert f"more than {longest} tokens" in " ".join(shown)
