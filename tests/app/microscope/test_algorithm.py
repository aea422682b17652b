"""The model's algorithm on the screen, word by word and step by step, from the real engine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import ByT5Tokenizer

from tests.app.driving import SAMPLE
from tests.app.microscope.driving import Looking, microscope
from tui.app.render.glyphs import visible

GENERATION, LONG = "nano-generation", "waiting" * 1_500


async def followed(looking: Looking, text: str = SAMPLE) -> None:
    """Wait until the selected word of a text is followed."""
    view = looking.view
    await looking.driver.until(
        lambda: (
            view.found is not None
            and view.found.text == text
            and not view.stale
            and (
                view.traced is not None
                or view.failure is not None
                or view.selected is None
                or view.selected.id
            )
        ),
        "the word's way",
    )


async def look_at(looking: Looking, tokenizer: str) -> None:
    """Put another tokenizer under the microscope."""
    looking.screen.subject = tokenizer
    await looking.driver.until(lambda: looking.view.found.subject.reference == tokenizer, tokenizer)
    await followed(looking, looking.screen.field.full_text)


@pytest.mark.parametrize("size", [(80, 16), (120, 40)])
async def test_a_word_is_walked_there_and_back(state_folder: Path, size: tuple[int, int]) -> None:
    async with microscope(state_folder, size, "algorithm") as looking:
        await followed(looking)
        await look_at(looking, GENERATION)
        view = looking.view
        for key in ("down", "j", "down"):
            await looking.press(key)
        await followed(looking)
        assert view.traced.trace.word == "Ġwaiting"
        merges = len(view.traced.trace.merges)
        assert view._border_title.plain == f"Algorithm  BPE · word 4 of 13 · step 0 of {merges}"
        assert "▸Ġwaiting◂" in looking.shown
        seen = [looking.shown]
        for step in range(merges):
            painted = "\n".join(looking.driver.painted())
            assert f"Merge {step + 1} of {merges}:" in painted
            assert "▸Ġwaiting◂" in painted, "the head stays"
            await looking.press("right")
            seen.append(looking.shown)
        assert view._border_title.plain.endswith(f"step {merges} of {merges}")
        pieces = view.traced.trace.pieces
        assert f"→ {len(pieces)} piece" in "\n".join(looking.driver.painted())
        ids = next(row for row in looking.shown.splitlines() if row.startswith("id "))
        assert ids.split()[1:] == [str(piece.id) for piece in pieces]
        await looking.press("right")
        assert looking.shown == seen[-1]
        for before in reversed(seen[:-1]):
            await looking.press("h")
            assert looking.shown == before
        await looking.press("end")
        assert looking.shown == seen[-1]
        await looking.press("k")
        await followed(looking)
        assert (view.traced.trace.word, view.step) == ("Ġbeen", 0)
        await looking.press("right_square_bracket")
        assert view.step == view.last_step
        await looking.press("home")
        assert view.step == 0


async def test_steps_typed_ahead_of_the_word_count(state_folder: Path) -> None:
    async with microscope(state_folder, tab="algorithm") as looking:
        await followed(looking)
        await look_at(looking, GENERATION)
        view = looking.view
        view.action_word(3)
        view.action_step(1)
        view.action_step(1)
        await followed(looking)
        assert (view.word, view.step) == (3, 2)
        view.action_word(-1)
        view.action_step_edge(1)
        await followed(looking)
        assert (view.word, view.step) == (2, view.last_step)


async def test_stages_send_a_word_here(state_folder: Path) -> None:
    async with microscope(state_folder, (100, 40)) as looking:
        await looking.dissected()
        stages = looking.view
        kinds = [stage.kind for stage in stages.found.stages.stages]
        for _ in range(kinds.index("model")):
            await looking.press("down")
        number = next(n for n, piece in enumerate(stages.stage.pieces) if piece.text == "course")
        for _ in range(number):
            await looking.press("right")
        await looking.press("enter")
        await looking.driver.until(lambda: looking.screen.shown == "algorithm", "the view")
        await followed(looking)
        assert looking.view.traced.trace.word == "course"
        assert looking.driver.app.focused is looking.view


async def test_the_selected_word_stays_while_the_text_is_typed(state_folder: Path) -> None:
    async with microscope(state_folder, (100, 40), "algorithm") as looking:
        await followed(looking)
        view = looking.view
        for _ in range(4):
            await looking.press("down")
        await followed(looking)
        await looking.press("right")
        before = view.step, view.traced.trace.word
        assert before == (1, "waiting")
        await looking.write(SAMPLE + " Yes")
        await followed(looking, SAMPLE + " Yes")
        assert (view.step, view.traced.trace.word) == before
        await looking.write("I am here")
        await followed(looking, "I am here")
        assert (view.step, view.traced.trace.word) == (0, "here")
        assert "word 3 of 3" in looking.shown


async def test_what_goes_round_the_model_and_what_is_no_word(state_folder: Path) -> None:
    async with microscope(state_folder, (80, 24), "algorithm") as looking:
        await looking.write("a [MASK]")
        await followed(looking, "a [MASK]")
        assert "▸a◂ [MASK]" in looking.shown
        await looking.press("down")
        await followed(looking, "a [MASK]")
        assert "a ▸[MASK]◂" in looking.shown
        said = " ".join(looking.shown.split())
        assert f"goes round the model, and is id {looking.view.selected.id}." in said
        await looking.press("up")
        await followed(looking, "a [MASK]")
        assert "candidate" in looking.shown
        await looking.write("")
        await followed(looking, "")
        assert "The text is empty" in looking.shown
        await looking.press("right", "down", "up", "end", "home", "pageup", "pagedown", "enter", "y")
        await looking.write(" \n ")
        await followed(looking, " \n ")
        assert "the stages before it took everything away" in " ".join(looking.shown.split())


@pytest.mark.parametrize("size", [(80, 24), (190, 50)])
async def test_hostile_and_huge_words_stay_in_their_frame(state_folder: Path, size: tuple[int, int]) -> None:
    text = f"[red]\x1b[31mx \u202egnihton\u202c 👩‍👩‍👧 e\u0301 {LONG} 東京"
    async with microscope(state_folder, size, "algorithm") as looking:
        for tokenizer in ("nano-sentiment", GENERATION):
            await look_at(looking, tokenizer)
            await looking.write(text)
            await followed(looking, text)
            view = looking.view
            longest = max(range(len(view._words)), key=lambda place: len(view._words[place].text))
            for word in (*range(5), longest, len(view._words) - 1):
                view.word = word
                await followed(looking, text)
                for key in ("right", "right_square_bracket", "end"):
                    await looking.press(key)
                    assert visible(looking.shown.replace("\n", "")) == looking.shown.replace("\n", "")
                    for line in looking.driver.painted():
                        assert not re.search(r"[\x00-\x1f\u200b-\u200f\u202a-\u202e]", line)
                assert view.step == view.last_step or view.last_step > 12
            if tokenizer == GENERATION:
                view.word = longest
                await followed(looking, text)
                assert f"of {view.traced.trace.symbols_total:,} symbols" in " ".join(looking.shown.split())


async def test_what_fails_is_told_and_forgotten(state_folder: Path) -> None:
    async with microscope(state_folder, (100, 30), "algorithm") as looking:
        await followed(looking)
        looking.screen.subject = "no-such-tokenizer-anywhere"
        await looking.driver.until(lambda: looking.view.failure is not None, "the failure")
        assert "✗ " in looking.shown
        assert looking.view.stale
        assert "▸i◂" in looking.shown, "what was known stays, dimmed"
        await looking.press("right", "down", "up")
        await look_at(looking, GENERATION)
        assert looking.view.failure is None
        assert "✗ " not in looking.shown


async def test_a_word_is_looked_up_in_a_vocabulary_of_words(state_folder: Path, tmp_path: Path) -> None:
    backend = Tokenizer(models.WordLevel({"cat": 0}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.save(str(tmp_path / "tokenizer.json"))
    async with microscope(state_folder, (100, 30), "algorithm") as looking:
        await looking.write("cat")
        await followed(looking, "cat")
        await look_at(looking, str(tmp_path))
        assert "is looked up in the vocabulary" in looking.shown
        await looking.press("right")
        assert "✓ “cat” is an entry." in looking.shown


async def test_a_tokenizer_in_python_says_why_it_can_not_be_followed(
    state_folder: Path, tmp_path: Path
) -> None:
    ByT5Tokenizer().save_pretrained(tmp_path)
    async with microscope(state_folder, (80, 24), "algorithm") as looking:
        await followed(looking)
        await look_at(looking, str(tmp_path))
        said = " ".join(looking.shown.split())
        assert "can't be followed. It is written in Python" in said
        assert "word 1 of 1" in said
        await looking.press("right", "end")
        assert looking.view.step == 0
