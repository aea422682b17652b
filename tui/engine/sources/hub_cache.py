"""The cache of huggingface_hub on this disk, read without its network side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from huggingface_hub import constants

from tui.engine.sources import files
from tui.system.plain_files import read_plain

_MODELS = "models--"
_MOST_REF_BYTES = 1000


def root() -> Path:
    """The cache's folder, as huggingface_hub resolves it from HF_HUB_CACHE, HF_HOME and XDG_CACHE_HOME."""
    return Path(constants.HF_HUB_CACHE)


def folder_of(repository: str) -> Path:
    """Where the cache keeps a repository, whether it is there or not."""
    return root() / (_MODELS + repository.replace("/", "--"))


def snapshot(repository: str, revision: str | None = None) -> Path | None:
    """The cached folder of a repository at a branch, tag or commit; None where there is none."""
    folder = folder_of(repository)
    wanted = revision or constants.DEFAULT_REVISION
    if ".." in wanted:
        return None
    try:
        commit = read_plain(folder / "refs" / wanted, _MOST_REF_BYTES).decode().strip()
    except (OSError, ValueError):
        commit = wanted
    found = folder / "snapshots" / commit
    try:
        return found if found.is_dir() else None
    except OSError:
        return None


def is_complete(folder: Path) -> bool:
    """Whether a snapshot has config, tokenizer and every weight file; broken links count as missing."""
    try:
        weights = files.weight_files(folder)
        return (
            (folder / files.CONFIG).is_file()
            and files.has_tokenizer(folder)
            and bool(weights)
            and all(file.is_file() for file in weights)
        )
    except (OSError, ValueError):
        return False


def repositories() -> Iterator[tuple[str, Path]]:
    """Every cached model with its snapshot of the default branch, or else its newest one."""
    try:
        folders = sorted(entry for entry in root().iterdir() if entry.name.startswith(_MODELS))
    except OSError:
        return
    for folder in folders:
        repository = folder.name.removeprefix(_MODELS).replace("--", "/")
        found = snapshot(repository)
        if found is not None:
            yield repository, found
