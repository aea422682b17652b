"""What the pipelines of summarization and translation, which version 4 of transformers had last, set by themselves.

`Pipeline.__init__` and `GenerationMixin._prepare_generation_config` of version 4.57, by running them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

PIPELINE = "the pipeline of transformers 4"
_DEFAULTS = {"num_beams": 4, "max_new_tokens": 256}
_RESTORES = (4, 50)
"""The version of a generation_config.json from which on it goes before a task's value that is a default of all."""

InForce = Mapping[str, tuple[Any, str]]
"""Settings by name: the value, None for one that is turned off, and whose it is."""


def pipeline_settings(
    stated: Mapping[str, Any],
    defaults: Mapping[str, Any],
    params: Mapping[str, Any],
    origin: str,
    version: object,
) -> dict[str, tuple[Any, str]]:
    """What the pipeline puts in the place of a checkpoint's settings, those left out that come to the same.

    stated: by the checkpoint's own file, None for what it doesn't say. defaults: of all checkpoints. params: the
    task's among `task_specific_params`; origin: where they stand. version: of transformers that wrote the file.

    >>> pipeline_settings({"num_beams": 2, "max_length": 9}, {"max_length": 20}, {}, "", None)
    {'num_beams': (4, 'the pipeline of transformers 4')}
    """
    known = {**defaults, **{name: value for name, value in stated.items() if value is not None}}
    found: dict[str, tuple[Any, str]] = {name: (value, PIPELINE) for name, value in _DEFAULTS.items()}
    if known.get("max_length") != defaults.get("max_length"):
        found["max_new_tokens"] = (None, PIPELINE)
    found |= {
        name: (value, origin)
        for name, value in params.items()
        if name in stated and (value is not None or defaults.get(name) is None)  # else nothing is said
    }
    if _numbers(version) >= _RESTORES:
        for name, (value, _) in [*found.items()]:
            if value == defaults.get(name) != known.get(name):
                del found[name]
    new, whole = found.get("max_new_tokens"), found.get("max_length")
    if whole is not None and whole[0] == defaults.get("max_length") and new is not None and new[0] is None:
        found["max_new_tokens"] = whole  # a length of all that is the default of all is one of new tokens
    return {
        name: (value, whose)
        for name, (value, whose) in found.items()
        if value != stated.get(name) or whose != PIPELINE
    }


def unheard(stated: Mapping[str, Any], in_force: InForce, file: str) -> str:
    """What to say of settings of the checkpoint that the pipeline takes no notice of; empty where it obeys all."""
    own = [name for name, (_, whose) in in_force.items() if whose == PIPELINE]
    if in_force.get("max_new_tokens", (None,))[0] is not None:
        own.append("max_length")  # which counts only where nothing says how many new tokens
    names = [f"{name} {stated[name]}" for name in own if stated.get(name) is not None]
    if not names:
        return ""
    return (
        f"{file} states {' and '.join(names)}; {PIPELINE} takes its own all the same, and so it is here. "
        "F2 sets another."
    )


def _numbers(version: object) -> tuple[int, ...]:
    """A version's first two numbers; the newest where it is none.

    >>> _numbers("4.49.0.dev0"), _numbers("5.0")
    ((4, 49), (5, 0))
    """
    found = re.match(r"(\d+)\.(\d+)", version) if isinstance(version, str) else None
    return (int(found[1]), int(found[2])) if found else _RESTORES
