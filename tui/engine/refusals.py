"""Requests that the checkpoint in use can't answer."""

from __future__ import annotations

from tui.engine.errors import EngineError


def nothing_loaded() -> EngineError:
    """No checkpoint is in use."""
    return EngineError(
        "No checkpoint is loaded", "There is no model to run the text on.", "Choose a checkpoint."
    )


def other_task(loaded: str, asked: str) -> EngineError:
    """The one in use is for something else."""
    return EngineError(
        "The checkpoint in use is for another task",
        f"It was loaded for {loaded}; this asks for {asked}.",
        f"Choose a checkpoint for {asked}.",
    )
