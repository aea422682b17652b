"""The script of text generation gives the engine's numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from tests.asking import ask, by_index
from tests.checkpoints import MAX_TOKENS, make_checkpoint, wordpiece
from tests.engine.conftest import load_here
from tui.protocol.answers import Scored
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.scripts import Asked, script

TASK = "text-generation"
TEXTS = (
    "The film was dull.\n'Nobody' \"laughed\" \\ {}",
    "the film was dull " * 40,
    "user: 東京\nassistant: The \x1b[31m",
    "system: Be brief.\nHello",
)
TEMPLATE = (
    "<|endoftext|>{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = make_checkpoint(tmp_path_factory.mktemp("chat"), "gpt2", head="CausalLM")
    tokenizer = AutoTokenizer.from_pretrained(place)
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(place)
    return place


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("options", [{}, {"chat": True, "max_new_tokens": 3}, {"max_new_tokens": 0}])
@pytest.mark.parametrize(
    ("readout", "position"),
    [(ReadoutSettings(), None), (ReadoutSettings(0.5), 2), (ReadoutSettings(function="none"), 0)],
)
def test_the_numbers(
    folder: Path, text: str, options: dict[str, Any], readout: ReadoutSettings, position: int | None
) -> None:
    address = RowAddress(0, position)
    asked = Asked(TASK, str(folder), None, {"text": text}, options, readout, address, MAX_TOKENS)
    found: dict[str, Any] = {}
    exec(compile(script(asked), "script", "exec"), found)
    told = ask(load_here(folder, task=TASK), text, **options)
    read = told.readout(address, temperature=readout.temperature, function=readout.function)
    logits, probabilities = by_index(read)
    assert found["answer"] == told.answer
    assert found["logits"].tolist() == logits
    assert found["probabilities"].tolist() == pytest.approx(probabilities, abs=1e-9)
    assert isinstance(told.view, Scored)
    assert found["bits"].tolist() == pytest.approx([each.surprisal_bits for each in told.view.tokens[1:]])
    assert found["perplexity"] == pytest.approx(told.view.perplexity)


def test_no_token_types_reach_the_model(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, "gpt2", head="CausalLM")
    wordpiece().save_pretrained(folder)
    asked = Asked(
        TASK, str(folder), None, {"text": "a film"}, {}, ReadoutSettings(), RowAddress(), MAX_TOKENS
    )
    found: dict[str, Any] = {}
    exec(compile(script(asked), "script", "exec"), found)
    told = ask(load_here(folder, task=TASK), "a film")
    assert found["answer"] == told.answer
    assert found["logits"].tolist() == by_index(told.readout())[0]


def test_a_script_without_a_limit(folder: Path) -> None:
    text = script(Asked(TASK, str(folder), None, {"text": "a"}, {}, ReadoutSettings(), RowAddress(), None))
    assert "truncation" not in text
    assert "most = 20" in text


@pytest.mark.parametrize("position", [None, 3])
def test_penalty_and_filters_are_those_of_the_screen(folder: Path, position: int | None) -> None:
    readout = ReadoutSettings(
        temperature=0.7, repetition_penalty=1.3, top_k=60, top_p=0.9, min_p=0.01, typical_p=0.8, top=1_000_000
    )
    address = RowAddress(0, position)
    text = "the film was dull, the film was long"
    asked = Asked(
        TASK, str(folder), None, {"text": text}, {"max_new_tokens": 0}, readout, address, MAX_TOKENS
    )
    found: dict[str, Any] = {}
    exec(compile(script(asked), "script", "exec"), found)
    told = ask(load_here(folder, task=TASK), text, max_new_tokens=0)
    read, _ = told.runner.read_out(1, told.outcome, readout, address)
    rows = sorted(read.rows, key=lambda row: row.index)
    assert found["probabilities"].tolist() == pytest.approx([row.probability for row in rows], abs=1e-9)
    assert found["kept"].tolist() == [row.kept for row in rows]
    assert 0 < sum(found["kept"].tolist()) < 60
    renormalized = [row.renormalized or 0.0 for row in rows]
    assert found["renormalized"].tolist() == pytest.approx(renormalized, abs=1e-9)
