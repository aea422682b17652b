"""The drawing of a text under a causal model."""

from __future__ import annotations

import pytest

from tests.app.drawn import WIDTHS, draw, lines, styles
from tests.asking import Told, ask
from tests.engine.conftest import TinyFolder, load_here
from tests.engine.conftest import tiny as tiny  # the fixture
from tui.app.render.answers import scored
from tui.app.render.numbers import percent
from tui.protocol.answers import Scored

TASK = "text-generation"
HOSTILE = "[red]\x1b[31m\u202e東京😀 </s>\t" + "the film was dull " * 4


@pytest.fixture
def told(tiny: TinyFolder) -> Told:
    return ask(load_here(tiny("gpt2", head="CausalLM"), task=TASK), "The film was dull", max_new_tokens=5)


def view_of(told: Told) -> Scored:
    assert isinstance(told.view, Scored)
    return told.view


def test_the_continuation_and_the_perplexity_come_first(told: Told) -> None:
    view = view_of(told)
    for mode in scored.MODES:
        shown = lines(draw(scored, told, mode=mode, height=3))
        assert shown[0].startswith("→ ")
        assert shown[1].startswith(f"perplexity {view.perplexity:.2f} · ")
        assert f"bits over {len(view.tokens) - 1} tokens" in shown[1]
        assert shown[2] == "wrote 5 tokens; ended by max_new_tokens 5"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("mode", scored.MODES)
@pytest.mark.parametrize("text", ["a", HOSTILE, "the film was dull " * 60])
def test_every_width(tiny: TinyFolder, width: int, mode: str, text: str) -> None:
    told = ask(load_here(tiny("gpt2", head="CausalLM"), task=TASK), text, max_new_tokens=20)
    for height in (3, 20):
        drawn = draw(scored, told, width=width, mode=mode, height=height)
        if mode != "next":
            assert [target.position for _, target in drawn.targets] == list(range(len(view_of(told).tokens)))
        assert any(line.startswith("perplexity") for line in lines(drawn)[:height])


def test_bits_stand_under_their_tokens(told: Told) -> None:
    view, drawn = view_of(told), draw(scored, told, width=190)
    (place,) = {number for number, _ in drawn.targets}
    above, below = lines(drawn)[place : place + 2]
    tokens = told.prepared.readings[0].tokens
    assert above.replace("▸", " ").split() == [token.text for token in tokens]
    bits = [score.surprisal_bits for score in view.tokens]
    assert below.split() == ["–", *(f"{each:.1f}" for each in bits if each is not None)]
    starts = [above.index(token.text) for token in tokens[:3]]
    assert [below[start] != " " for start in starts] == [True] * 3


def test_the_selected_token_is_told_by_a_sign_and_the_cursor_moves_it(told: Told) -> None:
    for settings, name in (({"selected": 2}, 2), ({"selected": 0, "cursor": (0, 3)}, 3)):
        drawn = draw(scored, told, width=190, **settings)
        number = drawn.targets[name][0]
        (marked,) = [text for text, style in styles(drawn.strips[number]) if style == "cursor"]
        assert marked.startswith("▸" + told.prepared.readings[0].tokens[name].text)
        assert lines(drawn)[number].count("▸") == 1


def test_the_table_has_every_number(told: Told) -> None:
    drawn = draw(scored, told, mode="table", width=90, selected=1)
    shown = lines(drawn)
    for (number, target), score in zip(drawn.targets, view_of(told).tokens, strict=True):
        assert target.sequence == 0
        line = shown[number]
        assert str(target.position) in line
        if score.surprisal_bits is None:
            assert line.count("–") == 3
        else:
            assert percent(score.probability) in line
            assert f"  {score.rank}  " in line
            assert f"{score.surprisal_bits:.3f}" in line
    assert [line.startswith("▸") for line in shown].count(True) == 1


def test_the_next_tokens_have_bars_and_a_rest(told: Told) -> None:
    view, shown = view_of(told), lines(draw(scored, told, mode="next", width=90))
    rows = [line for line in shown if line.split()[:1] and line.split()[0].isdigit()]
    assert len(rows) == len(view.next) == 20
    for row, candidate in zip(rows, view.next, strict=True):
        assert percent(candidate.probability) in row
    rest = 1 - sum(candidate.probability for candidate in view.next)
    assert shown[-1] == f"top 20 after the prompt; all others hold {percent(rest)}"


def test_nothing_written_and_nothing_known(tiny: TinyFolder) -> None:
    told = ask(load_here(tiny("gpt2", head="CausalLM"), task=TASK), "a", max_new_tokens=0)
    shown = lines(draw(scored, told))
    assert shown[:2] == ["→ nothing written", "perplexity –: no token has others before it"]


def test_a_cut_prompt_says_so(tiny: TinyFolder) -> None:
    told = ask(load_here(tiny("gpt2", head="CausalLM"), task=TASK), "the film was dull " * 60)
    assert "The rest is not read" in " ".join(lines(draw(scored, told)))
