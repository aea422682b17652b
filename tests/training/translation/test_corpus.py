from pathlib import Path

import pytest

from tests.training.french import write_french
from tui.training.sources import FRENCH_CATALOGUES, SourceError, find_source
from tui.training.splits import words_of
from tui.training.texts.catalogues import read_catalogues
from tui.training.translation.corpus import (
    DESCRIPTIONS,
    HELD_OUT_CATALOGUES,
    Pair,
    read_corpus,
    source_files,
    without_leaks,
)


def test_the_corpus_holds_both_kinds_and_holds_out_whole_packages(tmp_path: Path) -> None:
    corpus = read_corpus(write_french(tmp_path))
    kinds = {pair.kind for pair in corpus.train}
    assert DESCRIPTIONS in kinds
    assert {"gimp-data", "coreutils"} <= kinds
    held_out = {pair.kind for pair in corpus.held_out}
    assert held_out == {DESCRIPTIONS, *HELD_OUT_CATALOGUES.values()}
    assert not kinds & set(HELD_OUT_CATALOGUES)
    assert {pair.kind for pair in corpus.validation} == {DESCRIPTIONS}
    assert corpus.train[0].french.startswith("éditeur de ")
    assert corpus.train[0].english.startswith("editor of ")
    story = next(source for source in FRENCH_CATALOGUES if source.file.startswith("wesnoth-1.16-sof"))
    messages = {french for _, french in read_catalogues(find_source(story, tmp_path), "fr")}
    assert messages.isdisjoint(pair.french for pair in corpus.train)
    assert len(messages & {pair.french for pair in corpus.held_out}) == len(messages)


def test_nothing_held_out_is_nearly_in_another_part(tmp_path: Path) -> None:
    corpus = read_corpus(write_french(tmp_path))
    parts = (corpus.train, corpus.validation, corpus.held_out)
    for known, asked in ((0, 1), (0, 2), (1, 2)):
        for side in ("french", "english"):
            seen = [set(words_of(getattr(pair, side))) for pair in parts[known]]
            for pair in parts[asked]:
                words = set(words_of(getattr(pair, side)))
                assert all(len(words & other) < 0.7 * len(words | other) for other in seen)


def test_either_language_gives_a_pair_away() -> None:
    train = [Pair("Ce paquet contient la documentation.", "This package contains the manual.", "a")]
    held_out = [
        Pair("Ce paquet contient la documentation !", "Here are the papers of it all.", "b"),
        Pair("Voici donc tous les papiers du monde.", "this package contains the manual", "b"),
        Pair("Le chat dort sur le toit.", "The cat sleeps on the roof.", "b"),
    ]
    corpus = without_leaks({"train": train * 2, "validation": held_out[:1], "held_out": held_out * 2})
    assert corpus.train == tuple(train)
    assert corpus.validation == ()
    assert corpus.held_out == (held_out[2],)


def test_another_number_makes_no_other_sentence() -> None:
    train = [Pair("Les fichiers de la version 2", "The files of version 2", "a")]
    asked = [Pair("Les fichiers de la version 3", "The files of version 3", "b")]
    assert without_leaks({"train": train, "validation": [], "held_out": asked}).held_out == ()


def test_a_missing_source_is_named(tmp_path: Path) -> None:
    write_french(tmp_path, descriptions=10)
    (tmp_path / "gramps_1.0_all.deb").unlink()
    with pytest.raises(SourceError, match="apt-get download gramps"):
        read_corpus(tmp_path)
    assert len(source_files()) == len(FRENCH_CATALOGUES) + 3
