"""Writes `screenshots/` from the running playground: `python -m tests.screenshots`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.app.driving import SIZES, playground

FOLDER = Path(__file__).resolve().parent.parent / "screenshots"


async def write_all(folder: Path) -> list[Path]:
    """The playground at its three sizes, and what one does in it, as SVG files; the paths written."""
    written = []
    with tempfile.TemporaryDirectory() as state:
        for size in SIZES:
            async with playground(Path(state), size) as driver:

                async def keep(name: str) -> None:
                    await driver.pilot.pause(0.2)
                    path = folder / f"{name}.svg"
                    path.write_text(driver.app.export_screenshot(title="Logitscope"), encoding="utf-8")
                    written.append(path)

                await driver.pilot.press("escape", *["right"] * 7)
                await keep(f"playground-{size[0]}x{size[1]}")
                if size != (120, 40):
                    continue
                await driver.pilot.press("6", "left", "left")
                await keep("step-by-step")
                await driver.pilot.press("f1")
                await keep("help")
    return written


def main() -> int:
    """Write them and say where."""
    FOLDER.mkdir(exist_ok=True)
    for path in asyncio.run(write_all(FOLDER)):
        sys.stdout.write(f"{path.relative_to(FOLDER.parent)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
