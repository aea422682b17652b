import pytest

from tui.training.texts.alignment import aligned, list_items, plausible, sentences


def test_sentences_are_paired_in_order() -> None:
    english = ["It is fast. It reads HTML, e.g. Mosaic's.", "Features:\n* one thing\n* another"]
    french = [
        "Il est rapide. Il lit du HTML, par ex. celui de Mosaic.",
        "Fonctions :\n- une chose\n- une autre",
    ]
    assert list(aligned(english, french)) == [
        ("It is fast.", "Il est rapide."),
        ("It reads HTML, e.g. Mosaic's.", "Il lit du HTML, par ex. celui de Mosaic."),
        ("Features:", "Fonctions :"),
        ("one thing", "une chose"),
        ("another", "une autre"),
    ]


def test_nothing_is_paired_when_paragraphs_or_items_differ_in_number() -> None:
    assert list(aligned(["One.", "Two."], ["Un. Deux."])) == []
    assert list(aligned(["A:\n* one\n* two"], ["A :\n* un et deux"])) == []


def test_sentences_split_otherwise_stay_one_pair() -> None:
    english, french = "It reads files and writes them.", "Il lit des fichiers. Il les écrit."
    assert list(aligned([english], [french])) == [(english, french)]
    assert list(aligned([english], [french], longest=5)) == []


def test_quotes_and_spaces_have_one_form() -> None:
    assert list(aligned(["It’s “free”…"], ["C’est «\u00a0libre\u00a0»…"])) == [
        ('It\'s "free"...', 'C\'est " libre "...')
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One! Two? Three.", ["One!", "Two?", "Three."]),
        ("He said “no.” Then he left.", ["He said “no.”", "Then he left."]),
        ("Écrit en C. Élégant.", ["Écrit en C. Élégant."]),
        ("Version 2.0 is out", ["Version 2.0 is out"]),
        ("Wait… Éditez.", ["Wait…", "Éditez."]),
        ("", [""]),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_items_keep_their_continued_lines() -> None:
    assert list_items("plain text") == ["plain text"]
    assert list_items("- a\n  b\n2) c\nd") == ["a b", "c d"]


@pytest.mark.parametrize(
    ("english", "french", "expected"),
    [
        ("Python", "Python", False),
        ("GNU C Library", "gnu c library", False),
        ("12:30", "12h30", False),
        ("Section 3", "Partie 4", False),
        ("No", "Non, pas du tout, jamais", False),
        ("Weather", "Météo", True),
        ("Yes", "Oui", True),
    ],
)
def test_what_can_be_a_translation(english: str, french: str, expected: bool) -> None:
    assert plausible(english, french) is expected
