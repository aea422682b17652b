"""Writes `screenshots/` from the running playground: `python -m tests.screenshots`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from textual.widgets import Input

from tests.app.driving import SIZES, playground
from tests.app.microscope.driving import microscope
from tests.app.writing import writing
from tui.settings import Settings

FOLDER = Path(__file__).resolve().parent.parent / "screenshots"


async def write_all(folder: Path) -> list[Path]:
    """The playground at its three sizes, and what one does in it, as SVG files; the paths written."""
    written: list[Path] = []

    async def keep(name: str) -> None:
        await driver.pilot.pause(0.5)
        path = folder / f"{name}.svg"
        path.write_text(driver.app.export_screenshot(title="Logitscope"), encoding="utf-8")
        written.append(path)

    with tempfile.TemporaryDirectory() as state:
        for size in SIZES:
            async with playground(Path(state), size) as driver:
                await driver.pilot.press("escape", *["right"] * 7)
                await keep(f"playground-{size[0]}x{size[1]}")
                if size != (120, 40):
                    continue
                await driver.pilot.press("6", "left", "left")
                await keep("step-by-step")
                await driver.pilot.press("f1")
                await keep("help")
        names = Settings(state_folder=Path(state) / "names", task="ner")
        async with playground(names.state_folder, (120, 40), names) as driver:
            await driver.pilot.press("escape", "7", "down")
            await keep("ner-120x40")
            await driver.pilot.press("ctrl+o", "v", "v")
            await keep("ner-strategies")
        async with microscope(Path(state) / "microscope", (120, 40)) as looking:
            driver = looking.driver
            await looking.dissected()
            await looking.press("down", "down", "down", "right", "right")
            await keep("stages-120x40")
            await looking.go_to("algorithm")
            await looking.press("o")
            await driver.until(lambda: driver.app.screen is not looking.screen, "the question")
            driver.app.screen.query_one("#path", Input).value = "nano-generation"
            await looking.press("enter")
            await looking.until("Ġ")
            await looking.press("down", "down", "down", "right", "right", "right")
            await keep("algorithm-120x40")
        async with writing(Path(state) / "writing", (120, 40)) as writer:
            driver = writer.driver
            await writer.press("space")
            await driver.until(lambda: len(writer.ids) > 3 and not writer.screen.busy, "the end")
            await writer.press("left", "left", "left", "2", "down", "down", "enter")
            await driver.until(lambda: len(writer.names) == 2, "another branch")
            await writer.rest()
            await writer.press("1", "space")
            await driver.until(lambda: not writer.screen.busy, "the end")
            await writer.press("left", "left")
            await keep("writing-120x40")
    return written


def main() -> int:
    """Write them and say where."""
    FOLDER.mkdir(exist_ok=True)
    for path in asyncio.run(write_all(FOLDER)):
        sys.stdout.write(f"{path.relative_to(FOLDER.parent)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
