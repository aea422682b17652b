"""Reads the package descriptions of Debian: English, their French translations, where each package belongs.

The files are those of apt (Debian Policy 5.6.13): stanzas of `Key: value` lines, where a description is a synopsis
of one line, then lines that begin with a space; ` .` parts paragraphs, and lines that begin with two spaces or more
are shown as they are (lists, examples).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.training.sources import SourceError
from tui.training.splits import near_duplicates, part_of

SPLIT_SEED = 2026
SHARES = {"held_out": 0.05, "validation": 0.05}
_KEY = re.compile(r"([A-Za-z0-9-]+): ?(.*)")


@dataclass(frozen=True)
class Text:
    """A synopsis of one line and the paragraphs below it; lines shown as they are keep their line breaks."""

    synopsis: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Description:
    """What Debian says of one package; packages with word for word the same description are one.

    `source` is the source package it is built from, `section` the archive section (`net`, `science`, ...) and
    `md5` the digest under which translations are filed.
    """

    package: str
    source: str
    section: str
    md5: str
    text: Text


def read_descriptions(english: Path, packages: Path) -> list[Description]:
    """Return the descriptions of all packages in the order of the English file, each text once.

    Raises SourceError when a file is none of apt's.
    """
    homes: dict[str, tuple[str, str]] = {}
    for stanza in _stanzas(packages):
        name = stanza.get("Package", "")
        homes[name] = (stanza.get("Source", name).partition(" ")[0], stanza.get("Section", "unknown"))
    if not homes:
        raise SourceError(f"{packages} holds no package: is it an apt index?")
    found: dict[str, Description] = {}
    for stanza in _stanzas(english):
        package, md5 = stanza.get("Package", ""), stanza.get("Description-md5", "")
        if package in homes and md5 not in found and "Description-en" in stanza:
            source, section = homes[package]
            found[md5] = Description(package, source, section, md5, parse_text(stanza["Description-en"]))
    if not found:
        raise SourceError(f"{english} holds no English description: is it apt's Translation-en?")
    return list(found.values())


def read_translations(path: Path, language: str) -> dict[str, Text]:
    """Return the translated texts by the MD5 of the English one; SourceError when there are none."""
    field = f"Description-{language}"
    texts = {
        stanza["Description-md5"]: parse_text(stanza[field])
        for stanza in _stanzas(path)
        if field in stanza and "Description-md5" in stanza
    }
    if not texts:
        raise SourceError(f"{path} holds no {field}: is it apt's Translation-{language}?")
    return texts


def parse_text(field: str) -> Text:
    r"""Return the synopsis and the paragraphs of a description as the index has it.

    >>> parse_text("fast editor\n It edits\n text.\n .\n Modes:\n  * C\n  * Go")
    Text(synopsis='fast editor', paragraphs=('It edits text.', 'Modes:\n* C\n* Go'))
    """
    synopsis, *lines = field.split("\n")
    paragraphs: list[str] = []
    current = ""
    flowing = False
    for line in [*lines, " ."]:
        if line.strip() == ".":
            if current:
                paragraphs.append(current)
            current, flowing = "", False
            continue
        as_is = line.startswith("  ")
        glue = " " if flowing and not as_is else "\n"
        current = f"{current}{glue}{line.strip()}" if current else line.strip()
        flowing = not as_is
    return Text(synopsis.strip(), tuple(paragraphs))


def split_descriptions(descriptions: Sequence[Description]) -> dict[str, list[Description]]:
    """Return the parts `train` (about 90 %), `validation` and `held_out` (5 % each), by source package.

    A near-duplicate of a held-out description in another source package would leak: those are left out of
    `train` and `validation`, and those of a validation one out of `train`.
    """
    parts: dict[str, list[Description]] = {"train": [], "validation": [], "held_out": []}
    homes = [part_of(description.source, SPLIT_SEED, SHARES) for description in descriptions]
    rank = {"held_out": 0, "validation": 1, "train": 2}
    left_out: set[int] = set()
    texts = [_words(description.text) for description in descriptions]
    for pair in near_duplicates(texts, parts=homes):
        left_out.add(max(pair, key=lambda index: rank[homes[index]]))
    for index, (description, home) in enumerate(zip(descriptions, homes, strict=True)):
        if index not in left_out:
            parts[home].append(description)
    return parts


def _words(text: Text) -> str:
    return " ".join((text.synopsis, *text.paragraphs))


def _stanzas(path: Path) -> Iterator[Mapping[str, str]]:
    stanza: dict[str, str] = {}
    key = ""
    with path.open(encoding="utf-8", errors="strict") as lines:
        try:
            for line in lines:
                line = line.rstrip("\n")
                if not line:
                    if stanza:
                        yield stanza
                    stanza, key = {}, ""
                elif line[0] == " ":
                    if key:
                        stanza[key] += f"\n{line}"
                elif match := _KEY.fullmatch(line):
                    key = match[1]
                    stanza[key] = match[2]
        except UnicodeDecodeError as error:
            raise SourceError(f"{path} is no text in UTF-8: is it still compressed?") from error
    if stanza:
        yield stanza
