"""The tokenizer microscope: views on one tokenizer, each with a line of text of its own to try it on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.reactive import var

from tui.app.enquiries import Answer, Enquiries
from tui.app.keys import EVERYWHERE, HERE, MICROSCOPE, bindings
from tui.app.panes.field import Edited
from tui.app.panes.input import InputPane
from tui.app.panes.microscope import VIEWS
from tui.app.panes.microscope.view import View
from tui.app.render.glyphs import fit_end, visible
from tui.app.screens.frame import Frame
from tui.app.screens.opening import TICK_SECONDS, Opening
from tui.app.widgets.one_line import OneLine
from tui.app.widgets.palette import COMPONENT_CLASSES
from tui.protocol.failures import Failure
from tui.protocol.microscope.questions import Save, Saved, Train, Trained

if TYPE_CHECKING:
    from tui.app.screens.playground import Playground
    from tui.app.widgets.one_line import Part
    from tui.protocol.microscope.questions import AnyQuestion, Subject

_NAME_CELLS = 48
_BESIDE_NAME = 44
"""Cells of what stands beside a tokenizer's name."""


class ViewField(InputPane):
    """What is typed for a view."""

    NUMBER = 0
    one_line = False
    """Whether enter ends the typing: a path, a word to look for; a text can have several lines."""

    class Entered(Message):
        """What was typed is complete."""

    async def _on_key(self, event: events.Key) -> None:
        if self.one_line and event.key == "enter":
            event.stop()
            event.prevent_default()
            self.post_message(self.Entered())
            return
        await super()._on_key(event)


class Microscope(Frame):
    """Owns the texts, the tokenizer looked at and the view in sight; the views own what they found out."""

    HELP = (
        "Views on one tokenizer. Digits choose a view, escape leaves the field and then the microscope. Until "
        "another tokenizer is open, the one before is looked at further, and escape gives the opening up."
    )
    BINDINGS = bindings(tuple(key for key in EVERYWHERE if key.id in HERE), MICROSCOPE)
    AUTO_FOCUS = ""
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]
    COMPONENT_CLASSES = COMPONENT_CLASSES
    DEFAULT_CSS = """
    Microscope #views { height: 1; background: $surface; }
    Microscope #typed { height: 5; }
    Microscope.-short #typed { height: 3; }
    Microscope #body { height: 1fr; }
    Microscope .view { height: 1fr; display: none; scrollbar-gutter: stable; }
    Microscope .view.-shown { display: block; }
    """

    subject: var[str] = var("", init=False)
    """The tokenizer looked at, as questions name it; empty: that of the checkpoint in use."""
    shown: var[str] = var("", init=False)
    """The tab of the view in sight."""

    def __init__(self, enquiries: Enquiries, text: str, edited: Callable[[str], None]) -> None:
        """`text`: what the views share at first; `edited` is told that it was changed."""
        super().__init__()
        self._enquiries = enquiries
        self._edited = edited
        self._texts = {"": text}
        self._opening = Opening(enquiries, self._show_head)
        self.field = ViewField(text, id="typed")
        """The editor of what the view in sight is given."""
        self._views = [make(id=f"view-{make.TAB.replace(' ', '-')}") for make in VIEWS]

    def compose(self) -> ComposeResult:
        """Status, views, field, the views' panes, hints."""
        yield OneLine(id="status")
        yield OneLine(id="views")
        yield self.field
        with Vertical(id="body"):
            for view in self._views:
                view.add_class("view")
                yield view
        yield OneLine(id="too-small")
        yield OneLine(id="hints")

    def on_mount(self) -> None:
        """Show the first view."""
        self.bindings_updated_signal.subscribe(self, lambda _: self.show_hints())
        self._enquiries.on_checkpoint = self._checkpoint_changed
        self.shown = VIEWS[0].TAB
        self.set_focus(self.view)
        self.set_interval(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        """Count the seconds that an opening takes."""
        if self._opening.reference:
            self._show_head()

    def on_unmount(self) -> None:
        """Nothing that was asked is wanted any more."""
        self._enquiries.close()

    def _checkpoint_changed(self) -> None:
        """The tokenizer of the checkpoint in use is there, or is another one."""
        if not self.subject:
            self._give(self.view)

    @property
    def view(self) -> View:
        """The view in sight."""
        return next(view for view in self._views if self.shown == view.TAB)

    def watch_shown(self) -> None:
        """Another view: its field, its own text, and what it asks."""
        for view in self._views:
            view.set_class(self.shown == view.TAB, "-shown")
        view = self.view
        self.field.rename(view.FIELD, view.FIELD_ABOUT)
        self.field.one_line = not view.FIELD_SHARED
        text = self._texts.get(self._owner(view), "")
        if self.field.full_text != text:
            self.field.replace_text(text)
        self._show_head()
        self._give(view)

    def on_resize(self, _: events.Resize) -> None:  # Textual calls the frame's, too
        """How much of a name is told depends on the width."""
        if self.shown:
            self._show_head()

    def watch_subject(self) -> None:
        """Another tokenizer."""
        self._show_head()
        self._give(self.view)

    @staticmethod
    def _owner(view: View) -> str:
        return "" if view.FIELD_SHARED else view.TAB

    def _give(self, view: View) -> None:
        """Tell a view what it is to look at, and have it ask."""
        view.text, view.subject = self._texts.get(self._owner(view), ""), self.subject
        view.shared_text = self._texts[""]
        view.inquire()

    @on(Edited)
    def edited(self, event: Edited) -> None:
        """What was typed is another text now."""
        event.stop()
        owner, text = self._owner(self.view), self.field.full_text
        if self._texts.get(owner) == text:
            return
        self._texts[owner] = text
        if not owner:
            self._edited(text)
        self._give(self.view)

    @on(ViewField.Entered)
    def entered(self, event: ViewField.Entered) -> None:
        """On to the view."""
        event.stop()
        self.set_focus(self.view)

    # --------------------------------------------------------------------------- questions and answers

    @on(View.Asks)
    def asks(self, event: View.Asks) -> None:
        """Ask the engine for a view."""
        event.stop()
        self._enquiries.ask(event.question, partial(self._heard, event.view, event.question))

    def _heard(self, view: View, question: AnyQuestion, answer: Answer) -> None:
        if isinstance(answer, Trained):
            self.say(f"Trained: {answer.subject.size:,} entries; the views show it now")
            view.hear(answer)
            self.subject = answer.subject.reference
            return
        view.hear(answer)
        about = getattr(answer, "subject", None)
        if about is not None and getattr(question, "tokenizer", None) == self.subject == view.subject:
            view.told_of = self.subject, about
            self._show_head()

    @on(View.Opens)
    def opens(self, event: View.Opens) -> None:
        """Open a tokenizer for a view."""
        event.stop()
        self._opening.begin(event.reference, lambda _: event.opened(), event.failed)

    def _not_opened(self, view: View, failure: Failure) -> None:
        """Tell it where it was asked for; what is shown is of the one before and still right."""
        view.failure = failure
        view.redraw()
        view.scroll_to(y=0, animate=False, force=True)

    @on(View.GivesUp)
    def gives_up(self, event: View.GivesUp) -> None:
        """A question is not wanted any more."""
        event.stop()
        self._enquiries.cancel(event.kind)

    @on(View.Fills)
    def fills(self, event: View.Fills) -> None:
        """A view puts something into its field, if that is still the one in sight."""
        event.stop()
        if event.view is self.view:
            self.field.replace_text(event.text)

    @on(View.Shift)
    def shift(self, event: View.Shift) -> None:
        """A view sends on to another."""
        event.stop()
        self.shown = event.tab
        if event.word is not None or event.entry is not None:
            self.view.go_to(event.word, event.entry)
        self.set_focus(self.view)

    def _show_head(self) -> None:
        opening = bool(self._opening.reference)
        if opening:
            left = (*self._opening.parts(), (("; this is ", "muted"), *self._named()))
        else:
            left = (((" Microscope ", "strong"), (" ", "text"), *self._named()),)
        for line in self.query("#status").results(OneLine):
            line.show(left, (("esc ", "key"), ("gives it up " if opening else "back ", "muted")))
        tabs = tuple(
            # tight: seven of them have to fit into 80 cells
            ((f"{number} ", "key"), (f"{view.TAB} ", "cursor" if self.shown == view.TAB else "text"))
            for number, view in enumerate(self._views, start=1)
        )
        for line in self.query("#views").results(OneLine):
            line.show(tabs)

    def _named(self) -> tuple[Part, ...]:
        """The tokenizer that the view in sight tells of, and where it is asked about another, that one."""
        room = min(_NAME_CELLS, max(8, self.size.width - _BESIDE_NAME))
        wanted = (fit_end(self.subject, room) or "the checkpoint in use", "accent")
        told = self.view.told_of
        if told is None:
            return (wanted,)
        asked, about = told
        name = (fit_end(about.reference, room), "accent")
        facts = (f"  {visible(about.model)}, {about.size:,} entries", "text")
        return (name, facts) if asked == self.subject else (name, facts, (" → ", "muted"), wanted)

    # ----------------------------------------------------------------------------------------- actions

    def action_view(self, number: int) -> None:
        """Show a view by its number."""
        if 1 <= number <= len(self._views):
            self.shown = self._views[number - 1].TAB
            self.set_focus(self.view)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In the field a digit is a digit."""
        return not (action in ("view", "open", "save", "type") and isinstance(self.focused, InputPane))

    def action_type(self) -> None:
        """Go to the field."""
        self.set_focus(self.field)

    def action_leave(self) -> None:
        """Close what is open, innermost first; at last the microscope."""
        if self._message:
            self.say("")
        elif isinstance(self.focused, InputPane):
            self.set_focus(self.view)
        elif self._opening.reference:
            self._opening.give_up()
        elif self._enquiries.is_open(Train):
            self._enquiries.cancel(Train)
            self.say("The training was given up")
        else:
            self.dismiss(None)

    def action_open(self) -> None:
        """Look at another tokenizer."""
        from tui.app.screens.ask_path import AskPath

        self.app.push_screen(
            AskPath(
                "Look at a tokenizer",
                "a built-in's name, a folder, a tokenizer.json or a Hub id; empty: that of the checkpoint in use",
                "",
            ),
            self._wanted,
        )

    def _wanted(self, reference: str | None) -> None:
        if reference == "":
            self.subject = ""
        elif reference is not None:
            self._opening.begin(reference, self._opened, lambda why: self._not_opened(self.view, why))

    def _opened(self, subject: Subject) -> None:
        self.subject = subject.reference

    def action_save(self) -> None:
        """Write the tokenizer as tokenizer.json."""
        from tui.app.screens.ask_path import AskPath

        self.app.push_screen(
            AskPath("Save the tokenizer", "a folder, or a new file ending in .json", ""), self._save_in
        )

    def _save_in(self, path: str | None) -> None:
        if path:
            self._enquiries.ask(Save(self.subject, path), self._saved)

    def _saved(self, answer: Answer) -> None:
        if isinstance(answer, Saved):
            self.say(f"Saved as {answer.path}")
        elif isinstance(answer, Failure):
            self.say(f"{answer.title}: {answer.detail} {answer.hint}")


def look(playground: Playground, enquiries: Enquiries) -> None:
    """Open the microscope on the playground's text, unless it is open."""
    if not isinstance(playground.app.screen, Microscope):
        text = next(iter(playground.current_inputs.values()))
        playground.app.push_screen(Microscope(enquiries, text, playground.fields[0].exchange_text))
