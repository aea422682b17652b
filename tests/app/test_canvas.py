"""The terminal shows exactly what Textual composed, though only cells that differ are sent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, Compositor, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.geometry import Region, Size
from textual.strip import Strip

from tests.app.driving import Driver, playground
from tui.app.render.glyphs import visible
from tui.app.terminal.canvas import Canvas, CellUpdate

STYLES = (Style(), Style(bold=True), Style(bgcolor="blue"), Style(underline=True, color="red"))
SEQUENCE = re.compile(r"\x1b\[(\d+);(\d+)H|\x1b\[[0-9;]*m|\n|([^\x1b])")


class Terminal:
    """The little of a terminal that an update needs: cursor moves and characters; styles are left out."""

    def __init__(self, size: Size) -> None:
        self.lines = [[" "] * size.width for _ in range(size.height)]

    def write(self, sequences: str) -> None:
        x = y = 0
        for match in SEQUENCE.finditer(sequences):
            if match[1]:
                y, x = int(match[1]) - 1, int(match[2]) - 1
            elif match[3]:
                width = cell_len(match[3])
                if width:
                    self.lines[y][x : x + width] = [match[3], *[""] * (width - 1)]
                    x += width
                else:
                    self.lines[y][x - 1] += match[3]

    @property
    def text(self) -> list[str]:
        return ["".join(line) for line in self.lines]


parts = st.lists(
    st.tuples(st.text(alphabet="ab █日😀é→ ", min_size=1, max_size=5), st.sampled_from(STYLES)),
    max_size=6,
)


@given(st.lists(st.lists(parts, min_size=3, max_size=3), min_size=1, max_size=5))
def test_any_sequence_of_frames_ends_with_the_last_one_on_the_terminal(frames: list[Any]) -> None:
    size = Size(24, 3)
    canvas, terminal = Canvas(), Terminal(size)
    console = Console(color_system="truecolor", force_terminal=True)
    composed: list[Strip] = []
    for frame in frames:
        composed = [
            Strip([Segment(visible(text), style) for text, style in line]).crop_extend(0, 24, Style())
            for line in frame
        ]
        update = canvas.reduced(LayoutUpdate([[strip] for strip in composed], Region(0, 0, 24, 3)), size)
        assert isinstance(update, CompositorUpdate)
        terminal.write(update.render_segments(console))
    assert terminal.text == [strip.text for strip in composed]
    again = canvas.reduced(LayoutUpdate([[strip] for strip in composed], Region(0, 0, 24, 3)), size)
    assert isinstance(again, CellUpdate)
    assert again.runs == [], "the same frame again sends nothing"


@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(0, 13), st.booleans(), parts),
        min_size=1,
        max_size=8,
    )
)
def test_a_frame_made_for_another_size_leaves_the_canvas_whole(frames: list[Any]) -> None:
    """While the terminal is resized, what was composed for the size before is drawn on the one there is now."""
    canvas = Canvas()
    console = Console(color_system="truecolor", force_terminal=True)
    for painted, there, x, whole, line in frames:
        size = Size(there, 2)
        strip = Strip([Segment(visible(text), style) for text, style in line])
        width = painted if whole else 6
        region = Region(0 if whole else x, 0, width, 2)
        update = canvas.reduced(LayoutUpdate([[strip.crop_extend(0, width, Style())]] * 2, region), size)
        assert isinstance(update, CompositorUpdate)
        update.render_segments(console)
        assert all(len(canvas._line(y)) == there for y in range(2))
        if isinstance(update, CellUpdate):
            assert all(start + strip.cell_length <= there for start, _, strip in update.runs)


def test_cells_that_nobody_knows_are_not_sent() -> None:
    """Of a terminal with a new size, pieces may be painted before the whole; what is between them is unknown."""
    size = Size(12, 1)
    chops = [{0: Strip([Segment("ab")]), 2: None, 4: Strip([Segment("cd")])}]
    update = Canvas().reduced(ChopsUpdate(chops, [(0, 0, 2), (0, 4, 6)], [[2, 4, 6]]), size)
    assert isinstance(update, CellUpdate)
    assert [(x, strip.text) for x, _, strip in update.runs] == [(0, "ab"), (4, "cd")]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """What a terminal shows of all that Textual is given to send: nothing while it is in a batch."""
    console = Console(color_system="truecolor", force_terminal=True)
    terminal = Terminal(Size(200, 50))

    def display(self: App[Any], screen: Any, renderable: Any) -> None:
        if isinstance(renderable, CompositorUpdate) and not self._batch_count:
            terminal.write(renderable.render_segments(console))

    monkeypatch.setattr(App, "_display", display)
    return terminal


def shows(terminal: Terminal, driver: Driver) -> bool:
    width, height = driver.app.size
    return ["".join(line[:width]) for line in terminal.lines[:height]] == driver.painted()


async def test_what_is_not_sent_in_a_batch_is_sent_after_it(state_folder: Path, terminal: Terminal) -> None:
    async with playground(state_folder) as driver:
        await driver.until(lambda: shows(terminal, driver), "the screen on the terminal")
        with driver.app.batch_update():
            driver.screen.say("said in the batch")
            await driver.pilot.pause()
            driver.app._display(driver.screen, driver.screen._compositor.render_update(full=True))
            assert not shows(terminal, driver)
        driver.screen.refresh()
        await driver.until(lambda: shows(terminal, driver), "the screen on the terminal")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_the_playground_looks_on_the_terminal_as_it_was_composed(
    state_folder: Path, size: tuple[int, int], terminal: Terminal
) -> None:
    async def compare(driver: Driver) -> None:
        await driver.until(lambda: shows(terminal, driver), "the screen on the terminal")

    async with playground(state_folder, size) as driver:
        await compare(driver)
        for keys in (
            ["x", "y", "backspace"],
            ["enter", *"日本語 wide"],
            ["escape", "right", "right", "d"],
            ["6", "left", "left", "plus"],
            ["ctrl+o"],
            ["escape"],
            ["ctrl+g"],
            ["1"],
            ["down", "escape"],
            ["f1"],
            ["escape"],
            ["2", "a"],
            ["escape", "4"],
        ):
            await driver.pilot.press(*keys)
            await compare(driver)


def test_an_update_changes_nothing_beside_its_spans() -> None:
    """What lies beside a span was not rendered: Textual may hold a blank there, where a widget stands."""
    size = Size(10, 1)
    canvas, terminal, console = Canvas(), Terminal(size), Console()
    full = LayoutUpdate([[Strip([Segment("aaaaa")]), Strip([Segment("bbbbb")])]], size.region)
    update = canvas.reduced(full, size)
    assert isinstance(update, CompositorUpdate)
    terminal.write(update.render_segments(console))
    chops = [{0: Strip([Segment("ccccc")]), 5: Strip([Segment("     ")])}]
    update = canvas.reduced(ChopsUpdate(chops, [(0, 0, 5)], [[5, 10]]), size)
    assert isinstance(update, CompositorUpdate)
    terminal.write(update.render_segments(console))
    assert terminal.text == ["cccccbbbbb"]


async def test_the_focus_moves_without_a_repaint_of_the_whole_screen(
    state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole: list[Compositor] = []
    render = Compositor.render_full_update

    def noted(self: Compositor, **how: Any) -> LayoutUpdate:
        whole.append(self)
        return render(self, **how)

    async with playground(state_folder) as driver:
        await driver.pilot.press("escape", "5")
        await driver.pilot.pause()
        monkeypatch.setattr(Compositor, "render_full_update", noted)
        for key in ("6", "7", "4", "tab"):
            await driver.pilot.press(key)
            await driver.pilot.pause()
        assert whole == []
