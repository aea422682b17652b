"""The tree of what was written: every choice makes a branch, and none is lost.

A tree is a value: every change makes another one. All trees that come of one another share their nodes, which are
only ever added to, so that a token more costs the same in a text of ten thousand.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from tui.app.branches.nodes import PROMPT, Nodes, Setting, TokenNode
from tui.protocol.writing.kept import KeptPart
from tui.protocol.writing.steps import Chosen


class Branch(NamedTuple):
    """A way from the prompt to a last token."""

    name: str
    tip: int = PROMPT
    stop: str = ""
    """Why writing ended there, in words; empty where that isn't known."""


class Totals(NamedTuple):
    """A branch in numbers; None where a token's probability isn't known."""

    tokens: int
    log_probability: float | None
    """Of all tokens together, nats."""
    perplexity: float | None
    tokens_per_second: float | None


class Tree:
    """Branches of one prompt; one of them is the current one."""

    def __init__(
        self, nodes: Nodes | None = None, branches: tuple[Branch, ...] = (Branch("A"),), current: int = 0
    ) -> None:
        self._nodes = nodes or Nodes()
        self.branches = branches
        self.current = current

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Tree)
            and self._nodes is other._nodes
            and (self.branches, self.current) == (other.branches, other.current)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def branch(self) -> Branch:
        """The current one."""
        return self.branches[self.current]

    def node(self, number: int) -> TokenNode:
        """A node by its number."""
        return self._nodes.all[number]

    def is_of(self, source: str, branch: int | None = None) -> bool:
        """Whether the last token's numbers are known, and those of the prompt with this digest."""
        tip = self._tip(branch)
        return tip == PROMPT or _is_of(self.node(tip), source)

    def unknown(self, source: str) -> int:
        """The first place of the current branch whose numbers aren't known for a prompt; its length if none."""
        path = self.path()
        known = (place for place, number in enumerate(path) if not _is_of(self.node(number), source))
        return next(known, len(path))

    def _tip(self, branch: int | None) -> int:
        return self.branches[self.current if branch is None else branch].tip

    def path(self, branch: int | None = None) -> list[int]:
        """Numbers of the nodes of a branch, the first token's first."""
        return self._nodes.way(self._tip(branch))[0]

    def chosens(self, branch: int | None = None) -> list[Chosen]:
        """The tokens of a branch."""
        return self._nodes.way(self._tip(branch))[1]

    def ids(self, branch: int | None = None) -> tuple[int, ...]:
        """The ids of a branch."""
        return tuple(chosen.id for chosen in self.chosens(branch))

    def part(self, branch: int, start: int, end: int) -> list[Chosen]:
        """The tokens of a branch at the places from `start` up to `end`."""
        return self._nodes.part(self._tip(branch), start, end)

    def totals(self, branch: int | None = None) -> Totals:
        """A branch in numbers."""
        sums = self._nodes.sums(self._tip(branch))
        speed = sums.written / sums.seconds if sums.seconds > 0 else None
        if not sums.tokens or sums.log_probability is None:
            return Totals(sums.tokens, None, None, speed)
        try:
            perplexity = math.exp(-sums.log_probability / sums.tokens)
        except OverflowError:
            perplexity = math.inf
        return Totals(sums.tokens, sums.log_probability, perplexity, speed)

    def shared(self, one: int, other: int) -> int:
        """Tokens that two branches have in common, from the first."""
        return self._nodes.shared(self._tip(one), self._tip(other))

    def partings(self) -> list[tuple[int | None, int]]:
        """Of every branch the earlier one that it hangs from, and the tokens that both have in common."""
        return self._nodes.partings([branch.tip for branch in self.branches])

    def kept(self, parts: Iterable[KeptPart]) -> list[int]:
        """Of every branch how many of its tokens have their keys and values kept."""
        return self._nodes.kept_of([branch.tip for branch in self.branches], parts)

    def through(self, node: int) -> int | None:
        """The first branch that ends at a node, or that goes through it; None where there is none."""
        ends = (number for number, branch in enumerate(self.branches) if branch.tip == node)
        count = len(self._nodes.way(node)[0])
        others = (
            number
            for number, branch in enumerate(self.branches)
            if node == PROMPT or self._nodes.shared(node, branch.tip) == count
        )
        return next(ends, next(others, None))

    # -------------------------------------------------------------------------------------- other trees

    def _with(self, branches: Sequence[Branch], current: int) -> Tree:
        return Tree(self._nodes, tuple(branches), current)

    def _replaced(self, number: int, branch: Branch) -> Tree:
        branches = list(self.branches)
        branches[number] = branch
        return self._with(branches, self.current)

    def _new_name(self) -> str:
        taken = {branch.name for branch in self.branches}
        return next(name for name in _names() if name not in taken)

    def _child(self, parent: int, chosen: Chosen, setting: Setting | None) -> int:
        return self._nodes.add(TokenNode(chosen, parent, setting))

    def grown(self, chosen: Chosen, setting: Setting | None = None) -> Tree:
        """The current branch with one more token."""
        tip = self._child(self.branch.tip, chosen, setting)
        return self._replaced(self.current, Branch(self.branch.name, tip))

    def stopped(self, why: str) -> Tree:
        """The current branch, knowing why writing ended."""
        return self._replaced(self.current, self.branch._replace(stop=why))

    def forced(self, place: int, chosen: Chosen, setting: Setting | None = None) -> Tree:
        """Another token at a place of the current branch: a new branch, or the one that has it there already."""
        path = self.path()
        if place < len(path) and self.node(path[place]).chosen.id == chosen.id:
            return self
        before = path[:place]
        for number in range(len(self.branches)):
            there = self.part(number, place, place + 1)
            if there and there[0].id == chosen.id and self.shared(number, self.current) >= place:
                return self.switched(number)
        tip = self._child(before[-1] if before else PROMPT, chosen, setting)
        if place >= len(path):
            return self._replaced(self.current, Branch(self.branch.name, tip))
        return self._added(Branch(self._new_name(), tip))

    def _added(self, branch: Branch) -> Tree:
        place = self.current + 1
        return self._with((*self.branches[:place], branch, *self.branches[place:]), place)

    def rewound(self, count: int) -> Tree:
        """A branch of the first `count` tokens, with less than 1 of none; the longer one stays."""
        path, count = self.path(), max(0, count)
        if count >= len(path):
            return self
        tip = path[count - 1] if count else PROMPT
        for number, branch in enumerate(self.branches):
            if branch.tip == tip:
                return self.switched(number)
        return self._added(Branch(self._new_name(), tip))

    def switched(self, branch: int) -> Tree:
        """Another branch as the current one."""
        return self._with(self.branches, max(0, min(branch, len(self.branches) - 1)))

    def named(self, name: str) -> Tree:
        """The current branch under another name. Raises ValueError for one that is taken or empty."""
        name = name.strip()
        if not name:
            raise ValueError("a name has at least one character")
        if any(branch.name == name for branch in self.branches if branch is not self.branch):
            raise ValueError(f"there is a branch “{name}” already")
        return self._replaced(self.current, self.branch._replace(name=name))

    def pruned(self, branch: int) -> Tree:
        """Without a branch; of the last one only the prompt is left."""
        if len(self.branches) == 1:
            return self._with((Branch(self.branches[0].name),), 0)
        branches = [each for number, each in enumerate(self.branches) if number != branch]
        current = self.current - (branch < self.current or self.current == len(branches))
        return self._with(branches, max(0, current))

    def rescored(self, chosens: Sequence[Chosen], source: str = "") -> Tree:
        """The current branch with other numbers for its first tokens: those of the prompt with this digest."""
        path, parent = self.path(), PROMPT
        for place, number in enumerate(path):
            node = self._nodes.all[number]
            chosen = chosens[place] if place < len(chosens) else node.chosen
            chosen = replace(chosen, by=node.chosen.by, seconds=node.chosen.seconds)
            setting = None if node.setting is None else node.setting._replace(source=source)
            parent = self._child(parent, chosen, setting)
        return self._replaced(self.current, self.branch._replace(tip=parent))

    def with_beams(
        self,
        found: Sequence[tuple[Sequence[Chosen], str]],
        setting: Setting | None,
        start: int | None = None,
    ) -> Tree:
        """Branches that go on from a node, the first of them current: what a beam search proposes.

        start: by default the last one of the current branch.
        """
        tree, start = self, self.branch.tip if start is None else start
        branches = []
        for chosens, stop in found:
            tip = start
            for chosen in chosens:
                tip = tree._child(tip, chosen, setting)
            branches.append((tip, stop))
        first, place = None, tree.current + 1
        for tip, stop in branches:
            known = [number for number, branch in enumerate(tree.branches) if branch.tip == tip]
            if known:
                tree = tree.switched(known[0])
            else:
                added = Branch(tree._new_name(), tip, stop)
                tree = tree._with((*tree.branches[:place], added, *tree.branches[place:]), place)
                place += 1
            first = tree.branches[tree.current].tip if first is None else first
        tips = [branch.tip for branch in tree.branches]
        return tree if first is None else tree.switched(tips.index(first))


def _is_of(node: TokenNode, source: str) -> bool:
    proposed = node.chosen.by == "beam" and node.chosen.log_probability is None
    return node.setting is not None and node.setting.source == source and not proposed


def _names() -> Iterator[str]:
    """A, B, …, Z, AA, AB, …"""
    length = 1
    while True:
        for number in range(26**length):
            name = ""
            for _ in range(length):
                number, letter = divmod(number, 26)
                name = chr(ord("A") + letter) + name
            yield name
        length += 1


class History:
    """Trees to go back to, and forward again."""

    MOST = 200

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._before: list[Tree] = []
        self._after: list[Tree] = []

    def now(self, tree: Tree, *, step: bool = True) -> None:
        """Another tree; without `step` it takes the place of the one there is."""
        if tree == self.tree:
            return
        if step:
            self._before = [*self._before[-self.MOST + 1 :], self.tree]
            self._after = []
        self.tree = tree

    def undo(self) -> bool:
        """Go back; whether there was something to go back to."""
        if not self._before:
            return False
        self._after.append(self.tree)
        self.tree = self._before.pop()
        return True

    def redo(self) -> bool:
        """Go forward again; whether there was something."""
        if not self._after:
            return False
        self._before.append(self.tree)
        self.tree = self._after.pop()
        return True
