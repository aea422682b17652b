"""The branches, one a row; two branches compared."""

from __future__ import annotations

from collections.abc import Sequence

from textual.reactive import var
from textual.strip import Strip

from tui.app.keys import ROWS, bindings
from tui.app.render import numbers
from tui.app.render.glyphs import fit, visible, wrapped
from tui.app.render.strips import row
from tui.app.widgets.pick_pane import PickPane
from tui.generation.nodes import PROMPT, Setting
from tui.generation.steps import Chosen, added_text
from tui.generation.tree import Totals, Tree
from tui.sampling import SETTINGS


def how(setting: Setting) -> str:
    """What a token was chosen under, in words.

    >>> from tui.generation.decoding import Decoding
    >>> from tui.values import ReadoutSettings
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
        if value != each.off and (drawn or each.name == "repetition_penalty"):
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


class BranchesPane(PickPane, inherit_bindings=False):
    """Enter goes to a branch; space writes on here, too."""

    BINDINGS = bindings(ROWS)

    NUMBER = 3
    NAME = "Branches"
    HELP = (
        "Every choice made a branch, and none is lost: enter goes to one, “[” and “]” to the neighbors, “m” names "
        "it, “d” takes it away (“u” brings it back), “c” compares it with the one that is current.\n\n"
        "ln p is of all tokens of the branch together, in nats; perplexity is e to the mean of −ln p. After "
        "another prompt they are – until the branch is visited."
    )

    branching: var[Tree | None] = var(None)
    source: var[str] = var("")
    """The digest of the prompt at hand."""
    comparison: var[tuple[int, int] | None] = var(None)

    def entries(self) -> list[tuple[str, str, str]]:
        """A row for each branch, the current one marked."""
        tree = self.branching
        if tree is None:
            return []
        found = []
        for number, branch in enumerate(tree.branches):
            totals = tree.totals(number)
            parting = 0 if number == tree.current else tree.shared(number, tree.current)
            words = _words(tree.part(number, parting, parting + 12))
            if not tree.is_of(self.source, number):
                totals = totals._replace(log_probability=None, perplexity=None)
            facts = "  ".join(facts_of(totals, 2))
            from_there = f"…{parting:,} " if parting else ""
            name = f"{branch.name}  {facts}  {from_there}“{visible(words)}”"
            mark = "●" if number == tree.current else " "
            found.append((visible(name), mark, "strong" if number == tree.current else "text"))
        return found

    def details(self, width: int) -> list[Strip]:
        """A comparison, or what is known of a branch."""
        if self.branching is None:
            return []
        if self.comparison is not None:
            return self._compared(self.branching, *self.comparison, width)
        return self._about(self.branching, width)

    def _about(self, tree: Tree, width: int) -> list[Strip]:
        """How the branch under the cursor was written, and why it ended."""
        number = min(self.cursor, len(tree.branches) - 1)
        branch = tree.branches[number]
        if branch.tip == PROMPT:
            return []
        setting, totals = tree.node(branch.tip).setting, tree.totals(number)
        of_prompt = "" if tree.is_of(self.source, number) else " (of another prompt)"
        known = totals.log_probability is not None
        said = [", ".join(facts_of(totals, 4)) + of_prompt] if known else ["visit it to have its numbers"]
        said += [] if setting is None else [how(setting)]
        if branch.stop:
            said.append(f"ended: {visible(branch.stop)}")
        return [
            row((line, self.style("muted"))) for line in wrapped(f"{branch.name}: {'; '.join(said)}", width)
        ]

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
        if branching is not None:
            count = len(branching.branches)
            if before is None or (before.current, len(before.branches)) != (branching.current, count):
                self.cursor = branching.current
            self.set_title(f"{count:,} branch{'es' * (count != 1)}")
        self.redraw()

    def watch_comparison(self) -> None:
        """Two branches, or none."""
        self.redraw()
        if self.comparison is not None:
            self.show_row(max(0, len(self._rows) - 1))
