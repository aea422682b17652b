"""The browser of the vocabulary: its rows, and the view on the real engine."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from safetensors.numpy import load_file
from textual.geometry import Size
from textual.strip import Strip

from tests.app.drawn import STYLES, WIDTHS
from tests.app.microscope.driving import Looking, microscope
from tests.engine.tokenization.trained import MAKERS, opened
from tui.app.panes.microscope.paged import Pages
from tui.app.render.microscope.entries import entry_row, flags, header, waiting_row
from tui.app.render.microscope.entry_detail import Line, lines
from tui.engine.tokenization import vocabulary
from tui.engine.tokenization.entries import inside
from tui.engine.tokenization.opening import OpenTokenizer, open_tokenizer
from tui.protocol.microscope.questions import Browsed, Explained, Subject
from tui.protocol.microscope.vocabulary import AddedFlags, Entry, NearestTokens

NANO = Path("tui/models/nano-sentiment")


# ------------------------------------------------------------------------------------------------ drawing


texts = st.text(alphabet=st.sampled_from("a é漢\u200b\x1b\u202e\ud800\n\u0301🤗Ġ"), max_size=40)
any_flags = st.builds(AddedFlags, *[st.booleans()] * 5)
entries = st.builds(
    Entry,
    st.integers(0, 2**32),
    st.none() | texts,
    texts,
    st.none() | st.binary(max_size=60),
    st.booleans(),
    st.none() | any_flags,
)


@given(entries, st.sampled_from((30, *WIDTHS)), st.booleans(), st.sampled_from(("", "0.1234 ")))
def test_a_row_is_harmless_and_as_wide_as_its_header(entry: Entry, width: int, here: bool, lead: str) -> None:
    strip = entry_row(entry, width, STYLES.__getitem__, selected=here, lead=lead)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200b\u202e\ud800-\udfff]", strip.text)
    over = max(0, len(str(entry.id)) - 7)
    assert strip.cell_length <= width + over
    assert strip.text.startswith("▸ " if here else "  ")
    top = header(width, STYLES.__getitem__, lead)
    assert top.cell_length == width
    if width >= 76:
        at = cell_len(top.text[: top.text.index("decoded")])
        assert Strip.crop(strip, at + over - 1, at + over).text == " ", "columns stand below their names"


def test_flags_are_told_by_name_and_bytes_that_have_no_room_are_counted() -> None:
    added = AddedFlags(special=False, lstrip=True, rstrip=False, single_word=True, normalized=True)
    entry = Entry(70, "Ġ[x]", " [x]", b" [x]" * 20, False, added)
    assert flags(added, False) == ("added", "lstrip", "single_word", "normalized")
    assert flags(None, False) == ()
    wide = entry_row(entry, 190, STYLES.__getitem__, selected=False).text
    assert "added lstrip single_word normalized" in wide
    assert "… 80 bytes" in wide
    assert "␠[x]" in wide
    narrow = entry_row(entry, 76, STYLES.__getitem__, selected=False).text
    assert "added lstrip" in narrow
    assert "…" in narrow
    nothing = entry_row(Entry(9, None, "", None, False, None), 76, STYLES.__getitem__, selected=False).text
    assert nothing.split() == ["9", "no", "entry", "–"]
    assert waiting_row(76, STYLES.__getitem__, selected=True).text.split() == ["▸", "…"]


def explained(of: OpenTokenizer, text: str) -> Explained:
    tokenizer = of.tokenizer
    known = inside(tokenizer)
    index = vocabulary.index_of(tokenizer)
    entry_id = int(index.ids[index.texts.index(text)])
    subject = Subject(of.reference, known.kind, known.size)
    return Explained(subject, vocabulary.detail(tokenizer, entry_id), None, "Why: it is another one.")


def drawn(found: Explained, width: int = 76) -> list[Line]:
    made = lines(found, width, STYLES.__getitem__)
    for number, line in enumerate(made):
        for strip in (line.make(False), line.make(True)):
            assert strip.cell_length <= width, strip.text
        assert not line.make(False).text.startswith("▸")
        assert line.leads_to is None or line.make(True).text.startswith("▸ "), number
    return made


def told(found: Explained, width: int = 76) -> str:
    return "\n".join(line.make(False).text.rstrip() for line in drawn(found, width))


@pytest.mark.parametrize("width", [40, 55, 76, 190])
@pytest.mark.parametrize("name", MAKERS)
def test_every_entry_can_be_drawn_and_leads_to_its_neighbors(name: str, width: int, tmp_path: Path) -> None:
    of = opened(name, tmp_path)
    for text in vocabulary.index_of(of.tokenizer).texts[::17]:
        found = explained(of, text)
        leads = [line.leads_to for line in drawn(found, width) if line.leads_to is not None]
        assert found.detail.entry.id not in leads
        assert {each.id for each in found.detail.neighbors} - {found.detail.entry.id} <= set(leads)


def test_merges_are_a_tree_with_ranks(tmp_path: Path) -> None:
    of = opened("byte-level-bpe", tmp_path)
    found = explained(of, "Ġthe")
    text = told(found)
    tree = found.detail.tree
    assert found.detail.merges
    for merge in found.detail.merges:
        assert f"rank {merge.rank:,}: {merge.left} + {merge.right}" in text
    nodes = [line for line in text.splitlines() if re.search(r"  (rank \d+|symbol)$", line)]
    assert len(nodes) == len(tree)
    for node, line in zip(tree, nodes, strict=True):
        assert node.text in line
        assert f"id {node.id}" in line
        assert line.endswith(f"rank {node.rank}" if node.rank is not None else "symbol")
    assert "└ " in nodes[-1]
    assert "It is a single symbol" in told(explained(of, "a"))
    assert "an added token, special" in told(explained(of, "<|end|>"))


def test_unigram_tells_log_probability_and_surprisal(tmp_path: Path) -> None:
    of = opened("unigram", tmp_path)
    found = explained(of, "▁new")
    score = found.detail.score
    assert score is not None
    text = told(found)
    assert f"log-probability {score:.4f} nats" in text
    assert f"surprisal {-score / np.log(2):.2f} bits" in text
    assert "merge" not in text


def test_what_is_not_known_is_said(tmp_path: Path) -> None:
    found = explained(opened("wordpiece", tmp_path), "the")
    assert told(found).endswith("Why: it is another one.")
    entry = found.detail.entry
    without = Explained(found.subject, found.detail, NearestTokens(entry, 0.0, (), 0, 0))
    assert "without a direction" in told(without)


def test_a_huge_entry_is_cut_and_says_so(tmp_path: Path) -> None:
    found = explained(opened("wordpiece", tmp_path), "the")
    entry = Entry(5, "x" * 1_000_000, "\x1b" * 1_000_000, b"x" * 1_000_000, False, None)
    detail = type(found.detail)(entry=entry, kind="BPE", neighbors=(entry,), reached=None)
    text = " ".join(told(Explained(found.subject, detail, None)).split())
    assert "the first 240 of 1,000,000 characters" in text
    assert "(1,000,000)" in text
    assert len(text) < 5_000


def test_pages_say_what_is_missing_and_hold_only_some() -> None:
    pages: Pages[Entry] = Pages()
    assert pages.missing(0, 30) is None
    for page in range(20):
        start = page * Pages.SIZE
        entries = tuple(Entry(start + n, "x", "x", b"x", False, None) for n in range(Pages.SIZE))
        pages.put(start, entries, 20 * Pages.SIZE - 50)
        assert pages[start + 7] == entries[7]
    assert len(pages) == Pages.MOST * Pages.SIZE
    assert pages[0] is None
    assert pages.missing(190, 30) == 0
    assert pages.missing(4_000 - 60, 10) is None
    assert pages.missing(4_000 - 10, 500) is None, "beyond the end nothing is missing"


# ------------------------------------------------------------------------------------------- on the engine


async def listed(looking: Looking, title: str) -> None:
    """Wait until the title says so and the rows in sight are there."""
    view = looking.view
    await looking.driver.until(lambda: title in view._title and view.pages[view.cursor] is not None, title)


def all_here(pages: Pages[Entry], places: range) -> bool:
    return all(pages[place] is not None for place in places)


async def test_the_whole_vocabulary_can_be_walked_with_some_pages_held(state_folder: Path) -> None:
    async with microscope(state_folder, (120, 50), "vocabulary") as looking:
        await listed(looking, "7,000 entries")
        view, seen = looking.view, set()
        assert "[PAD]" in looking.shown
        while True:
            top, height = view._window
            places = range(top, min(top + height, 7_000))
            if not all_here(view.pages, places):
                assert "…" in looking.shown
                await looking.driver.until(partial(all_here, view.pages, places), f"rows from {top}")
            seen |= {view.pages[n].id for n in places}
            assert len(view.pages) <= Pages.MOST * Pages.SIZE
            if view.cursor == 6_999:
                break
            view.action_page(1)
        assert seen == set(range(7_000))
        await looking.press("home")
        await looking.until("[PAD]")
        await looking.press("end")
        await looking.until("amazingly")
        assert f"{6_999 - view._window[1] + 2:,}–7,000 of 7,000" in looking.shown
        await looking.press("home", "down", "right")
        await looking.until("nearest in embedding space")
        first = looking.shown.splitlines()[0]
        assert "entry" in first
        assert "← back to the list" in first, "the entry is at the side"
        assert re.search(r"▹ +1 \[UNK\]", looking.shown)
        await a_question_asked_again_changes_nothing(looking)
        await looking.press("left")
        await the_checkpoint_can_have_another_tokenizer(looking)
        await of_another_tokenizer_no_nearest_are_told_and_why(looking)


async def a_question_asked_again_changes_nothing(looking: Looking) -> None:
    view = looking.view
    await looking.press("left", "end", "right", "down", "down")
    await looking.until("6999  of 7,000")
    before, page = looking.shown, view.pages[view.cursor]
    assert page is not None
    view.inquire()
    await looking.driver.until(lambda: view.pages[view.cursor] is not page, "the page, once more")
    assert looking.shown == before


async def the_checkpoint_can_have_another_tokenizer(looking: Looking) -> None:
    view = looking.view
    assert view.cursor == 6_999
    other = open_tokenizer("nano-generation")
    page = vocabulary.search(other.tokenizer, "", count=Pages.SIZE)
    view.hear(Browsed(Subject(other.reference, "BPE", page.size), page))
    assert view.cursor == 0
    assert "of 4,096" in looking.shown
    view.inquire()
    await listed(looking, "7,000 entries")


async def of_another_tokenizer_no_nearest_are_told_and_why(looking: Looking) -> None:
    looking.screen.subject = "nano-generation"
    await looking.driver.until(lambda: "BPE" in looking.head, "the other tokenizer")
    await looking.write("there")
    await listed(looking, "by text")
    await looking.press("enter")
    await looking.until("whose tokenizer is another one")
    assert re.search(r"rank [0-9,]+: ", looking.shown)
    looking.screen.subject = ""
    await listed(looking, "7,000 entries")
    assert looking.view.opened is None


async def searching_by_text_by_beginning_and_by_id(looking: Looking) -> None:
    await looking.write("wait")
    await listed(looking, "2 of 7,000 entries, by text")
    assert "waiting" in looking.shown
    await looking.write("ait")
    await listed(looking, "by text")
    await looking.press("b")
    await looking.until("Nothing found for “ait” by the beginning")
    await looking.press("b")
    await looking.until("Not an id")
    assert looking.view.stale
    await looking.write("5-9 1947")
    await listed(looking, "6 of 7,000 entries, by id")
    assert "Not an id" not in looking.shown
    assert "wait" in looking.shown
    await looking.write("")
    await looking.press("f", "f")
    await listed(looking, "5 of 7,000 entries, by id, special only")
    assert "[MASK]" in looking.shown


async def test_an_entry_is_explained_followed_and_left(state_folder: Path) -> None:
    async with microscope(state_folder, (80, 24), "vocabulary") as looking:
        await listed(looking, "7,000 entries")
        await looking.write("terrific")
        await listed(looking, "1 of 7,000")
        await looking.press("enter")
        view = looking.view
        await looking.driver.until(lambda: view.opened is not None, "the entry")
        entry = view.opened.detail.entry
        assert entry.text == "terrific"
        assert view.virtual_size == Size(view.scrollable_content_region.width, view.room)
        nearest = view.opened.nearest
        weights = next(
            each for name, each in load_file(NANO / "model.safetensors").items() if "word_embeddings" in name
        ).astype(np.float64)
        cosines = (
            weights @ weights[entry.id] / np.linalg.norm(weights, axis=1) / np.linalg.norm(weights[entry.id])
        )
        for near in nearest.nearest:
            assert near.cosine == pytest.approx(cosines[near.entry.id], abs=1e-12)
        await looking.press("end")
        await looking.until(nearest.nearest[-1].entry.text)
        last = nearest.nearest[-1]
        assert re.search(rf"▸ {last.cosine:.4f} +{last.entry.id} {last.entry.text}", looking.shown)
        await looking.press("enter")
        await looking.until(f"← back to id {entry.id}")
        assert view.opened.detail.entry.id == last.entry.id
        await looking.press("left")
        await looking.until("← back to the list")
        assert re.search(rf"▸ {last.cosine:.4f} ", looking.shown), "the cursor stands where it stood"
        await every_line_comes_into_sight_with_the_arrow_keys(looking)
        await looking.press("left")
        assert view.opened is None
        assert "← back" not in looking.shown
        await searching_by_text_by_beginning_and_by_id(looking)


async def every_line_comes_into_sight_with_the_arrow_keys(looking: Looking) -> None:
    view = looking.view
    await looking.driver.pilot.resize_terminal(80, 16)
    await looking.driver.until(lambda: view.room < 10, "few rows")
    whole = [line.make(False).text.strip() for line in view._about]
    for by in (-1, 1):
        seen = ""
        for _ in range(2 * len(whole)):
            seen += looking.shown
            view.action_row(by)
        assert [line for line in whole if line not in seen] == []
        assert view._about_top == (0 if by < 0 else len(whole) - view._about_room)
