"""The drawing of hidden states as vectors."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.app.drawn import WIDTHS, draw, lines, styles
from tests.asking import Told, ask
from tests.checkpoints import edit_json, make_checkpoint
from tests.engine.conftest import TinyFolder, load_here
from tests.engine.conftest import tiny as tiny  # the fixture
from tests.engine.tasks.test_feature_extraction import TASK
from tui.app.render.answers import featured

HOSTILE = "[red]\x1b[31m 東京 😀 \u202eback\u202c [CLS] " * 4


def told_of(folder: Path, text: str = "The film was dull.", pair: str = "") -> Told:
    return ask(load_here(folder, task=TASK), {"text": text, "text_pair": pair})


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("mode", featured.MODES)
@pytest.mark.parametrize("pair", ["", "a warm story"])
@pytest.mark.parametrize("model_type", ["bert", "gpt2", "bart"])
def test_hostile_texts(tiny: TinyFolder, width: int, mode: str, pair: str, model_type: str) -> None:
    told = told_of(tiny(model_type, head=""), HOSTILE, pair)
    drawn = draw(featured, told, width=width, mode=mode, selected=999, cursor=(0, 1))
    marked = [number for number, line in enumerate(lines(drawn)) if line.startswith("▸ ")]
    assert marked == [drawn.targets[-1][0]]
    if model_type == "bart" and width > 76:
        assert "the encoder's last hidden states" in " ".join(lines(drawn))


@pytest.mark.parametrize("width", WIDTHS[1:])
def test_two_texts_begin_with_their_cosine(tiny: TinyFolder, width: int) -> None:
    told = told_of(tiny("bert", head=""), pair="a warm story")
    drawn = draw(featured, told, width=width, selected=1)
    shown = lines(drawn)
    assert shown[0].startswith(
        f"cosine {told.view.cosine:.4f}  vectors of 32 numbers: the mean of all positions"
    )
    for (number, target), vector, name in zip(
        drawn.targets, told.view.pooled, ("first text", "second text"), strict=True
    ):
        assert name in shown[number]
        assert f"norm {math.sqrt(sum(value * value for value in vector)):.4f}" in shown[number]
        assert f"{vector[0]:.4f}" in shown[number + 1].split()
        assert target.position is None
    assert [target.sequence for _, target in drawn.targets] == [0, 1]
    assert sum("of 32 numbers" in line for line in shown[1:]) == 2


def test_tokens_show_norm_closest_and_the_cosine_with_the_cursor(tiny: TinyFolder) -> None:
    told = told_of(tiny("bert", head=""))
    cosines = told.view.between_tokens
    drawn = draw(featured, told, mode="tokens", cursor=(0, 2))
    tokens = told.prepared.sequences()[0].tokens
    assert lines(drawn)[0].endswith(f"with {tokens[2].text}")
    assert len(drawn.targets) == len(tokens)
    for position, (number, target) in enumerate(drawn.targets):
        assert (target.sequence, target.position) == (0, position)
        near = told.view.closest[0][position]
        words = lines(drawn)[number].removeprefix("▸").split()
        assert words[:3] == [str(position), tokens[position].text, f"{told.view.norms[0][position]:.4f}"]
        assert words[3:6] == [f"{cosines[position][near]:.4f}", str(near), tokens[near].text]
        assert words[6] == f"{cosines[position][2]:.4f}"
    assert (f"{'[CLS]':<16}", "special") in styles(drawn.strips[1])


def test_tokens_of_two_texts_are_compared_across(tiny: TinyFolder) -> None:
    told = told_of(tiny("bert", head=""), pair="a warm story")
    cosines, counts = told.view.between_tokens, [len(norms) for norms in told.view.norms]
    drawn = draw(featured, told, mode="tokens", cursor=(1, 2))
    for number, target in drawn.targets:
        assert target.sequence is not None
        assert target.position is not None
        last = lines(drawn)[number].split()[-1]
        assert last == ("–" if target.sequence == 1 else f"{cosines[target.position][2]:.4f}")
    assert len(drawn.targets) == sum(counts)


def test_the_matrix_says_what_its_shades_are(tiny: TinyFolder) -> None:
    told = told_of(tiny("bert", head=""))
    cosines = told.view.between_tokens
    shown = lines(draw(featured, told, mode="matrix"))
    others = [
        value for line, each in enumerate(cosines) for column, value in enumerate(each) if line != column
    ]
    assert shown[0].startswith(f"·· ≥{min(others):.2f}")
    assert shown[0].endswith(f"most {max(others):.2f}")
    rows = [line[23:] for line in shown[3:]]
    for position, line in enumerate(rows):
        assert line[2 * position : 2 * position + 2] == "=="
        assert len(line) == 2 * len(cosines)
    place = [(line, column) for line in range(len(cosines)) for column in range(line)]
    highest = max(place, key=lambda each: cosines[each[0]][each[1]])
    lowest = min(place, key=lambda each: cosines[each[0]][each[1]])
    assert rows[highest[0]][2 * highest[1]] == "█"
    assert rows[lowest[0]][2 * lowest[1]] == "·"


def test_what_is_cut_is_told(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, "bert", head="", max_position_embeddings=300)
    edit_json(folder / "tokenizer_config.json", model_max_length=300)
    told = told_of(folder, "the film was dull " * 100)
    tokens = lines(draw(featured, told, mode="tokens"))
    assert tokens[-1] == "  compared: the first 128 of 300 positions"
    assert tokens[1 + 200].split()[3] == "–"
    matrix = lines(draw(featured, told, mode="matrix"))
    assert matrix[1].endswith("first 26 of 300")
    assert matrix[-1] == "  rows: first 128 of 300 positions"
