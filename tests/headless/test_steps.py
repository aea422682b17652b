"""`run --steps` with the real engine and built-in checkpoints: every token against transformers' own `generate`."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer
from transformers.generation import logits_process as made

from tests.checkpoints import edit_json, make_checkpoint
from tests.digits import shows
from tests.headless.test_run import ROOT
from tests.headless.written import (
    ENDING,
    FRENCH,
    GENERATION,
    MODELS,
    SUMMARIZATION,
    TEXT,
    TRANSLATION,
    Ask,
    Run,
    generated,
    ids,
    rows,
)
from tests.patience import PATIENCE
from tui.headless.client import RequestError
from tui.headless.step_lines import StepLines

RUN = (sys.executable, "-m", "tui", "run", GENERATION, "--steps", "--json", "--model", "nano-generation")


# ----------------------------------------------------------------------------------------------- greedy


def test_greedy_steps_are_generates_and_the_answer_is_runs(
    steps: Ask, run_values: Run, writer: tuple[Any, Any]
) -> None:
    told = steps(GENERATION, TEXT, "--max-new-tokens", "12")
    assert ids(told) == generated(writer, max_new_tokens=12)
    assert [each["step"] for each in told[:-1]] == list(range(1, 13))
    assert all(each["input"] == 1 for each in told)
    end = told[-1]
    assert end["answer"] == run_values(GENERATION, TEXT, max_new_tokens=12)["answer"]
    assert end["stopped"]["kind"] == "length"
    assert (end["tokens"], end["prompt_tokens"]) == (12, len(writer[0](TEXT)["input_ids"]))
    assert end["tokens_per_second"] == pytest.approx(12 / end["seconds"])


def test_every_number_is_that_of_the_models_logits(steps: Ask, writer: tuple[Any, Any]) -> None:
    told = steps(GENERATION, TEXT, "--max-new-tokens", "6", "--alternatives", "9")
    logits = rows(writer, ids(told)).double()
    probabilities = logits.softmax(-1)
    total = 0.0
    for each, row, mass in zip(told[:-1], logits, probabilities, strict=True):
        chosen = each["token"]["id"]
        assert each["probability"] == pytest.approx(mass[chosen].item(), rel=1e-4)
        assert each["log_probability"] == pytest.approx(math.log(each["probability"]))
        assert each["rank"] == int((row > row[chosen]).sum()) + 1 == 1
        assert each["entropy_bits"] == pytest.approx(-(mass * mass.log2()).sum().item(), rel=1e-4)
        assert [top["id"] for top in each["top"]] == row.topk(9).indices.tolist()
        assert [top["probability"] for top in each["top"]] == pytest.approx(
            mass.topk(9).values.tolist(), rel=1e-4
        )
        assert each["top"][0]["text"] == each["token"]["text"]
        assert 0 < math.fsum(top["probability"] for top in each["top"]) <= 1 + 1e-9
        assert each["seconds"] > 0
        assert each["by"] == "greedy"
        total += math.log(mass[chosen].item())
    assert told[-1]["log_probability"] == pytest.approx(total, rel=1e-4)
    assert told[-1]["perplexity"] == pytest.approx(math.exp(-total / 6), rel=1e-4)


def test_no_alternatives_and_no_tokens(steps: Ask) -> None:
    assert [
        each["top"] for each in steps(GENERATION, TEXT, "--max-new-tokens=2", "--alternatives=0")[:-1]
    ] == [[], []]
    (end,) = steps(GENERATION, TEXT, "--max-new-tokens", "0")
    assert end["answer"] == [{"generated_text": TEXT}]
    assert (end["tokens"], end["log_probability"], end["tokens_per_second"]) == (0, None, None)


def test_a_translation_step_by_step(steps: Ask, run_values: Run, translator: tuple[Any, Any]) -> None:
    tokenizer, model = translator
    told = steps(TRANSLATION, FRENCH)
    with torch.inference_mode():
        expected = model.generate(**tokenizer(FRENCH, return_tensors="pt"), num_beams=1, do_sample=False)[
            0
        ].tolist()
    assert [0, *ids(told)] == expected
    assert told[-1]["answer"] == run_values(TRANSLATION, FRENCH, num_beams=1)["answer"]
    assert told[-1]["stopped"]["kind"] == "end"
    assert told[-2]["token"]["special"]


def test_the_checkpoints_own_length_holds_where_none_is_given(steps: Ask, run_values: Run) -> None:
    text = "The council of the town met on Monday. It will build a new school near the river. " * 6
    told = steps(SUMMARIZATION, text, "--min-new-tokens", "39")
    assert told[-1]["tokens"] == 39  # max_length 40 of its generation_config.json, the start token among them
    assert told[-1]["answer"] == run_values(SUMMARIZATION, text, num_beams=1, min_new_tokens=39)["answer"]
    short = steps(SUMMARIZATION, text, "--max-new-tokens", "3")
    assert ids(short) == ids(steps(SUMMARIZATION, text))[:3]


# --------------------------------------------------------------------------------------------- sampling

SHAPED = ("--temperature=1.4", "--repetition-penalty=1.2", "--top-k=40", "--top-p=0.95", "--max-new-tokens=8")


def test_the_same_seed_draws_the_same(steps: Ask) -> None:
    one, again, other = (steps(GENERATION, TEXT, *SHAPED, "--seed", seed) for seed in ("7", "7", "8"))
    assert ids(one) == ids(again) != ids(other)
    assert one[-1]["answer"] == again[-1]["answer"]
    assert one[-1]["decoding"]["seed"] == 7
    assert ids(steps(GENERATION, TEXT, *SHAPED)) == ids(steps(GENERATION, TEXT, *SHAPED, "--seed", "0"))
    assert all(each["by"] == "sample" for each in one[:-1])


def test_what_is_drawn_from_is_what_transformers_leaves(steps: Ask, writer: tuple[Any, Any]) -> None:
    told = steps(GENERATION, TEXT, *SHAPED, "--seed", "3")
    written = ids(told)
    prompt = writer[0](TEXT)["input_ids"]
    for place, (each, row) in enumerate(zip(told[:-1], rows(writer, written), strict=True)):
        before = torch.tensor([prompt + written[:place]])
        scores = row[None].clone()
        for processor in (
            made.RepetitionPenaltyLogitsProcessor(1.2),
            made.TemperatureLogitsWarper(1.4),
            made.TopKLogitsWarper(40),
            made.TopPLogitsWarper(0.95),
        ):
            scores = processor(before, scores)
        left = scores[0].double().softmax(-1)
        assert each["kept"] == int((left > 0).sum())
        assert each["kept_probability"] == pytest.approx(left[written[place]].item(), rel=1e-3)
        assert each["kept_probability"] > 0
        assert each["probability"] == pytest.approx(row.double().softmax(-1)[written[place]].item(), rel=1e-4)


def test_greedy_with_numbers_for_drawing_takes_the_likeliest(steps: Ask, writer: tuple[Any, Any]) -> None:
    numbers = ("--temperature=2", "--top-k=3", "--seed=4", "--max-new-tokens=8")
    assert ids(steps(GENERATION, TEXT, "--greedy", *numbers)) == generated(writer, max_new_tokens=8)
    penalized = steps(GENERATION, TEXT, "--repetition-penalty=1.5", "--max-new-tokens=15")
    assert ids(penalized) == generated(writer, max_new_tokens=15, repetition_penalty=1.5)
    assert ids(penalized) != generated(writer, max_new_tokens=15)


# -------------------------------------------------------------------------------- bans, stops, constraints


def test_what_is_banned_is_not_written(steps: Ask, writer: tuple[Any, Any]) -> None:
    plain = ids(steps(GENERATION, TEXT, "--max-new-tokens", "8"))
    told = steps(GENERATION, TEXT, "--max-new-tokens=8", "--ban", str(plain[0]), "--ban", str(plain[1]))
    assert not {plain[0], plain[1]} & set(ids(told))
    assert ids(told) == generated(writer, max_new_tokens=8, bad_words_ids=[[plain[0]], [plain[1]]])
    assert told[0]["top"][0]["id"] == plain[0]  # the model's own distribution still has it
    assert told[0]["rank"] > 1
    assert ids(steps(GENERATION, TEXT, "--no-repeat-ngram-size=1", "--max-new-tokens=20")) == generated(
        writer, max_new_tokens=20, no_repeat_ngram_size=1
    )


def test_an_id_that_no_token_has_can_not_be_banned(steps: Ask) -> None:
    assert len(steps(GENERATION, TEXT, "--max-new-tokens=1", "--ban=4095")) == 2
    for more in ((), ("--num-beams", "2")):
        with pytest.raises(RequestError) as caught:
            steps(GENERATION, TEXT, "--max-new-tokens=1", "--ban=7", "--ban=4096", *more)
        failure = caught.value.failure
        assert failure.title == "No such token"
        assert failure.detail == "4096 can't be banned: the model's ids go from 0 to 4095."
        assert "from 0 to 4095" in failure.hint
        assert not caught.value.lost


def test_a_stop_string_ends_it(steps: Ask, writer: tuple[Any, Any]) -> None:
    tokenizer, _ = writer
    plain = generated(writer, max_new_tokens=20)
    word = tokenizer.decode(plain[4:5]).strip()
    assert word
    told = steps(GENERATION, TEXT, "--stop", word, "--stop", "never to be found", "--max-new-tokens", "20")
    expected = generated(
        writer, max_new_tokens=20, stop_strings=[word, "never to be found"], tokenizer=tokenizer
    )
    assert ids(told) == expected
    assert len(expected) < 20
    assert told[-1]["stopped"]["kind"] == "stop string"
    assert word in told[-1]["stopped"]["words"]


def test_an_end_token_ends_it_and_is_told(steps: Ask, writer: tuple[Any, Any]) -> None:
    told = steps(GENERATION, ENDING, "--max-new-tokens", "40")
    assert ids(told) == generated(writer, ENDING, max_new_tokens=40)
    assert told[-2]["token"] == {"id": 0, "text": "<|endoftext|>", "special": True}
    assert told[-1]["stopped"]["kind"] == "end"
    assert told[-1]["tokens"] == len(told) - 1 < 40
    assert "<|endoftext|>" not in told[-1]["answer"][0]["generated_text"]
    longer = steps(GENERATION, ENDING, "--max-new-tokens=40", "--min-new-tokens=20")
    assert ids(longer) == generated(writer, ENDING, max_new_tokens=40, min_new_tokens=20)
    assert longer[-1]["tokens"] >= 20


# ------------------------------------------------------------------------------------- what can go wrong


@pytest.mark.parametrize(
    "text",
    [
        "👍🏽 e\u0301 日本語",
        "שלום \u202eעולם",
        "red \x1b[31m [bold]x[/] \x00",
        "\ufeff \u2028",
        " ",
        "a" * 100,
    ],
    ids=["emoji", "right-to-left", "escapes", "marks", "space", "long"],
)
def test_texts_of_every_kind(steps: Ask, told: Callable[..., str], run_values: Run, text: str) -> None:
    end = steps(GENERATION, text, "--max-new-tokens", "3")[-1]
    assert end["answer"] == run_values(GENERATION, text, max_new_tokens=3)["answer"]
    printed = told(StepLines(), GENERATION, text, "--max-new-tokens", "3")
    assert all(char.isprintable() or char == "\n" for char in printed)


def test_a_prompt_of_nothing_begins_with_bos_as_for_run(steps: Ask, run_values: Run) -> None:
    told = steps(GENERATION, "", "--max-new-tokens", "3")
    assert told[-1]["prompt_tokens"] == 1
    assert told[-1]["answer"] == run_values(GENERATION, "", max_new_tokens=3)["answer"]


def test_a_prompt_beyond_the_models_positions(steps: Ask) -> None:
    with pytest.raises(RequestError) as long:
        steps(GENERATION, "word " * 5000)
    assert not long.value.lost
    assert "tokens" in long.value.failure.detail
    assert len(steps(GENERATION, TEXT, "--max-new-tokens", "2")) == 3  # the engine goes on


def test_the_models_positions_end_it(steps: Ask, writer: tuple[Any, Any]) -> None:
    tokenizer, model = writer
    text = "the dog " * 10
    while len(tokenizer(text + "the dog ")["input_ids"]) < model.config.n_positions:
        text += "the dog "
    told = steps(GENERATION, text, "--max-new-tokens", "60", "--min-new-tokens", "60")
    assert told[-1]["stopped"]["kind"] == "positions"
    assert told[-1]["tokens"] < 60


def test_a_conversation_is_answered_as_run_does(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, "gpt2", head="CausalLM")
    template = (
        "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant: "
    )
    edit_json(folder / "tokenizer_config.json", chat_template=template)
    command = [
        *RUN[:-2],
        "--model",
        str(folder),
        "--chat",
        "--max-new-tokens",
        "4",
        "user: the film\nwas dull",
    ]
    stepped = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=PATIENCE)
    assert stepped.returncode == 0, stepped.stderr
    command.remove("--steps")
    plain = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=PATIENCE)
    end = json.loads(stepped.stdout.splitlines()[-1])
    assert end["answer"] == json.loads(plain.stdout)["answer"]
    assert end["answer"][0]["generated_text"][-1]["role"] == "assistant"


# ------------------------------------------------------------------------------------------ the command


def test_lines_of_standard_input_each_with_its_number() -> None:
    command = [*RUN, "--max-new-tokens", "2", "-", TEXT]
    given = b"Once upon\n" + b"word " * 5000 + b"\nThe dog\n"
    done = subprocess.run(command, cwd=ROOT, input=given, capture_output=True, timeout=PATIENCE)
    assert done.returncode == 1  # the second line is more than the model has positions for
    assert b"Traceback" not in done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["input"], "answer" in each) for each in told] == [
        (number, last) for number in (1, 3, 4) for last in (False, False, True)
    ]
    assert [each["inputs"]["text"] for each in told if "answer" in each] == ["Once upon", "The dog", TEXT]


def test_control_c_leaves_what_was_written() -> None:
    command = [*RUN, "--max-new-tokens", "200", "--min-new-tokens", "200", *[TEXT] * 50]
    # bufsize: no more is read than the lines, or `communicate` would miss it.
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(5)]
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (130, b"")
    told = [json.loads(line) for line in [*lines, *rest.splitlines()]]
    end = told[-1]
    assert end["stopped"]["kind"] == "cancelled"
    assert end["tokens"] == len([each for each in told if each["input"] == end["input"]]) - 1
    tokenizer: Any = AutoTokenizer.from_pretrained(MODELS / "nano-generation")
    mine = [each["token"]["id"] for each in told[:-1] if each["input"] == end["input"]]
    assert end["answer"] == [{"generated_text": TEXT + tokenizer.decode(mine, skip_special_tokens=True)}]


def test_lines_to_read(told: Callable[..., str], steps: Ask) -> None:
    values = steps(GENERATION, TEXT, "--max-new-tokens", "3")
    lines = told(StepLines(), GENERATION, TEXT, "--max-new-tokens", "3").splitlines()
    head = next(number for number, line in enumerate(lines) if line.split()[:2] == ["step", "id"])
    for line, each in zip(lines[head + 1 : head + 4], values, strict=False):
        assert line.split()[:2] == [str(each["step"]), str(each["token"]["id"])]
        assert shows(line, each["probability"])
    assert any(line.startswith("  ended: length") for line in lines)
