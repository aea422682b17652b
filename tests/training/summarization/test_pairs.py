from collections import Counter
from pathlib import Path

import pytest

from tests.training.english import write_debian
from tui.training.summarization.pairs import Pair, chosen_pairs, read_pairs
from tui.training.summarization.rouge import mean_with_interval, rouge_l
from tui.training.texts.descriptions import Description, Text

LONG = "It reads many files, draws them and then writes them again."


def description(source: str, synopsis: str, *paragraphs: str) -> Description:
    return Description(f"{source}-{synopsis}", source, "net", "0", Text(synopsis, paragraphs))


def test_families_short_texts_and_shared_lines_are_left_out() -> None:
    members = [
        description("one", "dummy package", LONG),
        description("one", "reader", LONG, "- a\n- b"),
        description("one", "too short", "It reads."),
        description("one", "reader, manual", LONG),
        description("one", "reader, debug files", LONG),
        description("two", "writer", LONG),
    ]
    pairs = chosen_pairs(members, Counter({"dummy package": 3, "writer": 2}))
    assert pairs == [
        Pair(f"{LONG} - a - b", "reader"),
        Pair(LONG, "reader, manual"),
        Pair(LONG, "writer"),
    ]


def test_the_parts_share_no_text(tmp_path: Path) -> None:
    write_debian(tmp_path)
    parts = read_pairs(tmp_path)
    assert all(parts.values())
    texts = [pair.text for pairs in parts.values() for pair in pairs]
    assert len(set(texts)) == len(texts)
    assert all("\n" not in text for text in texts)


@pytest.mark.parametrize(
    ("written", "reference", "expected"),
    [
        ("a fast editor", "a fast editor", 1.0),
        ("The Editor!", "the editor", 1.0),
        ("editor fast a", "a fast editor", 1 / 3),
        ("library for reading XML files", "XML files library", 2 * (2 / 5) * (2 / 3) / (2 / 5 + 2 / 3)),
        ("", "a fast editor", 0.0),
        ("nothing", "in common", 0.0),
        ("the the the", "the", 0.5),
        ("naïve caf", "na caf", 0.8),
    ],
)
def test_rouge_l_is_what_rouge_score_computes(written: str, reference: str, expected: float) -> None:
    """The expected values are those of the package rouge-score 0.1.2, without its stemmer."""
    assert rouge_l(written, reference) == pytest.approx(expected)


def test_the_interval_holds_the_mean_and_shrinks_with_the_sample() -> None:
    mean, low, high = mean_with_interval([0.0, 1.0] * 50)
    assert low < mean == 0.5 < high
    _, wide_low, wide_high = mean_with_interval([0.0, 1.0] * 5)
    assert wide_high - wide_low > high - low
