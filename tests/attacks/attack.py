"""What an attack is, and the changes that attacks are made of."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from tests.attacks import checkpoints

Make: TypeAlias = Callable[[Path], object]
"""Changes a checkpoint's folder. It may use the folder beside it, which stands for the rest of the disk."""
Base: TypeAlias = Literal["classifier", "writer"]
TASKS = {"classifier": "sentiment-analysis", "writer": "text-generation"}
SECRET = "a secret beside the checkpoint"
EXECUTED = "executed"
"""Name of the file, beside the checkpoint's folder, that code of a checkpoint would leave."""


@dataclass(frozen=True)
class Attack:
    """One hostile checkpoint."""

    name: str
    make: Make
    base: Base = "classifier"
    text: str = "I love a good film!"
    refused: bool | None = None
    """Whether it must be refused (True) or must work (False); None where only surviving it counts."""
    says: tuple[str, ...] = ()
    """What the message must name."""
    refused_alone: bool | None = None
    """The same as `refused` of its tokenizer by itself, which may well work without the rest."""
    options: tuple[tuple[str, Any], ...] = ()

    then: Make | None = None
    """What happens to the folder when it is in use."""

    @property
    def task(self) -> str:
        return TASKS[self.base]

    @property
    def alone(self) -> Attack:
        """The same by its tokenizer."""
        return replace(self, refused=self.refused_alone)

    def write(self, place: Path) -> Path:
        """Make it in a new folder below `place`, beside a file that it must not read; the checkpoint's folder."""
        folder = place / self.name / "checkpoint"
        folder.mkdir(parents=True)
        (folder.parent / "outside").mkdir()
        (folder.parent / "outside" / "secret.txt").write_text(SECRET)
        if self.base == "classifier":
            checkpoints.write_classifier(folder)
        else:
            checkpoints.write_writer(folder)
        self.make(folder)
        return folder


def json_of(file: str, change: Callable[[dict[str, Any]], object]) -> Make:
    """Change the object in a JSON file in place."""

    def make(folder: Path) -> None:
        path = folder / file
        content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        change(content)
        path.write_text(json.dumps(content), encoding="utf-8")

    return make


def entries(file: str, **changes: Any) -> Make:
    """Set entries of the object in a JSON file."""
    return json_of(file, lambda content: content.update(changes))


def text_of(file: str, change: Callable[[str], str]) -> Make:
    """Change the text of a file."""

    def make(folder: Path) -> None:
        path = folder / file
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8", errors="surrogatepass")

    return make


def content(file: str, written: bytes | Callable[[bytes], bytes]) -> Make:
    """Write a file anew, or from what it held."""

    def make(folder: Path) -> None:
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        old = path.read_bytes() if path.is_file() else b""
        path.write_bytes(written if isinstance(written, bytes) else written(old))

    return make


def removed(*names: str) -> Make:
    """Remove files."""

    def make(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return make


def both(*makes: Make) -> Make:
    """One change after the other."""
    return lambda folder: [make(folder) for make in makes]
