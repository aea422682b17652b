from pathlib import Path

import pytest

from tests.training.english import wordnet_lines, write_wordnet
from tui.training.sources import WORDNET_PACKAGE, SourceError, find_source
from tui.training.splits import near_duplicates
from tui.training.texts.wordnet import Synset, parse_line, read_synsets, split_synsets


def test_synsets_come_from_all_four_files_without_the_notice(tmp_path: Path) -> None:
    write_wordnet(tmp_path)
    synsets = read_synsets(find_source(WORDNET_PACKAGE, tmp_path))
    assert len(synsets) == sum(len(lines) for lines in wordnet_lines().values())
    of_key = {synset.key: synset for synset in synsets}
    thing = of_key["n00000105"]
    assert thing.words == ("plant5", "thing5")
    assert [of_key[key].words[0] for key in thing.kinds_of] == ["plant"]
    assert thing.topics == ("n00000001",)
    assert of_key["v00000001"].sentences == ("it moved",)
    assert of_key["a00000001"].words == ("big",)


def test_a_line_with_frames_of_a_verb_and_a_satellite_adjective() -> None:
    verb = parse_line(
        '00001740 29 v 04 breathe 0 take_a_breath 0 respire 0 suspire 3 000 01 + 02 00 | draw air; "I b"'
    )
    assert verb.words == ("breathe", "take a breath", "respire", "suspire")
    assert (verb.meaning, verb.sentences) == ("draw air", ("I b",))
    satellite = parse_line("00002312 00 s 01 galore(ip) 0 001 & 00001740 a 0000 | in great numbers")
    assert (satellite.key, satellite.words, satellite.kinds_of) == ("a00002312", ("galore",), ())


def test_counts_of_words_are_hexadecimal() -> None:
    words = " ".join(f"w{number} 0" for number in range(17))
    found = parse_line(f"00000001 05 n 11 {words} 001 @i 00000002 n 0000 | a lot")
    assert len(found.words) == 17
    assert found.kinds_of == ("n00000002",)


def test_another_package_is_refused_in_words(tmp_path: Path) -> None:
    path = write_wordnet(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"data.tar.xz", b"meta.tar.xz"))
    with pytest.raises(SourceError):
        read_synsets(path)
    path.write_bytes(b"no package")
    with pytest.raises(SourceError):
        read_synsets(path)


def entry(number: int, word: str, meaning: str) -> Synset:
    return Synset(f"n{number}", (word,), meaning, (), (), ())


def test_meanings_of_a_word_stay_together_and_near_duplicates_do_not_cross() -> None:
    synsets = [
        entry(
            number,
            f"word{number // 2}",
            f"genus{number % 1500} of plants{number % 1500} growing here{number}",
        )
        for number in range(3000)
    ]
    parts = split_synsets(synsets)
    assert all(parts.values())
    homes: dict[str, set[str]] = {}
    for part, members in parts.items():
        for synset in members:
            homes.setdefault(synset.words[0], set()).add(part)
    assert all(len(found) == 1 for found in homes.values())
    kept = [(synset.meaning, part) for part, members in parts.items() for synset in members]
    meanings, names = zip(*kept, strict=True)
    assert near_duplicates(meanings, parts=names) == []
    assert split_synsets(synsets) == parts


def test_duplicates_of_a_held_out_meaning_leave_training() -> None:
    synsets = [
        entry(number, f"w{number}", f"m{number // 2} n{number // 2} o{number // 2}") for number in range(2000)
    ]
    parts = split_synsets(synsets)
    assert sum(map(len, parts.values())) < 2000
    held_out = {synset.meaning for synset in parts["held_out"]}
    others = {synset.meaning for part in ("train", "validation") for synset in parts[part]}
    assert held_out
    assert held_out.isdisjoint(others)
