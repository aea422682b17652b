"""The drawing of a summary or a translation."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.app.drawn import WIDTHS, draw, lines, styles
from tests.asking import Told, ask
from tests.engine.conftest import load_here
from tests.seq2seq_checkpoints import make_writer
from tui.app.render import numbers
from tui.app.render.answers import generated
from tui.protocol.answers import Generated

ENDLESS = {"eos_token_id": None}
TEXT = "The film was dull, the acting was worse."


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = make_writer(tmp_path_factory.mktemp("t5"), "t5", generation=ENDLESS | {"max_length": 21})
    return ask(load_here(folder, task="summarization"), TEXT, num_beams=2, no_repeat_ngram_size=1)


@pytest.fixture(scope="module")
def forced(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = make_writer(tmp_path_factory.mktemp("nllb"), "nllb", generation=ENDLESS)
    return ask(load_here(folder, task="translation"), TEXT, tgt_lang="fra_Latn", max_new_tokens=3)


class Shown:
    """A told answer whose view is another."""

    def __init__(self, told: Told, **changes: Any) -> None:
        self.view: Generated = msgspec.structs.replace(told.view, **changes)
        self.texts, self.outcome, self.prepared = told.texts, told.outcome, told.prepared


def shown(told: Told, **changes: Any) -> Any:
    return Shown(told, **changes)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("mode", generated.MODES)
def test_it_fits_every_width(told: Told, forced: Told, mode: str, width: int) -> None:
    hostile = shown(told, text="\x1b[31m東京 😀\u202e\nx" * 9, note="n\x07" * 99, prefix="\x00")
    for each in (told, forced, hostile):
        drawn = draw(generated, each, mode=mode, width=width)
        assert len(drawn.strips) >= 3


def test_the_text_comes_first_then_why_it_stopped_and_how_likely_it_is(told: Told) -> None:
    drawn = draw(generated, told, width=190)
    first, stopped, likelihood, *_ = lines(drawn)
    assert first == told.answer[0]["summary_text"].rstrip()
    assert styles(drawn.strips[0])[0][1] == "strong"
    assert stopped == "Stopped: max_length 21 reached, before an end token."
    assert likelihood.startswith(
        f"20 chosen tokens, together ln p {told.view.log_probability:.4f} · a token "
    )
    assert f"score of the beam {told.view.beam_score:.4f}" in likelihood
    assert drawn.targets == ()


def test_a_text_of_nothing_is_told_as_that(told: Told) -> None:
    assert lines(draw(generated, shown(told, text="")))[0] == "nothing but special tokens"


def test_unknown_numbers_are_dashes(told: Told) -> None:
    blank = tuple(
        msgspec.structs.replace(token, text="x", probability=None, rank=None, alternatives=())
        for token in told.view.tokens
    )
    view = shown(told, tokens=blank, log_probability=None, beam_score=None)
    assert "together ln p –" in " ".join(lines(draw(generated, view)))
    assert lines(draw(generated, view, mode="tokens", width=190))[1].count("–") == 2


@pytest.mark.parametrize("width", [76, 90, 190])
def test_every_token_can_be_selected(told: Told, width: int) -> None:
    drawn = draw(generated, told, mode="tokens", width=width, selected=4)
    tokens = told.view.tokens
    assert [(target.sequence, target.position) for _, target in drawn.targets] == [
        (1, position) for position in range(1, len(tokens))
    ]
    rows = lines(drawn)
    assert rows[0].split()[:3] == ["token", "p", "#"]
    for number, target in drawn.targets:
        assert target.position is not None
        token = tokens[target.position]
        assert rows[number][1:].split()[0] == str(target.position)
        assert f" {numbers.percent(token.probability)} " in rows[number]
        assert f" {token.rank} " in rows[number]
        assert rows[number].startswith("▸" if number == drawn.targets[4][0] else " ")
    likeliest = tokens[1].alternatives[0]
    assert likeliest.text.strip(" ") in rows[1]
    if width == 190:
        assert all(each.text.strip(" ") in rows[1] for each in tokens[1].alternatives)


def test_a_forced_token_is_marked_by_more_than_color(forced: Told) -> None:
    drawn = draw(generated, forced, mode="tokens", width=90)
    row = lines(drawn)[1]
    assert row.startswith("▸!1 fra_Latn")
    assert "by forced_bos_token_id" in row
    assert not lines(drawn)[2].startswith(" !")
    assert drawn.targets[1][1].position == forced.readout().address.position


@pytest.mark.parametrize("width", [76, 190])
def test_settings_name_their_origins(told: Told, forced: Told, width: int) -> None:
    text = " ".join(" ".join(lines(draw(generated, told, mode="settings", width=width))).split())
    assert "prefix “summarize: ” config.json, task_specific_params, summarization" in text
    assert "num_beams 2 yours" in text
    assert "max_length 21 with the start token generation_config.json" in text
    assert "decoder_start_token_id 1 <pad> generation_config.json" in text
    codes = " ".join(" ".join(lines(draw(generated, forced, mode="settings", width=width))).split())
    assert "tgt_lang fra_Latn yours, as forced_bos_token_id" in codes
    assert "src_lang eng_Latn the tokenizer, as a special token" in codes
