"""The stages of a tokenizer: what each component does to the text, there and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.reactive import var

from tui.app.keys import ROWS, STAGES, bindings
from tui.app.panes.microscope.view import View
from tui.app.render.chips import Flow, in_line
from tui.app.render.glyphs import fit, pad, wrapped
from tui.app.render.microscope import stage_chips
from tui.app.render.strips import Lines, row
from tui.protocol.microscope.questions import Dissect, Dissected

if TYPE_CHECKING:
    from tui.app.enquiries import Answer
    from tui.protocol.microscope.stages import Stage

_KIND, _NAME = 14, 20
_LEAST_LISTED, _ROOM_FOR_PARTS = 3, 8


MOST_CHARACTERS = 10_000
"""How much of a text is taken apart: a second's work for the engine."""


class StagesView(View):
    """A row for each stage; below them what the text is after the selected one, in parts."""

    TAB = "stages"
    NAME = "Stages"
    HELP = (
        "What the tokenizer does to the text, one component after the other: added tokens are cut out whole, "
        "normalizers change characters, pre-tokenizers cut the text into words, the model cuts words into pieces "
        "of its vocabulary, post-processors put special tokens around them; then the ids go back through the "
        "decoders, and the last row says whether the text came back the same, and if not what was lost.\n\n"
        "Up and down choose a stage, left and right a part of the text as it is after that stage. “was→is” marks "
        "what a stage changed. Enter follows the selected word through the model's algorithm."
    )
    BINDINGS = bindings(ROWS, STAGES)

    found: var[Dissected | None] = var(None)
    part: var[int] = var(0)
    """The selected part of the selected stage."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._part_row = 0
        """Where the selected part was drawn last."""
        self._laid: tuple[Dissected, int, int, Flow] | None = None
        """The finding, the stage and the width that the chips were laid out for, and the chips."""

    def inquire(self) -> None:
        """Read the text again."""
        self.ask(Dissect(self.subject, self.text[:MOST_CHARACTERS]))

    def take(self, answer: Answer) -> None:
        """The stages of the text."""
        if isinstance(answer, Dissected):
            kept, self.found = self.part, answer
            self.part = kept

    def watch_found(self, found: Dissected | None) -> None:
        """Another text or tokenizer."""
        if found is not None:
            self.cursor = min(self.cursor, self.count() - 1)
            ids = len(found.stages.pieces)
            same = all(trip.same for trip in found.stages.round_trips)
            read = f"first {MOST_CHARACTERS:,} characters, " if len(self.text) > MOST_CHARACTERS else ""
            self.set_title(f"{read}{ids:,} tokens, comes back {'the same' if same else 'different'}")

    def count(self) -> int:
        """Stages, and the round trip."""
        return len(self.found.stages.stages) + 1 if self.found is not None else 0

    @property
    def stage(self) -> Stage | None:
        """The selected stage; None for the round trip."""
        stages = self.found.stages.stages if self.found is not None else ()
        return stages[self.cursor] if self.cursor < len(stages) else None

    def _flow(self, width: int) -> Flow:
        """The parts of the selected stage, laid out once: for 10,000 characters that takes 50 ms."""
        assert self.found is not None
        laid = self._laid
        if laid is None or laid[0] is not self.found or laid[1:3] != (self.cursor, width):
            stage = self.stage
            chips, gutter = (
                stage_chips.of_stage(stage) if stage is not None else stage_chips.of_trips(self.found)
            )
            laid = self._laid = (self.found, self.cursor, width, Flow(chips, width, gutter))
        return laid[3]

    def validate_part(self, part: int) -> int:
        """Within what the stage has."""
        count = 0 if self.found is None else stage_chips.count_of(self.stage, self.found)
        return max(0, min(part, count - 1))

    def watch_part(self) -> None:
        """Another part is selected: scroll to it."""
        self.redraw()
        self.show_row(self._part_row)

    def lines(self, width: int) -> Lines:
        """The list of stages, then the selected one."""
        strips, found = Lines(), self.found
        if found is None:
            return strips
        muted, text = self.style("muted"), self.style("text")
        listed = list(enumerate((*found.stages.stages, None)))[self._listed()]
        for number, stage in listed:
            here = number == self.cursor
            style = self.style("strong") if here else text
            if stage is None:
                kind, name, says = "round trip", "", stage_chips.trip_sentence(found)
            else:
                kind, name, says = stage.kind, stage.name, stage.sentence
            name_cells = _NAME if width >= 74 else 0
            strips.append(
                row(
                    ("▸ " if here else "  ", style),
                    (pad(kind, _KIND) + " ", style),
                    (pad(name, name_cells), muted),
                    (fit(says, max(1, width - _KIND - 3 - name_cells)), style),
                )
            )
        cut = self.count() - len(listed)
        rule = f"── {cut} more stage{'s' * (cut > 1)}, up and down " if cut else ""
        if found.alone is not None:
            rule += f"── ≠ tokenizer.json by itself, from the {found.alone.stage or 'beginning'} on "
        elif found.subject.notes:
            rule += "── more is said at the first stage " if self.cursor else ""
        strips.append(row((fit(rule, width) + "─" * (width - len(rule)), muted)))
        strips += self._selected(width)
        return strips

    def _listed(self) -> slice:
        """Which stages are listed: all, or those around the selected one where the pane is low."""
        count: int = self.count()
        most: int = min(count, max(_LEAST_LISTED, self.room - _ROOM_FOR_PARTS))
        start = max(0, min(self.cursor - most // 2, count - most))
        return slice(start, start + most)

    def row_of(self, cursor: int) -> int:
        """Where a stage is listed."""
        start: int = self._listed().start
        return cursor - start

    def _selected(self, width: int) -> Lines:
        """What the selected stage did, and its parts."""
        assert self.found is not None
        stage, muted = self.stage, self.style("muted")
        strips = Lines()
        says = stage.sentence if stage is not None else stage_chips.trip_sentence(self.found)
        strips += [row((line, self.style("text"))) for line in wrapped(says, width)]
        if stage is not None and stage.settings:
            strips += [row((line, muted)) for line in wrapped(f"{stage.name}: {stage.settings}", width)]
        if stage is not None and stage.differs:
            strips += [row((line, self.style("error"))) for line in wrapped(stage.differs, width)]
        if stage is None or self.cursor == 0 or (self.found.alone and self.found.alone.stage == stage.kind):
            for said in stage_chips.beside(self.found):
                strips += [row((line, self.style("error"))) for line in wrapped(said, width)]
        about = stage_chips.about_part(stage, self.found, self.part)
        if about:
            strips += [row((line, muted)) for line in wrapped(about, width)]
        running = stage_chips.running_text(stage) if stage is not None else None
        if running is not None:
            several = self.part if len(running) > 1 else None
            drawn, begins = in_line(running, width, self.style, several)
            place = begins[self.part] if self.part < len(begins) else 0
        else:
            laid = self._flow(width)
            drawn, place = laid.rows(self.style, self.part), laid.row_of(self.part)
        listed = self._listed()
        self._part_row = listed.stop - listed.start + 1 + len(strips) + place
        strips += drawn
        return strips

    def action_part(self, by: int) -> None:
        """Select another part."""
        self.part += by

    def action_row(self, by: int) -> None:
        """Select another stage."""
        self.cursor += by
        self.part = 0
        self.scroll_to(y=0, animate=False, force=True, immediate=True)

    def action_trace(self) -> None:
        """Follow the selected word through the algorithm."""
        word = stage_chips.word_of(self.stage, self.part)
        self.post_message(self.Shift("algorithm", word=word or 0))
