"""Choosing checkpoints from the screen: folders, a Hub, what they are, loading, cancelling."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest
from transformers import pipeline

from tests.app.driving import Driver, playground
from tests.checkpoints import make_checkpoint
from tests.digits import shows
from tests.engine.sources.loopback_hub import LoopbackHub
from tui.settings import Settings

TEXT = "The film was dull, and nobody laughed."


async def name_checkpoint(driver: Driver, reference: str) -> None:
    """Type a reference into the model pane's dialog."""
    await driver.pilot.press("escape", "2", "a", *reference)
    await driver.until(lambda: "Looking" not in "\n".join(driver.painted()), "the look")


@pytest.mark.parametrize(
    ("labels", "problem", "function"),
    [
        (5, None, "softmax"),
        (3, "multi_label_classification", "sigmoid"),
        (1, None, "sigmoid"),
        (1, "regression", "none"),
    ],
)
async def test_any_folder_is_shown_loaded_and_answers_as_the_pipeline(
    state_folder: Path, tmp_path: Path, labels: int, problem: str | None, function: str
) -> None:
    folder = make_checkpoint(tmp_path / "m", "bert", labels, problem)
    expected = pipeline("text-classification", model=str(folder))(TEXT)[0]
    async with playground(state_folder, (120, 40)) as driver:
        await driver.write(TEXT)
        await name_checkpoint(driver, str(folder))
        await driver.until(
            lambda: "BertForSequenceClassification" in "\n".join(driver.painted()), "what it is, unloaded"
        )
        assert driver.screen.in_use == "nano-sentiment"
        await driver.pilot.press("enter")
        await driver.until(lambda: driver.screen.in_use == str(folder), "the load")
        await driver.answered()
        assert driver.readout.function == function
        assert len(driver.readout.rows) == labels
        assert driver.rows("answer").startswith(f"{expected['label']} ")
        assert shows(driver.rows("answer"), expected["score"])
        assert function in driver.rows("probabilities")
        assert "m ●" in " ".join(driver.rows("model").split())
        await driver.pilot.press("escape", "6", *["left"] * 5, *["right"] * 5, "down", "plus", "minus")
        assert "Traceback" not in "\n".join(driver.painted())


async def test_a_download_shows_its_progress_and_can_be_cancelled(
    state_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_checkpoint(tmp_path / "slow", "bert", 2)
    with LoopbackHub({"someone/slow": folder}, stop_after=64 * 1024) as hub:
        for name, value in hub.environment(tmp_path / "cache").items():
            monkeypatch.setenv(name, value)
        async with playground(state_folder, (120, 40)) as driver:
            await name_checkpoint(driver, "someone/slow")
            await driver.until(lambda: "hub" in "\n".join(driver.painted()), "what it is")
            await driver.pilot.press("enter")
            await driver.until(lambda: "download" in driver.line("status"), "the progress")
            assert "cancel loading" in driver.line("hints")
            await driver.write("it goes on answering meanwhile")
            assert driver.screen.in_use == "nano-sentiment"
            await driver.pilot.press("escape", "2", "c")
            await driver.until(lambda: driver.screen.loading_reference is None, "the end of the load")
            assert "cancelled" in driver.line("hints")
            await driver.pilot.press("escape")
            assert "cancel loading" not in driver.line("hints")
            hub.go_on()
            await name_checkpoint(driver, "someone/slow")
            await driver.pilot.press("enter")
            await driver.until(lambda: driver.screen.in_use == "someone/slow", "the load")
            await driver.answered()


async def test_no_network_is_a_message_and_nothing_is_lost(state_folder: Path) -> None:
    async with playground(state_folder, (80, 24)) as driver:
        before = driver.rows("answer")
        await name_checkpoint(driver, "nobody/nothing")
        await driver.until(lambda: "✗" in "\n".join(driver.painted()), "the message")
        await driver.pilot.press("enter")
        await driver.until(lambda: driver.screen.failure is not None, "the failure")
        assert before in driver.rows("answer")
        await driver.pilot.press("escape", "f4")
        await driver.until(lambda: "nobody/nothing" in "\n".join(driver.painted()), "the message in full")


async def test_a_checkpoint_that_cannot_serve_says_why(state_folder: Path, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "masked", "bert", 2)
    config = folder / "config.json"
    config.write_text(config.read_text().replace("BertForSequenceClassification", "BertForMaskedLM"))
    async with playground(state_folder, (120, 40)) as driver:
        await name_checkpoint(driver, str(folder))
        await driver.until(lambda: "no classification head" in "\n".join(driver.painted()), "the note")
        await driver.pilot.press("escape")
        await driver.write("still the old one")


@pytest.mark.parametrize("with_config", [True, False])
async def test_what_a_folder_holds_instead_of_weights_is_told_in_full(
    state_folder: Path, tmp_path: Path, with_config: bool
) -> None:
    folder = make_checkpoint(tmp_path / "adapter", "bert", 2)
    (folder / "model.safetensors").rename(folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "someone/base"}')
    if not with_config:
        (folder / "config.json").unlink()
    async with playground(state_folder, (80, 24)) as driver:
        await name_checkpoint(driver, str(folder))

        def told() -> str:
            """What stands in the dialog, the last of the boxes on each line."""
            parts = [line.split("│") for line in driver.painted()]
            return " ".join(" ".join(part[-2] for part in parts if len(part) > 2).split())

        await driver.until(lambda: "a PEFT adapter of “someone/base”" in told(), "what is there")
        assert "merge_and_unload() and save_pretrained write a whole checkpoint." in told()


async def test_a_wrong_start_is_told_in_full_and_can_be_mended(state_folder: Path) -> None:
    """An unknown theme, an unknown key and a missing model: the playground opens and says so."""
    settings = Settings(
        state_folder=state_folder,
        model="/nowhere/at/all",
        theme="nope",
        keymap=MappingProxyType({"no-such-key": "x"}),
    )
    async with playground(state_folder, (80, 24), settings, ready=False, opened=False) as driver:
        assert "no-such-key" in driver.line("hints")
        await driver.until(lambda: driver.screen.failure is not None, "the failure")
        painted = "\n".join(driver.painted())
        assert "No such folder" in painted
        assert "/nowhere/at/all" in painted
        assert "→ " in painted
        assert "no model" in driver.line("status")
        await driver.pilot.press("escape", "escape", "2", "home", "enter")
        await driver.answered()
        assert driver.screen.in_use == "nano-sentiment"
