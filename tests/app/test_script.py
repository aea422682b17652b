"""The Python view on the screen: all of it to copy and to save, a long one in brief to read."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tests.app.test_races import at_work, first_field, until
from tui.app.app import LogitscopeApp
from tui.app.screens import script as screen
from tui.scripts import script


@pytest.mark.parametrize(
    "text",
    [
        "",
        "one\n\ntwo\n",
        "x" * 600,
        "x" * 601,
        "y\n" * 5000,
        "東京 \x1b[31m" * 100_000,
        ("z" * 3000 + "\n") * 300,
    ],
)
def test_what_is_drawn_is_little_and_what_is_left_out_is_counted(text: str) -> None:
    lines = screen.in_brief(text)
    assert len(lines) <= 122
    assert all(len(line) <= 610 for line in lines)
    whole = text.split("\n")
    if lines[0].startswith("# In brief: "):
        told = int(lines[0].split()[3].replace(",", ""))
        marks = sum(line.count(" … ") * 3 for line in lines[1:] if not line.startswith("… "))
        shown = sum(len(line) for line in lines[1:] if not line.startswith("… ")) - marks
        assert shown + told == sum(map(len, whole))
        assert lines[1][:400] == whole[0][:400]
        assert lines[-1][-80:] == whole[-1][-80:]
    else:
        assert lines == whole


async def shown(app: LogitscopeApp, pilot: Pilot[None]) -> str:
    """What the open script screen draws, once it is there."""

    def found() -> str:
        return "".join(str(each.content) for each in app.screen.query("#script").results(Static))

    await until(pilot, lambda: "import torch" in found())
    return found()


@pytest.mark.parametrize("long", [False, True])
async def test_it_is_copied_and_saved_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, long: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    async with at_work(tmp_path / "state") as (app, _, pilot):
        first_field(app).replace_text("naïve \x1b[31m 東京 " * (80_000 if long else 1))
        asked = app.conversation.asked()
        assert asked is not None
        whole = script(asked)
        await pilot.press("escape", "f8")
        drawn = await shown(app, pilot)
        assert len(drawn) < 20_000
        assert "print(answer)" in drawn
        assert all(character.isprintable() or character == "\n" for character in drawn)
        assert ("In brief" in drawn) == long
        if not long:
            assert drawn.split("\n") == whole.split("\n")
        await pilot.press("y")
        assert app.clipboard == whole
        await pilot.press("s")
        saved = tmp_path / "logitscope-ner.py"
        await until(pilot, lambda: saved.exists() and saved.stat().st_size >= len(whole))
        assert saved.read_text(encoding="utf-8") == whole
        await pilot.press("escape")
        assert app.screen is app.playground
