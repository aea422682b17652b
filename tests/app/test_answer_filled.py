"""The drawing of guesses for masks."""

from __future__ import annotations

import pytest

from tests.app.drawn import WIDTHS, draw, lines, styles
from tests.asking import Told, ask
from tests.engine.conftest import TinyFolder, load_here
from tests.engine.conftest import tiny as tiny  # the fixture
from tui.app.render.answers import filled
from tui.app.render.numbers import percent
from tui.protocol.answers import Filled

TASK = "fill-mask"
ONE = "The ___ was dull."
TWO = "The ___ was [MASK]."


def told_of(tiny: TinyFolder, text: str, model_type: str = "bert", **options: int | str) -> Told:
    return ask(load_here(tiny(model_type, head="MaskedLM"), task=TASK), text, **options)


def view_of(told: Told) -> Filled:
    assert isinstance(told.view, Filled)
    return told.view


def test_the_best_guess_comes_first(tiny: TinyFolder) -> None:
    told = told_of(tiny, ONE)
    shown, (mask,) = lines(draw(filled, told)), view_of(told).masks
    for line, fill in zip(shown, mask.fills, strict=False):
        assert line[2:].startswith(fill.text)
        assert percent(fill.score) in line
    held = sum(fill.score for fill in mask.fills)
    assert shown[5] == f"top 5 of {view_of(told).total}; all other tokens hold {percent(1 - held)}"


def test_with_several_masks_the_best_of_each_come_first(tiny: TinyFolder) -> None:
    told = told_of(tiny, TWO)
    shown, masks = lines(draw(filled, told)), view_of(told).masks
    assert shown[0] == "  ".join(f"{mask.fills[0].text} {percent(mask.fills[0].score)}" for mask in masks)
    titles = [f"mask {number} of 2, position {mask.position}" for number, mask in enumerate(masks, 1)]
    assert [line for line in shown if line.startswith("mask")] == titles


@pytest.mark.parametrize("mode", filled.MODES)
def test_enter_puts_a_guess_in_the_place_of_its_mask(tiny: TinyFolder, mode: str) -> None:
    told = told_of(tiny, TWO, top_k=3)
    drawn, masks = draw(filled, told, mode=mode, selected=4), view_of(told).masks
    targets = [target for _, target in drawn.targets]
    assert [target.position for target in targets] == [mask.position for mask in masks for _ in mask.fills]
    for target, fill in zip(targets, [fill for mask in masks for fill in mask.fills], strict=True):
        assert target.replacement == fill.typed
        assert target.mark is not None
        field, start, end = target.mark
        assert TWO[start:end].strip() in ("___", "[MASK]")
        assert field == 0
    number = drawn.targets[4][0]
    assert lines(drawn)[number].startswith("▸")
    assert [line.startswith("▸") for line in lines(drawn)].count(True) == 1
    assert "cursor" in [style for _, style in styles(drawn.strips[number])]


def test_half_a_character_can_not_be_typed(tiny: TinyFolder) -> None:
    told = told_of(tiny, ONE, "roberta", top_k=300)
    targets = [target for _, target in draw(filled, told).targets]
    assert None in [target.replacement for target in targets]
    assert not any("\ufffd" in (target.replacement or "") for target in targets)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("mode", filled.MODES)
@pytest.mark.parametrize("model_type", ["bert", "roberta", "xlm-roberta"])
def test_every_width(tiny: TinyFolder, width: int, mode: str, model_type: str) -> None:
    text = "[red]\x1b[31m\u202e東京😀 ___ </s>\t<mask> the film was dull"
    told = told_of(tiny, text, model_type, top_k=60)
    drawn = draw(filled, told, width=width, mode=mode)
    assert len(drawn.targets) == 120


def test_wide_rows_hold_the_sentence(tiny: TinyFolder) -> None:
    told = told_of(tiny, ONE)
    sentence = view_of(told).masks[0].fills[0].sentence
    assert sentence in lines(draw(filled, told, width=190))[0]
    assert sentence not in lines(draw(filled, told, width=76))[0]
    assert sentence in lines(draw(filled, told, width=76, mode="sentences"))[0]


def test_what_became_of_the_targets(tiny: TinyFolder) -> None:
    told = told_of(tiny, ONE, targets="film,zzz")
    shown = " ".join(lines(draw(filled, told, width=190)))
    assert "`zzz` does not exist in the model vocabulary. Replacing with `z`." in shown
    assert "all 2 looked at; all other tokens hold" in shown
