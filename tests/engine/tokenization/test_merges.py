"""Where entries come from: merges found by trying all of them, trees against the tokenizer's own training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models

from tests.engine.tokenization.trained import backend_of, opened
from tui.engine.tokenization import merges
from tui.engine.tokenization.entries import entry_of
from tui.engine.tokenization.merges import origin_of
from tui.engine.tokenization.opening import open_tokenizer
from tui.engine.tokenization.reading import RustTokenizer
from tui.protocol.microscope.vocabulary import MergeNode


def children(tree: tuple[MergeNode, ...], place: int) -> list[MergeNode]:
    below = []
    for node in tree[place + 1 :]:
        if node.depth <= tree[place].depth:
            break
        if node.depth == tree[place].depth + 1:
            below.append(node)
    return below


@pytest.mark.parametrize("name", ["bpe", "byte-level-bpe"])
def test_every_entry_of_a_trained_vocabulary_is_made_by_the_merges_it_was_learned_by(
    name: str, tmp_path: Path
) -> None:
    tokenizer, model = opened(name, tmp_path).tokenizer, json.loads(backend_of(name).to_str())["model"]
    made: dict[str, list[tuple[int, str, str]]] = {}
    for rank, (left, right) in enumerate(model["merges"]):
        made.setdefault(left + right, []).append((rank, left, right))
    assert made
    for text, index in model["vocab"].items():
        origin = origin_of(tokenizer, entry_of(tokenizer, index))
        if entry_of(tokenizer, index).added is not None:
            assert origin == merges.Origin()
            continue
        assert [(merge.rank, merge.left, merge.right) for merge in origin.merges] == made.get(text, [])
        assert origin.reached
        assert origin.tree[0].text == text
        for place, node in enumerate(origin.tree):
            below = children(origin.tree, place)
            if node.rank is None:
                assert not below
            else:
                assert [child.text for child in below] == model["merges"][node.rank]
                assert node.id == model["vocab"][node.text]


def test_an_entry_that_the_merges_do_not_reach_shows_how_far_they_go() -> None:
    vocabulary = {"a": 0, "b": 1, "c": 2, "ab": 3, "bc": 4, "abc": 5, "x!": 6}
    backend = Tokenizer(models.BPE(vocabulary, [("a", "b"), ("b", "c"), ("a", "bc")]))
    tokenizer = RustTokenizer(backend, None, (), frozenset(), None)
    assert [token.text for token in tokenizer.read("abc").tokens] == ["ab", "c"]
    origin = origin_of(tokenizer, entry_of(tokenizer, 5))
    assert [(merge.rank, merge.left, merge.right) for merge in origin.merges] == [(2, "a", "bc")]
    assert not origin.reached
    assert [(node.text, node.depth) for node in origin.tree] == [("ab", 0), ("a", 1), ("b", 1), ("c", 0)]
    unknown = origin_of(tokenizer, entry_of(tokenizer, 6)).tree
    assert [(node.text, node.id) for node in unknown] == [("x", None), ("!", None)]


def test_affixes_are_taken_along() -> None:
    vocabulary = {"a": 0, "##b": 1, "##c</w>": 2, "##bc</w>": 3, "abc</w>": 4}
    merged = [("##b", "##c</w>"), ("a", "##bc</w>")]
    backend = Tokenizer(
        models.BPE(vocabulary, merged, continuing_subword_prefix="##", end_of_word_suffix="</w>")
    )
    tokenizer = RustTokenizer(backend, None, (), frozenset(), None)
    origin = origin_of(tokenizer, entry_of(tokenizer, 4))
    assert origin.reached
    assert [node.text for node in origin.tree] == ["abc</w>", "a", "##bc</w>", "##b", "##c</w>"]
    assert [merge.right for merge in origin.merges] == ["##bc</w>"]
    part = origin_of(tokenizer, entry_of(tokenizer, 3))
    assert part.reached
    assert [merge.rank for merge in part.merges] == [0]


def test_a_very_long_entry_takes_no_time_and_no_recursion() -> None:
    letters = "a" * 3000
    vocabulary = {letters[:length]: length for length in range(1, 3001)}
    chain = [(letters[:length], "a") for length in range(1, 3000)]
    tokenizer = RustTokenizer(Tokenizer(models.BPE(vocabulary, chain)), None, (), frozenset(), None)
    origin = origin_of(tokenizer, entry_of(tokenizer, 3000))
    assert len(origin.tree) >= 3000
    assert not origin.reached  # pairs of two come before


def test_the_built_in_byte_level_vocabulary_is_reached_whole() -> None:
    tokenizer = open_tokenizer("nano-generation").tokenizer
    for index in range(300, 4096, 37):
        entry = entry_of(tokenizer, index)
        origin = origin_of(tokenizer, entry)
        assert origin.reached, entry.text
        leaves = [node.text for node in origin.tree if node.rank is None]
        assert "".join(leaves) == entry.text
