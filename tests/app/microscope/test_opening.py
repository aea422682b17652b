"""Another tokenizer is opened while the one before stays what it is, from the real engine."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.app.driving import SAMPLE
from tests.app.microscope.driving import Looking, microscope
from tests.held_engine import Gates
from tui import catalogue
from tui.settings import Settings

SIZES = ((60, 16), (120, 40))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The tokenizer of another kind than the one in use, which transformers makes of its folder."""
    built_in = catalogue.built_in_folder("nano-generation")
    assert built_in is not None
    copied = tmp_path / "another tokenizer"
    copied.mkdir()
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(built_in / name, copied)
    return copied


@asynccontextmanager
async def held(
    state_folder: Path, folder: Path, size: tuple[int, int] = (120, 40), tab: str = "stages"
) -> AsyncIterator[tuple[Looking, Gates]]:
    """The microscope, whose engine waits in the middle of opening a folder's tokenizer."""
    gates = Gates(state_folder / "gates")
    settings = Settings(state_folder=state_folder, engine_command=gates.command)
    async with microscope(state_folder, size, tab, settings) as looking:
        if tab == "stages":
            await looking.dissected()
        gates.close("Progress")
        yield looking, gates


async def opening(looking: Looking, gates: Gates, folder: Path, key: str = "o") -> None:
    await looking.name(key, str(folder))
    await looking.driver.until(lambda: gates.is_waited_at("Progress"), "the engine at the gate")
    assert "opening" in looking.head
    assert "another tokenizer" in looking.head
    assert "esc gives it up" in looking.head


@pytest.mark.parametrize("size", SIZES)
async def test_the_one_before_stays_in_use_under_its_own_name(
    state_folder: Path, folder: Path, size: tuple[int, int]
) -> None:
    async with held(state_folder, folder, size) as (looking, gates):
        before = looking.view.found.subject
        await opening(looking, gates, folder)
        await looking.write("read meanwhile")
        await looking.dissected("read meanwhile")
        assert looking.view.found.subject == before
        await looking.go_to("vocabulary")
        await looking.until(f"of {before.size:,}")
        assert "opening" in looking.head
        gates.open("Progress")
        await looking.driver.until(lambda: "BPE" in looking.head, "the other tokenizer")
        await looking.until("4,096")
        assert "opening" not in looking.head
        await looking.go_to("stages")
        await looking.driver.until(
            lambda: looking.view.found.subject.reference == str(folder), "the other's stages"
        )


async def test_it_counts_the_seconds(state_folder: Path, folder: Path) -> None:
    async with held(state_folder, folder) as (looking, gates):
        await opening(looking, gates, folder)
        first = looking.head
        await looking.driver.until(lambda: looking.head != first, "another time")
        assert "this is nano-sentiment" in looking.head


async def test_it_is_given_up_and_another_can_be_opened(state_folder: Path, folder: Path) -> None:
    async with held(state_folder, folder) as (looking, gates):
        await opening(looking, gates, folder)
        await looking.press("escape")
        await looking.driver.until(lambda: "opening" not in looking.head, "the end of it")
        assert "nano-sentiment" in looking.head
        assert looking.driver.app.screen is looking.screen
        await looking.name("o", "nano-generation")  # while the engine still is at the other
        await looking.driver.until(lambda: "nano-generation" in looking.head, "the other tokenizer")
        await looking.until("ByteLevel")
        gates.open("Progress")
        await looking.write("still the one that was chosen last")
        await looking.dissected("still the one that was chosen last")
        assert looking.view.found.subject.reference == "nano-generation"


async def test_a_newer_wish_takes_the_place_of_the_one_before(state_folder: Path, folder: Path) -> None:
    async with held(state_folder, folder) as (looking, gates):
        await opening(looking, gates, folder)
        await looking.name("o", "nano-generation")
        await looking.driver.until(lambda: "nano-generation  BPE" in looking.head, "the newer one")
        gates.open("Progress")
        await looking.write(SAMPLE * 2)
        await looking.dissected(SAMPLE * 2)
        assert "nano-generation  BPE" in looking.head


async def test_beside_others_it_is_opened_the_same_way(state_folder: Path, folder: Path) -> None:
    async with held(state_folder, folder, tab="side by side") as (looking, gates):
        await looking.driver.until(lambda: looking.view.compared is not None, "the others")
        await opening(looking, gates, folder, "a")
        await looking.press("escape")
        await looking.driver.until(lambda: "opening" not in looking.head, "the end of it")
        gates.open("Progress")
        await looking.name("a", str(folder))
        await looking.driver.until(lambda: str(folder) in looking.view._standing, "it among the others")
        assert "nano-sentiment" in looking.head
