"""Going through the examples of a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.catalogue import example_inputs

if TYPE_CHECKING:
    from tui.app.screens.playground import Playground


def show_next(playground: Playground) -> None:
    """Put the task's next example into its fields; the texts before it come back by undo."""
    task = playground.task_name
    shown = playground.fields if playground.second_in_use else playground.fields[:1]
    if any(pane.full_text != pane.text for pane in shown):
        playground.say("The text is longer than the editor shows; clear the field first")
        return
    examples = example_inputs(task)
    if not examples:
        playground.say(f"No built-in checkpoint brings examples for {task}")
        return
    now = playground.current_inputs
    places = [number for number, example in enumerate(examples) if example.items() <= now.items()]
    example = examples[(places[0] + 1 if places else 0) % len(examples)]
    for field, pane in zip(playground.form.fields, playground.fields, strict=False):
        if field.name in example and pane.text != example[field.name]:
            pane.exchange_text(example[field.name])
