"""What did not come back from ids, and of what sort the loss is."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.tokenization.round_trip import compare

ALPHABET = "aAbé\u0301É ﬁßİ.▁\x00😀\u200d[UNK]"


@pytest.mark.parametrize(
    ("text", "decoded", "found"),
    [
        ("Hello", "hello", [("H", "h", ("case",))]),
        ("HELLO all", "hello all", [("HELLO", "hello", ("case",))]),
        ("café", "cafe", [("é", "e", ("accent",))]),
        ("cafe\u0301!", "cafe!", [("e\u0301", "e", ("accent",))]),
        ("École", "ecole", [("É", "e", ("accent", "case"))]),
        ("a  b", "a b", [(" ", "", ("spaces",))]),
        ("a\n\nb", "a b", [("\n\n", " ", ("spaces",))]),
        ("I'm", "I ' m", [("", " ", ("spaces",)), ("", " ", ("spaces",))]),
        ("ﬁne １２", "fine 12", [("ﬁ", "fi", ("form",)), ("１２", "12", ("form",))]),
        ("e\u0301", "é", [("e\u0301", "é", ("form",))]),
        ("東京 日本", "東 京 日本", [("", " ", ("spaces",))]),
        ("abc", "xyz", [("abc", "xyz", ("other",))]),
        ("a\x00b", "ab", [("\x00", "", ("other",))]),
        ("the film was dull", "the was dull", [("film ", "", ("other",))]),
        ("ßd", "ſßd", [("ß", "ſß", ("other",))]),
        ("same U, same", "same U\u0301, same", [("U", "U\u0301", ("accent",))]),
        ("some A\u0345 x", "some a\u0345 x", [("A\u0345", "a\u0345", ("case",))]),
    ],
)
def test_losses(text: str, decoded: str, found: list[tuple[str, str, tuple[str, ...]]]) -> None:
    trip = compare(text, decoded)
    assert [(gone.text, gone.decoded, gone.losses) for gone in trip.differences] == found
    assert not trip.same


@pytest.mark.parametrize("seed", range(8))
def test_differences_far_apart_are_found_where_they_are(seed: int) -> None:
    """What is the same is passed over in strides, which begin and end anywhere."""
    chance = random.Random(seed)
    text = decoded = ""
    expected = []
    for _ in range(60):
        same = "".join(chance.choices("abcdefgh ,.\nüβ東", k=chance.randrange(300))) + "ij kl"
        one, other = chance.choice(
            [("É", "e"), (" ", ""), ("ﬁ", "fi"), ("", " "), ("\x00", ""), ("1２", "12")]
        )
        trip = compare(f"x{one}x", f"x{other}x")
        start, decoded_start = len(text) + len(same), len(decoded) + len(same)
        expected += [
            (
                start + gone.start,
                start + gone.end,
                decoded_start + gone.decoded_start,
                gone.decoded,
                gone.losses,
            )
            for gone in trip.differences
        ]
        text += f"{same}x{one}x"
        decoded += f"{same}x{other}x"
    found = [
        (gone.start, gone.end, gone.decoded_start, gone.decoded, gone.losses)
        for gone in compare(text, decoded).differences
    ]
    assert found == expected


def test_an_unknown_word_is_found_where_it_stood() -> None:
    trip = compare("a ☃☃ bad [UNK] ☃", "a [UNK] bad [UNK] [UNK]", 0, None, "[UNK]", [(2, 4), (15, 16)])
    assert [(gone.start, gone.end, gone.decoded, gone.losses) for gone in trip.differences] == [
        (2, 4, "[UNK]", ("unknown",)),
        (15, 16, "[UNK]", ("unknown",)),
    ]


def test_what_was_cut_is_no_other_loss() -> None:
    trip = compare("One two three", "two", 0, (4, 7))
    assert [(gone.start, gone.end, gone.losses) for gone in trip.differences] == [
        (0, 4, ("cut",)),
        (7, 13, ("cut",)),
    ]


def check(text: str, decoded: str) -> None:
    trip = compare(text, decoded, unknown_token="[UNK]", unknown=[(0, len(text))] if text[:1] == "😀" else [])
    assert trip.same == (text == decoded) == (not trip.differences)
    rebuilt, end, decoded_end = "", 0, 0
    for gone in trip.differences:
        assert gone.start >= end
        assert gone.decoded_start >= decoded_end
        assert gone.text == text[gone.start : gone.end]
        assert gone.decoded == decoded[gone.decoded_start : gone.decoded_end]
        assert gone.text != gone.decoded
        assert gone.losses
        rebuilt += text[end : gone.start] + gone.decoded
        end, decoded_end = gone.end, gone.decoded_end
        assert len(rebuilt) == decoded_end
    assert rebuilt + text[end:] == decoded


@given(st.text(ALPHABET, max_size=20), st.text(ALPHABET, max_size=20))
def test_differences_lead_from_any_text_to_any_other(text: str, decoded: str) -> None:
    check(text, decoded)


@given(st.text(max_size=40))
def test_a_text_and_its_lowercase_without_spaces(text: str) -> None:
    check(text, "".join(text.lower().split()))


@given(st.text("ABCÉÎ çß", max_size=60))
def test_case_accents_and_spaces_are_all_that_is_lost(text: str) -> None:
    trip = compare(text, text.casefold().translate(str.maketrans("éîç", "eic")).replace(" ", ""))
    assert {loss for gone in trip.differences for loss in gone.losses} <= {"case", "accent", "spaces"}


def test_texts_that_never_meet_again_are_one_difference() -> None:
    (gone,) = compare("ab" * 5_000, "cd" * 4_000).differences
    assert (gone.start, gone.end, gone.losses) == (0, 10_000, ("other",))
