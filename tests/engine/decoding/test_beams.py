"""Beam search and beam sampling against `generate`: ids, scores, and what is told of every candidate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
)

from tui import catalogue
from tui.engine.decoding.beams import BeamLoop
from tui.engine.errors import Abandoned, EngineError
from tui.protocol.writing.beams import BeamCandidate

Told = list[tuple[int, tuple[BeamCandidate, ...], int]]


def folder(name: str) -> Path:
    found = catalogue.built_in_folder(name)
    assert found is not None
    return found


class Both:
    """A model, and inputs for it."""

    def __init__(self, model: Any, inputs: dict[str, Any], start: int) -> None:
        self.model, self.inputs, self.start = model.eval(), inputs, start

    def search(self, written: tuple[int, ...] = (), seed: int = 0, **asked: Any) -> tuple[BeamLoop, Told]:
        told: Told = []
        loop = BeamLoop(
            written, seed, lambda index: f"<{index}>", lambda: None, lambda *step: told.append(step)
        )
        with torch.inference_mode():
            self.model.generate(**self.inputs, **asked, custom_generate=loop)
        return loop, told

    def generate(self, **asked: Any) -> tuple[list[list[int]], list[float]]:
        output = self.model.generate(
            **self.inputs,
            **asked,
            num_return_sequences=asked["num_beams"],
            return_dict_in_generate=True,
            output_scores=True,
        )
        real = output.sequences_scores > -1e8
        return output.sequences[real][:, self.start :].tolist(), output.sequences_scores[real].tolist()


@pytest.fixture(scope="module")
def decoder() -> Both:
    model: Any = AutoModelForCausalLM.from_pretrained(folder("nano-generation"), dtype=torch.float32)
    encoded = AutoTokenizer.from_pretrained(folder("nano-generation"))(
        "The library reads", return_tensors="pt"
    )
    return Both(model, dict(encoded), encoded.input_ids.shape[1])


@pytest.fixture(scope="module", params=["nano-translation", "nano-summarization"])
def pair(request: pytest.FixtureRequest) -> Both:
    model: Any = AutoModelForSeq2SeqLM.from_pretrained(folder(request.param), dtype=torch.float32)
    text = "Ce logiciel permet de lire les fichiers."
    encoded = AutoTokenizer.from_pretrained(folder(request.param))(text, return_tensors="pt")
    names = ("input_ids", "attention_mask")
    return Both(model, {name: encoded[name] for name in names}, 1)


@pytest.fixture(scope="module")
def tiny() -> Both:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=23,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        initializer_range=1.0,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=0,
    )
    model: Any = LlamaForCausalLM(config)
    return Both(model, {"input_ids": torch.tensor([[3, 4, 5]])}, 3)


def bare(ids: list[int], padding: int, ends: set[int]) -> list[int]:
    """Without what `generate` fills shorter sequences up with."""
    for place, index in enumerate(ids):
        if index in ends:
            return ids[: place + 1]
    while ids and ids[-1] == padding:
        ids = ids[:-1]
    return ids


def assert_same(both: Both, ends: set[int], padding: int, **asked: Any) -> None:
    loop, told = both.search(**asked)
    sequences, scores = both.generate(**asked)
    assert [hypothesis.score for hypothesis in loop.hypotheses] == scores
    mine = [bare(list(hypothesis.ids), padding, ends) for hypothesis in loop.hypotheses]
    assert mine == [bare(ids, padding, ends) for ids in sequences]
    penalty = asked.get("length_penalty", 1.0)
    for hypothesis in loop.hypotheses:
        followed = [told[step][1][place] for step, place in enumerate(hypothesis.beams)]
        assert [candidate.id for candidate in followed] == list(hypothesis.ids)
        total = sum(candidate.log_probability for candidate in followed)
        assert total == pytest.approx(hypothesis.total, rel=1e-4, abs=1e-4)
        if "length_penalty" in asked:
            assert hypothesis.total / len(hypothesis.ids) ** penalty == pytest.approx(
                hypothesis.score, rel=1e-4
            )
        assert followed[-1].fate == "finished"
        assert {candidate.fate for candidate in followed[:-1]} <= {"kept"}
    for step, (number, candidates, _) in enumerate(told):
        assert number == step
        kept = [candidate for candidate in candidates if candidate.fate == "kept"]
        assert len(kept) in (0, asked["num_beams"])
        assert [each.score for each in candidates] == sorted(
            (each.score for each in candidates), reverse=True
        )
        assert all(candidate.why for candidate in candidates)


@pytest.mark.parametrize(
    "asked",
    [
        {"num_beams": 3, "max_new_tokens": 12},
        {"num_beams": 2, "max_new_tokens": 9, "length_penalty": 0.0},
        {"num_beams": 4, "max_new_tokens": 8, "no_repeat_ngram_size": 2, "repetition_penalty": 1.3},
        {"num_beams": 4, "max_new_tokens": 20, "early_stopping": True},
        {"num_beams": 4, "max_new_tokens": 20, "early_stopping": "never", "length_penalty": 2.0},
    ],
)
def test_the_built_in_checkpoints(decoder: Both, pair: Both, asked: dict[str, Any]) -> None:
    for both in (decoder, pair):
        config = both.model.generation_config
        assert_same(both, {config.eos_token_id}, config.pad_token_id or 0, do_sample=False, **asked)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    beams=st.integers(2, 5),
    penalty=st.sampled_from([-1.0, 0.0, 0.6, 1.0, 2.0]),
    early=st.sampled_from([False, True, "never"]),
    ends=st.sets(st.integers(1, 22), max_size=3),
    most=st.integers(1, 9),
)
def test_any_settings(
    tiny: Both, beams: int, penalty: float, early: bool | str, ends: set[int], most: int
) -> None:
    eos = sorted(ends) or None
    if beams * max(2, 1 + len(ends)) > beams * 23:
        return
    tiny.model.generation_config.eos_token_id = eos
    assert_same(
        tiny,
        ends,
        0,
        num_beams=beams,
        length_penalty=penalty,
        early_stopping=early,
        max_new_tokens=most,
        do_sample=False,
        eos_token_id=eos,
    )


@pytest.mark.parametrize("seed", [0, 7, 2**40])
def test_beam_sampling_draws_what_generate_draws(decoder: Both, pair: Both, seed: int) -> None:
    asked: dict[str, Any] = {
        "num_beams": 3,
        "max_new_tokens": 8,
        "do_sample": True,
        "temperature": 1.2,
        "top_k": 30,
    }
    for both in (decoder, pair):
        torch.manual_seed(seed)
        sequences, scores = both.generate(**asked)
        loop, _ = both.search(seed=seed, **asked)
        assert [hypothesis.score for hypothesis in loop.hypotheses][:1] == scores[:1]
        ends = {both.model.generation_config.eos_token_id}
        assert bare(list(loop.hypotheses[0].ids), 0, ends) == bare(sequences[0], 0, ends)


def test_it_begins_behind_what_is_written(decoder: Both) -> None:
    loop, told = decoder.search(written=(300, 14), num_beams=3, max_new_tokens=6, do_sample=False)
    longer = torch.cat([decoder.inputs["input_ids"], torch.tensor([[300, 14]])], dim=-1)
    there = Both(
        decoder.model, {"input_ids": longer, "attention_mask": torch.ones_like(longer)}, longer.shape[1]
    )
    _, scores = there.generate(num_beams=3, max_new_tokens=4, do_sample=False)
    assert [hypothesis.score for hypothesis in loop.hypotheses] == pytest.approx(scores, rel=1e-5)
    assert len(told) == 4


def test_more_beams_than_tokens(tiny: Both) -> None:
    tiny.model.generation_config.eos_token_id = None
    with pytest.raises(EngineError, match="More beams"):
        tiny.search(num_beams=3, max_new_tokens=2, do_sample=False, eos_token_id=list(range(23)))


def test_it_is_given_up_between_two_steps(decoder: Both) -> None:
    told: Told = []

    def check() -> None:
        if len(told) == 2:
            raise Abandoned

    loop = BeamLoop((), 0, str, check, lambda *step: told.append(step))
    with pytest.raises(Abandoned), torch.inference_mode():
        decoder.model.generate(
            **decoder.inputs, num_beams=3, max_new_tokens=20, do_sample=False, custom_generate=loop
        )
    assert len(told) == 2
