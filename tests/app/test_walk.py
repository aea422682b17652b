"""The walk from text to answer, on the real engine and the built-in checkpoint."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from tests.app.driving import SAMPLE, SIZES, Driver, playground
from tests.digits import shows
from tui.app.render import numbers

NANO = Path("tui/models/nano-sentiment").resolve()


def on_screen(driver: Driver, wanted: str) -> bool:
    return wanted in "\n".join(driver.painted())


@pytest.mark.parametrize("size", SIZES)
async def test_the_first_screen_is_a_finished_analysis(state_folder: Path, size: tuple[int, int]) -> None:
    """You should see the sample, its tokens, the shapes, the probabilities and the answer at every size."""
    async with playground(state_folder, size) as driver:
        expected = pipeline("text-classification", model=str(NANO))(SAMPLE)[0]
        ids = AutoTokenizer.from_pretrained(NANO)(SAMPLE)["input_ids"]
        for wanted in (
            SAMPLE,
            "[CLS]",
            "waiting",
            str(ids[1]),
            f"ids [1, {len(ids)}]" if size[1] < 30 else "ids ",
            f"[1, {len(ids)}, 128]",
            "[1, 2]",
            "hidden states",
            "nano-sentiment",
            "cpu float32",
            "7 Answer",
        ):
            await driver.until(partial(on_screen, driver, wanted), repr(wanted))
        assert driver.title("tokens") == f"4 Tokens  {len(ids)} tokens"
        assert driver.rows("answer").startswith(f"{expected['label']} ")
        assert shows(driver.rows("answer"), expected["score"])


async def test_typing_reads_and_answers_anew(state_folder: Path) -> None:
    async with playground(state_folder) as driver:
        await driver.write("")
        await driver.pilot.press(*"awful", "space", *"film")
        await driver.answered("awful film")
        assert "awful" in driver.rows("tokens")
        first = driver.rows("answer")
        await driver.write("I love this wonderful film")
        assert "wonderful" in driver.rows("tokens")
        assert driver.rows("answer") != first
        model = AutoModelForSequenceClassification.from_pretrained(NANO)
        tokenizer = AutoTokenizer.from_pretrained(NANO)
        logits = model(**tokenizer("I love this wonderful film", return_tensors="pt")).logits[0].tolist()
        for logit in logits:
            assert shows(driver.rows("probabilities"), logit)


async def test_the_cursor_runs_through_all_panes(state_folder: Path) -> None:
    async with playground(state_folder) as driver:
        await driver.write("Good\nbadly 😀 naïve")
        tokens = driver.tokens
        await driver.pilot.press("escape")
        assert driver.screen.focused is driver.pane("tokens")
        for position, token in enumerate(tokens):
            await driver.pilot.press("home" if position == 0 else "right")
            await driver.pilot.pause()
            assert driver.screen.cursor == position
            assert f"position {position} " in driver.title("tokens")
            assert f"id {token.id}" in driver.title("tokens")
            mark = driver.input.mark
            assert mark == (None if token.special else (token.start, token.end))
        await driver.pilot.press("home", "right", "right", "enter")
        await driver.pilot.pause()
        assert driver.screen.focused is driver.input
        assert driver.input.caret == tokens[2].start
        await driver.pilot.press("up")
        await driver.pilot.pause()
        assert driver.screen.cursor == 1, "the text cursor selects the token it stands on"


async def test_the_probability_pane_steps_and_writes_the_formula(state_folder: Path) -> None:
    async with playground(state_folder) as driver:
        await driver.pilot.press("escape", "6")
        top, other = driver.readout.rows
        assert driver.rows("probabilities").startswith(f"p({top.label}) = e^(")
        await driver.pilot.press("down")
        assert driver.rows("probabilities").startswith(f"p({other.label}) = e^(")
        assert f"= {numbers.percent(other.probability)}" in driver.rows("probabilities")
        starts = []
        for _ in range(4):
            await driver.pilot.press("left")
            starts.append(driver.rows("probabilities").split(" = ")[0])
        assert starts == ["e^(z − max)", "z − max", "z ÷ T", f"z({other.label})"]
        assert "[logits]" in driver.title("probabilities")
        assert numbers.percent(other.probability) not in driver.rows("probabilities")
        await driver.pilot.press("right", "right", "right", "right")
        assert "[÷Σ]" in driver.title("probabilities")


async def test_temperature_and_function_reread_without_a_forward_pass(state_folder: Path) -> None:
    async with playground(state_folder) as driver:
        before, answer = driver.screen.forwarded, driver.rows("answer")
        sharp = driver.readout.rows[0].probability
        assert sharp is not None
        await driver.pilot.press("escape", "6", "plus")
        await driver.until(lambda: driver.readout.settings.temperature == 1.1, "the temperature")
        softer = driver.readout.rows[0].probability
        assert softer is not None
        assert softer < sharp
        assert "T 1.1" in driver.title("probabilities")
        await driver.pilot.press("f", "f")
        await driver.until(lambda: driver.readout.function == "sigmoid", "the sigmoid")
        assert "1 ÷ (1 + e^−" in driver.rows("probabilities")
        await driver.pilot.press("0")
        await driver.until(lambda: driver.readout.rows[0].probability == sharp, "the reset")
        assert driver.screen.forwarded is before
        assert driver.rows("answer") == answer
