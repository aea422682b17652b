"""Which settings `run --steps` says are in force, and whose they are, on the real engine."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.checkpoints import edit_json
from tests.headless.written import FRENCH, GENERATION, MODELS, TEXT, TRANSLATION, Ask, Told, generated, ids
from tui.headless.client import RequestError
from tui.headless.step_lines import StepLines

FILE = "generation_config.json"
STATED = {
    "do_sample": True,
    "temperature": 0.5,
    "top_k": 7,
    "min_p": 0.01,
    "repetition_penalty": 1.5,
    "epsilon_cutoff": 0.0,
    "eta_cutoff": 0.0,
}


@pytest.fixture(scope="module")
def stating(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The built-in, with a generation_config.json that says how to draw."""
    folder = tmp_path_factory.mktemp("stating") / "checkpoint"
    shutil.copytree(MODELS / "nano-generation", folder)
    edit_json(folder / FILE, **STATED)
    return str(folder)


@pytest.fixture(scope="module")
def stating_writer(stating: str) -> tuple[Any, Any]:
    return AutoTokenizer.from_pretrained(stating), AutoModelForCausalLM.from_pretrained(
        stating, dtype=torch.float32
    )


def in_force(told: Told) -> dict[str, tuple[str, str]]:
    return {each["name"]: (each["value"], each["origin"]) for each in told[-1]["settings"]}


@pytest.mark.parametrize(
    ("arguments", "do_sample"),
    [
        ((), ("False", "Logitscope")),
        (("--repetition-penalty=1.2",), ("False", "Logitscope")),
        (("--greedy",), ("False", "yours")),
        (("--seed=1",), ("True", "yours")),
        (("--top-p=1",), ("True", "yours")),
    ],
)
def test_whose_choice_it_is_to_draw(
    steps: Ask, arguments: tuple[str, ...], do_sample: tuple[str, str]
) -> None:
    assert in_force(steps(GENERATION, TEXT, "--max-new-tokens=1", *arguments))["do_sample"] == do_sample


def test_whose_choice_the_beams_are(steps: Ask) -> None:
    one = "1 (one token after the other)"
    for arguments, num_beams in (
        ((), (one, "Logitscope")),
        (("--num-beams=1",), (one, "yours")),
        (("--num-beams=2",), ("2", "yours")),
    ):
        told = in_force(steps(TRANSLATION, FRENCH, "--max-new-tokens=1", *arguments))
        assert told["num_beams"] == num_beams
        assert told["do_sample"] == ("False", "Logitscope")


def test_what_is_off_is_not_told(steps: Ask) -> None:
    assert in_force(steps(GENERATION, TEXT, "--max-new-tokens=1", "--seed=1", "--top-k=0")).keys() == {
        "do_sample",
        "eos_token_id",
    }


def test_a_penalty_that_nobody_set_is_the_checkpoints(
    steps: Ask, stating: str, stating_writer: tuple[Any, Any]
) -> None:
    most = "--max-new-tokens=15"
    own = steps(GENERATION, TEXT, most, model=stating)
    assert ids(own) == generated(stating_writer, max_new_tokens=15)
    assert in_force(own)["repetition_penalty"] == ("1.5", FILE)
    assert own[-1]["sampling"]["repetition_penalty"] is None
    off = steps(GENERATION, TEXT, most, "--repetition-penalty=1", model=stating)
    assert ids(off) == generated(stating_writer, max_new_tokens=15, repetition_penalty=1.0) != ids(own)
    assert in_force(off)["repetition_penalty"] == ("1.0", "yours")
    assert off[-1]["sampling"]["repetition_penalty"] == 1.0
    best = steps(GENERATION, TEXT, most, "--num-beams=2", model=stating)[-1]["hypotheses"][0]["ids"]
    assert best == generated(stating_writer, max_new_tokens=15, num_beams=2)


def test_drawing_obeys_what_the_checkpoint_states(
    steps: Ask, stating: str, stating_writer: tuple[Any, Any]
) -> None:
    drawn = steps(GENERATION, TEXT, "--max-new-tokens=12", "--seed=3", model=stating)
    torch.manual_seed(3)
    assert ids(drawn) == generated(stating_writer, do_sample=True, max_new_tokens=12)
    told = in_force(drawn)
    told.pop("eos_token_id")
    assert told == {
        "do_sample": ("True", "yours"),
        **{
            name: (str(STATED[name]), FILE)
            for name in ("temperature", "top_k", "min_p", "repetition_penalty")
        },
    }
    mixed = steps(
        GENERATION, TEXT, "--max-new-tokens=12", "--temperature=1", "--top-k=40", "--min-p=0", model=stating
    )
    torch.manual_seed(0)
    assert ids(mixed) == generated(
        stating_writer, do_sample=True, max_new_tokens=12, temperature=1.0, top_k=40, min_p=None
    )
    told = in_force(mixed)
    assert (told["temperature"], told["top_k"]) == (("1.0", "yours"), ("40", "yours"))
    assert (told["min_p"], told["repetition_penalty"]) == (("0.0", "yours"), ("1.5", FILE))


def test_lines_have_what_was_set(told: Callable[..., str], stating: str) -> None:
    lines = told(StepLines(), GENERATION, TEXT, "--max-new-tokens=1", "--temperature=1", model=stating)
    assert "temperature: 1\nseed: 0\n" in lines
    assert "top-k: " not in lines
    rows = [line.split() for line in lines.splitlines()]
    assert ["top_k", "7", f"({FILE})"] in rows
    assert ["temperature", "1.0", "(yours)"] in rows


def test_what_the_checkpoint_states_can_be_impossible(steps: Ask, tmp_path: Any) -> None:
    folder = tmp_path / "cold"
    shutil.copytree(MODELS / "nano-generation", folder)
    edit_json(folder / FILE, temperature=0.0)
    with pytest.raises(RequestError) as caught:
        steps(GENERATION, TEXT, "--seed=1", model=str(folder))
    assert caught.value.failure.title == "Impossible temperature"
    assert f"the checkpoint's own: its {FILE} states it" in caught.value.failure.detail
    assert caught.value.failure.hint.startswith("Set the temperature yourself, or correct that file.")
    assert len(steps(GENERATION, TEXT, "--temperature=1", "--max-new-tokens=2", model=str(folder))) == 3
    assert len(steps(GENERATION, TEXT, "--max-new-tokens=2", model=str(folder))) == 3
