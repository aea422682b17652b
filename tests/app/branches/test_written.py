"""What was written comes back from JSON, with every branch that fits; what is damaged is left out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from tui.app.branches.nodes import Setting
from tui.app.branches.tree import Tree
from tui.app.branches.written import MOST_TOKENS, Draft, Kept, as_plain, of_plain
from tui.protocol.rows import ReadoutSettings, Watch
from tui.protocol.writing.decoding import Constraint, Decoding
from tui.protocol.writing.steps import Chosen

ABOUT = ("text-generation", "nano-generation")

numbers = st.none() | st.floats(allow_nan=False)
chosens = st.builds(
    Chosen,
    place=st.just(0),
    id=st.integers(0, 5),
    text=st.text(max_size=4),
    bytes_=st.none() | st.binary(max_size=4),
    special=st.booleans(),
    log_probability=st.none() | st.floats(-50, 0),
    rank=st.none() | st.integers(1, 9),
    entropy_bits=numbers,
    kept_log_probability=numbers,
    kept=st.none() | st.integers(1, 9),
    by=st.sampled_from(["greedy", "sample", "given", "beam"]),
    seconds=st.floats(0, 10),
)
settings = st.none() | st.builds(
    Setting,
    st.builds(
        Decoding,
        seed=st.integers(0, 2**63 - 1),
        banned=st.lists(st.integers(0, 9), max_size=2).map(tuple),
        constraint=st.none() | st.just(Constraint("regex", "a+")),
    ),
    st.builds(
        ReadoutSettings, temperature=st.floats(0.1, 9), watched=st.just((Watch(3, "x"),)) | st.just(())
    ),
    st.text(max_size=2),
)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    tree = Tree()
    for what in draw(st.lists(st.sampled_from("ggggrsn"), max_size=15)):
        place = len(tree.ids())
        if what == "g":
            tree = tree.grown(msgspec.structs.replace(draw(chosens), place=place), draw(settings))
        elif what == "r":
            tree = tree.rewound(draw(st.integers(0, place)))
        elif what == "s":
            tree = tree.switched(draw(st.integers(0, 4))).stopped(draw(st.text(max_size=3)))
        else:
            tree = tree.named(f"{draw(st.text(max_size=3))}{len(tree.branches)}{place}?")
    return tree


def told(tree: Tree) -> tuple[int, list[tuple[str, str, list[tuple[Chosen, Setting | None]]]]]:
    """All that can be told of a tree, whatever its nodes are numbered."""
    branches = [
        (
            branch.name,
            branch.stop,
            [(tree.node(node).chosen, tree.node(node).setting) for node in tree.path(n)],
        )
        for n, branch in enumerate(tree.branches)
    ]
    return tree.current, branches


def through_json(written: Mapping[tuple[str, str], Kept], most: int = MOST_TOKENS) -> dict[Any, Kept]:
    return of_plain(json.loads(json.dumps(as_plain(written, most))))


@how(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(trees(), min_size=1, max_size=3))
def test_every_tree_comes_back(several: list[Tree]) -> None:
    written = {
        ("translation", str(number)): Kept(tree, {"seed": 4, "regex": "a"}, (7,), ReadoutSettings(top_k=3))
        for number, tree in enumerate(several)
    }
    back = through_json(written)
    assert list(back) == list(written)
    for about, kept in written.items():
        assert told(back[about].tree) == told(kept.tree)
        assert back[about][1:] == kept[1:]


@given(trees(), st.integers(1, 12))
def test_what_does_not_fit_is_left_out_the_current_branch_last(tree: Tree, most: int) -> None:
    (kept,) = through_json({ABOUT: Kept(tree, {}, (), ReadoutSettings())}, most).values()
    assert len({node for n in range(len(kept.tree.branches)) for node in kept.tree.path(n)}) <= most
    assert kept.tree.branch.name == tree.branch.name
    assert kept.tree.ids() == tree.ids()[:most]
    before = {branch.name: tree.ids(n) for n, branch in enumerate(tree.branches)}
    for number, branch in enumerate(kept.tree.branches):
        if number != kept.tree.current:
            assert kept.tree.ids(number) == before[branch.name]


def test_the_last_ones_are_kept_first() -> None:
    tree = Tree()
    for place in range(6):
        tree = tree.grown(Chosen(place, place, "a"))
    written = {("translation", str(n)): Kept(tree, {}, (), ReadoutSettings()) for n in range(3)}
    back = through_json(written, 10)
    assert [(about[1], len(kept.tree.ids())) for about, kept in back.items()] == [("1", 4), ("2", 6)]


def test_the_place_that_was_looked_at_and_alternatives_are_not_kept() -> None:
    looking = ReadoutSettings(top_k=3, start=50, find="the", hit=2, searching=True)
    back = through_json({ABOUT: Kept(Tree(), {}, (), looking)})[ABOUT]
    assert back.readout == ReadoutSettings(top_k=3)


def test_it_is_gone_on_with() -> None:
    tree = Tree().grown(Chosen(0, 1, "a", log_probability=-1.0))
    written = Draft.of(
        through_json({ABOUT: Kept(tree, {"method": "sample"}, (4,), ReadoutSettings())})[ABOUT]
    )
    assert (written.decoding.method, written.decoding.banned) == ("sample", (4,))
    written.history.now(written.tree.grown(Chosen(1, 2, "b", log_probability=-2.0)))
    assert written.tree.totals().perplexity == pytest.approx(math.exp(1.5))
    assert written.history.undo()
    assert written.kept.tree.ids() == (1,)


@pytest.mark.parametrize(
    "change",
    [
        {"tokens": [[0, 1, "a", None, False, None, None, None, None, None, "greedy", 0.0, None]]},
        {"tokens": [[-2, 1, "a", None, False, None, None, None, None, None, "greedy", 0.0, None]]},
        {"tokens": [[-1, 1, "a", "zz", False, None, None, None, None, None, "greedy", 0.0, None]]},
        {"tokens": [[-1, 1, "a", None, False, None, None, None, None, None, "magic", 0.0, None]]},
        {"tokens": [[-1, 1, "a", None, False, None, None, None, None, None, "greedy", 0.0, 9]]},
        {"tokens": 7},
        {"branches": [["A", 5, ""]]},
        {"branches": [["A", -2, ""]]},
        {"branches": [["A", -1, ""], ["A", -1, ""]]},
        {"branches": [], "current": 0},
        {"current": 1},
        {"options": {"volume": 11}},
        {"options": {"seed": -1}},
        {"options": {"regex": "a", "json_schema": "{}"}},
        {"banned": ["x"]},
        {"readout": 5},
    ],
)
def test_what_is_damaged_is_left_out_and_the_rest_stays(change: dict[str, object]) -> None:
    kept = Kept(Tree(), {}, (), ReadoutSettings())
    good, bad = as_plain({ABOUT: kept, ("translation", ""): kept})
    assert list(of_plain([good, {**bad, **change}, 5, None, []])) == [("translation", "")]
    assert list(of_plain([good, bad])) == [ABOUT, ("translation", "")]
