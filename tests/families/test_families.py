"""A short choice of the families, in the suite; `python -m tests.families` runs all of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from tests.asking import ask
from tests.checkpoints import MAX_TOKENS
from tests.engine.conftest import load_here
from tests.families.comparing import LONG, compare
from tests.families.making import POSITIONS, config_of, make_family
from tests.seq2seq_checkpoints import make_writer
from tui.engine.sources.limits import position_limit
from tui.tasks import TASKS

CHOICE = {
    "text-generation": {
        "bamba": "its own preparation keeps one row of logits",
        "falcon_h1": "so does this one's, and its layers hold two kinds of states",
        "rwkv": "a state that is no cache",
        "xlm": "a mask token behind the text, and a cache that doesn't fit it",
        "bert": "reads both ways",
        "roberta": "positions of its own, unless generate hands it others",
        "bart": "a decoder whose embeddings the library doesn't find",
        "prophetnet": "one token at a time behind a cache",
    },
}


@pytest.mark.parametrize(
    ("task", "family"), [(task, family) for task, families in CHOICE.items() for family in families]
)
def test_a_family_answers_as_the_library_does(tmp_path: Path, task: str, family: str) -> None:
    found = list(compare(make_family(tmp_path, family, TASKS[task].needs.auto_class), task))
    assert [each for each in found if each.verdict in ("differs", "fails here")] == []
    assert sum(each.verdict == "agrees" for each in found) > len(found) // 2


@pytest.mark.parametrize(
    ("family", "head", "expected"),
    [
        ("gpt_bigcode", "CausalLM", POSITIONS),
        ("mpt", "CausalLM", POSITIONS),
        ("prophetnet", "CausalLM", POSITIONS - 2),
        ("mpnet", "MaskedLM", POSITIONS - 2),
        ("layoutlmv3", "TokenClassification", POSITIONS - 1),
        ("xlnet", "CausalLM", None),
        ("funnel", "MaskedLM", None),
        ("xglm", "CausalLM", None),
    ],
)
def test_the_limit_is_what_the_model_reads(family: str, head: str, expected: int | None) -> None:
    """By whatever name the config has for it; where positions are no table's, none is made up."""
    config = config_of(family, 100)
    made: Any = getattr(transformers, f"AutoModelFor{head}")
    model = made.from_config(config).eval()
    assert (
        position_limit({**config.to_dict(), **({} if expected else {"max_position_embeddings": 8})})
        == expected
    )
    last = expected or 2 * POSITIONS
    with torch.inference_mode():
        model(input_ids=torch.full((1, last), 7))
        if expected:
            with pytest.raises((IndexError, RuntimeError)):
                model(input_ids=torch.full((1, last + 1), 7))


def test_a_disentangled_model_without_positions_of_its_own_has_no_limit() -> None:
    """DeBERTa-v3 states 512 and reads any number: `position_biased_input` is what adds a table."""
    assert position_limit({"model_type": "deberta-v2", "max_position_embeddings": 512}) == 512
    config = {"model_type": "deberta-v2", "max_position_embeddings": 512, "position_biased_input": False}
    assert position_limit(config) is None


@pytest.mark.parametrize("kind", ["led", "bert2bert"])
def test_each_stack_has_its_own_limit(tmp_path: Path, kind: str) -> None:
    if kind == "led":
        folder = make_family(tmp_path, "led", "AutoModelForSeq2SeqLM", max_decoder_position_embeddings=24)
    else:
        folder = make_writer(tmp_path, "bert2bert")
        config = tmp_path / "config.json"
        assert "max_position_embeddings" not in json.loads(config.read_text())
    loaded = load_here(folder, task="summarization")
    whole = loaded.model.config
    encoder, decoder = position_limit(whole.to_dict()), position_limit(_decoder(whole), "decoder")
    assert (encoder, decoder) == ((POSITIONS, 24) if kind == "led" else (MAX_TOKENS, MAX_TOKENS))
    told = ask(loaded, LONG, max_new_tokens=40, min_new_tokens=40)
    assert len(told.prepared.readings[0].ids) == loaded.tokenizer.limit == encoder
    assert len(told.view.tokens) == min(41, (decoder or 0) + 1)


def _decoder(config: Any) -> Any:
    return config.get_text_config(decoder=True).to_dict()
