"""Training a tokenizer from the screen."""

from __future__ import annotations

import json
from pathlib import Path

import tokenizers

from tests.app.microscope.driving import microscope
from tests.checkpoints import CORPUS


async def test_settings_are_changed_and_a_tokenizer_is_trained_looked_at_saved_and_opened(
    state_folder: Path, tmp_path: Path
) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n".join(CORPUS) * 5, encoding="utf-8")
    async with microscope(state_folder, tab="train") as looking:
        await looking.until("byte-level-bpe")
        await looking.press("right", "down", "left", "down", "right", "down", "right")
        assert "wordpiece" in looking.shown
        assert "500 entries" in looking.shown
        assert "3 times" in looking.shown
        assert "yes" in looking.shown
        await looking.write(str(corpus))
        await looking.driver.until(lambda: looking.view.text == str(corpus), "the path")
        await looking.press("enter")
        await looking.until("✓ trained:1-wordpiece")
        await looking.driver.until(lambda: "trained:1-wordpiece" in looking.head, "its name")
        await looking.go_to("stages")
        await looking.until("BertNormalizer")
        await looking.press("s")
        await looking.driver.until(lambda: looking.driver.app.screen is not looking.screen, "the question")
        looking.driver.app.screen.query_one("#path").value = str(tmp_path / "own")  # type: ignore[attr-defined]
        await looking.press("enter")
        saved = tmp_path / "own" / "tokenizer.json"
        await looking.driver.until(lambda: "Saved as" in str(looking.screen._message), "the path")
        backend = tokenizers.Tokenizer.from_file(str(saved))
        ids = [piece.id for piece in looking.view.found.stages.pieces]
        assert ids == backend.encode(looking.view.found.text).ids
        assert json.loads(saved.read_text(encoding="utf-8"))["model"]["type"] == "WordPiece"
        await looking.press("escape", "s")
        await looking.driver.until(lambda: looking.driver.app.screen is not looking.screen, "the question")
        looking.driver.app.screen.query_one("#path").value = str(tmp_path / "own")  # type: ignore[attr-defined]
        await looking.press("enter")
        await looking.driver.until(lambda: "already" in str(looking.screen._message), "a refusal")


async def test_a_training_can_be_stopped_and_a_failure_is_told(state_folder: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "large.txt"
    corpus.write_text("".join(f"w{number} x{number * 7919} " for number in range(300_000)), encoding="utf-8")
    async with microscope(state_folder, tab="train") as looking:
        await looking.write(str(corpus))
        await looking.press("down", *["right"] * 9, "enter")
        await looking.until("Training byte-level-bpe")
        await looking.press("c")
        await looking.driver.until(lambda: "Training" not in looking.shown, "the end")
        assert "✓" not in looking.shown
        looking.screen.field.replace_text("")
        await looking.press("i", *str(tmp_path / "nowhere"), "escape", "enter")
        await looking.until("✗ There is nothing there")
        assert str(tmp_path / "nowhere") in looking.shown.replace("\n", "")
