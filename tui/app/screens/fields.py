"""The fields of a task: outlines in the first frame, editors after it, a second one from when it is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.message import Message
from textual.reactive import var

from tui.app.panes.field import Outline
from tui.app.screens.frame import Frame
from tui.tasks import TASKS
from tui.tasks.forms import Form, Value

if TYPE_CHECKING:
    from tui.app.panes.input import InputPane


class Fields(Frame):
    """Owns the texts; subclasses compose the outlines, and name the fields in `show_form`."""

    task_name: var[str] = var("")
    options: var[dict[str, Value]] = var({})
    """The task's options that differ from their defaults; replaced whole."""
    mark: var[tuple[int, int] | None] = var(None)
    second_mark: var[tuple[int, int] | None] = var(None)
    unread_from: var[int | None] = var(None)
    second_unread_from: var[int | None] = var(None)

    class Ready(Message):
        """The fields are there, too."""

    def __init__(self, texts: dict[str, str], task: str, second_shown: bool, caret: int | None) -> None:
        super().__init__()
        self.second_shown = second_shown
        """Whether a second text that the task can do without is in sight."""
        self.set_reactive(Fields.task_name, task)
        first, *others = [texts.get(field.name, "") for field in self.form.fields]
        self.outlines = [Outline(first, caret, id="input")]
        """What stands in the place of the fields until they are opened."""
        if any(others) or self.second_in_use:
            self.outlines.append(Outline("".join(others[:1]), None, id="second"))
        self.fields: list[InputPane] = []
        """One editor once they are opened, and a second one from when it is first needed."""

    async def open_fields(self) -> None:
        """Put the editors in the place of their outlines."""
        from tui.app.panes.input import InputPane

        outlines, focused = self.outlines, self.focused
        fields = [InputPane(each.full_text, each.caret, id=str(each.id)) for each in outlines]
        fields[0].data_bind(Fields.mark, Fields.unread_from, Fields.options)
        self.fields = fields
        self.show_form()
        with self.app.batch_update():
            for outline in outlines:
                await outline.remove()
            await self.query_one("#right").mount_all(fields, before=0)
            for outline, field in zip(outlines, fields, strict=True):
                if focused is outline:
                    self.set_focus(field)
        self.post_message(self.Ready())

    @property
    def typed_into(self) -> Sequence[InputPane | Outline]:
        """The fields, or their outlines as long as there are none."""
        return self.fields or self.outlines

    @property
    def form(self) -> Form:
        """What the task asks for."""
        return TASKS[self.task_name].form

    @property
    def current_inputs(self) -> dict[str, str]:
        """The texts in the fields now, all of each, by the names of the task's form."""
        shown = self.typed_into if self.second_in_use else self.typed_into[:1]
        return {field.name: pane.full_text for field, pane in zip(self.form.fields, shown, strict=False)}

    def texts_now(self) -> tuple[str, ...]:
        """The texts as they are asked about now, in the form's order."""
        inputs = self.current_inputs
        return tuple(inputs.get(field.name, field.default) for field in self.form.fields)

    @property
    def second_in_use(self) -> bool:
        """Whether the second field is in sight."""
        fields = self.form.fields
        return len(fields) > 1 and (not fields[1].optional or self.second_shown)

    def add_second(self, texts: Sequence[str] = ()) -> None:
        """The second editor, from when it is in sight or has a text to keep: the first frame is quicker without."""
        text = "".join(texts[:1])
        if len(self.fields) != 1 or not (text or self.second_in_use):
            return
        from tui.app.panes.input import InputPane

        self.fields.append(InputPane(text, id="second"))
        self.query_one("#right").mount(self.fields[1], after=self.fields[0])

    def show_form(self) -> None:
        """Name the fields after those of the task."""
        raise NotImplementedError

    def watch_second_mark(self, mark: tuple[int, int] | None) -> None:
        """The second editor underlines it."""
        for pane in self.fields[1:]:
            pane.mark = mark

    def watch_second_unread_from(self, unread_from: int | None) -> None:
        """The second editor strikes it out."""
        for pane in self.fields[1:]:
            pane.unread_from = unread_from

    def mark_at(self, place: tuple[int | None, int, int] | None) -> None:
        """Mark characters: a field's number, first and last; None: none."""
        self.mark = place[1:] if place is not None and place[0] == 0 else None
        self.second_mark = place[1:] if place is not None and place[0] == 1 else None
