"""The tokens of all branches, each with the one before it; what the way to one adds up to is known at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tui.protocol.rows import ReadoutSettings
from tui.protocol.writing.decoding import Decoding
from tui.protocol.writing.kept import KeptPart, followed_by
from tui.protocol.writing.steps import Chosen

PROMPT = -1
"""The parent of a first token, and the tip of a branch that has none."""


class Setting(NamedTuple):
    """What a token was chosen under."""

    decoding: Decoding
    readout: ReadoutSettings
    source: str = ""
    """A digest of the prompt that its numbers are of."""


class TokenNode(NamedTuple):
    """A token at its place."""

    chosen: Chosen
    parent: int
    setting: Setting | None


class Sums(NamedTuple):
    """What the tokens up to a node, its own included, add up to."""

    tokens: int = 0
    log_probability: float | None = 0.0
    """Nats; None where that of one of them isn't known."""
    written: int = 0
    """Tokens that the model wrote."""
    seconds: float = 0.0
    """That those took."""


_NOTHING = Sums()


class Nodes:
    """Tokens by number, which are only ever added to.

    Nodes that the same ids lead to are equal to one another; the first of them stands for all. It also knows an
    ancestor further up, so that where two ways part is found in a number of steps that grows as the logarithm of
    their length (E. W. Myers, An applicative random-access stack, 1983).
    """

    def __init__(self) -> None:
        self.all: list[TokenNode] = []
        self._sums: list[Sums] = []
        self._children: dict[tuple[int, int], int] = {}
        """Number by parent and id: the latest of several."""
        self._firsts: dict[tuple[int, int], int] = {}
        """The first of equal nodes, by the first of their parents' equals and their id."""
        self._first: list[int] = []
        self._up: list[int] = []
        self._digests: list[int] = []
        self._by_digest: dict[int, int] = {}
        """The first of equal nodes, by the digest of the ids up to it."""
        self._latest: tuple[int, list[int], list[Chosen]] = (PROMPT, [], [])
        """The way that was asked for last: most that are asked for are it, or go on from its end."""

    def add(self, node: TokenNode) -> int:
        """The number of a node that follows its parent; one that is there already is not added."""
        known = self._children.get((node.parent, node.chosen.id))
        if known is not None and self.all[known] == node:
            return known
        number = len(self.all)
        before, chosen = self.sums(node.parent), node.chosen
        of_model = chosen.by in ("greedy", "sample")
        total = None
        if before.log_probability is not None and chosen.log_probability is not None:
            total = before.log_probability + chosen.log_probability
        self.all.append(node)
        self._children[node.parent, chosen.id] = number
        self._sums.append(
            Sums(
                before.tokens + 1,
                total,
                before.written + of_model,
                before.seconds + chosen.seconds * of_model,
            )
        )
        parent = self._first_of(node.parent)
        self._first.append(self._firsts.setdefault((parent, chosen.id), number))
        digest = followed_by(0 if parent == PROMPT else self._digests[parent], chosen.id)
        self._digests.append(digest)
        self._by_digest.setdefault(digest, number)
        up = self._up_from(parent)
        even = self._depth(parent) - self._depth(up) == self._depth(up) - self._depth(self._up_from(up))
        self._up.append(self._up_from(up) if even else parent)
        return number

    def sums(self, tip: int) -> Sums:
        """What the tokens up to a node add up to."""
        return _NOTHING if tip == PROMPT else self._sums[tip]

    def way(self, tip: int) -> tuple[list[int], list[Chosen]]:
        """Numbers and tokens from the first to a node; both are copies."""
        end, path, chosens = self._latest
        added: list[int] = []
        at = tip
        while at not in (end, PROMPT):
            added.append(at)
            at = self.all[at].parent
        if at != end:
            path, chosens = [], []
        added.reverse()
        path += added
        chosens += [self.all[number].chosen for number in added]
        self._latest = (tip, path, chosens)
        return path.copy(), chosens.copy()

    def shared(self, one: int, other: int) -> int:
        """Tokens that the ways to two nodes have in common, from the first."""
        one, other = self._first_of(one), self._first_of(other)
        depth = min(self._depth(one), self._depth(other))
        one, other = self._above(one, depth), self._above(other, depth)
        while one != other:
            further = self._up_from(one), self._up_from(other)
            if further[0] == further[1]:
                further = self._parent(one), self._parent(other)
            one, other = further
        return self._depth(one)

    def part(self, tip: int, start: int, end: int) -> list[Chosen]:
        """Some of the tokens up to a node, those at the places from `start` up to `end`."""
        at = self._above(self._first_of(tip), end)
        found = []
        while self._depth(at) > start:
            found.append(self.all[at].chosen)
            at = self._parent(at)
        return found[::-1]

    def partings(self, tips: Sequence[int]) -> list[tuple[int | None, int]]:
        """Of each of some ways the earlier one that it follows furthest, and for how many tokens.

        None is the one of a way that has nothing in common with those before it.
        """
        owners: dict[int, int] = {}
        found: list[tuple[int | None, int]] = []
        for number, tip in enumerate(tips):
            at = self._first_of(tip)
            while at != PROMPT and at not in owners:
                owners[at] = number
                at = self._parent(at)
            found.append((owners.get(at), self._depth(at)))
        return found

    def kept_of(self, tips: Sequence[int], parts: Iterable[KeptPart]) -> list[int]:
        """How many tokens of each of some ways lie in parts whose keys and values are kept."""
        kept: set[int] = set()
        for part in parts:
            at = self._by_digest.get(part.digest, PROMPT)
            while self._depth(at) > part.start:
                kept.add(at)
                at = self._parent(at)
        counts: dict[int, int] = {PROMPT: 0}
        for tip in tips:
            at, way = self._first_of(tip), []
            while at not in counts:
                way.append(at)
                at = self._parent(at)
            for each in reversed(way):
                counts[each] = counts[self._parent(each)] + (each in kept)
        return [counts[self._first_of(tip)] for tip in tips]

    def _first_of(self, number: int) -> int:
        return PROMPT if number == PROMPT else self._first[number]

    def _depth(self, number: int) -> int:
        return self.sums(number).tokens

    def _up_from(self, first: int) -> int:
        return PROMPT if first == PROMPT else self._up[first]

    def _parent(self, first: int) -> int:
        return PROMPT if first == PROMPT else self._first_of(self.all[first].parent)

    def _above(self, first: int, depth: int) -> int:
        while self._depth(first) > depth:
            up = self._up_from(first)
            first = up if self._depth(up) >= depth else self._parent(first)
        return first
