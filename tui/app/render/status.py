"""The status line: what runs where, how large it is, what it does now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.app.render import numbers
from tui.app.render.glyphs import fit, visible
from tui.app.widgets.one_line import Part

if TYPE_CHECKING:
    from tui.protocol import Loaded, Progress
    from tui.protocol.checkpoints import Memory


@dataclass(frozen=True)
class Status:
    """All the status line is made from."""

    task: str
    loaded: Loaded | None = None
    memory: Memory | None = None
    doing: str = "starting the engine"
    """What the engine does now; empty when it is idle."""
    doing_seconds: float = 0.0
    answer_seconds: float | None = None
    """What the last answer took."""
    progress: Progress | None = None


def status_parts(status: Status) -> tuple[tuple[tuple[Part, ...], ...], tuple[Part, ...]]:
    """Groups of parts for the left, most important first, and parts for the right."""
    groups: list[tuple[Part, ...]] = [((" Logitscope ", "accent"),), ((f" {status.task}", "text"),)]
    loaded = status.loaded
    if loaded is not None:
        groups.append(((" · ", "muted"), (fit(loaded.checkpoint.name, 40), "strong")))
        if loaded.warning:
            groups.append(((" ⚠ random head", "error"),))
        groups.append(((" · ", "muted"), (f"{visible(loaded.device)} {visible(loaded.dtype)}", "text")))
        groups.append(((" · ", "muted"), (f"{numbers.short_count(loaded.parameters)} parameters", "text")))
        memory = status.memory
        if memory is not None:
            said = f"{numbers.size(memory.used)} used, {numbers.size(memory.free)} free"
            groups.append(((" · ", "muted"), (said, "muted")))
    return tuple(groups), ((f" {_now(status)} ", "text" if status.doing else "strong"),)


def _now(status: Status) -> str:
    if not status.doing and status.loaded is None:
        return "no model; 2 chooses one"
    if not status.doing:
        return f"ready {numbers.seconds(status.answer_seconds)}" if status.answer_seconds else "ready"
    said = visible(status.doing)
    if status.progress is not None:
        said += f": {visible(status.progress.stage)}{_amount(status.progress)}"
    return f"{said} {status.doing_seconds:.1f} s"


def _amount(progress: Progress) -> str:
    if progress.done is None:
        return ""
    in_bytes = progress.unit == "bytes"
    done = numbers.size(progress.done) if in_bytes else numbers.count(progress.done)
    if not progress.total:
        return f" {done}"
    total = numbers.size(progress.total) if in_bytes else numbers.count(progress.total)
    return f" {100 * progress.done // progress.total} % ({done} of {total})"
