"""What is on screen as a question to a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.app.pending import split_revision
from tui.protocol.rows import ReadoutSettings
from tui.scripts import Asked

if TYPE_CHECKING:
    from tui.app.screens.playground import Playground
    from tui.protocol import Loaded


def asked(
    screen: Playground, loaded: Loaded | None, task: str, model: str | None, since: int
) -> Asked | None:
    """The question of a task's Python view; None where its checkpoint is not loaded.

    since: what was answered under older ids is of another task.
    """
    if loaded is None or loaded.task != task:
        return None
    readout = screen.readout if screen.readout is not None and screen.readout.id >= since else None
    tokenized = screen.tokenized if screen.tokenized is not None and screen.tokenized.id >= since else None
    reference, revision = split_revision(model or loaded.checkpoint.reference)
    return Asked(
        task=task,
        reference=reference,
        revision=revision,
        inputs=screen.current_inputs,
        options=screen.options,
        readout=screen.settings or ReadoutSettings(),
        address=screen.address if readout is None else readout.address,
        limit=None if tokenized is None else tokenized.limit,
        device=loaded.device,
        dtype=loaded.dtype,
        warning=loaded.warning,
    )
