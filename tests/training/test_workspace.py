from pathlib import Path

import pytest

from tui.training.workspace import Workspace, WorkspaceError, folder_bytes, publish


def test_publishing_replaces_the_whole_folder_and_leaves_nothing_else(tmp_path: Path) -> None:
    finished, destination = tmp_path / "work" / "finished", tmp_path / "models" / "nano"
    finished.mkdir(parents=True)
    (finished / "new.json").write_text("new")
    (finished / "new.json").chmod(0o600)
    destination.mkdir(parents=True)
    (destination / "old.json").write_text("old")
    publish(finished, destination)
    assert [file.name for file in destination.iterdir()] == ["new.json"]
    assert [folder.name for folder in destination.parent.iterdir()] == ["nano"]
    assert (destination / "new.json").stat().st_mode & 0o777 == 0o644


def test_a_new_training_empties_the_folder_and_a_resumed_one_keeps_it(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "unfinished")
    workspace.open({"seed": 1}, resume=False)
    workspace.path("state.pt").write_text("state")
    workspace.open({"seed": 1}, resume=True)
    assert workspace.path("state.pt").exists()
    with pytest.raises(WorkspaceError, match="without --resume"):
        workspace.open({"seed": 2}, resume=True)
    workspace.open({"seed": 2}, resume=False)
    assert not workspace.path("state.pt").exists()


def test_folder_bytes_counts_nested_files(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "a").write_bytes(b"12")
    (tmp_path / "inner" / "b").write_bytes(b"345")
    assert folder_bytes(tmp_path) == 5
