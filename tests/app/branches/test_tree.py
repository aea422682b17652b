"""The tree of branches against a plain list of id sequences; undo and redo; totals."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.app.branches.tree import History, Tree
from tui.protocol.writing.kept import KeptPart, digest_of
from tui.protocol.writing.steps import Chosen


def chosen(place: int, index: int, **more: object) -> Chosen:
    return Chosen(place, index, f"t{index}", **{"log_probability": -0.5 * (index + 1), **more})  # type: ignore[arg-type]


def grown(tree: Tree, *ids: int) -> Tree:
    for index in ids:
        tree = tree.grown(chosen(len(tree.ids()), index))
    return tree


def alike(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["grow", "force", "rewind", "switch", "prune", "rescore"]),
        st.integers(0, 6),
        st.integers(0, 2),
    ),
    max_size=40,
)


@given(STEPS)
def test_it_is_a_list_of_sequences_of_which_none_is_lost(walk: list[Step]) -> None:
    tree = Tree()
    branches: list[tuple[int, ...]] = [()]
    current = 0
    for what, number, index in walk:
        here = branches[current]
        if what == "grow":
            tree = tree.grown(chosen(len(here), index))
            branches[current] = (*here, index)
        elif what == "force":
            place = min(number, len(here))
            tree = tree.forced(place, chosen(place, index))
            wanted = (*here[:place], index)
            there = [n for n, b in enumerate(branches) if b[: place + 1] == wanted]
            if here[: place + 1] != wanted and there:
                current = there[0]
            elif place == len(here):
                branches[current] = wanted
            elif here[place] != index:
                current += 1
                branches.insert(current, wanted)
        elif what == "rewind":
            tree = tree.rewound(number)
            if number < len(here):
                there = [n for n, b in enumerate(branches) if b == here[:number]]
                if there:
                    current = there[0]
                else:
                    current += 1
                    branches.insert(current, here[:number])
        elif what == "switch":
            current = min(number, len(branches) - 1)
            tree = tree.switched(number)
        elif what == "rescore":
            tree = tree.rescored([chosen(place, each) for place, each in enumerate(here)])
        else:
            gone = min(number, len(branches) - 1)
            tree = tree.pruned(gone)
            if len(branches) == 1:
                branches = [()]
            else:
                del branches[gone]
                current = max(0, current - (gone < current or current == len(branches)))
        assert [tree.ids(n) for n in range(len(tree.branches))] == branches
        assert tree.current == current
        assert len({branch.name for branch in tree.branches}) == len(branches)
        assert [each.place for each in tree.chosens()] == list(range(len(branches[current])))
        for one, ids in enumerate(branches):
            assert [each.id for each in tree.part(one, 1, 3)] == list(ids[1:3])
            for other, others in enumerate(branches):
                assert tree.shared(one, other) == alike(ids, others)
        assert tree.partings() == [hangs_from(branches[: one + 1]) for one in range(len(branches))]
        known = [each.log_probability for each in tree.chosens()]
        assert tree.totals().tokens == len(known)
        assert (tree.totals().log_probability or 0) == pytest.approx(math.fsum(n or 0 for n in known))


def hangs_from(branches: list[tuple[int, ...]]) -> tuple[int | None, int]:
    """The first of those that have most in common with the last."""
    *before, last = branches
    common = [alike(last, each) for each in before]
    most = max(common, default=0)
    return (common.index(most), most) if most else (None, 0)


IDS = st.lists(st.integers(0, 2), max_size=7).map(tuple)


@given(st.lists(IDS, min_size=1, max_size=6), st.lists(st.tuples(IDS, st.integers(0, 7)), max_size=6))
def test_what_is_kept_of_a_branch_is_counted_once(
    sequences: list[tuple[int, ...]], kept: list[tuple[tuple[int, ...], int]]
) -> None:
    tree, here = Tree(), [*dict.fromkeys(sequences)]
    for ids in here:
        tree = tree.rewound(0)
        for place, index in enumerate(ids):
            tree = tree.forced(place, chosen(place, index)) if place else tree.forced(0, chosen(0, index))
    parts = [KeptPart(digest_of(ids), min(start, len(ids)), len(ids)) for ids, start in kept]
    known = {tree.ids(n)[:end] for n in range(len(tree.branches)) for end in range(1 + len(tree.ids(n)))}
    held = {ids[: end + 1] for ids, start in kept if ids in known for end in range(start, len(ids))}
    for number, count in enumerate(tree.kept(parts)):
        ids = tree.ids(number)
        assert count == sum(ids[: end + 1] in held for end in range(len(ids)))


@given(STEPS)
def test_undo_and_redo_go_back_and_forth(walk: list[Step]) -> None:
    history = History(Tree())
    seen = [history.tree]
    for number, (_, place, index) in enumerate(walk):
        tree = history.tree
        after = tree.forced(min(place, len(tree.ids())), chosen(min(place, len(tree.ids())), index))
        history.now(after)
        if after != seen[-1]:
            seen.append(after)
        assert number < len(walk)
    for expected in reversed(seen[:-1]):
        assert history.undo()
        assert history.tree == expected
    assert not history.undo()
    for expected in seen[1:]:
        assert history.redo()
        assert history.tree == expected
    assert not history.redo()


def test_tokens_of_one_run_are_undone_together() -> None:
    history = History(Tree())
    history.now(grown(history.tree, 1))
    history.now(grown(history.tree, 2), step=False)
    history.now(grown(history.tree, 3), step=False)
    assert history.tree.ids() == (1, 2, 3)
    assert history.undo()
    assert history.tree.ids() == ()


def test_totals() -> None:
    tree = grown(Tree(), 1, 3)
    totals = tree.totals()
    assert totals.tokens == 2
    assert totals.log_probability == pytest.approx(-3.0)
    assert totals.perplexity == pytest.approx(math.exp(1.5))
    assert totals.tokens_per_second is None
    timed = tree.grown(chosen(2, 0, seconds=0.25)).totals()
    assert timed.tokens_per_second == 12.0
    put = tree.grown(chosen(2, 0, seconds=0.25, by="given")).totals()
    assert put.tokens_per_second is None
    unknown = tree.grown(chosen(2, 0, log_probability=None)).totals()
    assert unknown[1:3] == (None, None)
    assert Tree().totals() == (0, None, None, None)


def test_what_two_branches_share() -> None:
    tree = grown(Tree(), 1, 2, 3).forced(1, chosen(1, 7))
    tree = grown(tree, 3)
    assert tree.ids() == (1, 7, 3)
    assert tree.shared(0, 1) == 1
    assert tree.shared(1, 1) == 3


def test_names_are_unique_and_not_empty() -> None:
    tree = grown(Tree(), 1, 2).rewound(1)
    assert [branch.name for branch in tree.branches] == ["A", "B"]
    assert tree.named("best").branch.name == "best"
    with pytest.raises(ValueError, match="already"):
        tree.named("A")
    with pytest.raises(ValueError, match="character"):
        tree.named("  ")
    for _ in range(30):
        tree = grown(tree.rewound(0), 5, 6) if len(tree.ids()) else grown(tree, 9, len(tree.branches))
    assert len({branch.name for branch in tree.branches}) == len(tree.branches)


def test_what_a_beam_search_proposes() -> None:
    tree = grown(Tree(), 1)
    found = [
        ([chosen(1, 2, by="beam"), chosen(2, 3, by="beam")], "hypothesis 1"),
        ([chosen(1, 2, by="beam"), chosen(2, 4, by="beam")], "hypothesis 2"),
    ]
    tree = tree.with_beams(found, None)
    assert [tree.ids(n) for n in range(3)] == [(1,), (1, 2, 3), (1, 2, 4)]
    assert tree.current == 1
    assert tree.branch.stop == "hypothesis 1"
    assert tree.switched(0).with_beams(found, None).branches == tree.branches
    assert tree.partings() == [(None, 0), (0, 1), (1, 2)]
    assert [tree.through(node) for node in (-1, 0, 1)] == [0, 0, 1]
    # They hang from the branch that the search went on from, before what stands below that.
    other = tree.switched(0).rewound(0).grown(chosen(0, 8)).switched(0)
    both = other.with_beams([([chosen(1, 5)], "")], None)
    assert [both.ids(n) for n in range(5)] == [(1,), (1, 5), (8,), (1, 2, 3), (1, 2, 4)]


def test_a_long_branch_costs_no_more_for_each_token() -> None:
    tree = Tree()
    for place in range(20_000):
        tree = tree.grown(chosen(place, place % 5))
    assert len(tree.ids()) == 20_000
