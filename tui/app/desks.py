"""What a person has laid out for each task: texts, options and a model. Switching tasks loses none of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.catalogue import built_in_names, example_inputs
from tui.tasks import TASKS
from tui.tasks.forms import Value

if TYPE_CHECKING:
    from tui.app.branches.written import About, Draft, Kept
    from tui.app.screens.playground import Playground


class Desk(NamedTuple):
    """One task's state; options hold only what differs from the form's defaults."""

    inputs: Mapping[str, str] = MappingProxyType({})
    options: Mapping[str, Value] = MappingProxyType({})
    second_shown: bool = False
    """Whether a second text that the task can do without is in use."""
    model: str | None = None
    """What `Load` takes, `@revision` allowed; None where no model was chosen."""


class Desks:
    """The desks by task; the one writer of all of them."""

    def __init__(
        self, desks: Mapping[str, Desk] | None = None, kept: Mapping[About, Kept] | None = None
    ) -> None:
        self._desks = dict(desks or {})
        self._kept = dict(kept or {})
        self._written: dict[About, Draft] = {}

    def of(self, task: str) -> Desk:
        """A task's desk; one never used has the task's first example and its first built-in checkpoint."""
        desk = self._desks.get(task)
        if desk is None or not desk.inputs:
            examples = example_inputs(task)
            first = examples[0] if examples else {}
            defaults = {each.name: each.default for each in TASKS[task].form.fields}
            desk = (desk or Desk())._replace(inputs=defaults | dict(first))
        if desk.model is None:
            desk = desk._replace(model=next(iter(built_in_names(task)), None))
        return desk

    def put(self, task: str, **changes: Any) -> None:
        """Change parts of a task's desk."""
        self._desks[task] = self.of(task)._replace(**changes)

    def take(self, task: str, playground: Playground, model: str | None) -> None:
        """Note what is laid out for a task; a second text out of sight is kept, too."""
        fields = playground.form.fields
        texts = [pane.full_text for pane in playground.typed_into] + [""]  # a field never shown is empty
        inputs = {field.name: text for field, text in zip(fields, texts, strict=False)}
        options, second_shown = playground.options, playground.second_shown
        self.put(task, inputs=inputs, options=options, second_shown=second_shown, model=model)

    @property
    def used(self) -> dict[str, Desk]:
        """The desks that hold anything of a person's."""
        return dict(self._desks)

    def written(self, task: str, model: str | None) -> Draft:
        """What was written for a task with a checkpoint; it is the last one of all now."""
        from tui.app.branches.written import Draft

        about = (task, model or "")
        kept = self._kept.pop(about, None)
        here = self._written.pop(about, None) or (Draft() if kept is None else Draft.of(kept))
        self._written[about] = here
        return here

    @property
    def kept(self) -> dict[About, Kept]:
        """All that was written, as it is now, the last one last."""
        return self._kept | {about: written.kept for about, written in self._written.items()}
