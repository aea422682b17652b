"""Reads the rated snippets and the lexicon out of the VADER source archive, in memory.

The data is that of Hutto and Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social
Media Text" (ICWSM 2014): a mean rating from -4 (most negative) to 4 (most positive) for each text, given by
people who saw the text alone.
"""

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tui.training.sources import SourceError

DOMAIN_FILES = {
    "movie": "movieReviewSnippets_GroundTruth.txt",
    "amazon": "amazonReviewSnippets_GroundTruth.txt",
    "nyt": "nytEditorialSnippets_GroundTruth.txt",
    "tweets": "tweets_GroundTruth.txt",
}
_INNER_ARCHIVE = "additional_resources/hutto_ICWSM_2014.tar.gz"
_LEXICON = "vaderSentiment/vader_lexicon.txt"


@dataclass(frozen=True)
class Snippet:
    """One rated text.

    `document` names the review, editorial, tweet or movie quote the text comes from, unique over all domains;
    `rating` is the mean rating in -4..4.
    """

    domain: str
    document: str
    text: str
    rating: float


def read_member(archive: tarfile.TarFile, ending: str) -> bytes:
    """Return the bytes of the one member whose name ends with `ending`; SourceError when there is none."""
    for member in archive:
        if member.isfile() and member.name.endswith(ending):
            stream = archive.extractfile(member)
            if stream is not None:
                return stream.read()
    raise SourceError(f"the archive holds no {ending}: is it the source archive of vaderSentiment 3.3.2?")


def read_snippets(archive_path: Path) -> list[Snippet]:
    """Return the rated snippets of all four domains, in the order of the files.

    Raises SourceError when the archive can't be read or a line has not three tab-separated fields.
    """
    snippets: list[Snippet] = []
    try:
        with tarfile.open(archive_path) as outer:
            inner_bytes = read_member(outer, _INNER_ARCHIVE)
        with tarfile.open(fileobj=io.BytesIO(inner_bytes)) as inner:
            for domain, file in DOMAIN_FILES.items():
                table = read_member(inner, file).decode("utf-8")
                snippets += [_parse_line(domain, line) for line in table.split("\n") if line.strip()]
    except (tarfile.TarError, UnicodeDecodeError, EOFError) as error:
        raise SourceError(f"{archive_path} can't be read: {error}") from error
    return snippets


def read_lexicon(archive_path: Path) -> dict[str, float]:
    """Return word -> mean rating (-4..4) of the lexicon entries that are written in letters only.

    Emoticons and abbreviations with digits are left out: the vocabulary cuts them into single signs.
    """
    with tarfile.open(archive_path) as outer:
        table = read_member(outer, _LEXICON).decode("utf-8")
    entries = (line.split("\t") for line in table.split("\n") if line.strip())
    return {fields[0]: float(fields[1]) for fields in entries if fields[0].isalpha()}


def _parse_line(domain: str, line: str) -> Snippet:
    fields = line.rstrip("\r").split("\t")
    if len(fields) != 3:
        raise SourceError(
            f"the {domain} table has a line of {len(fields)} fields instead of 3: {line[:60]!r}"
        )
    identifier, rating, text = fields
    # Editorials and product reviews are numbered document_sentence, movie quotes and tweets one by one.
    document = f"{domain}-{identifier.partition('_')[0]}"
    return Snippet(domain, document, text.strip(), float(rating))
