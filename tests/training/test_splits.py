import random
from collections import defaultdict
from pathlib import Path

from tui.training.sentiment.snippets import Snippet, read_snippets
from tui.training.sentiment.split import Split, group_snippets, split_snippets
from tui.training.splits import near_duplicates, words_of


def parts_of(split: Split) -> dict[str, tuple[Snippet, ...]]:
    return {"train": split.train, "validation": split.validation, "held out": split.held_out}


def made_snippets() -> list[Snippet]:
    """1,500 documents of three sentences, no two alike, then copies of some in other documents."""
    words = [f"word{number}" for number in range(4000)]
    draw = random.Random(1)
    snippets = [
        Snippet("amazon", f"amazon-{document}", " ".join(draw.sample(words, 8)), 1.0)
        for document in range(1500)
        for _ in range(3)
    ]
    copies = [
        Snippet("tweets", f"tweets-{number}", snippets[9 * number].text.upper() + "!!!", 1.0)
        for number in range(300)
    ]
    return snippets + copies


def test_no_document_crosses_the_split() -> None:
    homes: defaultdict[str, set[str]] = defaultdict(set)
    for part, members in parts_of(split_snippets(made_snippets())).items():
        for snippet in members:
            homes[snippet.document].add(part)
    assert {document: parts for document, parts in homes.items() if len(parts) > 1} == {}


def test_no_near_duplicate_crosses_the_split() -> None:
    homes: defaultdict[frozenset[str], set[str]] = defaultdict(set)
    for part, members in parts_of(split_snippets(made_snippets())).items():
        for snippet in members:
            homes[frozenset(words_of(snippet.text))].add(part)
    assert len(homes) == 4500
    assert [parts for parts in homes.values() if len(parts) > 1] == []


def test_the_parts_are_about_a_tenth_each_and_lose_nothing() -> None:
    snippets = made_snippets()
    split = split_snippets(snippets)
    assert sum(len(members) for members in parts_of(split).values()) == len(snippets)
    assert 0.07 < len(split.held_out) / len(snippets) < 0.13
    assert 0.07 < len(split.validation) / len(snippets) < 0.13


def test_the_split_follows_the_seed_and_not_the_order() -> None:
    snippets = made_snippets()
    shuffled = random.Random(2).sample(snippets, len(snippets))
    held_out = set(split_snippets(snippets).held_out)
    assert set(split_snippets(shuffled).held_out) == held_out
    assert set(split_snippets(snippets, seed=1).held_out) != held_out


def test_duplicates_join_documents_through_each_other() -> None:
    texts = {
        "amazon-1": "you get what you pay for",
        "amazon-2": "You get what you pay for.",
        "tweets-1": "fine day",
    }
    snippets = [Snippet("any", document, text, 1.0) for document, text in texts.items()]
    snippets.append(Snippet("any", "amazon-2", "fine day!", 1.0))
    assert group_snippets(snippets) == ["amazon-1"] * 4


def test_near_duplicates_are_those_of_a_full_comparison(archive: Path) -> None:
    texts = [snippet.text for snippet in read_snippets(archive)]
    texts += [f"{text} indeed" for text in texts[:50]]
    sets = [frozenset(words_of(text)) for text in texts]
    expected = {
        (first, second)
        for second in range(len(texts))
        for first in range(second)
        if len(sets[first] & sets[second]) >= 0.7 * len(sets[first] | sets[second])
    }
    assert expected
    assert set(near_duplicates(texts)) == expected


def test_texts_without_a_word_are_duplicates_only_when_equal() -> None:
    assert near_duplicates([":-)", ":-(", ":-)"]) == [(0, 2)]
