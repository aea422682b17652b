from pathlib import Path

import pytest

from tests.training.english import write_english
from tui.training.sentiment.snippets import Snippet
from tui.training.sources import ENGLISH_SOURCES, SourceError, find_source
from tui.training.splits import near_duplicates
from tui.training.texts.descriptions import Description, Text
from tui.training.texts.english import (
    KINDS,
    Document,
    distinct_paragraphs,
    english_digests,
    entry_text,
    read_english,
    review_texts,
)
from tui.training.texts.wordnet import Synset


def described(name: str, *paragraphs: str, synopsis: str = "") -> Description:
    return Description(name, name, "net", name, Text(synopsis or f"{name} in short", paragraphs))


def test_all_kinds_are_in_all_parts_and_no_text_is_in_two(tmp_path: Path) -> None:
    english = read_english(write_english(tmp_path))
    texts: list[str] = []
    homes: list[str] = []
    for part, documents in english.items():
        assert {document.kind for document in documents} == set(KINDS), part
        texts += [document.text for document in documents]
        homes += [part] * len(documents)
    assert near_duplicates(texts, parts=homes) == []
    assert read_english(tmp_path) == english
    assert set(english_digests(tmp_path)) == {source.file for source in ENGLISH_SOURCES}


def test_a_missing_source_is_said(tmp_path: Path) -> None:
    write_english(tmp_path)
    find_source(ENGLISH_SOURCES[2], tmp_path).unlink()
    with pytest.raises(SourceError, match="wordnet-base"):
        read_english(tmp_path)


def test_a_shared_paragraph_stays_where_it_stands_first() -> None:
    shared = "This package holds the files that all of them share."
    parts = {
        "train": [
            described("a", "Only a has this.", shared),
            described("b", shared.upper(), "Only b has that."),
            described("c", shared),
            described("d"),
        ],
        "validation": [],
        "held_out": [],
    }
    kept = distinct_paragraphs(parts)["train"]
    assert kept == [
        ("a in short", "Only a has this.", shared),
        ("b in short", "Only b has that."),
        ("d in short",),
    ]


def test_what_training_had_is_not_held_out_nor_nearly() -> None:
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    text = " ".join(words)
    nearly = " ".join([*words[:9], "other"])
    held, far = "quite another paragraph about nothing", "a third one that stands by itself"
    parts = {
        "train": [described("a", text)],
        "validation": [described("v", nearly), described("w", f"{held} indeed"), described("x", far)],
        "held_out": [described("h", nearly, held), described("i", text)],
    }
    kept = distinct_paragraphs(parts)
    assert kept["train"] == [("a in short", text)]
    assert kept["held_out"] == [("h in short", held)]
    assert kept["validation"] == [("x in short", far)]


def test_entries_show_three_words_the_meaning_and_the_sentences() -> None:
    synset = Synset("n1", ("lash", "thong", "whip", "strap"), "leather strip", ("a lash", "two"), (), ())
    assert entry_text(synset) == "lash, thong, whip: leather strip\na lash\ntwo"


def test_sentences_of_one_review_are_one_text() -> None:
    snippets = [
        Snippet("amazon", "amazon-1", "It works.", 1.0),
        Snippet("amazon", "amazon-1", "I like it.", 1.0),
        Snippet("tweets", "tweets-1", "fine", 1.0),
    ]
    assert review_texts(snippets) == ["It works. I like it.", "fine"]
    assert Document("reviews", "fine") == Document("reviews", "fine")
