"""What is seen while a text is written token by token, and what the engine says of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from textual.reactive import var

from tui.app.branches.nodes import PROMPT, Setting
from tui.app.branches.traced import chosen as by_beam
from tui.app.engine_client import EngineLost
from tui.app.panes.writing.branches import facts_of
from tui.app.render import numbers
from tui.app.render.glyphs import visible
from tui.app.screens.writing.panes import Panes
from tui.app.widgets.one_line import OneLine
from tui.protocol import (
    BeamsStepped,
    Cancelled,
    Continued,
    Failed,
    Loaded,
    Readout,
    Searched,
    Stepped,
    Superseded,
)
from tui.tasks import TASKS

if TYPE_CHECKING:
    from textual.timer import Timer

    from tui.app.branches.tree import Tree
    from tui.app.branches.written import Draft
    from tui.app.engine_client import Notice
    from tui.app.writers import Writers
    from tui.protocol.writing.kept import CacheUse
    from tui.protocol.writing.steps import Chosen
    from tui.tasks.forms import Value


P = ParamSpec("P")
Screen = TypeVar("Screen", bound="Hearing")
SELDOM = 0.25
"""Seconds between two drawings of all but the text while tokens come."""


def after_token(act: Callable[Concatenate[Screen, P], None]) -> Callable[Concatenate[Screen, P], None]:
    """What a key does, done when the token is there that was asked for before."""

    @wraps(act)
    def acting(screen: Screen, /, *args: P.args, **named: P.kwargs) -> None:
        if screen._soon and screen.busy:
            screen._typed.append(partial(act, screen, *args, **named))
        else:
            act(screen, *args, **named)

    return acting


class Hearing(Panes):
    """Owns the tree and says what the engine told of it; subclasses say what the keys do."""

    AFTER_DEATH = "what was written stands"

    place: var[int | None] = var(None)
    """The token that is looked at; None: what comes next."""

    def __init__(
        self,
        writers: Writers,
        task: str,
        inputs: Mapping[str, str],
        options: Mapping[str, Value],
        written: Draft,
        edited: Callable[[str], None],
        keep: Callable[[], None],
    ) -> None:
        """`written` is gone on with; `edited` is told of another prompt, `keep` of another tree."""
        super().__init__(str(inputs["text"]))
        self._writers, self._edited, self._keep = writers, edited, keep
        self._asked: dict[str, Any] = {"task": task, "inputs": dict(inputs), "options": dict(options)}
        self._written = written
        self._source = self._digest()
        self._prompt_tokens = 0
        self._base: tuple[int, ...] = ()
        """The ids that the request under way goes on from."""
        self._rescored: list[Chosen] | None = None
        """Numbers of a branch after another prompt, while they come in."""
        self._grown = False
        self._readout: Readout | None = None
        self._cache: CacheUse | None = None
        self._limit: int | None = None
        self._shown_at = 0.0
        self._steps: list[BeamsStepped] = []
        self._later: Timer | None = None
        """Shows the latest step of the search once it may be shown."""
        """Of the latest search."""
        self._start = (PROMPT, 0)
        """The tip that it goes on from, and its tokens."""
        self._searching = False
        self._writing = False
        self._soon = False
        """Whether a token that was asked for by itself is on its way: keys typed meanwhile are for what follows."""
        self._typed: list[Callable[[], None]] = []

    @property
    def prompt(self) -> str:
        """What stands before the first written token."""
        return str(self._asked["inputs"]["text"])

    @property
    def branching(self) -> Tree:
        """The tree as it is now."""
        return self._written.tree

    @property
    def busy(self) -> bool:
        """Whether the engine is at it."""
        return self._writers.busy

    def validate_place(self, place: int | None) -> int | None:
        """Keep it on a token of the branch; before the first is the first, behind the last what comes next."""
        return None if place is None or max(0, place) >= len(self.branching.ids()) else max(0, place)

    def on_mount(self) -> None:
        """Ask what comes next."""
        self.bindings_updated_signal.subscribe(self, lambda _: self.show_hints())
        self._writers.listen(self.heard)
        self.field.rename("Prompt", "What stands before the first written token.")
        self.probabilities.settings = self._written.readout
        self.set_focus(self.text)
        self._look()
        self._show()

    def on_unmount(self) -> None:
        """Nothing is written for a screen that is gone."""
        self._writers.listen(None)

    # --------------------------------------------------------------------------------------- the engine

    def _ask(self, ids: tuple[int, ...], scored: int, most: int) -> None:
        self._search_ended()
        self._base, self._grown = ids, False
        self._writing, self._soon = most > 0, False
        self._writers.go_on(
            **self._asked,
            written=ids,
            scored=scored,
            most=most,
            decoding=self._written.decoding,
            readout=self._written.readout,
            unset=("num_beams",),
        )

    def _look(self) -> None:
        """Bring the engine to the current branch: what comes next, and the numbers that aren't of this prompt."""
        scored = self.branching.unknown(self._source)
        self._rescored = self.branching.chosens()[:scored]
        self._ask(self.branching.ids(), scored, 0)

    def _digest(self) -> str:
        asked = repr((self._asked["inputs"], self._asked["options"])).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(asked, digest_size=8).hexdigest()

    @property
    def _setting(self) -> Setting:
        """What a token is chosen under now."""
        return Setting(self._written.decoding, self._written.readout, self._source)

    def heard(self, notice: Notice) -> None:
        """What the engine says of what was asked."""
        if isinstance(notice, Failed | Cancelled | Superseded | EngineLost):
            self._soon = False
            self._typed.clear()
        match notice:
            case Stepped(chosen=chosen):
                self._stepped(chosen)
            case Readout():
                if self.place is None or notice.address.position == self._prompt_tokens - 1 + self.place:
                    self._readout = notice
                    self.probabilities.readout = notice
            case Continued():
                self._continued(notice)
            case BeamsStepped():
                self._steps.append(notice)
                self._show_latest_step()
            case Searched():
                self._searched(notice)
            case Failed(failure=failure):
                self._search_ended()
                if self._writing and self._grown:
                    self._written.history.now(self.branching.stopped(failure.title), step=False)
                self.say(f"{failure.title}; F4 tells why and what to do")
                self._show()
            case Cancelled() | Superseded():
                self._search_ended()
                if self._readout is None or self.place is None:
                    self._look()
                self._show()
            case EngineLost():
                self._search_ended()
                self._show()
            case Loaded():
                if not self._writers.busy:
                    self._look()
                self._show_head()

    def _stepped(self, chosen: Chosen) -> None:
        setting = self._setting
        if chosen.place < len(self._base):
            if self._rescored is not None:
                self._rescored.append(chosen)
                if len(self._rescored) == len(self._base):
                    self._written.history.now(
                        self.branching.rescored(self._rescored, self._source), step=False
                    )
                    self._rescored = None
                    self._show()
                return
            tree = self.branching.forced(chosen.place, chosen, setting)
        else:
            tree = self.branching.grown(chosen, setting)
        self._written.history.now(tree, step=not self._grown)  # tokens of one run are undone together
        first, self._grown = not self._grown, True
        self._show(whole=first or time.monotonic() - self._shown_at > SELDOM)
        if self._writing and chosen.place < len(self._base):
            self._go_on()  # what was put there stands; what follows comes in its time

    def _continued(self, event: Continued) -> None:
        self._prompt_tokens, self._limit, self._cache = event.prompt, event.limit, event.cache
        looked, self._rescored = self._rescored is not None or not self._grown, None
        if event.stop.kind != "count" and self._grown:
            self._written.history.now(self.branching.stopped(event.stop.about), step=False)
        if event.note:
            self.say(event.note)
        if not looked and self.branching.unknown(self._source) < len(self.branching.ids()):
            self._look()  # it was written on before the numbers of another prompt had come
        self._show()
        self._go_on()

    def _go_on(self) -> None:
        """Do what was typed while a token was on its way."""
        self._soon = False
        while self._typed and not self._soon:
            self._typed.pop(0)()

    def _searched(self, event: Searched) -> None:
        self._search_ended()
        _, start = self._start
        found = []
        for number, hypothesis in enumerate(event.hypotheses):
            chosens = [
                by_beam(self._steps[step].candidates[place], start + step)
                for step, place in enumerate(hypothesis.beams)
            ]
            length = "" if hypothesis.finished else ", cut by its length"
            found.append((chosens, f"hypothesis {number + 1}, score {hypothesis.score:.4f}{length}"))
        setting = self._setting._replace(decoding=self._written.searching)
        self._written.history.now(self.branching.with_beams(found, setting))
        self._look()
        self._show()

    def _show_step(self, at: int) -> None:
        """Show a step of the latest search among the branches."""
        self.branches.follow(self._steps, at, self._start[0])

    def _show_latest_step(self) -> None:
        """Show it now, or as soon as `SELDOM` allows: no further step may come for long."""
        if self._later is not None:
            self._later.stop()
            self._later = None
        wait = self._shown_at + SELDOM - time.monotonic()
        if wait > 0:
            self._later = self.set_timer(wait, self._show_latest_step)
        elif self._searching:
            self._shown_at = time.monotonic()
            self._show_step(len(self._steps) - 1)

    def _search_ended(self) -> None:
        if self._searching:
            self._searching = False
            self.branches.unfollow()

    # -------------------------------------------------------------------------------------- what is seen

    def _show(self, whole: bool = True) -> None:
        """Draw what changed; without `whole` the text alone, as every token does."""
        if not self.is_mounted:
            return
        text, tree = self.text, self.branching
        chosens = tuple(tree.chosens())
        self.set_reactive(Hearing.place, self.validate_place(self.place))
        text.prompt, text.chosens, text.place = self.prompt, chosens, self.place
        text.ending, text.source = tree.branch.stop, TASKS[self._asked["task"]].has_encoder
        text.set_title(self._facts(tree))
        text.follow()
        if whole:
            self._shown_at = time.monotonic()
            pane = self.branches
            pane.source, pane.cache, pane.branching = self._source, self._cache, tree
            self._show_head()
            self._keep()

    def _facts(self, tree: Tree) -> str:
        totals = tree.totals()
        if not tree.is_of(self._source):
            totals = totals._replace(log_probability=None, perplexity=None)
        return " · ".join([visible(tree.branch.name), *facts_of(totals, 2)])

    def _show_head(self) -> None:
        decoding, settings = self._written.decoding, self._written.readout
        doing = "searching" if self._searching else "writing" if self._writers.busy and self._writing else ""
        doing = "waiting for the checkpoint" if self._writers.waiting else doing
        how = decoding.method if decoding.method == "greedy" else f"sample seed {decoding.seed}"
        facts = []
        if self._limit is not None:
            free = max(0, self._limit - self._prompt_tokens - len(self.branching.ids()))
            facts.append(f"{free:,} more fit")
        speed = self.branching.totals().tokens_per_second
        if speed is not None:
            facts.append(f"{speed:.1f} tokens/s")
        if self._cache is not None:
            used, allowed = (
                numbers.size(each) for each in (self._cache.bytes_used, self._cache.bytes_allowed)
            )
            facts.append(f"kept {used} of {allowed}")
        if settings.temperature != 1.0 and decoding.method == "sample":
            how += f" T {settings.temperature:g}"
        if decoding.banned:
            how += f" {len(decoding.banned)} banned"
        for line in self.query("#status").results(OneLine):
            line.show(
                (
                    ((" Write ", "strong"), (f" {self._asked['task']} ", "accent"), (f" {how}", "text")),
                    *(((f"  {fact}", "muted"),) for fact in facts),
                ),
                (
                    (f"{doing} ", "strong"),
                    *(("f1 ", "key"), ("help ", "muted"), ("esc ", "key"), ("back ", "muted")),
                ),
            )
