"""The folder an unfinished training keeps its state in, and the step that publishes a finished checkpoint."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path


class WorkspaceError(Exception):
    """The kept state belongs to another training; the message says what to do next."""


@dataclass(frozen=True)
class Workspace:
    """A folder with the state of one training, for `--resume`."""

    folder: Path

    def open(self, fingerprint: dict[str, object], resume: bool) -> None:
        """Prepare the folder: emptied for a new training, checked against `fingerprint` for a resumed one.

        `fingerprint` holds plain values that decide the outcome (settings, digests of the sources). Raises
        WorkspaceError when a training with other values, or none at all, is to be resumed.
        """
        described = json.loads(json.dumps(fingerprint))
        record = self.folder / "fingerprint.json"
        if resume:
            if not record.is_file():
                raise WorkspaceError(
                    f"there is no training to resume in {self.folder}; start it without --resume"
                )
            if json.loads(record.read_text(encoding="utf-8")) != described:
                raise WorkspaceError(
                    f"the training in {self.folder} was begun with other settings or sources; "
                    "start again without --resume"
                )
            return
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)
        record.write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")

    def path(self, name: str) -> Path:
        """Return the path of a file of this training."""
        return self.folder / name

    def remove(self) -> None:
        """Delete the state of a training that is finished."""
        shutil.rmtree(self.folder)


def publish(finished: Path, destination: Path) -> None:
    """Put a finished checkpoint folder in the place of `destination` by renaming.

    Who loads the checkpoint meanwhile finds the old folder or the new one, never a mixture.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    arriving = destination.with_name(f".{destination.name}.arriving")
    leaving = destination.with_name(f".{destination.name}.leaving")
    for left_over in (arriving, leaving):
        shutil.rmtree(left_over, ignore_errors=True)
    shutil.copytree(finished, arriving)
    for file in arriving.iterdir():
        file.chmod(0o644)
    if destination.exists():
        destination.rename(leaving)
    arriving.rename(destination)
    shutil.rmtree(leaving, ignore_errors=True)


def folder_bytes(folder: Path) -> int:
    """Return the size of all files in a folder, in bytes."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
