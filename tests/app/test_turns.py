"""A conversation edited turn by turn, on real engines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.widgets import Static
from transformers import AutoTokenizer

from tests.app.driving import Driver, playground
from tests.checkpoints import MAX_TOKENS, make_checkpoint
from tests.held_engine import Gates
from tui.app.screens.turns import TurnsScreen
from tui.app.widgets.editor import EDITOR_CHARACTERS
from tui.app.widgets.turn_editor import TurnEditor
from tui.settings import Settings
from tui.tasks.chat import Turn, turns_of

TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'system' and not loop.first %}"
    "{{ raise_exception('the system speaks first or not at all') }}{% endif %}"
    "[{{ m['role'][0] }}]{{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}[a]{% endif %}"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = make_checkpoint(tmp_path / "chat", "gpt2", head="CausalLM")
    tokenizer = AutoTokenizer.from_pretrained(place)
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(place)
    return place


def at_work(state_folder: Path, model: Path | str, text: str) -> Settings:
    return Settings(state_folder=state_folder, task="text-generation", model=str(model), text=text)


def dialog(driver: Driver) -> TurnsScreen:
    assert isinstance(driver.app.screen, TurnsScreen)
    return driver.app.screen


def turns(driver: Driver) -> tuple[Turn, ...]:
    return dialog(driver).turns


def said(driver: Driver) -> str:
    """What the dialog says is wrong; nothing where that is not shown."""
    wrong = dialog(driver).query_one("#turns-wrong", Static)
    return str(wrong.content) if wrong.display else ""


async def type_conversation(driver: Driver) -> None:
    """Two turns after the first one, the last with a line that looks like a turn."""
    await driver.pilot.press("ctrl+t", "ctrl+n", *"Good", "ctrl+n", *"So?", "enter", *"user: b")


CONVERSATION = "user: The film\nassistant: Good\nuser: So?\n\\user: b"


async def test_turns_are_typed_as_turns_and_their_prompt_is_seen_as_tokens(
    state_folder: Path, folder: Path
) -> None:
    """What transformers renders and tokenizes is what Tokens shows, before and after the dialog closes."""
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    async with playground(state_folder, settings=at_work(state_folder, folder, "The film")) as driver:
        await type_conversation(driver)
        await driver.answered(CONVERSATION)
        messages = [turn.message() for turn in turns_of(CONVERSATION)]
        assert messages[-1] == {"role": "user", "content": "So?\nuser: b"}
        ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True)["input_ids"]
        assert len(ids) < MAX_TOKENS
        assert [token.id for token in driver.tokens] == ids
        assert driver.pane("tokens").region.bottom <= dialog(driver).children[0].region.y, (
            "Tokens is in sight"
        )

        await driver.pilot.press("ctrl+t")
        await driver.until(lambda: driver.app.screen is driver.screen, "the playground")
        assert driver.input.text == CONVERSATION
        assert driver.screen.options == {"chat": True}
        assert "3 turns, 49 characters" in driver.title("input")
        await driver.answered()
        assert [token.id for token in driver.tokens] == ids

        await driver.pilot.press("ctrl+z")
        assert driver.input.text == "The film", "all of it is one edit"
        await driver.pilot.press("ctrl+y")
        assert driver.input.text == CONVERSATION


async def test_escape_gives_up_without_a_change(state_folder: Path, folder: Path) -> None:
    """Text, options and answer are those of before; redo brings back what was typed."""
    async with playground(state_folder, settings=at_work(state_folder, folder, "The film")) as driver:
        ids = [token.id for token in driver.tokens]
        await type_conversation(driver)
        await driver.answered(CONVERSATION)
        await driver.pilot.press("escape")
        await driver.answered("The film")
        assert driver.screen.options == {}
        assert driver.title("input").endswith("8 characters")
        await driver.until(lambda: [token.id for token in driver.tokens] == ids, "the tokens of before")
        await driver.pilot.press("ctrl+y")
        assert driver.input.text == CONVERSATION


async def test_what_the_template_refuses_is_told_while_it_is_edited(state_folder: Path, folder: Path) -> None:
    """Also where the answer to the turns of before comes after the complaint."""
    gates = Gates(state_folder / "gates")
    settings = at_work(state_folder, folder, "user: a\nuser: b")._replace(engine_command=gates.command)
    async with playground(state_folder, (80, 24), settings) as driver:
        gates.close("Answered")
        await driver.pilot.press("ctrl+t")
        await driver.until(lambda: gates.is_waited_at("Answered"), "the answer to the turns of before")
        await driver.pilot.press("ctrl+r", "ctrl+r")
        assert turns(driver) == (Turn("user", "a"), Turn("system", "b"))
        await driver.until(lambda: "speaks first or not at all" in said(driver), "the template's complaint")
        before = driver.screen.answer
        gates.open("Answered")
        await driver.until(lambda: driver.screen.answer is not before, "the late answer")
        assert "speaks first or not at all" in said(driver)
        assert "→" in said(driver)
        assert driver.screen.stale
        await driver.pilot.press("f4")
        assert turns(driver) == (Turn("system", "b"), Turn("user", "a"))
        await driver.until(lambda: said(driver) == "", "the complaint to go")
        assert driver.input.text == "system: b\nuser: a"
        await driver.pilot.press("f5", "ctrl+t")
        await driver.until(lambda: driver.screen.failure is not None, "the failure")
        assert driver.input.text == "user: a\nsystem: b", "it is kept all the same"
        assert "refuses these turns" in driver.rows("answer")


async def test_a_checkpoint_without_a_template_says_so_in_the_dialog(state_folder: Path) -> None:
    """And the dialog works for all that; 80x24 shows all of it."""
    async with playground(
        state_folder, (80, 24), at_work(state_folder, "nano-generation", "a film")
    ) as driver:
        await driver.pilot.press("ctrl+t")
        await driver.until(lambda: "no chat template" in said(driver), "the warning")
        await driver.pilot.pause()
        shown = "\n".join(driver.painted())
        for words in ("no chat template", "Turn the option chat off", "▸  1 user       a film", "as before"):
            assert words in shown
        await driver.pilot.press(*"s!", "ctrl+t")
        await driver.until(lambda: driver.app.screen is driver.screen, "the playground")
        assert driver.input.text == "user: a films!"


async def test_whole_turns_are_moved_removed_and_brought_back(state_folder: Path) -> None:
    settings = at_work(state_folder, "nano-generation", "system: s\nuser: u\nassistant: a")
    async with playground(state_folder, settings=settings, ready=False) as driver:
        system, user, assistant = turns_of(settings.text or "")
        press = driver.pilot.press
        await press("ctrl+t")
        editor = dialog(driver).query_one(TurnEditor)
        assert editor.text == "a", "the last turn is the first to be edited"
        await press("up", "up")
        assert editor.text == "s"
        await press("up", "home", "up", "x")
        assert turns(driver) == (Turn("system", "xs"), user, assistant), "there is none above"
        await press("tab", "tab", "tab")
        assert editor.text == "xs", "from the last turn to the first"
        await press("shift+tab", "f8")
        assert turns(driver) == (Turn("system", "xs"), user)
        await press("f4", "ctrl+up")
        assert turns(driver) == (user, Turn("system", "xs"))
        await press("ctrl+z", "ctrl+z", "ctrl+z")
        assert turns(driver) == (system, user, assistant)
        await press("f8", "f8", "f8", "f8")
        assert turns(driver) == (Turn("user", ""),), "there is always a turn"
        await press("ctrl+n", "ctrl+n", *"é")
        assert turns(driver) == (Turn("user", ""), Turn("assistant", ""), Turn("user", "é"))
        await driver.pilot.click("#turns-above", (3, 1))
        await press(*"w")
        assert turns(driver)[1] == Turn("assistant", "w")
        await press("ctrl+t")
        assert driver.input.text == "user:\nassistant: w\nuser: é"


async def test_keys_typed_ahead_go_to_the_turn_they_were_meant_for(state_folder: Path) -> None:
    """As a slow line delivers them, all in one piece."""
    settings = at_work(state_folder, "nano-generation", "a")
    async with playground(state_folder, settings=settings, ready=False) as driver:
        await driver.pilot.press("ctrl+t")
        for key in ("b", "ctrl+n", "c", "up", "d", "down", "e", "ctrl+t"):
            driver.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await driver.until(lambda: driver.app.screen is driver.screen, "the playground")
        assert driver.input.text == "user: abd\nassistant: ec"


async def test_what_no_editor_holds_is_refused_and_nothing_is_lost(state_folder: Path) -> None:
    settings = at_work(state_folder, "nano-generation", "a" * (EDITOR_CHARACTERS - 5))
    async with playground(state_folder, settings=settings, ready=False) as driver:
        await driver.pilot.press("ctrl+t", "ctrl+n", "b", "ctrl+t")
        assert "8,014 characters; the field holds 8,000" in said(driver)
        assert driver.input.text == settings.text
        driver.app.post_message(events.Paste("c" * EDITOR_CHARACTERS))
        await driver.pilot.pause()
        assert turns(driver)[1] == Turn("assistant", "b")
        await driver.pilot.press("f8", "ctrl+t")
        assert driver.input.text == settings.text
        driver.input.replace_text("a" * (EDITOR_CHARACTERS + 1))
        await driver.pilot.press("ctrl+t")
        assert driver.app.screen is driver.screen
        assert "longer than the editor shows" in driver.line("hints")


async def test_other_tasks_know_no_turns(state_folder: Path) -> None:
    async with playground(state_folder, ready=False) as driver:
        await driver.pilot.press("ctrl+t")
        assert driver.app.screen is driver.screen
        assert "text-generation" in driver.line("hints")


async def test_the_input_shows_who_speaks_while_it_is_a_chat(state_folder: Path) -> None:
    text = "user: a\n\\user: b\nplain"
    settings = at_work(state_folder, "nano-generation", text)
    async with playground(state_folder, settings=settings, ready=False) as driver:
        assert not driver.input.get_line(0).spans
        driver.screen.options = {"chat": True}
        assert [(span.start, span.end) for span in driver.input.get_line(0).spans] == [(0, 5)]
        assert all(not driver.input.get_line(row).spans for row in (1, 2))
        assert "1 turn, 22 characters" in driver.title("input")
        assert "backslash" in driver.input.about
        driver.screen.options = {}
        assert not driver.input.get_line(0).spans
        assert "turn" not in driver.title("input")
        assert "backslash" not in driver.input.about


async def test_a_short_text_takes_the_place_of_a_long_one(state_folder: Path) -> None:
    """The scrollbar goes while the text cursor stands in a line that is gone."""
    long = "\n".join(f"line {number}" for number in range(30))
    async with playground(state_folder, (80, 24), ready=False) as driver:
        driver.input.exchange_text(long)
        await driver.pilot.pause()
        driver.input.exchange_text("short")
        await driver.pilot.pause()
        assert driver.input.caret == 5
        driver.input.undo()
        driver.input.undo()
        await driver.pilot.pause()
        assert driver.input.cursor_location[0] == 0
