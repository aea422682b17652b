"""`run --steps` with beams, on the real engine."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from tests.headless.written import FRENCH, GENERATION, TEXT, TRANSLATION, Ask, Run
from tui.headless.step_lines import StepLines


def test_beams_are_generates(steps: Ask, writer: tuple[Any, Any]) -> None:
    tokenizer, model = writer
    told = steps(GENERATION, TEXT, "--num-beams", "3", "--max-new-tokens", "6", "--length-penalty", "0.5")
    *searched, end = told
    inputs = tokenizer(TEXT, return_tensors="pt")
    with torch.inference_mode():
        output = model.generate(
            **inputs,
            do_sample=False,
            num_beams=3,
            num_return_sequences=3,
            max_new_tokens=6,
            length_penalty=0.5,
            return_dict_in_generate=True,
            output_scores=True,
        )
    start = inputs["input_ids"].shape[1]
    assert [each["ids"] for each in end["hypotheses"]] == output.sequences[:, start:].tolist()
    assert [each["score"] for each in end["hypotheses"]] == pytest.approx(
        output.sequences_scores.tolist(), rel=1e-4
    )
    assert end["answer"] == [{"generated_text": TEXT + end["hypotheses"][0]["text"]}]
    assert [each["step"] for each in searched] == list(range(1, 7))
    assert end["tokens"] == 6
    for each in searched:
        assert {candidate["fate"] for candidate in each["candidates"]} <= {"kept", "finished", "cut"}
        last = each is searched[-1]
        assert (
            sum(candidate["fate"] == ("finished" if last else "kept") for candidate in each["candidates"])
            == 3
        )
    best = end["hypotheses"][0]
    followed = [each["candidates"][at] for each, at in zip(searched, best["candidates"], strict=True)]
    assert [candidate["token"]["id"] for candidate in followed] == best["ids"]
    assert math.fsum(candidate["log_probability"] for candidate in followed) == pytest.approx(
        best["total"], rel=1e-4
    )


def test_a_translation_with_the_checkpoints_beams(steps: Ask, run_values: Run) -> None:
    told = steps(TRANSLATION, FRENCH, "--num-beams", "4")
    plain = run_values(TRANSLATION, FRENCH)
    assert told[-1]["answer"] == plain["answer"]
    assert told[-1]["hypotheses"][0]["score"] == pytest.approx(plain["view"]["beam_score"], rel=1e-4)


def test_lines_of_a_search(told: Callable[..., str]) -> None:
    beams = told(StepLines(), GENERATION, TEXT, "--max-new-tokens", "2", "--num-beams", "2").splitlines()
    assert sum(line.startswith("  step ") for line in beams) == 2
    assert any("with length penalty" in line for line in beams)
