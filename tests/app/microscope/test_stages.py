"""The stages of a tokenizer on the screen, from the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest
import tokenizers

from tests.app.driving import SAMPLE, SIZES
from tests.app.microscope.driving import microscope

HOSTILE = "A \x1b[31m[red]x[/red] \u202egnihton\u202c 東京 😀👩‍👩‍👧 e\u0301\x00 [CLS]"
MODELS = Path(__file__).parents[3] / "tui" / "models"


@pytest.mark.parametrize("size", SIZES)
async def test_every_stage_can_be_looked_at(state_folder: Path, size: tuple[int, int]) -> None:
    async with microscope(state_folder, size) as looking:
        await looking.dissected()
        kinds = [stage.kind for stage in looking.view.found.stages.stages]
        assert kinds[0] == "text"
        assert (
            kinds.index("normalizer")
            < kinds.index("pre-tokenizer")
            < kinds.index("model")
            < kinds.index("ids")
        )
        for number, stage in enumerate(looking.view.found.stages.stages):
            assert looking.view.cursor == number
            assert f"▸ {stage.kind}" in looking.shown
            if stage.settings:
                assert stage.settings.split("=")[0] in looking.shown
            await looking.press("down")
        assert "▸ round trip" in looking.shown
        assert "I→i" in looking.shown.replace(" ", "")
        await looking.press("home")
        assert looking.view.cursor == 0
        assert all(len(line) <= size[0] for line in looking.shown.split("\n"))


async def test_ids_are_the_tokenizer_s_and_what_is_typed_is_read(state_folder: Path) -> None:
    backend = tokenizers.Tokenizer.from_file(str(MODELS / "nano-sentiment" / "tokenizer.json"))
    async with microscope(state_folder) as looking:
        await looking.dissected()
        for text in (SAMPLE, "Nobody laughed.", HOSTILE, ""):
            await looking.write(text)
            await looking.dissected(text)
            ids = [piece.id for piece in looking.view.found.stages.pieces]
            assert ids == backend.encode(text).ids
            for key in ("home", *["down"] * looking.view.count(), *["right"] * 5):
                await looking.press(key)
                assert "\x1b" not in looking.shown
                assert "\u202e" not in looking.shown
        assert looking.driver.app.playground.current_inputs["text"] == ""


async def test_parts_are_walked_and_told(state_folder: Path) -> None:
    async with microscope(state_folder) as looking:
        await looking.dissected()
        await looking.press("down", "down", "down")
        assert looking.view.stage.kind == "pre-tokenizer"
        await looking.press("right", "right")
        assert "part 3 of 24: characters 2–4, letters" in looking.shown
        await looking.press(*["left"] * 5)
        assert looking.view.part == 0
        await looking.press("down", "right")
        assert looking.view.stage.kind == "model"
        assert "position 1" in looking.shown
        assert "id 48" in looking.shown


async def test_digits_fields_and_the_way_back(state_folder: Path) -> None:
    async with microscope(state_folder) as looking:
        screen = looking.screen
        await looking.press("i")
        assert screen.focused is screen.field
        await looking.press("1", "2")
        assert screen.field.full_text == f"{SAMPLE}12"
        await looking.press("escape")
        assert screen.focused is looking.view
        await looking.press("f1")
        await looking.driver.until(lambda: looking.driver.app.screen is not screen, "the help")
        await looking.press("escape", "escape")
        await looking.driver.until(
            lambda: looking.driver.app.screen is looking.driver.app.playground, "the playground"
        )
        assert looking.driver.app.playground.current_inputs["text"] == f"{SAMPLE}12"
        await looking.driver.answered(f"{SAMPLE}12")


async def test_a_tokenizer_is_opened_by_its_path_and_a_wrong_one_is_told(
    state_folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "copy.json"
    target.write_bytes((MODELS / "nano-generation" / "tokenizer.json").read_bytes())
    async with microscope(state_folder) as looking:
        await looking.dissected()
        for reference, said in ((str(target), "ByteLevel"), (str(tmp_path / "none.json"), "✗ ")):
            await looking.name("o", reference)
            await looking.until(said)
        assert "none.json" in looking.shown
        assert "ByteLevel" in looking.shown
        assert "/copy.json" in looking.head
        assert "none.json" not in looking.head
        await looking.write("the one before is looked at further")
        await looking.dissected("the one before is looked at further")
        assert "✗" not in looking.shown
        assert looking.view.found.subject.reference == str(target)


async def test_the_palette_has_the_microscope_s_own_commands(state_folder: Path) -> None:
    async with microscope(state_folder) as looking:
        await looking.dissected()
        app = looking.driver.app
        found = {command.title: command for command in app.get_system_commands(looking.screen)}
        assert "Select the next part" in found
        assert "Go to the tokens pane" not in found
        looking.view.cursor = 3
        await found["Select the next part"].callback()
        assert looking.view.part == 1
        await found["Show view 2"].callback()
        await looking.driver.until(lambda: looking.screen.shown == "algorithm", "the other view")


async def test_a_killed_engine_is_asked_again(state_folder: Path) -> None:
    async with microscope(state_folder) as looking:
        await looking.dissected()
        looking.driver.app.conversation.restart()
        await looking.write("after the restart")
        await looking.dissected("after the restart")


async def test_a_long_text_is_taken_apart_in_part(state_folder: Path) -> None:
    async with microscope(state_folder) as looking:
        await looking.write("waiting " * 5000)
        await looking.dissected(("waiting " * 5000)[:10_000])
        assert "first 10,000 characters" in str(looking.view._border_title)
        await looking.press("end", "home", "down", "down", "down", "right", "right")
        assert "part 3 of" in looking.shown
