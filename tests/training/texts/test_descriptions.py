from pathlib import Path

import pytest

from tui.training.sources import SourceError
from tui.training.texts.descriptions import (
    Text,
    parse_text,
    read_descriptions,
    read_translations,
    split_descriptions,
)

PACKAGES = """\
Package: nano
Section: editors
Source: nano (7.2-1)

Package: nano-tiny
Source: nano
Section: editors

Package: wordplay
Section: games
"""
ENGLISH = """\
Package: nano
Description-md5: 1
Description-en: small editor
 It edits text
 in a terminal.
 .
 Modes:
  * C
  * Go
 and more.

Package: nano-tiny
Description-md5: 2
Description-en: small editor, tiny build
 Built for rescue disks.

Package: wordplay
Description-md5: 3
Description-en: anagram generator
 .

Package: gone
Description-md5: 4
Description-en: not in the index
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    english, packages = tmp_path / "Translation-en", tmp_path / "Packages"
    english.write_text(ENGLISH)
    packages.write_text(PACKAGES)
    return english, packages


def test_a_description_knows_its_source_section_and_text(files: tuple[Path, Path]) -> None:
    nano, tiny, wordplay = read_descriptions(*files)
    assert (nano.package, nano.source, nano.section, nano.md5) == ("nano", "nano", "editors", "1")
    assert nano.text == Text("small editor", ("It edits text in a terminal.", "Modes:\n* C\n* Go\nand more."))
    assert tiny.source == "nano"
    assert (wordplay.source, wordplay.text.paragraphs) == ("wordplay", ())


def test_translations_are_keyed_by_the_english_digest(tmp_path: Path) -> None:
    path = tmp_path / "Translation-fr"
    path.write_text("Package: nano\nDescription-md5: 1\nDescription-fr: petit éditeur\n Il édite.\n")
    assert read_translations(path, "fr") == {"1": Text("petit éditeur", ("Il édite.",))}
    with pytest.raises(SourceError, match="no Description-de"):
        read_translations(path, "de")


def test_other_files_are_refused_in_words(files: tuple[Path, Path], tmp_path: Path) -> None:
    english, packages = files
    with pytest.raises(SourceError, match="no English description"):
        read_descriptions(packages, packages)
    with pytest.raises(SourceError, match="no package"):
        read_descriptions(english, tmp_path / "empty") if (tmp_path / "empty").write_text("") == 0 else None
    english.write_bytes(b"\xfd7zXZ\x00\xff")
    with pytest.raises(SourceError, match="compressed"):
        read_descriptions(english, packages)


def test_siblings_and_near_duplicates_never_cross_the_split(tmp_path: Path) -> None:
    names = [f"p{number}" for number in range(3000)]
    packages, english = tmp_path / "Packages", tmp_path / "Translation-en"
    packages.write_text("".join(f"Package: {name}\nSource: s{name[:-1]}\n\n" for name in names))
    # Each text stands in two packages of different sources, with another word.
    english.write_text(
        "".join(
            f"Package: {name}\nDescription-md5: {name}\nDescription-en: word{index} alpha{index % 1500}\n"
            f" one{index % 1500} two{index % 1500} three{index % 1500} four{index % 1500} five{index % 1500}.\n\n"
            for index, name in enumerate(names)
        )
    )
    parts = split_descriptions(read_descriptions(english, packages))
    assert sum(map(len, parts.values())) < len(names)
    assert all(parts.values())
    homes: dict[str, set[str]] = {}
    kinds: dict[str, set[str]] = {}
    for part, members in parts.items():
        for member in members:
            homes.setdefault(member.source, set()).add(part)
            kinds.setdefault(member.text.synopsis.split()[1], set()).add(part)
    assert all(len(found) == 1 for found in homes.values())
    assert all(len(found) == 1 for found in kinds.values())


def test_lines_shown_as_they_are_keep_their_breaks() -> None:
    assert parse_text("x\n a\n  b\n  c\n d\n e").paragraphs == ("a\nb\nc\nd e",)
