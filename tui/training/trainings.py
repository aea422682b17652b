"""The built-in checkpoints that can be trained: one line for each."""

from dataclasses import dataclass

from tui.training.sources import (
    DEBIAN_ENGLISH,
    DEBIAN_FRENCH,
    DEBIAN_PACKAGES,
    ENGLISH_SOURCES,
    FRENCH_CATALOGUES,
    MINILM_WHEEL,
    NAMED_DOCUMENT_SOURCES,
    VADER_ARCHIVE,
    Source,
)


@dataclass(frozen=True)
class Training:
    """A training by its name on the command line.

    `module` has a function `train(data, out, *, resume, report)`; it is imported only when it runs, as torch
    takes seconds. `checkpoint` is the folder in `tui/models` it rebuilds, `sources` the files it reads.
    """

    name: str
    checkpoint: str
    summary: str
    module: str
    sources: tuple[Source, ...]


TRAININGS: tuple[Training, ...] = (
    Training(
        name="sentiment",
        checkpoint="nano-sentiment",
        summary="DistilBERT with WordPiece: is a sentence positive or negative?",
        module="tui.training.sentiment.train",
        sources=(VADER_ARCHIVE, MINILM_WHEEL),
    ),
    Training(
        name="fill-mask",
        checkpoint="nano-fill-mask",
        summary="RoBERTa with byte-level BPE: which word is hidden?",
        module="tui.training.fill_mask.train",
        sources=(*ENGLISH_SOURCES, MINILM_WHEEL),
    ),
    Training(
        name="ner",
        checkpoint="nano-ner",
        summary="ELECTRA with cased WordPiece: which words are names, and of what?",
        module="tui.training.ner.train",
        sources=NAMED_DOCUMENT_SOURCES,
    ),
    Training(
        name="question-answering",
        checkpoint="nano-question-answering",
        summary="DistilBERT with WordPiece: which words of a text answer a question?",
        module="tui.training.question_answering.train",
        sources=NAMED_DOCUMENT_SOURCES,
    ),
    Training(
        name="generation",
        checkpoint="nano-generation",
        summary="GPT-2 with byte-level BPE: how does a text go on?",
        module="tui.training.generation.train",
        sources=(*ENGLISH_SOURCES, MINILM_WHEEL),
    ),
    Training(
        name="translation",
        checkpoint="nano-translation",
        summary="Marian with Unigram: what does a French sentence say in English?",
        module="tui.training.translation.train",
        sources=(DEBIAN_ENGLISH, DEBIAN_FRENCH, DEBIAN_PACKAGES, *FRENCH_CATALOGUES),
    ),
    Training(
        name="zero-shot",
        checkpoint="nano-zero-shot",
        summary="RoBERTa with an entailment head: which label fits, of labels never seen?",
        module="tui.training.zero_shot.train",
        sources=(*ENGLISH_SOURCES, MINILM_WHEEL),
    ),
    Training(
        name="summarization",
        checkpoint="nano-summarization",
        summary="T5 with Unigram: which line says what a text is about?",
        module="tui.training.summarization.train",
        sources=(DEBIAN_ENGLISH, DEBIAN_PACKAGES),
    ),
)
