"""`logitscope tasks`: every task in a line or two."""

from __future__ import annotations

from tui.catalogue import built_in_names
from tui.headless.flags import flags_of
from tui.tasks import TASKS


def listing() -> str:
    """The tasks with their other names, their texts, their options and the checkpoints that ship for them."""
    lines = []
    for name, task in TASKS.items():
        form = task.form
        lines.append(name + (f" (also {task.also})" if task.also else ""))
        lines.append(f"  texts     {', '.join(field.name for field in form.fields)}")
        named = [*(field.name for field in form.fields[1:]), *(option.name for option in form.options)]
        lines.append(f"  flags     {' '.join(map(_flags, named)) or 'none'}")
        lines.append(f"  built-in  {', '.join(built_in_names(name)) or 'none: name a folder or a Hub id'}")
    return "\n".join(lines) + "\n"


def _flags(name: str) -> str:
    """The flag of a field or an option, with its short name.

    >>> _flags("top_k"), _flags("candidate_labels")
    ('--top-k', '--candidate-labels (also --labels)')
    """
    long, *short = flags_of(name)
    return f"{long} (also {', '.join(short)})" if short else long
