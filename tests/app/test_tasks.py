"""Every task on the screen: its fields and options, the one cursor, the Python view; on real engines."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from tests.app.driving import SAMPLE, Driver, playground
from tests.checkpoints import edit_json, make_checkpoint
from tests.digits import shows
from tui.settings import Settings
from tui.tasks import TASKS


async def choose_task(driver: Driver, task: str) -> None:
    """Go to a task by the keys of the task pane."""
    await driver.pilot.press("escape", "1", "home", *["down"] * list(TASKS).index(task), "enter")
    await driver.until(lambda: driver.screen.task_name == task, "the task")


async def choose_folder(driver: Driver, folder: Path) -> None:
    """Load a checkpoint from a folder by the dialog, and wait for its answer."""
    await driver.pilot.press("escape", "2", "a")
    for character in str(folder):
        await driver.pilot.press(character)
    await driver.pilot.press("enter")
    await driver.until(lambda: driver.screen.in_use == str(folder), "the checkpoint")
    await driver.answered()


def at_work(state_folder: Path, task: str, folder: Path, text: str | None = None) -> Settings:
    return Settings(state_folder=state_folder, task=task, model=str(folder), text=text)


async def test_a_task_without_a_checkpoint_says_what_to_do_and_texts_are_kept_by_task(
    state_folder: Path, tmp_path: Path
) -> None:
    folder = make_checkpoint(tmp_path / "masked", "bert", head="MaskedLM")
    async with playground(state_folder) as driver:
        await driver.write("kept for sentiment")
        await choose_task(driver, "fill-mask")
        if driver.app.conversation.model is None:
            assert "a folder or a Hub id" in driver.line("hints")
        driver.input.replace_text("a ___ film")
        await choose_folder(driver, folder)
        assert "[MASK]" in driver.rows("tokens")
        await choose_task(driver, "sentiment-analysis")
        await driver.answered("kept for sentiment")
        assert driver.screen.in_use == "nano-sentiment"
        assert driver.rows("answer").split()[0] in ("POSITIVE", "NEGATIVE")
        await choose_task(driver, "fill-mask")
        await driver.answered("a ___ film")
        assert driver.screen.in_use == str(folder)


async def test_the_cursor_chooses_which_position_is_read(state_folder: Path, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "causal", "gpt2", head="CausalLM")
    async with playground(
        state_folder, settings=at_work(state_folder, "text-generation", folder, "a dull film")
    ) as driver:
        last = driver.readout.address.position
        assert last == len(driver.tokens) - 1
        at_last = driver.readout.rows
        await driver.pilot.press("escape", "4", "home")
        await driver.until(lambda: driver.readout.address.position == 0, "the first position")
        assert driver.readout.rows != at_last
        assert driver.readout.name in driver.title("probabilities")
        await driver.pilot.press("backspace")
        await driver.until(lambda: driver.readout.address.position == last, "the last position")
        assert driver.readout.rows == at_last


async def test_a_guess_is_taken_into_the_text_and_undo_brings_the_mask_back(
    state_folder: Path, tmp_path: Path
) -> None:
    folder = make_checkpoint(tmp_path / "masked", "roberta", head="MaskedLM")
    async with playground(
        state_folder, settings=at_work(state_folder, "fill-mask", folder, "a [MASK] film and a <mask> plot")
    ) as driver:
        assert sum(token.text == "<mask>" for token in driver.tokens) == 2
        await driver.pilot.press("escape", "7", "down", "enter")
        await driver.until(lambda: "[MASK]" not in driver.input.text, "the guess in the text")
        assert "<mask> plot" in driver.input.text
        await driver.answered()
        driver.input.focus()
        await driver.pilot.press("ctrl+z")
        assert driver.input.text == "a [MASK] film and a <mask> plot"
        await driver.pilot.press("end", "f6")
        assert driver.input.text.endswith("plot<mask>")


async def test_a_question_and_its_context_are_two_fields(state_folder: Path, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "qa", "bert", head="QuestionAnswering")
    settings = at_work(state_folder, "question-answering", folder, "who laughed?")
    async with playground(state_folder, settings=settings, ready=False) as driver:
        await driver.pilot.press("escape", "3")
        assert driver.focused == "input"
        driver.screen.action_pane("input")
        assert driver.focused == "second"
        driver.pane("second").replace_text("nobody laughed at the dull film.")
        await driver.answered("who laughed?")
        assert "3 Question" in driver.title("input")
        assert "3 Context" in driver.title("second")
        assert {token.field for token in driver.tokens if not token.special} == {0, 1}
        await driver.pilot.press("escape", "7", "end")
        await driver.until(lambda: driver.screen.second_mark is not None, "the answer's characters")
        start, end = driver.screen.second_mark or (0, 0)
        assert "nobody laughed at the dull film."[start:end] in driver.rows("answer")
        first = driver.readout.rows
        await driver.pilot.press("6", "p")
        await driver.until(lambda: driver.readout.address.part == 1, "the end logits")
        assert driver.readout.rows != first


async def test_options_are_checked_applied_and_kept(state_folder: Path, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "three", "bert", 3)
    async with playground(
        state_folder, settings=at_work(state_folder, "sentiment-analysis", folder, "dull")
    ) as driver:
        assert driver.rows("answer").count("label ") == 1
        await driver.pilot.press("escape", "f2", "backspace", "0", "enter")
        assert "top_k is at least 1" in "\n".join(driver.painted())
        await driver.pilot.press("backspace", "3", "enter")
        await driver.until(lambda: driver.rows("answer").count("label ") == 3, "three labels")
        assert driver.screen.options == {"top_k": 3}
        await choose_task(driver, "feature-extraction")
        await driver.answered()
        await choose_task(driver, "sentiment-analysis")
        await driver.until(lambda: driver.rows("answer").count("label ") == 3, "three labels again")


async def test_a_second_text_makes_a_pair(state_folder: Path, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "pair", "bert", 2)
    async with playground(
        state_folder, settings=at_work(state_folder, "sentiment-analysis", folder, "a dull film")
    ) as driver:
        alone = driver.readout.rows
        assert {token.type_id for token in driver.tokens} == {0}
        await driver.pilot.press("escape", "f10", *"honest")
        await driver.until(lambda: driver.readout.rows != alone, "the pair's logits")
        await driver.answered()
        assert {token.type_id for token in driver.tokens} == {0, 1}
        assert {token.field for token in driver.tokens if not token.special} == {0, 1}
        await driver.pilot.press("escape", "4", "end", "left")
        assert driver.screen.second_mark is not None
        await driver.pilot.press("f10")
        await driver.until(lambda: {token.type_id for token in driver.tokens} == {0}, "one text again")
        await driver.answered()
        assert driver.readout.rows == alone


async def test_the_python_view_is_saved_and_gives_the_same_answer(
    state_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with playground(state_folder) as driver:
        await driver.pilot.press("escape", "f8")
        assert "from_pretrained" in "\n".join(driver.painted())
        await driver.pilot.press("y", "s")
        saved = tmp_path / "logitscope-sentiment-analysis.py"
        await driver.until(saved.exists, "the file")
        await driver.pilot.press("s", "escape")
        await driver.until((tmp_path / "logitscope-sentiment-analysis-2.py").exists, "a second file")
        assert SAMPLE in saved.read_text(encoding="utf-8")
        (best,) = runpy.run_path(str(saved))["answer"]
        assert driver.rows("answer").startswith(f"{best['label']} ")
        assert shows(driver.rows("answer"), best["score"])


@pytest.mark.parametrize("size", [(80, 24), (60, 16)])
async def test_two_fields_and_a_large_answer_leave_every_pane_a_row(
    state_folder: Path, size: tuple[int, int]
) -> None:
    async with playground(
        state_folder, size, Settings(state_folder=state_folder, task="question-answering"), ready=False
    ) as driver:
        await driver.pilot.pause()
        for name in ("input", "second", "tokens", "forward", "probabilities", "answer"):
            assert driver.pane(name).content_region.height >= 1, name


async def test_a_random_head_is_warned_of_as_long_as_it_is_in_use(state_folder: Path, tmp_path: Path) -> None:
    headless = make_checkpoint(tmp_path / "masked", "bert", head="MaskedLM")
    async with playground(
        state_folder, settings=at_work(state_folder, "sentiment-analysis", headless, "dull")
    ) as driver:
        for text in ("dull", "a warm film"):
            await driver.write(text)
            assert "⚠ This checkpoint has no trained classification head" in driver.rows("answer")
            assert "⚠ random head" in driver.line("status")
        await choose_folder(driver, make_checkpoint(tmp_path / "whole", "bert"))
        assert "⚠" not in driver.rows("answer") + driver.line("status")


async def test_norms_of_the_hidden_states_stand_below_their_tokens(state_folder: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    from tui.catalogue import built_in_folder

    async with playground(state_folder) as driver:
        await driver.pilot.press("escape", "4", "d")
        folder = str(built_in_folder("nano-sentiment"))
        states = AutoModel.from_pretrained(folder)(
            **AutoTokenizer.from_pretrained(folder)(SAMPLE, return_tensors="pt")
        ).last_hidden_state[0]
        lines = [line.split()[1:] for line in driver.rows("tokens").splitlines() if line.startswith("norm")]
        shown = [norm for line in lines for norm in line]
        for norm, length in zip(shown, states.norm(dim=-1).tolist(), strict=True):
            assert shows(norm, length)


async def test_every_label_has_a_pair_to_look_at(state_folder: Path, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "nli", "bert", 3)
    names = ("contradiction", "neutral", "entailment")
    edit_json(
        folder / "config.json",
        id2label={str(index): name for index, name in enumerate(names)},
        label2id={name: index for index, name in enumerate(names)},
    )
    settings = at_work(state_folder, "zero-shot-classification", folder, "a dull film")
    async with playground(state_folder, settings=settings) as driver:
        winner = driver.readout.address.sequence
        first = driver.pane("second").full_text.split(",")[0]
        assert driver.screen.sequence == winner
        assert f"[{winner + 1}/3 " in driver.title("tokens")
        await driver.pilot.press("escape", "4", "less_than_sign", "less_than_sign")
        await driver.until(lambda: driver.readout.address.sequence == 0, "the first label's pair")
        assert f"[1/3 {first}]" in driver.title("tokens")
        driver.pane("second").replace_text("dull, warm")
        await driver.answered()
        await driver.until(lambda: first not in driver.rows("answer"), "the new labels")
        assert {line.split()[0] for line in driver.rows("answer").splitlines()[1:2]} <= {"dull", "warm", "▸"}
        assert {row.label for row in driver.readout.rows} == set(names)
        driver.pane("second").replace_text(" , ")
        await driver.until(lambda: driver.screen.failure is not None, "the failure")
        assert "→" in driver.rows("answer")
