"""How the playground looks at its three sizes. Numbers are recorded, times and memory held still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.app.driving import SIZES, Driver
from tests.app.snapshots import Album, press
from tui.protocol.checkpoints import Memory
from tui.settings import Settings

Look = Callable[..., bool]


@pytest.fixture
def look(snap_compare: Any, state_folder: Path, request: pytest.FixtureRequest) -> Iterator[Look]:
    """Compares the screen after some keys with the snapshot."""
    album = Album(snap_compare, request.config.getoption("--record"))

    def looking(size: tuple[int, int], *keys: str, task: str = "sentiment-analysis") -> bool:
        async def prepare(driver: Driver) -> Callable[[], None]:
            await press(driver, *keys)
            return lambda: hold_still(driver)

        return album.compare(Settings(state_folder=state_folder, task=task), size, prepare)

    yield looking
    album.close()


def hold_still(driver: Driver) -> None:
    """Give every time and the memory one value."""
    screen = driver.screen
    assert screen.forwarded is not None
    assert screen.answer is not None
    steps = tuple(
        msgspec.structs.replace(step, seconds=0.001 * (number + 1) if step.seconds is not None else None)
        for number, step in enumerate(screen.forwarded.steps)
    )
    screen.forwarded = msgspec.structs.replace(screen.forwarded, steps=steps, seconds=0.0123)
    answered = msgspec.structs.replace(screen.answer.answered, seconds=0.0123)
    screen.answer = screen.answer._replace(answered=answered)
    driver.app.conversation.line.show(memory=Memory(300_000_000, 8_000_000_000), answer_seconds=0.0123)


@pytest.mark.parametrize("size", SIZES)
def test_the_first_screen(look: Look, size: tuple[int, int]) -> None:
    """You should see the sample in Input, its tokens, the walk, the probabilities and the answer."""
    assert look(size)


@pytest.mark.parametrize("size", SIZES)
def test_a_token_is_selected(look: Look, size: tuple[int, int]) -> None:
    """You should see the token “waiting” marked, underlined in Input and described in the title."""
    assert look(size, "escape", *["right"] * 6)


def test_the_step_before_exp(look: Look) -> None:
    """You should see [−max] in the title, no probability, and the formula of the subtraction."""
    assert look((120, 40), "escape", "6", "left", "left")


def test_a_zoomed_pane(look: Look) -> None:
    """You should see Forward alone, as a table of every station."""
    assert look((80, 24), "escape", "5", "ctrl+o")


def test_the_picker_on_a_narrow_screen(look: Look) -> None:
    """You should see Task and Model folded out over the panes."""
    assert look((80, 24), "escape", "1")


def test_jump_labels(look: Look) -> None:
    """You should see a label on every pane's corner."""
    assert look((120, 40), "ctrl+g")


def test_the_smallest_screen(look: Look) -> None:
    """You should see every pane on 60 columns and 16 rows."""
    assert look((60, 16))


def test_names_in_a_text(look: Look) -> None:
    """You should see “Hugging Face” selected in Answer, its first token in Tokens and its labels' probabilities."""
    assert look((120, 40), "escape", "7", "down", task="ner")


def test_the_strategies_side_by_side(look: Look) -> None:
    """You should see five columns of entities along the tokens, on the whole screen."""
    assert look((120, 40), "escape", "7", "ctrl+o", "v", "v", task="ner")


def test_the_options_of_a_task(look: Look) -> None:
    """You should see a box with a line for each option of ner, over the panes."""
    assert look((80, 24), "escape", "f2", task="ner")
