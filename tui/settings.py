"""Settings of one run: arguments win over the environment, the environment over the config file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Mapping

from tui.protocol import DtypeName


@dataclass(frozen=True)
class Settings:
    """Everything a run may differ in; made once by the composition root and handed down."""

    task: str = "sentiment-analysis"
    model: str | None = None
    """A built-in's name, a folder or a Hub id; None: the first built-in that serves the task."""
    revision: str | None = None
    device: str = "auto"
    dtype: DtypeName = "auto"
    engine_command: tuple[str, ...] = ()
    """A command that speaks the protocol on stdin/stdout; empty: `python -m tui.engine`."""
    text: str | None = None
    """Text in the input at start; None: the sample sentence of the task."""
    resume: bool = False
    """Put the last session's text, task and model back."""
    theme: str | None = None
    keymap: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Binding id → keys, as Textual's keymaps are written; from the config file's `[keys]`."""
    state_folder: Path = Path()
    """Where sessions and logs are kept."""
