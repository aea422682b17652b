"""What was written for a task with a checkpoint, and how it is kept from one run of the program to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace

from tui.app.branches.nodes import PROMPT, Nodes, Setting, TokenNode
from tui.app.branches.tree import Branch, History, Tree
from tui.protocol.rows import ReadoutSettings
from tui.protocol.writing.decoding import Decoding, decoding_of
from tui.protocol.writing.steps import Chosen, ChosenBy
from tui.tasks.decoding import OPTIONS
from tui.tasks.forms import Value

MOST_TOKENS = 10_000
"""That are kept between runs, of all tasks together: about a megabyte."""

About: TypeAlias = tuple[str, str]
"""A task and the reference of a checkpoint: the ids of one vocabulary say nothing in another."""


class Kept(NamedTuple):
    """What was written, as it is at one time."""

    tree: Tree
    options: Mapping[str, Value]
    banned: tuple[int, ...]
    readout: ReadoutSettings


@dataclass
class Draft:
    """What was written, and how it is gone on with."""

    history: History = field(default_factory=lambda: History(Tree()))
    options: dict[str, Value] = field(default_factory=dict)
    banned: tuple[int, ...] = ()
    readout: ReadoutSettings = field(default_factory=ReadoutSettings)

    @classmethod
    def of(cls, kept: Kept) -> Draft:
        """Go on from what was kept."""
        return cls(History(kept.tree), dict(kept.options), kept.banned, kept.readout)

    @property
    def kept(self) -> Kept:
        """As it is now."""
        return Kept(self.tree, dict(self.options), self.banned, self.readout)

    @property
    def tree(self) -> Tree:
        """The tree as it is now."""
        return self.history.tree

    @property
    def decoding(self) -> Decoding:
        """The settings as they are now."""
        return decoding_of(self.options, self.banned)

    @property
    def searching(self) -> Decoding:
        """The same for a search with beams."""
        return replace(self.decoding, num_beams=int(self.options.get("num_beams") or 4))


class _Token(msgspec.Struct, array_like=True):
    """A node of the tree. Of its alternatives nothing is kept: they are read again where it is visited."""

    parent: int
    """Place of another in the list, before this one; −1 for a first token."""
    id: int
    text: str
    bytes_: str | None
    """Hexadecimal."""
    special: bool
    log_probability: float | None
    rank: int | None
    entropy_bits: float | None
    kept_log_probability: float | None
    kept: int | None
    by: ChosenBy
    seconds: float
    setting: int | None


class _Branch(msgspec.Struct, array_like=True):
    name: str
    tip: int
    stop: str


class _Kept(msgspec.Struct):
    task: str
    model: str
    tokens: list[_Token]
    settings: list[tuple[Decoding, ReadoutSettings, str]]
    branches: list[_Branch]
    current: int
    options: dict[str, Value]
    banned: tuple[int, ...]
    readout: ReadoutSettings


def as_plain(written: Mapping[About, Kept], most: int = MOST_TOKENS) -> list[Any]:
    """What JSON can hold of it, the last ones first.

    most: tokens; branches that don't fit any more are left out, the current ones last.
    """
    found = []
    for about, kept in reversed(list(written.items())):
        if most <= 0:
            break
        plain = _plain(about, kept, most)
        most -= len(plain.tokens)
        found.append(msgspec.to_builtins(plain))
    return found


def of_plain(values: Iterable[object]) -> dict[About, Kept]:
    """What `as_plain` wrote; what is damaged or of another version is left out."""
    found: dict[About, Kept] = {}
    for value in values:
        try:
            plain = msgspec.convert(value, _Kept)
            found[plain.task, plain.model] = _kept(plain)
        except (ValueError, TypeError, LookupError):  # msgspec's errors are of the first kind
            continue
    return dict(reversed(found.items()))


def _plain(about: About, kept: Kept, most: int) -> _Kept:
    tree = kept.tree
    places: dict[int, int] = {PROMPT: PROMPT}
    tokens: list[_Token] = []
    settings: dict[Setting, int] = {}
    branches: dict[int, _Branch] = {}
    others = [number for number in range(len(tree.branches)) if number != tree.current]
    for number in (tree.current, *others):
        missing = _missing(tree, tree.branches[number].tip, places)
        if len(tokens) + len(missing) > most and number != tree.current:
            continue
        tip = PROMPT
        for node in missing[:most]:
            tip = places[node] = len(tokens)
            tokens.append(_token(tree, node, places, settings))
        branch = tree.branches[number]
        whole = len(missing) <= most
        tip = places[branch.tip] if whole else tip
        branches[number] = _Branch(branch.name, tip, branch.stop if whole else "")
    order = sorted(branches)
    return _Kept(
        task=about[0],
        model=about[1],
        tokens=tokens,
        settings=[(each.decoding, _numbers(each.readout), each.source) for each in settings],
        branches=[branches[number] for number in order],
        current=order.index(tree.current),
        options=dict(kept.options),
        banned=kept.banned,
        readout=_numbers(kept.readout),
    )


def _missing(tree: Tree, tip: int, places: Mapping[int, int]) -> list[int]:
    """Numbers of the nodes up to a tip that have no place yet. Reads only: a save may run beside the screen."""
    found = []
    while tip not in places:
        found.append(tip)
        tip = tree.node(tip).parent
    return found[::-1]


def _token(tree: Tree, number: int, places: Mapping[int, int], settings: dict[Setting, int]) -> _Token:
    node = tree.node(number)
    chosen = node.chosen
    return _Token(
        parent=places[node.parent],
        id=chosen.id,
        text=chosen.text,
        bytes_=None if chosen.bytes_ is None else chosen.bytes_.hex(),
        special=chosen.special,
        log_probability=chosen.log_probability,
        rank=chosen.rank,
        entropy_bits=chosen.entropy_bits,
        kept_log_probability=chosen.kept_log_probability,
        kept=chosen.kept,
        by=chosen.by,
        seconds=chosen.seconds,
        setting=None if node.setting is None else settings.setdefault(node.setting, len(settings)),
    )


def _numbers(settings: ReadoutSettings) -> ReadoutSettings:
    """Without the place that was looked at."""
    return replace(settings, start=0, find="", hit=0, searching=False)


def _kept(plain: _Kept) -> Kept:
    """Raises ValueError or LookupError for what is no tree, or no setting of this version."""
    settings = [Setting(*each) for each in plain.settings]
    nodes = Nodes()
    numbers: list[int] = []
    for place, token in enumerate(plain.tokens):
        if not PROMPT <= token.parent < place:
            raise ValueError("a token stands before the one that it follows")
        parent = PROMPT if token.parent == PROMPT else numbers[token.parent]
        setting = None if token.setting is None else settings[token.setting]
        numbers.append(nodes.add(TokenNode(_chosen(token, nodes.sums(parent).tokens), parent, setting)))
    branches = tuple(
        Branch(each.name, PROMPT if each.tip == PROMPT else numbers[each.tip], each.stop)
        for each in plain.branches
    )
    if any(each.tip < PROMPT for each in plain.branches):
        raise ValueError("a branch ends at no token")
    if not 0 <= plain.current < len(branches) or len({each.name for each in branches}) < len(branches):
        raise ValueError("branches have names of their own, and one is the current one")
    known = {option.name: option for option in OPTIONS}
    options = {name: known[name].checked(value) for name, value in plain.options.items()}
    decoding_of(options, plain.banned)
    return Kept(Tree(nodes, branches, plain.current), options, plain.banned, plain.readout)


def _chosen(token: _Token, place: int) -> Chosen:
    return Chosen(
        place=place,
        id=token.id,
        text=token.text,
        bytes_=None if token.bytes_ is None else bytes.fromhex(token.bytes_),
        special=token.special,
        log_probability=token.log_probability,
        rank=token.rank,
        entropy_bits=token.entropy_bits,
        kept_log_probability=token.kept_log_probability,
        kept=token.kept,
        by=token.by,
        seconds=token.seconds,
    )
