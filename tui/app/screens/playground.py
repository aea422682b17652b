"""The playground: seven panes on one text, one task and one checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.reactive import var

from tui.app.keys import EVERYWHERE, PANE_KEYS, bindings
from tui.app.panes.answer import AnswerPane, ShownAnswer
from tui.app.panes.field import CaretMoved
from tui.app.panes.forward import ForwardPane
from tui.app.panes.model import ModelPane
from tui.app.panes.probabilities import ProbabilitiesPane
from tui.app.panes.task import TaskPane
from tui.app.panes.tokens import TokensPane
from tui.app.render.glyphs import fit
from tui.app.screens.fields import Fields
from tui.app.widgets.one_line import OneLine
from tui.app.widgets.palette import COMPONENT_CLASSES
from tui.tasks.forms import Value

if TYPE_CHECKING:
    from tui.protocol import Forwarded, Readout, Tokenized
    from tui.protocol.checkpoints import Checkpoint
    from tui.protocol.failures import Failure
    from tui.protocol.rows import ReadoutSettings, RowAddress
    from tui.protocol.tokens import TokenSequence


class Playground(Fields):
    """Holds what is shown as reactives that the panes are bound to; posts what the person does."""

    HELP = "Seven panes on one text, one task, one checkpoint. Digits, tab and ctrl+g go from pane to pane."
    AFTER_DEATH = "the model is loaded again"
    BINDINGS = bindings(EVERYWHERE, PANE_KEYS)
    AUTO_FOCUS = "#input"
    COMPONENT_CLASSES = COMPONENT_CLASSES
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-cramped"), (22, "-short"), (32, "-tall")]

    checkpoints: var[tuple[Checkpoint, ...]] = var(())
    in_use: var[str | None] = var(None)
    loading_reference: var[str | None] = var(None)
    settings: var[ReadoutSettings | None] = var(None)
    """How the logits are to be read; None: as the pipeline does."""
    tokenized: var[Tokenized | None] = var(None)
    forwarded: var[Forwarded | None] = var(None)
    norms: var[tuple[tuple[float, ...], ...]] = var(())
    """[sequences][positions]: lengths of the last hidden states."""
    readout: var[Readout | None] = var(None)
    answer: var[ShownAnswer | None] = var(None)
    failure: var[Failure | None] = var(None)
    warning: var[str] = var("")
    """Why no answer of the checkpoint in use can be trusted."""
    stale: var[bool] = var(False)
    """The numbers are those of an earlier text or checkpoint."""
    stale_walk: var[bool] = var(False)
    """The same of forward pass and readout, which come before a long answer is written."""
    texts: var[tuple[str, ...]] = var(())
    """The texts that the tokens shown were made from, by field."""
    sequence: var[int] = var(0)
    """Which token sequence the cursor is in."""
    cursor: var[int | None] = var(None)
    """The one cursor: position of the selected token; None: what the answer is read from."""
    part: var[int] = var(0)
    """Which of the head's outputs is read."""

    class Opened(Message):
        """The panes are there, but outlines in the place of the fields."""

    class Readdressed(Message):
        """Another row of the logits at hand is to be read."""

    class Taken(Message):
        """Characters of a field are to be replaced by another text."""

        def __init__(self, start: int, end: int, text: str) -> None:
            super().__init__()
            self.start, self.end, self.text = start, end, text

    def compose(self) -> ComposeResult:
        """Status, panes, hints."""
        # The classes that Textual would set at the first resize, when every style is resolved already.
        for size, breakpoints in zip(
            self.app.size, (self.HORIZONTAL_BREAKPOINTS, self.VERTICAL_BREAKPOINTS), strict=True
        ):
            self.set_class(True, max(point for point in breakpoints if point[0] <= size)[1], update=False)
        yield OneLine(id="status")
        yield OneLine(id="fold")
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield TaskPane(id="task").data_bind(Playground.task_name)
                yield ModelPane(id="model").data_bind(
                    Playground.checkpoints, Playground.in_use, Playground.loading_reference
                )
            with Vertical(id="right"):
                yield from self.outlines
                yield TokensPane(id="tokens").data_bind(
                    Playground.tokenized,
                    Playground.sequence,
                    Playground.cursor,
                    Playground.texts,
                    Playground.norms,
                    Playground.stale,
                )
                yield ForwardPane(id="forward").data_bind(Playground.forwarded, stale=Playground.stale_walk)
                yield ProbabilitiesPane(id="probabilities").data_bind(
                    Playground.readout, Playground.settings, stale=Playground.stale_walk
                )
                yield AnswerPane(id="answer").data_bind(
                    Playground.answer,
                    Playground.failure,
                    Playground.warning,
                    Playground.cursor,
                    Playground.sequence,
                    Playground.stale,
                )
        yield OneLine(id="too-small")
        yield OneLine(id="hints")

    def on_mount(self) -> None:
        """Hints follow the focus and the keymap."""
        self.bindings_updated_signal.subscribe(self, lambda _: self.show_hints())
        self.show_fold()
        self.show_form()
        self.post_message(self.Opened())
        self.call_after_refresh(self.open_fields)

    @property
    def address(self) -> RowAddress:
        """The row of logits that the cursor selects."""
        from tui.protocol.rows import RowAddress

        if self.cursor is None:  # nothing is selected: what the answer is from
            return RowAddress(part=self.part)
        return RowAddress(self.sequence, self.cursor, self.part)

    def lay(self, inputs: dict[str, str], options: dict[str, Value], second_shown: bool) -> None:
        """Put a task's texts and options where they belong; nothing is selected."""
        texts = [inputs.get(field.name, "") for field in self.form.fields] + [""]
        for pane, text in zip(self.fields, texts, strict=False):
            if text != pane.full_text:
                pane.replace_text(text)
        self.second_shown = second_shown
        self.add_second(texts[1:])
        self.options = options
        self.sequence, self.cursor, self.part = 0, None, 0
        self.mark = self.second_mark = self.unread_from = self.second_unread_from = None
        self.show_form()

    def show_form(self) -> None:
        """Name the fields, and give the panes the room that the task needs."""
        self.add_second()
        for pane, field in zip(self.typed_into, self.form.fields, strict=False):
            pane.rename(field.title, field.about)
        if not self.second_in_use and self.focused in self.fields[1:]:
            self.set_focus(self.fields[0])
        self.set_class(self.second_in_use, "-two-fields")
        self.set_class(self.task_name != "sentiment-analysis", "-roomy")
        self.show_fold()

    def watch_task_name(self) -> None:
        """The folded left column names the task."""
        if self.is_mounted:
            self.show_fold()

    # ------------------------------------------------------------------------------- hints and cursor

    def show_fold(self) -> None:
        """What the folded left column holds."""
        model = next((c.name for c in self.checkpoints if c.reference == self.in_use), self.in_use or "–")
        for line in self.query("#fold").results(OneLine):
            line.show(
                (
                    ((" 1 ", "key"), (f"{self.task_name} ▾ ", "text")),
                    ((" 2 ", "key"), (f"{fit(model, 40)} ▾ ", "text")),
                )
            )

    def watch_failure(self, failure: Failure | None) -> None:
        """A failure gets the room it needs to be read."""
        self.set_class(failure is not None, "-failed")

    def watch_readout(self, readout: Readout | None) -> None:
        """While nothing is selected Tokens shows the sequence that is read, if it is one of the input's."""
        if readout is None or self.cursor is not None or self.tokenized is None:
            return
        number = readout.address.sequence
        sequences = self.tokenized.sequences
        if number < len(sequences) and any(token.field is not None for token in sequences[number].tokens):
            self.sequence = number

    def watch_forwarded(self, forwarded: Forwarded | None) -> None:
        """The hidden states' lengths stand below their tokens."""
        self.norms = forwarded.norms if forwarded is not None else ()

    def watch_in_use(self) -> None:
        """The fold line names the checkpoint."""
        if self.is_mounted:
            self.show_fold()

    @property
    def shown_sequence(self) -> TokenSequence | None:
        """The token sequence that the cursor is in."""
        if self.tokenized is None:
            return None
        return self.tokenized.sequences[min(self.sequence, len(self.tokenized.sequences) - 1)]

    def watch_tokenized(self, tokenized: Tokenized | None) -> None:
        """The cursor stays on a token; the part that the model doesn't read is marked."""
        unread: tuple[int | None, ...] = ()
        if tokenized is None:
            self.sequence, self.cursor = 0, None
        else:
            self.sequence = min(self.sequence, len(tokenized.sequences) - 1)
            unread = tokenized.sequences[self.sequence].unread_from
            if self.cursor is not None:
                last = len(tokenized.sequences[self.sequence].tokens) - 1
                self.cursor = min(self.cursor, last) if last >= 0 else None
        self.unread_from = unread[0] if unread else None
        self.second_unread_from = unread[1] if len(unread) > 1 else None
        self._place_mark()

    def _place_mark(self) -> None:
        """Mark the characters of the selected token in its field."""
        shown = self.shown_sequence
        place = None
        if shown is not None and self.cursor is not None and self.cursor < len(shown.tokens):
            token = shown.tokens[self.cursor]
            if token.start is not None and token.end is not None and token.end > token.start:
                place = (token.field, token.start, token.end)
        self.mark_at(place)

    def _select(self, sequence: int, position: int | None) -> None:
        """Move the one cursor; what is read of the logits follows where there is a choice."""
        before = self.address
        sequences = self.tokenized.sequences if self.tokenized is not None else ()
        if not sequences:
            return
        # An answer may be older than the tokens on screen.
        sequence = max(0, min(sequence, len(sequences) - 1))
        last = len(sequences[sequence].tokens) - 1
        position = None if position is None or last < 0 else max(0, min(position, last))
        self.sequence, self.cursor = sequence, position
        self._place_mark()
        several = self.tokenized is not None and len(self.tokenized.sequences) > 1
        if (self.form.reads_positions or several) and self.address != before:
            self.post_message(self.Readdressed())

    @on(TokensPane.TokenMoved)
    def token_moved(self, event: TokensPane.TokenMoved) -> None:
        """A token was selected in Tokens."""
        event.stop()
        self._select(self.sequence, event.position)

    @on(TokensPane.Cleared)
    def cleared(self, event: TokensPane.Cleared) -> None:
        """No token is to be selected."""
        event.stop()
        self._select(0, None)

    @on(TokensPane.SequenceMoved)
    def sequence_moved(self, event: TokensPane.SequenceMoved) -> None:
        """Another sequence was chosen in Tokens."""
        event.stop()
        if self.tokenized is not None:
            last = len(self.tokenized.sequences[event.number].tokens) - 1
            self._select(event.number, min(self.cursor or 0, last) if last >= 0 else None)

    @on(ProbabilitiesPane.PartMoved)
    def part_moved(self, event: ProbabilitiesPane.PartMoved) -> None:
        """Another output of the head was chosen."""
        event.stop()
        self.part = event.part
        self.post_message(self.Readdressed())

    @on(AnswerPane.Selected)
    def answer_selected(self, event: AnswerPane.Selected) -> None:
        """A row of the answer was selected: the cursor goes where it is about."""
        event.stop()
        target = event.target
        if target.sequence is not None or target.position is not None:
            self._select(target.sequence or 0, target.position)
        if target.mark is not None:
            self.mark_at(target.mark)

    @on(AnswerPane.Taken)
    def answer_taken(self, event: AnswerPane.Taken) -> None:
        """Enter on a row of the answer: replace its characters, or go there."""
        event.stop()
        mark = event.target.mark
        if mark is None:
            return
        field, start, end = mark
        if self.answer is None or self.answer.texts != self.texts_now():
            self.say("The answer is about an older text; it is put in once the new answer is there")
            return
        if event.target.replacement is not None and field == 0:
            self.post_message(self.Taken(start, end, event.target.replacement))
        elif field < 2:
            self.fields[field].move_caret_to(start)
            self.set_focus(self.fields[field])

    @on(TokensPane.EditRequested)
    def edit_requested(self, event: TokensPane.EditRequested) -> None:
        """Go on editing at the selected token."""
        event.stop()
        number = 1 if self.second_mark is not None else 0
        pane, mark = self.fields[number], self.second_mark or self.mark
        if mark is not None:
            pane.move_caret_to(mark[0])
        self.set_focus(pane)

    @on(CaretMoved)
    def caret_moved(self, event: CaretMoved) -> None:
        """Select the token that the text cursor stands on."""
        event.stop()
        shown = self.shown_sequence
        if shown is None or self.cursor is None:
            return
        field = self.fields.index(event.pane)
        for position, token in enumerate(shown.tokens):
            if token.field != field or token.start is None or token.end is None:
                continue
            if token.start <= event.offset < token.end:
                if position != self.cursor:
                    self._select(self.sequence, position)
                return

    # ----------------------------------------------------------------------------------------- actions

    def action_pane(self, name: str) -> None:
        """Go to a pane, wherever it is; from one field of a task to the other."""
        if name == "input" and self.second_in_use and self.focused is self.fields[0]:
            name = "second"
        super().action_pane(name)
