"""Reads WordNet out of its Debian package: what words mean, example sentences, what is a kind of what.

The data files have one line for each set of synonyms (wndb(5WN)). WordNet is described in Miller, "WordNet: A
Lexical Database for English", Communications of the ACM 38 (1995).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.training.sources import SourceError
from tui.training.splits import near_duplicates, part_of
from tui.training.texts.packages import package_files

SPLIT_SEED = 2006
SHARES = {"held_out": 0.05, "validation": 0.05}
_DATA_FILES = ("data.noun", "data.verb", "data.adj", "data.adv")
_KINDS_OF = ("@", "@i")
_TOPIC = ";c"
_QUOTED = re.compile(r'"([^"]+)"')


@dataclass(frozen=True)
class Synset:
    """A set of synonyms: `words`, what they mean and sentences that use them.

    `key` is the part of speech and the offset in its file (`n03643907`); `kinds_of` holds the keys of the more
    general sets, `topics` those of the fields it belongs to (`law`, `computer science`).
    """

    key: str
    words: tuple[str, ...]
    meaning: str
    sentences: tuple[str, ...]
    kinds_of: tuple[str, ...]
    topics: tuple[str, ...]


def read_synsets(package: Path) -> list[Synset]:
    """Return all sets of synonyms in the order of the files; SourceError when the package holds none."""
    files = {Path(name).name: content for name, content in package_files(package, r"/wordnet/data\.\w+$")}
    if not set(_DATA_FILES) <= set(files):
        raise SourceError(f"{package} holds no {' or '.join(_DATA_FILES)}: is it the package wordnet-base?")
    try:
        lines = [line for file in _DATA_FILES for line in files[file].decode("ascii").splitlines()]
    except UnicodeDecodeError as error:
        raise SourceError(f"{package} holds another form of WordNet: {error}") from error
    return [parse_line(line) for line in lines if not line.startswith("  ")]


def parse_line(line: str) -> Synset:
    r"""Return the set of synonyms of a line of a data file.

    Numbers are hexadecimal for words and decimal for pointers, as wndb(5WN) has them; a mark of syntax behind an
    adjective, as `(p)`, is left out.

    >>> found = parse_line('00000009 03 n 01 laser_bomb 0 001 @ 00000001 n 0000 | a bomb; "it hit" ')
    >>> found.key, found.words, found.meaning, found.sentences, found.kinds_of
    ('n00000009', ('laser bomb',), 'a bomb', ('it hit',), ('n00000001',))
    """
    entries, _, gloss = line.partition(" | ")
    fields = entries.split()
    offset, speech, count = fields[0], fields[2], int(fields[3], 16)
    words = tuple(_plain(word) for word in fields[4 : 4 + 2 * count : 2])
    at = 4 + 2 * count
    pointers = [fields[start : start + 4] for start in range(at + 1, at + 1 + 4 * int(fields[at]), 4)]
    return Synset(
        key=f"{'a' if speech == 's' else speech}{offset}",
        words=words,
        meaning=_QUOTED.sub("", gloss).strip(" ;:,"),
        sentences=tuple(sentence.strip() for sentence in _QUOTED.findall(gloss)),
        kinds_of=tuple(_key(pointer) for pointer in pointers if pointer[0] in _KINDS_OF),
        topics=tuple(_key(pointer) for pointer in pointers if pointer[0] == _TOPIC),
    )


def split_synsets(synsets: Sequence[Synset]) -> dict[str, list[Synset]]:
    """Return the parts `train` (about 90 %), `validation` and `held_out` (5 % each), by the first word.

    All meanings of a word stay together. A set whose text nearly repeats one of a part that is looked at later is
    left out of the part that is learned from, as in `split_descriptions`.
    """
    parts: dict[str, list[Synset]] = {"train": [], "validation": [], "held_out": []}
    homes = [part_of(synset.words[0].lower(), SPLIT_SEED, SHARES) for synset in synsets]
    rank = {"held_out": 0, "validation": 1, "train": 2}
    texts = [" ".join((synset.meaning, *synset.sentences)) for synset in synsets]
    left_out = {
        max(pair, key=lambda index: rank[homes[index]]) for pair in near_duplicates(texts, parts=homes)
    }
    for index, (synset, home) in enumerate(zip(synsets, homes, strict=True)):
        if index not in left_out:
            parts[home].append(synset)
    return parts


def _plain(word: str) -> str:
    return re.sub(r"\((?:p|a|ip)\)$", "", word).replace("_", " ")


def _key(pointer: Sequence[str]) -> str:
    return f"{pointer[2]}{pointer[1]}"
