"""Pane 2: which checkpoint, and what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message
from textual.reactive import var
from textual.strip import Strip

from tui.app.keys import MODEL, bindings
from tui.app.render import numbers
from tui.app.render.glyphs import wrapped
from tui.app.render.strips import row
from tui.app.widgets.pick_pane import PickPane

if TYPE_CHECKING:
    from tui.protocol.checkpoints import Checkpoint

ADD_ENTRY = "+ folder or Hub id"


def facts(checkpoint: Checkpoint) -> list[tuple[str, str]]:
    """What a checkpoint is, as (name, value) rows; what is unknown shows as `–`."""
    labels = ", ".join(checkpoint.labels[:8]) + (" …" if len(checkpoint.labels) > 8 else "")
    sizes = [
        f"{numbers.count(count)} {noun}"
        for count, noun in ((checkpoint.layers, "layers"), (checkpoint.hidden_size, "wide"))
        if count is not None
    ]
    rows = [
        ("from", checkpoint.source),
        ("class", checkpoint.architecture or numbers.UNKNOWN),
        ("shape", ", ".join([checkpoint.family or numbers.UNKNOWN, *sizes])),
        ("labels", f"{len(checkpoint.labels)}: {labels}" if checkpoint.labels else numbers.UNKNOWN),
        ("parameters", numbers.short_count(checkpoint.parameters)),
        ("stored", f"{checkpoint.dtype or numbers.UNKNOWN}, {numbers.size(checkpoint.size_bytes)}"),
        ("vocabulary", numbers.count(checkpoint.vocabulary_size)),
        ("reads", f"{numbers.count(checkpoint.max_tokens)} tokens"),
        ("license", checkpoint.license or numbers.UNKNOWN),
    ]
    if checkpoint.note:
        rows.append(("note", checkpoint.note))
    return rows


class ModelPane(PickPane):
    """The checkpoints at hand for the task, and a way to name any other."""

    NUMBER = 2
    NAME = "Model"
    HELP = (
        "The checkpoint that answers: a built-in one, one from the Hub cache, or any folder or Hub id you name "
        "with “a”. What it is (architecture, labels, parameters, number format, size) is read from its files "
        "before its weights are loaded.\n\n"
        "●  in use     …  loading     ✗  can't do this task (the note says why)\n\n"
        "One that lacks only the head of the task can be loaded all the same: its head is random then, and a "
        "warning stays on the screen.\n\n"
        "While another checkpoint loads, the one in use goes on answering."
    )
    BINDINGS = bindings(MODEL)

    class AddRequested(Message):
        """A folder or Hub id is to be asked for."""

    class CancelRequested(Message):
        """The load that runs is to be stopped."""

    class RefreshRequested(Message):
        """The list is to be made again."""

    checkpoints: var[tuple[Checkpoint, ...]] = var(())
    in_use: var[str | None] = var(None)
    """Reference of the checkpoint that answers."""
    loading_reference: var[str | None] = var(None)
    """Reference of the checkpoint being loaded."""

    def on_mount(self) -> None:
        """Title and first rows."""
        self.set_title()
        self.redraw()

    def entries(self) -> list[tuple[str, str, str]]:
        """Every checkpoint with its mark, then the entry that asks for another."""
        entries = []
        for checkpoint in self.checkpoints:
            used = checkpoint.reference == self.in_use
            if checkpoint.reference == self.loading_reference:
                mark = "…"
            elif used:
                mark = "●"
            else:
                mark = "" if checkpoint.serves else "✗"
            style = "strong" if used else "text" if checkpoint.serves else "muted"
            entries.append((checkpoint.name, mark, style))
        return [*entries, (ADD_ENTRY, "", "accent")]

    def details(self, width: int) -> list[Strip]:
        """What the checkpoint under the cursor is."""
        if self.cursor >= len(self.checkpoints):
            return []
        strips = [row(("", self.style("muted")))]
        for name, value in facts(self.checkpoints[self.cursor]):
            first, *rest = wrapped(f"{name} {value}", width)
            strips.append(row((name, self.style("muted")), (first[len(name) :], self.style("text"))))
            strips += [row((line, self.style("text"))) for line in rest]
        return strips

    def watch_checkpoints(self) -> None:
        """The list was made again: keep the cursor on what is in use or being loaded."""
        wanted = self.loading_reference or self.in_use
        for index, checkpoint in enumerate(self.checkpoints):
            if checkpoint.reference == wanted:
                self.cursor = index
        self.redraw()

    def watch_in_use(self) -> None:
        """Move the mark."""
        self.watch_checkpoints()

    def watch_loading_reference(self) -> None:
        """Move the mark; cancelling is offered as long as something loads."""
        self.watch_checkpoints()
        self.refresh_bindings()

    def action_add(self) -> None:
        """Ask for a folder or Hub id."""
        self.post_message(self.AddRequested())

    def action_cancel_load(self) -> None:
        """Stop the load that runs."""
        self.post_message(self.CancelRequested())

    def action_refresh_list(self) -> None:
        """Look again which checkpoints are at hand."""
        self.post_message(self.RefreshRequested())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Cancelling is offered while something loads."""
        return self.loading_reference is not None if action == "cancel_load" else True
