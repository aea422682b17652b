from pathlib import Path

import pytest

from tests.training.french import catalogue, write_package
from tui.training.sources import SourceError
from tui.training.texts.catalogues import plain_text, read_catalogue, read_catalogues

MESSAGES = {
    "Open": "Ouvrir",
    "menu\x04Close": "Fermer",
    "one file\x00many files": "un fichier\x00plusieurs fichiers",
    "Untranslated": "",
}


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_catalogue_gives_texts_without_header_context_and_gaps(order: str) -> None:
    assert list(read_catalogue(catalogue(MESSAGES, order), "it.mo")) == [
        ("Open", "Ouvrir"),
        ("Close", "Fermer"),
        ("one file", "un fichier"),
        ("many files", "plusieurs fichiers"),
    ]


def test_all_catalogues_of_the_language_are_read(tmp_path: Path) -> None:
    french, german = catalogue({"Yes": "Oui"}), catalogue({"Yes": "Ja"})
    package = write_package(
        tmp_path / "it_1_all.deb",
        {
            "./usr/share/locale/fr/LC_MESSAGES/one.mo": french,
            "./usr/share/locale/fr_CA/LC_MESSAGES/two.mo": catalogue({"Bye": "Bye-bye"}),
            "./usr/share/locale/de/LC_MESSAGES/one.mo": german,
            "./usr/share/press/languages/admin-fr_FR.mo": catalogue({"No": "Non"}),
            "./usr/share/doc/fr/notes.txt": b"no catalogue",
        },
    )
    assert read_catalogues(package, "fr") == [("Yes", "Oui"), ("Bye", "Bye-bye"), ("No", "Non")]
    assert read_catalogues(package, "de") == [("Yes", "Ja")]
    with pytest.raises(SourceError, match="no catalogue of the language it"):
        read_catalogues(package, "it")


@pytest.mark.parametrize("content", [b"", b"not a catalogue", catalogue(MESSAGES)[:60]])
def test_other_bytes_are_refused_in_words(content: bytes) -> None:
    with pytest.raises(SourceError, match=r"it\.mo is no gettext catalogue"):
        list(read_catalogue(content, "it.mo"))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("_File", "File"),
        ("E&xit", "Exit"),
        ("~Edit", "Edit"),
        ("Two\nlines\n\nand a paragraph", "Two lines\n\nand a paragraph"),
        ("e.g. this", "e.g. this"),
        ("%d files", None),
        ("Hello {name}", None),
        ("<b>bold</b>", None),
        ("see /etc/fstab", None),
        ("use --help", None),
        ("name_of_variable", None),
        ("Rock & Roll", None),
    ],
)
def test_code_and_markup_are_no_sentences(text: str, plain: str | None) -> None:
    assert plain_text(text) == plain
