"""Every token of a long text: the view on the real engine, and its rows at any width."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.style import Style

from tests.app.driving import SAMPLE
from tests.app.microscope.driving import Looking, microscope
from tests.checkpoints import CORPUS
from tui.app.panes.microscope.paged import Pages
from tui.app.render.microscope.token_rows import span_cells, token_header, token_row
from tui.engine.tokenization.opening import open_tokenizer
from tui.protocol.microscope.token_list import ListedToken
from tui.protocol.microscope.vocabulary import Entry

ONCE = "\n".join(CORPUS) + "\n"
LONG = ONCE * (4_000_000 // len(ONCE) + 1)
"""About 4 MB: more than a million tokens."""


def expected_ids(text: str) -> list[int]:
    """The ids that the library itself finds in the whole text."""
    tokenizer = open_tokenizer("nano-sentiment").tokenizer
    ids: list[int] = tokenizer.ask(
        lambda backend: backend.encode_batch([text], add_special_tokens=False)[0].ids
    )
    return ids


async def listed(looking: Looking, text: str) -> None:
    """Wait until the tokens of a text are listed."""
    view = looking.view
    await looking.driver.until(
        lambda: view.found is not None and not view.outdated and view.found.characters == len(text), "tokens"
    )


async def shown_ids(looking: Looking) -> dict[int, int]:
    """Places and ids of the rows in sight, once all are there."""
    view = looking.view
    await looking.driver.until(lambda: view.pages.missing(*view._window) is None, "the rows")
    first, height = view._window
    rows = [view.pages[place] for place in range(first, min(first + height, view.count()))]
    assert all(f"{row.entry.id}" in looking.shown for row in rows)
    return {row.place: row.entry.id for row in rows}


async def test_a_million_tokens(state_folder: Path) -> None:
    async with microscope(state_folder, (100, 30), "tokens") as looking:
        view = looking.view
        await listed(looking, SAMPLE)
        assert "waiting" in looking.shown
        assert "[0–1]" in looking.shown
        await looking.write(LONG)
        await looking.until("of the text read")
        await listed(looking, LONG)
        ids = expected_ids(LONG)
        assert view.count() == len(ids) > 1_000_000
        assert f"{len(ids):,} tokens, {len(LONG) / len(ids):.2f} characters each" in view._title
        for key in ("end", "home", "right_square_bracket", "pagedown", *["right_square_bracket"] * 4, "end"):
            await looking.press(key)
            assert (await shown_ids(looking)).items() <= dict(enumerate(ids)).items()
            assert len(view.pages) <= Pages.MOST * Pages.SIZE
        assert view.cursor == len(ids) - 1
        assert looking.shown.splitlines()[-1].startswith(f"▸ {len(ids) - 1:,}")


async def test_a_changed_text_keeps_the_place(state_folder: Path) -> None:
    async with microscope(state_folder, (80, 24), "tokens") as looking:
        view = looking.view
        text = ONCE * 100
        before = len(expected_ids(text))
        await looking.write(text)
        await listed(looking, text)
        await looking.press("end")
        await looking.write(f"{text} and on")
        await listed(looking, f"{text} and on")
        assert view.cursor == before - 1
        await looking.press("end")
        assert view.cursor == before + 1
        ids = expected_ids(f"{text} and on")
        assert (await shown_ids(looking)).items() <= dict(enumerate(ids)).items()
        await looking.write(SAMPLE)
        await listed(looking, SAMPLE)
        assert view.cursor == view.count() - 1 == len(expected_ids(SAMPLE)) - 1
        await shown_ids(looking)
        await looking.write("")
        await looking.until("“i” goes to the field")
        assert view._title == "Tokens"


async def test_other_views_are_answered_while_a_long_text_is_read(state_folder: Path) -> None:
    async with microscope(state_folder, (80, 24), "tokens") as looking:
        tokens = looking.view
        text = LONG[:2_000_000]
        await looking.write(text)
        await looking.until("of the text read")
        await looking.go_to("vocabulary")
        await looking.until("[UNK]")
        assert tokens.progress is not None, "the text is still being read"
        await looking.write("seconds")
        await looking.until("73 65 63 6f 6e 64 73")
        assert tokens.progress is not None
        await looking.go_to("tokens")
        await listed(looking, text)


async def test_a_restarted_engine_is_given_the_text_again(state_folder: Path) -> None:
    async with microscope(state_folder, (80, 24), "tokens") as looking:
        text = ONCE * 100
        await looking.write(text)
        await listed(looking, text)
        looking.driver.client.restart()
        await looking.press("end")
        ids = expected_ids(text)
        assert (await shown_ids(looking)).items() <= dict(enumerate(ids)).items()
        await looking.press("up", "enter")
        await looking.driver.until(lambda: looking.screen.shown == "vocabulary", "the vocabulary")
        await looking.until(f"{ids[-2]}  of 7,000")


HOSTILE = (
    ListedToken(
        1_234_567, Entry(31_337, "\x1b[31m\u202e[b]", "x", b"\x1b[31m" * 99, True, None), 1, 9, "a\nb", False
    ),
    ListedToken(0, Entry(1, "[UNK]", "", None, True, None), 9_999_999, 10_000_000, "漢" * 200, True),
    ListedToken(7, Entry(2, "", "", b"", False, None), None, None, None, False),
    ListedToken(8, Entry(3, " ", " ", b" ", False, None), 4, 4, "", False),
    ListedToken(9, Entry(2**32 - 1, None, "", None, False, None), 4, 5, " ", False),
)


@pytest.mark.parametrize("width", [20, 40, 74, 88, 188])
def test_rows_fit(width: int) -> None:
    lead, span = "1,234,567 ", span_cells(10_000_000)

    def plain(name: str) -> Style:
        return Style()

    head = token_header(width, plain, span, "place     ", "1–20 of 1,234,567")
    for token in HOSTILE:
        for selected in (False, True):
            drawn = token_row(token, width, plain, span, selected=selected, left=selected, lead=lead)
            assert "\x1b" not in drawn.text
            assert "\u202e" not in drawn.text
            if width >= 74:
                assert cell_len(drawn.text) <= width
                assert drawn.text.startswith("▸") == selected
    if width >= 74:
        assert cell_len(head.text) <= width
        row = token_row(HOSTILE[1], width, plain, span, selected=False, lead=lead).text
        assert "unknown" in row
        assert "[9,999,999–10,000,000]" in row
        assert "–" in token_row(HOSTILE[2], width, plain, span, selected=False, lead=lead).text
