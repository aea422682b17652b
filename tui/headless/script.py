"""`logitscope script TASK TEXT...`: the Python view of an answer, without loading a model for it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from tui.headless.lines import every_text
from tui.headless.run import reference_of
from tui.headless.telling import note
from tui.headless.text import visible
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.scripts import Asked
from tui.scripts import script as written
from tui.settings import Settings
from tui.tasks import TASKS
from tui.tasks.forms import Value


def script(
    settings: Settings,
    texts: Iterable[str],
    fields: Mapping[str, str],
    options: Mapping[str, Value],
    sampling: Mapping[str, float],
) -> int:
    """Print a script for each text; the exit status. The last three are those of `tui.headless.run.run`."""
    reference = reference_of(settings)
    if reference is None:
        return 1
    limit = limit_of(reference, settings.revision)
    warning = warning_of(reference, settings.revision, settings.task)
    if warning:
        note(f"{visible(warning)}: a head that its weights lack is random, and so is what the script answers")
    for text in every_text(texts):
        asked = Asked(
            task=settings.task,
            reference=reference,
            revision=settings.revision,
            inputs={TASKS[settings.task].form.fields[0].name: text, **fields},
            options=options,
            readout=replace(ReadoutSettings(), **sampling),
            address=RowAddress(),
            limit=limit,
            device="cpu" if settings.device == "auto" else settings.device,
            dtype="float32" if settings.dtype == "auto" else settings.dtype,
            warning=warning,
        )
        sys.stdout.write(written(asked).rstrip("\n") + "\n")
        sys.stdout.flush()
    return 0


def limit_of(reference: str, revision: str | None) -> int | None:
    """Most tokens the checkpoint takes, by the files on this machine; None where they don't say or aren't here."""
    from tui.engine.errors import EngineError
    from tui.engine.sources import files
    from tui.engine.sources.limits import position_limit, token_limit
    from tui.engine.sources.locate import locate

    try:
        folder = locate(reference, revision).folder
        if folder is None:
            return None
        config = files.read_config(folder)
    except (EngineError, OSError):
        return None
    return token_limit(position_limit(config), files.tokenizer_config(folder).get("model_max_length"))


def warning_of(reference: str, revision: str | None, task: str) -> str:
    """What a checkpoint on this machine may lack of the task's head, by its config; empty for nothing."""
    from tui.engine.errors import EngineError
    from tui.engine.sources import facts
    from tui.engine.sources.locate import locate

    try:
        place = locate(reference, revision)
        if place.folder is None:
            return ""
        checkpoint = facts.describe(place, place.folder, task)
    except (EngineError, OSError):
        return ""
    return checkpoint.note if checkpoint.untrained else ""
