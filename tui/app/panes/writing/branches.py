"""The tree of branches, one a row, with the candidates of a beam search in it; two branches compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from rich.cells import cell_len
from textual.reactive import var
from textual.strip import Strip

from tui.app.branches.nodes import PROMPT, Setting
from tui.app.branches.traced import Way, ways
from tui.app.branches.tree import Totals, Tree
from tui.app.keys import ROWS, bindings
from tui.app.panes.writing import beams
from tui.app.render import numbers
from tui.app.render.glyphs import fit, pad, visible, wrapped
from tui.app.render.strips import row
from tui.app.widgets.pick_pane import PickPane
from tui.protocol import BeamsStepped
from tui.protocol.writing.kept import CacheUse
from tui.protocol.writing.steps import Chosen, added_text
from tui.tasks.sampling import SETTINGS

Listed: TypeAlias = tuple[Literal["branch", "candidate"], int]
"""What a row is about: a branch by number, or a candidate by its rank."""

_WIDE = 70
"""Cells from which on a row has room for the perplexity, which stands below the list, too."""


def how(setting: Setting) -> str:
    """What a token was chosen under, in words.

    >>> from tui.protocol.writing.decoding import Decoding
    >>> from tui.protocol.rows import ReadoutSettings
    >>> how(Setting(Decoding(banned=(3,)), ReadoutSettings(temperature=0.7)))
    'the likeliest each time, 1 banned'
    >>> how(Setting(Decoding(method="sample", seed=4), ReadoutSettings(temperature=0.7, top_k=40)))
    'drawn with seed 4, temperature 0.7, top-k 40'
    """
    decoding = setting.decoding
    drawn = decoding.method == "sample"
    said = [f"drawn with seed {decoding.seed}" if drawn else "the likeliest each time"]
    if decoding.num_beams > 1:
        said = [f"{decoding.num_beams} beams" + (f", {said[0]}" if drawn else "")]
    for each in SETTINGS:
        value = getattr(setting.readout, each.name)
        if value != each.default and (drawn or each.name == "repetition_penalty"):
            said.append(f"{each.title} {value:g}")
    if decoding.no_repeat_ngram_size:
        said.append(f"no {decoding.no_repeat_ngram_size}-gram twice")
    if decoding.banned:
        said.append(f"{len(decoding.banned):,} banned")
    if decoding.constraint is not None:
        said.append(f"{decoding.constraint.kind} {visible(decoding.constraint.text)}")
    return ", ".join(said)


def facts_of(totals: Totals, digits: int) -> list[str]:
    """A branch in numbers, in words.

    >>> facts_of(Totals(1, -0.5, 1.6487, None), 2)
    ['1 token', 'ln p -0.50', 'perplexity 1.65']
    """
    return [
        f"{totals.tokens:,} token{'s' * (totals.tokens != 1)}",
        f"ln p {numbers.logit(totals.log_probability, digits)}",
        f"perplexity {numbers.logit(totals.perplexity, digits)}",
    ]


def _words(chosens: Sequence[Chosen]) -> str:
    return "".join(added_text(chosen) or chosen.text for chosen in chosens)


def _memory(cache: CacheUse, kept: int) -> str:
    """What the kept tokens of a branch take.

    >>> _memory(CacheUse(0, 0, 0, 0, token_bytes=1000), 2), _memory(CacheUse(0, 0, 0, 0), 2)
    ('2 kB', 'kept')
    """
    return numbers.size(kept * cache.token_bytes) if cache.token_bytes else "kept" if kept else "0 B"


class BranchesPane(PickPane, inherit_bindings=False):
    """Enter goes to a branch; space writes on here, too."""

    BINDINGS = bindings(ROWS)

    NUMBER = 3
    NAME = "Branches"
    HELP = (
        "Every choice made a branch, and none is lost: enter goes to one, “[” and “]” to the neighbors, “m” names "
        "it, “d” takes it away (“u” brings it back), “c” compares it with the one that is current. “└ …5” stands "
        "for five tokens that it has in common with the branch that it hangs from.\n\n"
        "ln p is of all tokens of the branch together, in nats; perplexity is e to the mean of −ln p. After "
        "another prompt they are – until the branch is visited. At the right end stands the memory that keys and "
        "values of its tokens take; what isn't kept is computed again when the branch is visited.\n\n"
        "While a search with beams runs, and afterwards with “,” and “.” step by step, its candidates stand below "
        "the branch that it goes on from, the highest score first: ✓ goes on, ■ is a finished text, ✗ was cut. "
        "Their ln p is the sum of the log-probabilities under the settings; ÷len is the same divided by the length "
        "to the power of the length penalty, which finished texts are compared by. ⏎ makes a branch of one, "
        "of a cut one, too. Escape puts the candidates away."
    )

    branching: var[Tree | None] = var(None)
    source: var[str] = var("")
    """The digest of the prompt at hand."""
    cache: var[CacheUse | None] = var(None)
    comparison: var[tuple[int, int] | None] = var(None)

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.steps: tuple[BeamsStepped, ...] = ()
        """Of the search that is looked at; none where none is."""
        self.at = 0
        """The step that is shown."""
        self._ways: list[Way] = []
        self._start = PROMPT
        self._listing: list[Listed] = []
        self._on: Listed = ("branch", 0)
        """What the cursor is on."""

    @property
    def following(self) -> bool:
        """Whether candidates of a search are shown."""
        return bool(self.steps)

    @property
    def branch(self) -> int | None:
        """The number of the branch under the cursor; None where it is on a candidate."""
        kind, number = self._on
        return number if kind == "branch" else None

    @property
    def way(self) -> Way:
        """The candidate under the cursor, behind those that it follows; empty where it is on a branch."""
        kind, number = self._on
        return self._ways[number] if kind == "candidate" else []

    def follow(self, steps: Sequence[BeamsStepped], at: int, start: int) -> None:
        """Show a step of a search, which goes on from the node `start`."""
        if not self.following:
            self._on = ("candidate", 0)
        self.steps, self.at, self._start = tuple(steps), max(0, min(at, len(steps) - 1)), start
        self._ways = ways([step.candidates for step in steps[: self.at + 1]])
        self._list()

    def unfollow(self) -> None:
        """Show the branches alone."""
        if self.following:
            self.steps, self._ways = (), []
            self._list()

    # ------------------------------------------------------------------------------------------ the rows

    def _list(self) -> None:
        """Say anew what the rows are; the cursor stays on what it is on, or goes to the current branch."""
        tree = self.branching
        if tree is None:
            return
        listing: list[Listed] = []
        host = tree.through(self._start) if self.following else None
        for number in range(len(tree.branches)):
            listing.append(("branch", number))
            if number == host:
                listing += [("candidate", rank) for rank in range(len(self._ways))]
        self._listing = listing
        if self._on not in listing:
            self._on = ("branch", tree.current)
        self.set_reactive(BranchesPane.cursor, listing.index(self._on))
        count = len(tree.branches)
        about = f"{count:,} branch{'es' * (count != 1)}"
        if self.following:
            about += f" · step {self.at + 1:,} of {len(self.steps):,}"
            about += f" · {self.steps[self.at].hypotheses:,} finished"
        self.set_title(about)
        self.redraw()
        self.show_row(self.cursor)

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on a row."""
        return max(0, min(cursor, len(self._listing) - 1))

    def watch_cursor(self, cursor: int) -> None:
        """Know what it is on."""
        if self._listing:
            self._on = self._listing[cursor]
        super().watch_cursor(cursor)

    def action_edge(self, to: int) -> None:
        """Move the cursor to the first or the last row."""
        self.cursor = 0 if to < 0 else len(self._listing) - 1

    def entries(self) -> list[tuple[str, str, str]]:
        """A row for each branch, the current one marked, and one for each candidate."""
        tree = self.branching
        if tree is None:
            return []
        width = self.scrollable_content_region.width
        partings = tree.partings()
        depths: list[int] = []
        for parent, _ in partings:
            depths.append(0 if parent is None else depths[parent] + 1)
        facts = [self._facts(tree, number, width) for number in range(len(depths))]
        most = [max(map(cell_len, column)) for column in zip(*facts, strict=True)]
        kept = None if self.cache is None else tree.kept(self.cache.parts)
        found, depth = [], 0
        for kind, number in self._listing:
            if kind == "candidate":
                way, indent = self._ways[number], "  " * depth + "  "
                shown = beams.entry(way, self._ways[0], width - 3 - len(indent))
                found.append((indent + shown, "", beams.style_of(way[-1])))
                continue
            depth = depths[number]
            stem = "  " * (depth - 1) + "└ " if depth else ""
            parting = partings[number][1]
            words = visible(_words(tree.part(number, parting, parting + 24)))
            columns = [pad(each, cells) for each, cells in zip(facts[number], most, strict=True)]
            columns[0] = stem + facts[number][0]
            before = f"…{parting:,} " if parting else ""
            current = number == tree.current
            mark = f"{'' if kept is None or self.cache is None else _memory(self.cache, kept[number])} "
            found.append(
                (
                    "  ".join((*columns, f"{before}“{words}”")),
                    mark + ("●" if current else " "),
                    "strong" if current else "text",
                )
            )
        return found

    def _facts(self, tree: Tree, number: int, width: int) -> list[str]:
        totals = tree.totals(number)
        if not tree.is_of(self.source, number):
            totals = totals._replace(log_probability=None, perplexity=None)
        return [visible(tree.branches[number].name), *facts_of(totals, 2)[: 3 if width >= _WIDE else 2]]

    def details(self, width: int) -> list[Strip]:
        """A comparison, or what is known of a candidate or a branch."""
        if self.branching is None or not self._listing:
            return []
        if self.comparison is not None:
            return self._compared(self.branching, *self.comparison, width)
        said = self._about(self.branching) if self.branch is not None else beams.about(self.way)
        return [row((line, self.style("muted"))) for line in wrapped(said, width)] if said else []

    def _about(self, tree: Tree) -> str:
        """How the branch under the cursor was written, what is kept of it, and why it ended."""
        number = min(self.branch or 0, len(tree.branches) - 1)
        branch = tree.branches[number]
        if branch.tip == PROMPT:
            return ""
        setting, totals = tree.node(branch.tip).setting, tree.totals(number)
        of_prompt = "" if tree.is_of(self.source, number) else " (of another prompt)"
        known = totals.log_probability is not None
        said = [", ".join(facts_of(totals, 4)) + of_prompt] if known else ["visit it to have its numbers"]
        said += [] if setting is None else [how(setting)]
        if self.cache is not None:
            kept = tree.kept(self.cache.parts)[number]
            share = "all" if kept == totals.tokens else f"{kept:,} of {totals.tokens:,}"
            said.append(
                f"keys and values of {share} kept: {_memory(self.cache, kept)}, and "
                f"{numbers.size(self.cache.prompt_bytes)} of the prompt for all branches"
            )
        if branch.stop:
            said.append(f"ended: {visible(branch.stop)}")
        return f"{branch.name}: {'; '.join(said)}"

    def _compared(self, tree: Tree, one: int, other: int, width: int) -> list[Strip]:
        muted, text = self.style("muted"), self.style("text")
        if max(one, other) >= len(tree.branches):
            return []
        common = tree.shared(one, other)
        strips = [row((fit(f"the first {common:,} tokens are the same; then", width), muted))]
        for number in (one, other):
            rest = tree.chosens(number)[common:]
            first = rest[0] if rest else None
            chose = (
                "it ends" if first is None else f"“{visible(first.text)}” rank {numbers.count(first.rank)}"
            )
            words = visible(_words(rest))
            strips.append(row((fit(f"{tree.branches[number].name}: {chose}: {words}", width), text)))
        return strips

    def watch_branching(self, before: Tree | None, branching: Tree | None) -> None:
        """Another tree; where another branch is the current one it is under the cursor."""
        if branching is None:
            return
        count = len(branching.branches)
        if before is None or (before.current, len(before.branches)) != (branching.current, count):
            self._on = ("branch", branching.current)
        self._list()

    def watch_cache(self) -> None:
        """Other parts are kept."""
        self.redraw()

    def watch_comparison(self) -> None:
        """Two branches, or none."""
        self.redraw()
        if self.comparison is not None:
            self.show_row(max(0, len(self._rows) - 1))
