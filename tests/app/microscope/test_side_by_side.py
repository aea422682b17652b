"""Tokenizers side by side on the screen, from the real engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from tests.app.driving import SAMPLE
from tests.app.microscope.driving import Looking, microscope
from tui.app.panes.microscope.lineup import Lineup, companions
from tui.app.screens.ask_path import AskPath
from tui.catalogue import built_in_folder
from tui.catalogue.tokenizers import tokenizer_kinds

TAB = "side by side"
SHY: dict[str, Any] = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [],
    "normalizer": None,
    "pre_tokenizer": {"type": "Whitespace"},
    "post_processor": None,
    "decoder": None,
    "model": {"type": "WordLevel", "vocab": {"the": 0, "cat": 1}, "unk_token": "[UNK]"},
}
"""A tokenizer that gives up on every word but two: it lacks the unknown token that it names."""


def standing(looking: Looking) -> list[str]:
    """The names in the table, from top to bottom."""
    found = looking.view.compared
    return [each.name for each in found.comparison.tokenizers] if found is not None else []


def tokens(name: str, text: str) -> int:
    folder = built_in_folder(name)
    assert folder is not None
    return len(Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text, add_special_tokens=False))


async def compared(looking: Looking, *names: str) -> None:
    await looking.driver.until(
        lambda: standing(looking) == [*names] and not looking.view._waiting, str(names)
    )


async def put_in(looking: Looking, reference: str) -> None:
    """Name a tokenizer in the dialog."""
    await looking.press("a")
    await looking.driver.until(lambda: isinstance(looking.driver.app.screen, AskPath), "the dialog")
    looking.driver.app.screen.query_one("#path").value = reference  # type: ignore[attr-defined]
    await looking.press("enter")


def to_begin_with() -> list[str]:
    kinds = tokenizer_kinds()
    return ["nano-sentiment", *companions(kinds, "nano-sentiment", kinds["nano-sentiment"])]


async def test_it_begins_with_other_kinds_and_counts_as_their_own_library_does(state_folder: Path) -> None:
    async with microscope(state_folder, tab=TAB) as looking:
        names = to_begin_with()
        await compared(looking, *names)
        kinds = tokenizer_kinds()
        assert len({kinds[name] for name in names}) == len(names) > 1
        for name in names:
            cells = next(
                cells for line in looking.shown.split("\n") if (cells := line[2:].split())[:1] == [name]
            )
            assert cells[1] == kinds[name]
            assert cells[3] == str(tokens(name, SAMPLE))
        assert "── all 55 characters ──" in looking.shown
        assert "words, subwords, characters" in looking.shown
        assert f"{len(names)} tokenizers on 55 characters" in looking.view._border_title.plain
        await looking.write("déjà 東京 🤗 \x1b[31m " + "x" * 300)
        await looking.until("░ dropped")
        for size in ((60, 16), (80, 24), (190, 50)):
            await looking.driver.pilot.resize_terminal(*size)
            await looking.press("end")
            await looking.driver.pilot.pause()
            width = looking.view.scrollable_content_region.width
            assert size[0] - 6 <= width < size[0]
            assert all(strip.cell_length <= width for strip in looking.view._rows)
            assert any("subwords:" in line for line in looking.driver.painted())
            await looking.press("home")
            await looking.driver.pilot.pause()
            assert any("▸ nano" in line for line in looking.driver.painted())


async def test_some_put_in_of_which_one_is_not_there_and_some_taken_away(state_folder: Path) -> None:
    async with microscope(state_folder, tab=TAB) as looking:
        first = to_begin_with()
        await compared(looking, *first)
        await put_in(looking, "/no/such/[red]place")
        await looking.until("✗ /no/such/[red]place is not compared")
        await compared(looking, *first)
        assert "→ Give" in looking.shown
        assert not looking.view.stale
        await put_in(looking, "nano-ner")
        await compared(looking, *first, "nano-ner")
        assert "▸ nano-ner" in looking.shown
        assert "✗" not in looking.shown
        await looking.press("home", "x")
        await compared(looking, *first[1:], "nano-ner")
        await put_in(looking, "nano-ner")
        await looking.until("nano-ner stands here already.")
        while len(standing(looking)) > 2:
            names = standing(looking)
            await looking.press("x")
            await compared(looking, *names[1:])
        await looking.press("x")
        await looking.until("Two are the fewest")
        assert len(standing(looking)) == 2


async def test_one_that_gives_up_on_a_text_and_a_broken_subject_leave_the_others(
    state_folder: Path, tmp_path: Path
) -> None:
    shy = tmp_path / "shy"
    shy.mkdir()
    (shy / "tokenizer.json").write_text(json.dumps(SHY))
    async with microscope(state_folder, tab=TAB) as looking:
        await compared(looking, *to_begin_with())
        await looking.write("the cat")
        await put_in(looking, str(shy))
        await compared(looking, *to_begin_with(), "shy")
        await looking.write("the dog")
        await looking.until("gives up on this text")
        await compared(looking, *to_begin_with())
        assert str(shy) in looking.shown.replace("\n", "")
        assert looking.view.compared.comparison.excerpt.text == "the dog"
        await put_in(looking, "nano-ner")
        await compared(looking, *to_begin_with(), "nano-ner")
        looking.screen.subject = "/no/such/folder"
        await looking.until("✗ /no/such/folder is not compared")
        await compared(looking, *to_begin_with()[1:], "nano-ner")
        looking.screen.subject = "nano-fill-mask"
        await compared(looking, "nano-fill-mask", *to_begin_with()[1:], "nano-ner")
        assert "✗" not in looking.shown


async def test_an_excerpt_of_a_long_text_moves_beyond_what_was_asked(state_folder: Path) -> None:
    text = " ".join(f"word{number}" for number in range(1500))
    async with microscope(state_folder, (190, 50), tab=TAB) as looking:
        await looking.write(text)
        await looking.until(f"of {len(text):,} (→ further)")
        begun = [0]
        while begun[-1] < 6_000:
            await looking.press("right")
            await looking.driver.until(lambda: looking.view.at > begun[-1], "the next part")
            at = looking.view.at
            begun.append(at)
            await looking.driver.until(
                lambda: f"characters {begun[-1] + 1:,}–" in looking.shown and not looking.view._waiting,
                "its rows",
            )
            excerpt = looking.view.compared.comparison.excerpt
            assert excerpt.start <= at < excerpt.start + len(excerpt.text)
        assert excerpt.start > 0
        drawn = next(line for line in looking.shown.split("\n") if line.startswith("▸ ") and "│" in line)
        letters = "".join(c for c in drawn.partition("│")[2] if c.isalnum())
        assert text[at:].replace(" ", "").startswith(letters[:60])
        for at in reversed(begun[:-1]):
            await looking.press("left")
            assert looking.view.at == at
        await looking.until("characters 1–")
        await looking.write("short")
        await looking.until("all 5 characters")


def test_who_has_chosen_keeps_what_they_chose() -> None:
    kinds = {"w": "WordPiece", "b": "BPE", "u": "Unigram", "v": "WordPiece"}
    line = Lineup()

    def stand(*expected: str) -> None:
        assert list(line.standing) == [*expected]

    line.know("w", kinds, "WordPiece")
    stand("", "b", "u")
    assert "already" in line.add("w")
    line.look_at("u")
    line.know("u", kinds, "Unigram")
    stand("u", "w", "b")
    assert not line.add("v")
    assert "most" in line.add("folder")
    line.look_at("b")
    line.know("b", kinds, "BPE")
    stand("b", "w", "v")
    assert not line.remove("b")
    stand("w", "v")
    assert "fewest" in line.remove("w")
    assert not line.add("b")
    stand("b", "w", "v")
    line.drop("v")
    line.subject_broken = True
    stand("w")
