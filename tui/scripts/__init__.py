"""The Python view: a short script with plain transformers calls that gives the numbers on the screen.

One file for each module of `tui.engine.tasks`, named like it. Pure functions from what was asked to text: nothing
here imports torch or transformers, so that the screen can show a script at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tui.scripts import (
    feature_extraction,
    fill_mask,
    question_answering,
    sequence_to_sequence,
    text_classification,
    text_generation,
    token_classification,
    zero_shot_classification,
)
from tui.scripts.parts import Asked
from tui.tasks import TASKS

__all__ = ["Asked", "script"]

_SCRIPTS: Mapping[str, Callable[[Asked], str]] = {
    "text_classification": text_classification.script,
    "zero_shot_classification": zero_shot_classification.script,
    "text_generation": text_generation.script,
    "fill_mask": fill_mask.script,
    "token_classification": token_classification.script,
    "question_answering": question_answering.script,
    "sequence_to_sequence": sequence_to_sequence.script,
    "feature_extraction": feature_extraction.script,
}
"""By `tui.tasks.task.Task.module`."""


def script(asked: Asked) -> str:
    """The script, ready to run: it ends with `answer` (what the pipeline returns) and prints it.

    Besides that it leaves `logits` (the row of logits that the probabilities pane reads, a float32 tensor) and
    `probabilities` (what it shows of them, float64, by index).
    """
    return _SCRIPTS[TASKS[asked.task].module](asked)
