"""Writing token by token: what the keys do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on

from tui.app.branches.traced import chosen as by_beam
from tui.app.branches.tree import Tree
from tui.app.keys import EVERYWHERE, HERE, WRITING, bindings
from tui.app.panes.field import Edited
from tui.app.panes.input import InputPane
from tui.app.panes.probabilities import ProbabilitiesPane
from tui.app.panes.writing.text import TextPane
from tui.app.render.glyphs import fit, visible
from tui.app.screens.writing.hearing import Hearing, after_token
from tui.app.widgets.pick_pane import PickPane
from tui.drawing.spaces import spaced
from tui.protocol.rows import RowAddress
from tui.protocol.writing.decoding import decoding_of
from tui.tasks import TASKS, WRITERS
from tui.tasks.decoding import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.app.conversation import Conversation
    from tui.app.desks import Desks
    from tui.app.screens.playground import Playground
    from tui.tasks.forms import Value

UNTIL_STOP = 4096
"""Most tokens that one press of space writes."""
MOST_AT_ONCE = 100_000
"""Most tokens that can be asked for by their number."""


class Writing(Hearing):
    """The engine is asked to go on from any branch of the tree."""

    HELP = (
        "Space writes on and pauses, “n” writes one token. ⏎ on a row of the probabilities puts that token here: "
        "every choice is a branch, and “u” undoes it."
    )
    BINDINGS = bindings(tuple(key for key in EVERYWHERE if key.id in (*HERE, "zoom")), WRITING)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In the field a letter is a letter."""
        if isinstance(self.focused, InputPane):
            return action in ("leave", "settings") or not any(
                action == key.action.partition("(")[0] for key in WRITING
            )
        return True

    def _to_tip(self) -> None:
        self.place = None

    def action_zoom(self) -> None:
        """Give the focused pane the whole screen, or take it back; the prompt is never alone."""
        if not isinstance(self.focused, InputPane):
            super().action_zoom()

    @after_token
    def action_write_on(self) -> None:
        """Write until it ends, or pause."""
        if self._writers.busy and (self._writing or self._searching):
            self._writers.stop()
        else:
            self._write(UNTIL_STOP)

    @after_token
    def action_write_some(self, count: int) -> None:
        """Write some tokens."""
        self._write(count)

    def _write(self, count: int) -> None:
        self._to_tip()
        ids = self.branching.ids()
        self._rescored = None
        self._ask(ids, len(ids), count)
        self._soon = count == 1
        self._show_head()

    def action_ask_count(self) -> None:
        """Ask how many tokens to write."""
        from tui.app.screens.ask_path import AskPath

        def taken(typed: str | None) -> None:
            if typed is None:
                return
            if typed.isdecimal() and len(typed) <= len(str(MOST_AT_ONCE)) and 1 <= int(typed) <= MOST_AT_ONCE:
                self._write(int(typed))
            else:
                self.say(f"“{fit(visible(typed), 20)}” is no number of tokens")

        self.app.push_screen(AskPath("Write tokens", "how many", "10"), taken)

    @after_token
    def action_force(self) -> None:
        """Put the selected row's token here; in the middle what stood after it is written anew."""
        if isinstance(self.focused, PickPane):
            self.focused.action_choose()
            return
        selected = self.probabilities.selected
        if selected is None:
            return
        if self.focused is self.text:
            self.set_focus(self.probabilities)
            return
        ids, tree = self.branching.ids(), self.branching
        place = len(ids) if self.place is None else self.place
        wanted = (*ids[:place], selected.index)
        for number in range(len(tree.branches)):
            if tree.ids(number)[: place + 1] == wanted:
                self._go(tree.switched(number))
                return
        self._rescored = None
        self._to_tip()
        self._ask(wanted, place, max(0, len(ids) - place - 1))  # and as many after it as stood there
        self._soon = True

    @after_token
    def action_ban(self) -> None:
        """Never choose the selected row's token, or allow it again."""
        selected = self.probabilities.selected
        if selected is None:
            return
        banned = self._written.banned
        if selected.index in banned:
            self._written.banned = tuple(each for each in banned if each != selected.index)
            self.say(f"“{visible(spaced(selected.label))}” is allowed again")
        else:
            self._written.banned = (*banned, selected.index)
            self.say(f"“{visible(spaced(selected.label))}” is never chosen; x allows it again")
        self._look()

    @after_token
    def action_place(self, by: int) -> None:
        """Select another token."""
        if isinstance(self.focused, ProbabilitiesPane):
            self.probabilities.action_step(max(-1, min(by, 1)))
            return
        count = len(self.branching.ids())
        self.place = (count if self.place is None else self.place) + by

    def watch_place(self) -> None:
        """Show the row that the selected token was chosen from, the token's own under the cursor."""
        if not self.is_mounted:
            return
        self.text.place = self.place
        self.text.follow()
        chosen = None if self.place is None else self.branching.chosens()[self.place]
        self.probabilities.select(0 if chosen is None or chosen.rank is None else chosen.rank - 1)
        self._read()

    def _read(self) -> None:
        place = len(self.branching.ids()) if self.place is None else self.place
        position = self._prompt_tokens - 1 + place
        sequence = int(TASKS[self._asked["task"]].has_encoder)
        self._writers.read(self._written.readout, RowAddress(sequence, max(0, position)))

    @on(TextPane.Placed)
    def placed(self, event: TextPane.Placed) -> None:
        """A token was clicked."""
        event.stop()
        self.place = event.place

    @on(ProbabilitiesPane.SettingsChanged)
    def settings_changed(self, event: ProbabilitiesPane.SettingsChanged) -> None:
        """Other sampling numbers, or other rows."""
        event.stop()
        self._written.readout = event.settings
        self.probabilities.settings = event.settings
        self._show_head()
        self._read()

    # ------------------------------------------------------------------------------------------ branches

    def _go(self, tree: Tree) -> None:
        self._to_tip()
        self._written.history.now(tree)
        self._look()
        self._show()

    @after_token
    def action_rewind(self) -> None:
        """Begin a branch that ends before the selected token."""
        count = len(self.branching.ids())
        self._go(self.branching.rewound((count if self.place is None else self.place + 1) - 1))

    @after_token
    def action_undo(self) -> None:
        """Undo the last step."""
        self._travel(self._written.history.undo(), "Nothing to undo")

    @after_token
    def action_redo(self) -> None:
        """Do it again."""
        self._travel(self._written.history.redo(), "Nothing to do again")

    def _travel(self, moved: bool, otherwise: str) -> None:
        if moved:
            self._to_tip()
            self._look()
            self._show()
        else:
            self.say(otherwise)

    @after_token
    def action_branch(self, by: int) -> None:
        """Go to another branch."""
        self._go(self.branching.switched((self.branching.current + by) % len(self.branching.branches)))

    @on(PickPane.Picked, "#branches")
    def picked(self, event: PickPane.Picked) -> None:
        """A branch was chosen, or a candidate to go on from, whatever became of it in the search."""
        event.stop()
        number = self.branches.branch
        if number is not None:
            self._go(self.branching.switched(number))
            return
        start, before = self._start
        chosens = [by_beam(each, before + place) for place, each in enumerate(self.branches.way)]
        setting = self._setting._replace(decoding=self._written.searching)
        self.branches.unfollow()
        self._go(self.branching.with_beams([(chosens, "")], setting, start))

    @after_token
    def action_prune(self) -> None:
        """Take the current branch away."""
        self._go(self.branching.pruned(self.branching.current))
        self.say("Pruned; u brings it back")

    def action_name(self) -> None:
        """Name the current branch."""
        from tui.app.screens.ask_path import AskPath

        def taken(name: str | None) -> None:
            if name is None:
                return
            try:
                self._written.history.now(self.branching.named(name))
            except ValueError as error:
                self.say(visible(str(error)))
            self._show()

        self.app.push_screen(AskPath("Name the branch", "any text", self.branching.branch.name), taken)

    def action_compare(self) -> None:
        """Compare the current branch with the one under the cursor, or the next one."""
        pane, tree = self.branches, self.branching
        if pane.comparison is not None:
            pane.comparison = None
            return
        under = tree.current if pane.branch is None else pane.branch
        other = under if under != tree.current else (tree.current + 1) % len(tree.branches)
        if other == tree.current:
            self.say("There is one branch only")
        else:
            pane.comparison = (tree.current, other)

    # ------------------------------------------------------------------------------------------ settings

    @after_token
    def action_beams(self) -> None:
        """Search with beams from the current branch on."""
        self._to_tip()
        self._steps, self._searching, self._writing = [], True, False
        ids = self.branching.ids()
        self._start = (self.branching.branch.tip, len(ids))
        self._writers.search(
            **self._asked,
            written=ids,
            most=int(self._written.options.get("beam_tokens") or 40),
            decoding=self._written.searching,
            readout=self._written.readout,
        )

    def action_search_step(self, by: int) -> None:
        """Look at another step of the latest search."""
        if not self._steps:
            self.say("No search was made yet; b makes one")
        elif self.branches.following:
            self._show_step(self.branches.at + by)
        else:
            self._show_step(len(self._steps) - 1 if by < 0 else 0)

    def action_method(self) -> None:
        """Change between the likeliest token and sampling."""
        sample = self._written.decoding.method == "sample"
        self._written.options["method"] = "greedy" if sample else "sample"
        self._show_head()

    def action_settings(self) -> None:
        """Everything about how tokens are chosen."""
        from tui.app.screens.options import OptionsScreen

        self.app.push_screen(OptionsScreen("writing", OPTIONS, self._written.options), self._settings_set)

    def _settings_set(self, options: dict[str, Value] | None) -> None:
        if options is None:
            return
        try:
            decoding_of(options, self._written.banned)
        except ValueError as error:
            self.say(str(error))
            return
        self._written.options = options
        self._show_head()
        self._look()

    @on(Edited)
    def prompt_edited(self, event: Edited) -> None:
        """Another prompt: the branch stays, its numbers are others."""
        event.stop()
        text = self.field.full_text
        if text == self.prompt:
            return
        self._asked["inputs"] = {**self._asked["inputs"], "text": text}
        self._source = self._digest()
        self._edited(text)
        self._look()
        self._show()

    def action_edit(self) -> None:
        """Go to the prompt."""
        self.set_focus(self.field)

    def action_go(self, pane: str) -> None:
        """Go to a pane."""
        self.set_focus({"text": self.text, "probabilities": self.probabilities, "tree": self.branches}[pane])

    def action_leave(self) -> None:
        """Close what is open, innermost first; at last the screen."""
        if self._message:
            self.say("")
        elif isinstance(self.focused, InputPane):
            self.set_focus(self.text)
        elif self.zoomed is not None:
            self._zoom(None)
        elif self.branches.following and not self._searching:
            self.branches.unfollow()
        elif self.branches.comparison is not None:
            self.branches.comparison = None
        elif self._writers.busy and (self._writing or self._searching):
            self._writers.stop()
        else:
            self.dismiss(None)


def write(playground: Playground, conversation: Conversation, desks: Desks, keep: Callable[[], None]) -> None:
    """Open the screen for the task at hand, with what was written for it before."""
    task = conversation.task
    if task not in WRITERS:
        playground.say(f"{task} writes nothing: {', '.join(WRITERS)} do")
        return
    playground.app.push_screen(
        Writing(
            conversation.writers,
            task,
            playground.current_inputs,
            playground.options,
            desks.written(task, conversation.model),
            playground.fields[0].exchange_text,
            keep,
        )
    )
