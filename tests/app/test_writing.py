"""The screen that writes, by its keys, with the real engine and the built-in checkpoints."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import torch
from textual.widgets import Input
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.app.driving import SIZES, playground
from tests.app.writing import PROMPT, Writer, writing
from tests.held_engine import Gates
from tui import catalogue
from tui.app.keys import WRITING
from tui.app.render import numbers
from tui.app.screens.options import OptionsScreen
from tui.app.screens.writing.screen import Writing
from tui.app.session import SessionFile
from tui.protocol import Failed
from tui.protocol.failures import Failure
from tui.settings import Settings


def greedy(count: int, prompt: str = PROMPT, **settings: object) -> tuple[int, ...]:
    folder = str(catalogue.built_in_folder("nano-generation"))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()  # type: ignore[no-untyped-call]
    encoded = AutoTokenizer.from_pretrained(folder)(prompt, return_tensors="pt")
    written = model.generate(**encoded, do_sample=False, max_new_tokens=count, **settings)
    return tuple(written[0, encoded.input_ids.shape[1] :].tolist())


@pytest.mark.parametrize("size", SIZES)
async def test_one_token_after_the_other_then_until_the_end(
    state_folder: Path, size: tuple[int, int]
) -> None:
    async with writing(state_folder, size) as writer:
        expected = greedy(200)
        await writer.press("n")
        await writer.count(1)
        await writer.press("n")
        await writer.count(2)
        assert writer.ids == expected[:2]
        await writer.press("space")
        await writer.count(len(expected))
        assert writer.ids == expected
        assert "end token" in writer.shown
        assert "tokens/s" in writer.shown


async def test_undo_and_redo_and_rewind(state_folder: Path) -> None:
    async with writing(state_folder) as writer:
        await writer.press("n")
        await writer.count(1)
        await writer.press("N")
        await writer.driver.until(lambda: bool(writer.driver.app.screen.query(Input)), "the question")
        writer.driver.app.screen.query_one(Input).value = "3"
        await writer.press("enter")
        await writer.count(4)
        four = writer.ids
        await writer.press("u")
        await writer.count(1)
        await writer.press("U")
        await writer.count(4)
        await writer.press("left", "left", "backspace")
        await writer.count(2)
        assert writer.ids == four[:2]
        assert writer.names == ["A", "B"]
        await writer.press("left_square_bracket")
        await writer.count(4)
        assert writer.ids == four


async def test_another_token_in_the_middle_is_a_branch(state_folder: Path) -> None:
    async with writing(state_folder) as writer:
        await writer.press("n")
        await writer.count(1)
        await writer.press("n")
        await writer.count(2)
        await writer.press("left", "left")
        await writer.driver.until(lambda: writer.screen.place == 0, "the first token")
        first = writer.ids[0]
        await writer.driver.until(lambda: writer.first_row == first, "its row")
        await writer.press("2", "down", "down")
        await writer.driver.pilot.pause()
        selected = writer.screen.probabilities.selected
        assert selected is not None
        await writer.press("enter")
        await writer.driver.until(lambda: writer.ids[0] == selected.index, "the other token")
        await writer.count(2)
        assert writer.names == ["A", "B"]
        there, after = writer.screen.branching.chosens()
        assert (there.by, after.by) == ("given", "greedy")
        assert there.log_probability == pytest.approx(selected.log_probability, abs=1e-4)
        await writer.press("1", "space")
        await writer.driver.until(lambda: len(writer.ids) > 2 and not writer.screen.busy, "the rest")
        await writer.press("c")
        await writer.driver.pilot.pause()
        assert "the first 0 tokens are the same" in writer.shown


async def test_a_banned_token_is_not_chosen(state_folder: Path) -> None:
    async with writing(state_folder) as writer:
        (likeliest,) = greedy(1)
        await writer.press("x")
        await writer.rest()
        await writer.press("escape", "n")
        await writer.count(1)
        assert writer.ids == greedy(1, bad_words_ids=[[likeliest]])
        assert "1 banned" in writer.shown


async def test_another_prompt_keeps_the_branch_and_scores_it_again(state_folder: Path) -> None:
    async with writing(state_folder) as writer:
        await writer.press("n")
        await writer.count(1)
        await writer.press("n")
        await writer.count(2)
        ids, before = writer.ids, writer.screen.branching.totals()
        await writer.press("i", "end", "space", "a")
        await writer.driver.until(
            lambda: writer.screen.branching.totals().log_probability not in (before.log_probability, None),
            "other numbers",
        )
        await writer.rest()
        assert writer.ids == ids
        await writer.press("escape", "escape")
        assert writer.driver.input.full_text.endswith(" a")


async def test_sampling_repeats_itself_by_its_seed(state_folder: Path) -> None:
    async with writing(state_folder) as writer:
        await writer.press("g", "n")
        await writer.count(1)
        await writer.press("n")
        await writer.count(2)
        sampled = writer.ids
        await writer.press("u", "u")
        await writer.count(0)
        await writer.press("n")
        await writer.count(1)
        await writer.press("n")
        await writer.count(2)
        assert writer.ids == sampled
        assert "sample seed 0" in writer.shown


async def test_a_wrong_expression_is_told_and_nothing_is_lost(state_folder: Path) -> None:
    async with writing(state_folder) as writer:
        await writer.press("n")
        await writer.count(1)
        await writer.press("f2")
        await writer.driver.until(lambda: isinstance(writer.driver.app.screen, OptionsScreen), "the options")
        writer.driver.app.screen.query_one("#option-regex", Input).value = "a("
        writer.driver.app.screen.query_one("#option-regex", Input).focus()
        await writer.press("enter")
        await writer.driver.until(lambda: isinstance(writer.driver.app.screen, Writing), "the screen")
        await writer.driver.until(lambda: bool(writer.screen._message), "what is wrong")
        assert len(writer.ids) == 1


async def test_the_engine_dies_and_the_branch_stands(state_folder: Path) -> None:
    async with writing(state_folder) as writer:
        await writer.press("n")
        await writer.count(1)
        ids, pid = writer.ids, writer.driver.app.conversation.engine.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await writer.driver.until(
            lambda: writer.driver.app.conversation.engine.pid not in (pid, None), "another engine"
        )
        assert writer.ids == ids
        await writer.rest()
        await writer.press("escape", "n")
        await writer.count(2)
        assert writer.ids == greedy(2)


async def test_what_was_written_is_there_again(state_folder: Path) -> None:
    async with writing(state_folder) as writer:
        await writer.press("n")
        await writer.count(1)
        ids = writer.ids
        await writer.press("escape")
        await writer.driver.until(lambda: not isinstance(writer.driver.app.screen, Writing), "the playground")
        await writer.press("f12")
        await writer.driver.until(lambda: isinstance(writer.driver.app.screen, Writing), "the screen")
        await writer.rest()
        assert writer.ids == ids


async def test_what_was_written_is_there_after_a_restart(state_folder: Path) -> None:
    async with writing(state_folder) as writer:
        await writer.press("n")
        await writer.count(1)
        await writer.press("2", "down", "enter")
        await writer.count(2)
        await writer.press("1", "backspace", "x")
        await writer.rest()
        branches, banned = writer.branches, writer.screen._written.banned
        assert len(branches) == 2
        assert banned
    session, why = SessionFile(state_folder).load()
    assert session is not None, why
    settings = Settings(state_folder=state_folder, task="text-generation", text=PROMPT)
    async with playground(state_folder, settings=settings, session=session) as driver:
        await driver.pilot.press("f12")
        await driver.until(lambda: isinstance(driver.app.screen, Writing), "the screen")
        writer = Writer(driver)
        await writer.rest()
        assert writer.branches == branches
        assert writer.screen._written.banned == banned
        await writer.press("n")
        await writer.count(2)
        assert writer.ids == greedy(2, bad_words_ids=[[banned[0]]])


async def test_another_checkpoint_has_a_tree_of_its_own(state_folder: Path) -> None:
    async with writing(state_folder) as writer:
        await writer.press("n")
        await writer.count(1)
        desks = writer.driver.app._desks
        assert desks.written("text-generation", "nano-generation").tree.ids() == writer.ids
        assert desks.written("text-generation", "another").tree.ids() == ()


async def test_an_encoders_decoder_writes(state_folder: Path) -> None:
    async with writing(state_folder, task="translation", text="Ce logiciel permet de lire.") as writer:
        await writer.press("space")
        await writer.driver.until(lambda: len(writer.ids) > 2 and not writer.screen.busy, "a translation")
        assert "software" in writer.shown


async def test_a_token_is_looked_at_while_others_are_written(state_folder: Path, tmp_path: Path) -> None:
    gates = Gates(tmp_path / "gates")
    async with writing(state_folder, (80, 24), gates=gates) as writer:
        await writer.press("f2")
        await writer.driver.until(lambda: isinstance(writer.driver.app.screen, OptionsScreen), "the options")
        writer.driver.app.screen.query_one("#option-min_new_tokens", Input).value = "200"
        writer.driver.app.screen.query_one("#option-min_new_tokens", Input).focus()
        await writer.press("enter")
        await writer.driver.until(lambda: isinstance(writer.driver.app.screen, Writing), "the screen")
        await writer.rest()
        gates.close("Stepped", after=3)
        await writer.press("space")
        await writer.driver.until(lambda: len(writer.ids) == 3, "three tokens")
        await writer.press("home")
        gates.open("Stepped")
        first = writer.ids[0]
        await writer.driver.until(lambda: writer.first_row == first, "the first token's row")
        selected = writer.screen.probabilities.selected
        assert selected is not None
        assert selected.index == first
        await writer.driver.until(lambda: not writer.screen.busy, "the end")
        assert writer.screen.place == 0
        assert writer.first_row == first


async def test_keys_typed_ahead_reach_what_they_are_for(state_folder: Path) -> None:
    async with writing(state_folder) as writer:
        expected = greedy(3)
        await writer.press("n", "n", "n", "u", "n", "left", "left", "backspace", "n")
        await writer.count(2)
        assert writer.ids == expected[:2]
        assert writer.branches == [("A", expected), ("B", expected[:2])]
        await writer.press("n", "space")
        await writer.driver.until(lambda: bool(writer.screen.branching.branch.stop), "the end")
        assert writer.ids == greedy(200)


async def test_a_search_gives_way(state_folder: Path, tmp_path: Path) -> None:
    gates = Gates(tmp_path / "gates")
    async with writing(state_folder, gates=gates) as writer:
        gates.close("BeamsStepped", after=2)
        await writer.press("b")
        await writer.driver.until(lambda: len(writer.screen.branches.steps) == 2, "two steps")
        await writer.press("n")
        gates.open("BeamsStepped")
        await writer.driver.until(lambda: bool(writer.ids) and not writer.screen.busy, "a token")
        assert "searching" not in writer.shown
        assert "3 Branches" in writer.shown


async def test_the_engine_dies_while_it_writes(state_folder: Path, tmp_path: Path) -> None:
    gates = Gates(tmp_path / "gates")
    async with writing(state_folder, gates=gates) as writer:
        writer.screen._written.options["min_new_tokens"] = 200
        gates.close("Stepped", after=3)
        await writer.press("space")
        await writer.driver.until(lambda: len(writer.ids) == 3, "three tokens")
        pid = writer.driver.app.conversation.engine.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        gates.open("Stepped")
        await writer.driver.until(lambda: "what was written stands" in writer.shown, "the message")
        await writer.driver.until(
            lambda: writer.driver.app.conversation.engine.pid not in (pid, None), "another engine"
        )
        await writer.rest()
        ids = writer.ids
        assert ids[:200] == greedy(200, min_new_tokens=200)[: len(ids)]
        await writer.press("escape", "space")
        await writer.driver.until(lambda: bool(writer.screen.branching.branch.stop), "the end")
        assert writer.ids[:200] == greedy(200, min_new_tokens=200)


async def test_a_branch_knows_that_memory_ran_out(state_folder: Path, tmp_path: Path) -> None:
    gates = Gates(tmp_path / "gates")
    async with writing(state_folder, gates=gates) as writer:
        writer.screen._written.options["min_new_tokens"] = 200
        gates.close("Stepped", after=3)
        await writer.press("space")
        await writer.driver.until(lambda: len(writer.ids) == 3, "three tokens")
        writer.screen.heard(Failed(1, Failure("Out of memory", "CUDA out of memory.", "Shorten it.")))
        assert writer.screen.branching.branch.stop == "Out of memory"
        assert writer.screen.text.ending == "Out of memory"
        assert len(writer.ids) == 3
        assert "Out of memory; F4 tells" in writer.screen._message


async def test_beams_become_branches_and_add_up(state_folder: Path) -> None:
    async with writing(state_folder) as writer:
        await writer.press("b")
        await writer.driver.until(lambda: len(writer.names) == 5 and not writer.screen.busy, "beams")
        best = greedy(40, num_beams=4)
        assert writer.ids == best
        total = writer.screen.branching.totals().log_probability
        assert total is not None
        score = float(writer.screen.branching.branch.stop.split()[3].rstrip(","))
        assert total / len(best) == pytest.approx(score, abs=1e-3)
        await writer.press("right_square_bracket")
        await writer.rest()
        assert writer.screen.branching.totals().log_probability is not None
        await writer.press("u", "u")
        await writer.driver.until(lambda: writer.names == ["A"], "one branch")


@pytest.mark.parametrize("size", SIZES)
async def test_the_steps_of_a_search_can_be_looked_at_and_gone_on_from(
    state_folder: Path, size: tuple[int, int]
) -> None:
    async with writing(state_folder, size) as writer:
        await writer.press("comma")
        assert "No search was made yet" in writer.shown
        await writer.press("escape", "n")
        await writer.count(1)
        await writer.press("b")
        await writer.driver.until(lambda: len(writer.names) == 5 and not writer.screen.busy, "beams")
        assert "Branches" in writer.shown
        await writer.press("full_stop", "full_stop")
        pane = writer.screen.branches
        assert pane.at == 1
        assert "step 2 of" in writer.shown
        start = writer.screen._start[0]
        for step, (_, earlier) in enumerate(zip(pane.steps[1:], pane.steps, strict=False), 1):
            pane.follow(pane.steps, step, start)
            kept = [each for each in earlier.candidates if each.fate == "kept"]
            for way in pane._ways:
                assert way[-2] is kept[way[-1].parent]
                assert way[-1].score == pytest.approx(way[-2].score + way[-1].log_probability, abs=1e-4)
        pane.follow(pane.steps, 1, start)
        await writer.press("3", "down", "down", "down", "down", "down")
        way = pane.way
        assert way[-1].fate == "cut"
        # The candidates stand in the tree, below the branch that the search went on from.
        kinds = [kind for kind, _ in pane._listing]
        assert kinds == ["branch", *["candidate"] * len(pane._ways), *["branch"] * 4]
        expected = (*writer.screen.branching.ids(0), *(each.id for each in way))
        await writer.press("enter")
        await writer.count(3)
        assert writer.ids == expected
        assert not pane.following
        total = writer.screen.branching.totals().log_probability
        first = writer.screen.branching.chosens()[0].log_probability
        assert total is not None
        assert first is not None
        assert total - first == pytest.approx(way[-1].score, abs=1e-4)
        await writer.press("full_stop")
        assert pane.following
        await writer.press("escape")
        assert not pane.following
        assert isinstance(writer.driver.app.screen, Writing)


async def test_candidates_stand_in_the_tree_while_the_search_runs(state_folder: Path, tmp_path: Path) -> None:
    gates = Gates(tmp_path / "gates")
    async with writing(state_folder, gates=gates) as writer:
        pane = writer.screen.branches
        gates.close("BeamsStepped", after=5)
        await writer.press("3", "b")
        await writer.driver.until(lambda: pane.following and pane.at == 4, "five steps")
        await writer.press(*["down"] * 7)
        await writer.driver.pilot.pause()
        shown = writer.shown
        assert writer.screen.busy
        assert "1 branch · step " in shown
        assert "✓" in shown
        assert "✗" in shown
        about = " ".join(strip.text.strip() for strip in pane.details(50))
        assert "; cut: number 8 by score" in about
        assert about.split()[-1] in shown  # it stays in view below the list
        await writer.press("escape")
        gates.open("BeamsStepped")
        await writer.driver.until(lambda: not writer.screen.busy, "the end")
        assert not pane.following


async def test_it_waits_for_the_first_checkpoint(state_folder: Path, tmp_path: Path) -> None:
    gates = Gates(tmp_path / "gates")
    gates.close("import")
    settings = Settings(
        state_folder=state_folder, task="text-generation", text=PROMPT, engine_command=gates.command
    )
    async with playground(state_folder, (120, 40), settings, ready=False) as driver:
        await driver.pilot.press("f12", "space")
        await driver.until(lambda: isinstance(driver.app.screen, Writing), "the screen")
        writer = Writer(driver)
        await driver.until(lambda: "waiting for the checkpoint" in writer.shown, "what it waits for")
        gates.open("import")
        await driver.until(lambda: bool(writer.screen.branching.branch.stop), "the end")
        assert "No checkpoint" not in writer.shown


async def test_a_first_checkpoint_that_does_not_come_is_told(state_folder: Path, tmp_path: Path) -> None:
    settings = Settings(
        state_folder=state_folder, task="text-generation", text=PROMPT, model=str(tmp_path / "none")
    )
    async with playground(state_folder, (120, 40), settings, ready=False) as driver:
        await driver.pilot.press("f12", "space")
        await driver.until(lambda: isinstance(driver.app.screen, Writing), "the screen")
        writer = Writer(driver)
        await driver.until(
            lambda: any(why in driver.line("hints") for why in ("No such folder", "No checkpoint")), "why"
        )
        await driver.until(lambda: not writer.screen.busy, "rest")


async def test_the_memory_of_each_branch_is_told(state_folder: Path) -> None:
    async with writing(state_folder) as writer:
        await writer.press("n", "n", "n", "n")
        await writer.count(4)
        await writer.press("1", "left", "left", "2", "down", "enter")
        await writer.driver.until(lambda: writer.names == ["A", "B"], "another branch")
        await writer.count(4)
        pane = writer.screen.branches
        cache = writer.screen._cache
        assert cache is not None
        assert pane.cache is cache
        assert 0 < cache.token_bytes < cache.prompt_bytes < cache.bytes_used < cache.bytes_allowed
        assert writer.screen.branching.kept(cache.parts) == [4, 4]
        size = numbers.size(4 * cache.token_bytes)
        assert [mark.strip("● ") for _, mark, _ in pane.entries()] == [size, size]
        assert "└ B  4 tokens" in writer.shown
        await writer.press("3")
        await writer.driver.pilot.pause()
        about = " ".join(strip.text.strip() for strip in pane.details(50))
        assert f"keys and values of all kept: {size}, and " in about


async def test_numbers_are_those_of_the_prompt_at_hand(state_folder: Path) -> None:
    async with writing(state_folder) as writer:
        await writer.press("n")
        await writer.count(1)
        await writer.press("2", "down", "enter")
        await writer.count(2)
        await writer.press("1", "left", "2", "down", "down", "enter")
        await writer.count(2)
        assert writer.names == ["A", "B"]
        before = [writer.screen.branching.totals(n).log_probability for n in (0, 1)]
        await writer.press("i", "end", "space", "a")
        await writer.driver.until(lambda: writer.screen.branching.is_of(writer.screen._source), "its numbers")
        await writer.rest()
        await writer.press("escape")
        assert "A  2 tokens  ln p –" in writer.shown
        assert writer.screen.branching.totals(0).log_probability == before[0]
        await writer.press("left_square_bracket")
        await writer.driver.until(
            lambda: (
                writer.screen.branching.current == 0 and writer.screen.branching.is_of(writer.screen._source)
            ),
            "the other branch's numbers",
        )
        await writer.rest()
        assert writer.screen.branching.totals().log_probability != before[0]
        assert "ln p –" not in writer.shown


async def test_any_pane_but_the_prompt_can_have_the_whole_screen(state_folder: Path) -> None:
    async with writing(state_folder, (80, 24)) as writer:
        await writer.press("n")
        await writer.count(1)
        for key, own in (("1", "1 Text"), ("2", "2 Logits"), ("3", "3 Branches")):
            await writer.press(key, "ctrl+o")
            await writer.driver.pilot.pause()
            names = [name for name in ("1 Text", "2 Logits", "3 Branches", "Prompt") if name in writer.shown]
            assert names == [own]
            await writer.press("escape")
            assert writer.screen.zoomed is None
        await writer.press("i", "ctrl+o")
        assert writer.screen.zoomed is None


async def test_every_key_reaches_its_action(state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(state_folder) as writer:
        ran: list[str] = []
        for name in {key.action.partition("(")[0] for key in WRITING}:
            monkeypatch.setattr(Writing, f"action_{name}", lambda *_, name=name: ran.append(name))
        for key in WRITING:
            for pressed in key.keys.split(","):
                writer.screen.set_focus(writer.screen.text)
                await writer.press(pressed)
                await writer.driver.pilot.pause()
                assert ran == [key.action.partition("(")[0]], pressed
                ran.clear()


async def test_tokens_are_written_from_the_rows_unless_one_is_looked_for(state_folder: Path) -> None:
    async with writing(state_folder) as writer:
        await writer.press("2", "n")
        await writer.count(1)
        await writer.press("slash", *"the", "enter")
        await writer.driver.until(
            lambda: (
                writer.screen.probabilities.readout is not None
                and writer.screen.probabilities.readout.found is not None
            ),
            "the row",
        )
        await writer.press("n", "n")
        await writer.rest()
        assert len(writer.ids) == 1
        await writer.press("1", "n")
        await writer.count(2)


async def test_a_task_that_writes_nothing_says_so(state_folder: Path) -> None:
    async with playground(state_folder) as driver:
        await driver.answered()
        await driver.pilot.press("f12")
        await driver.pilot.pause()
        assert "writes nothing" in driver.line("hints")


@pytest.mark.parametrize("prompt", ["", "😀 \u202egnihton\u202c \x1b[31m [/INST] [red]x", "word " * 3000])
async def test_odd_prompts(state_folder: Path, prompt: str) -> None:
    async with playground(
        state_folder, settings=Settings(state_folder=state_folder, task="text-generation", text=PROMPT)
    ) as driver:
        await driver.answered()
        driver.input.replace_text(prompt)
        await driver.pilot.pause()
        await driver.pilot.press("f12")
        await driver.until(lambda: isinstance(driver.app.screen, Writing), "the screen")
        writer = Writer(driver)
        await driver.until(lambda: not writer.screen.busy, "rest")
        await writer.press("n")
        await driver.until(lambda: not writer.screen.busy, "rest")
        if len(prompt) < 100:  # an empty one begins with bos
            assert len(writer.ids) == 1
        else:
            assert writer.screen._message
            assert not writer.ids
