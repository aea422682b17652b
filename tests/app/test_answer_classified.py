"""The drawing of label scores."""

from __future__ import annotations

import pytest

from tests.app.drawn import WIDTHS, draw, lines, styles
from tests.asking import ask
from tests.checkpoints import edit_json, make_checkpoint
from tests.engine.conftest import TinyFolder, load_here
from tests.engine.conftest import tiny as tiny  # the fixture
from tui.app.render.answers import classified


def test_one_label_is_one_line(tiny: TinyFolder) -> None:
    told = ask(load_here(tiny("bert", 2)), "dull")
    (only,) = told.answer
    (strip,) = draw(classified, told).strips
    assert strip.text == f"{only['label']} {only['score']:.4f}"
    assert [style for _, style in styles(strip)] == ["strong", "text"]


@pytest.mark.parametrize("width", WIDTHS)
def test_several_labels_are_a_table(tiny: TinyFolder, width: int) -> None:
    told = ask(load_here(tiny("bert", 5)), "dull", top_k=3)
    shown = lines(draw(classified, told, width=width))
    for line, score in zip(shown, told.answer, strict=False):
        assert score["label"] in line
        assert f" {score['score']:.4f}" in line
    assert shown[3].startswith("top 3 of 5 labels")
    if width > 76:
        rest = 1 - sum(score["score"] for score in told.answer)
        assert shown[3] == f"top 3 of 5 labels; the others hold {rest:.4f}"
        assert ("█" in shown[0]) == (told.answer[0]["score"] * 60 >= 1)


def test_logits_as_scores_have_no_bars(tiny: TinyFolder) -> None:
    told = ask(load_here(tiny("bert", 3)), "dull", top_k=3, function_to_apply="none")
    shown = lines(draw(classified, told, width=190))
    assert len(shown) == 3
    assert [line.split()[-1] for line in shown] == [f"{score['score']:.4f}" for score in told.answer]


def test_the_note_of_one_logit_is_told(tiny: TinyFolder) -> None:
    shown = lines(draw(classified, ask(load_here(tiny("bert", 1)), "dull")))
    assert "function_to_apply none shows it as it is" in " ".join(shown[1:])


@pytest.mark.parametrize("top_k", [1, 3])
@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_labels(tmp_path_factory: pytest.TempPathFactory, top_k: int, width: int) -> None:
    folder = make_checkpoint(tmp_path_factory.mktemp("hostile"), "bert", 3)
    names = {"0": "[red]\x1b[31m\u202e", "1": "東京" * 60, "2": "\n\t"}
    edit_json(folder / "config.json", id2label=names, label2id={name: int(i) for i, name in names.items()})
    told = ask(load_here(folder), "dull", top_k=top_k)
    shown = lines(draw(classified, told, width=width))
    assert shown[0].startswith(("[red]␛[", "東京", "⏎⇥"))
    assert f" {told.answer[0]['score']:.4f}" in shown[0]
