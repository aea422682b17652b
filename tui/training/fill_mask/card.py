"""Measures nano-fill-mask on held-out passages and writes its README.md and examples.json."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from transformers import AutoModelForMaskedLM, pipeline

from tui.training.card import accuracy_cell, front_matter, paragraphs, percent, source_table, table
from tui.training.examples import Example, rounded, write_examples
from tui.training.fill_mask.measure import (
    FREQUENT_WORDS,
    Row,
    Slot,
    Unigrams,
    compare,
    count_words,
    draw_slots,
)
from tui.training.measure import Accuracy
from tui.training.sources import ENGLISH_SOURCES, MINILM_WHEEL
from tui.training.texts.english import Document
from tui.training.workspace import folder_bytes

SOURCES = (*ENGLISH_SOURCES, MINILM_WHEEL)
# The first is the sentence of the Hugging Face course; the others were written before any answer was seen.
EXAMPLE_TEXTS = (
    "This course will teach you all about <mask> models.",
    "This package contains the <mask> files needed to build programs.",
    "cello: a large stringed <mask>",
    "I really <mask> this movie.",
    "Paris is the capital of <mask>.",
)
SAMPLE_OF_EACH_KIND = 100
_BAR = 4

_HOW_MEASURED = """
Share of the hidden words that are among the five first guesses, in brackets the 95 % interval (Wilson). One word
of letters behind a space is drawn from each held-out document and replaced by one `<mask>`; the passage is its
line, cut to fifty words on either side. A word that is no single piece of the vocabulary can't be guessed with one
`<mask>` and counts as wrong: the column "in one piece" says how many can be. The unigram model always says the same
five words, the most frequent of the training text; in the row of rarer words it may leave out the frequent ones."""
_LIMITS = """
- It knows package descriptions, dictionary entries, short reviews, editorials and tweets; of other English it has
  seen nothing, and facts ("Paris is the capital of …") it knows only as far as a dictionary tells them.
- Long or rare words are several pieces: one `<mask>` never becomes one of them.
- It learned from rows of 128 tokens; inputs may have 256, but how it fares beyond 128 was not measured.
- Tweets and reviews hold rude words, and so may the guesses. They repeat the prejudices of the texts."""


@dataclass(frozen=True)
class Measured:
    """Everything the card states that only the training run knows.

    `sample` is the accuracy on the committed sample; `documents` counts the documents of each part.
    """

    rows: Sequence[Row]
    sample: Accuracy
    examples: Sequence[Example]
    hidden_words: float
    seconds: float
    documents: Mapping[str, int]
    parameters: int
    width: int
    layers: int
    weight_bytes: int
    vocabulary: int
    source_digests: Mapping[str, str]


def answers(folder: Path, texts: Sequence[str]) -> list[Example]:
    """Return what the transformers pipeline `fill-mask` answers, scores rounded to 4 decimals."""
    fill_mask = pipeline("fill-mask", model=str(folder), tokenizer=str(folder))
    return [Example({"text": text}, rounded(fill_mask(text))) for text in texts]


def sample_of(slots: Sequence[Slot]) -> list[Slot]:
    """Return the slots that are committed with the tests: the first of each kind."""
    kinds = dict.fromkeys(slot.kind for slot in slots)
    return [
        slot
        for kind in kinds
        for slot in [other for other in slots if other.kind == kind][:SAMPLE_OF_EACH_KIND]
    ]


def sample_json(slots: Sequence[Slot], unigrams: Unigrams) -> str:
    """Return the committed sample as JSON: slots, and the words of the unigram model that matter."""
    listed = [[slot.kind, slot.before, slot.word, slot.behind] for slot in slots]
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in listed)
    words = json.dumps(unigrams.words[: FREQUENT_WORDS + 5])
    return f'{{"unigrams": {words},\n"slots": [\n{lines}\n]}}\n'


def results_table(rows: Sequence[Row]) -> str:
    """Return the table of held-out results."""
    return table(
        ["held-out words", "examples", "this checkpoint", "unigram model", "factor", "in one piece"],
        [
            [
                row.name,
                f"{row.ours.examples:,}",
                accuracy_cell(row.ours),
                accuracy_cell(row.baseline),
                f"{row.factor:.1f}",
                percent(row.possible.share),
            ]
            for row in rows
        ],
    )


def measure_and_write(
    folder: Path,
    english: Mapping[str, Sequence[Document]],
    of_each_kind: int,
    hidden_words: float,
    seconds: float,
    digests: Mapping[str, str],
) -> str:
    """Write card and examples into the checkpoint folder; return the held-out results for the terminal."""
    model = AutoModelForMaskedLM.from_pretrained(str(folder))
    unigrams = count_words(english["train"])
    slots = draw_slots(english["held_out"], of_each_kind)
    examples = answers(folder, EXAMPLE_TEXTS)
    write_examples(folder, examples)
    measured = Measured(
        rows=compare(folder, slots, unigrams),
        sample=compare(folder, sample_of(slots), unigrams)[0].ours,
        examples=examples,
        hidden_words=hidden_words,
        seconds=seconds,
        documents={part.replace("_", " "): len(documents) for part, documents in english.items()},
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        width=int(model.config.hidden_size),
        layers=int(model.config.num_hidden_layers),
        weight_bytes=folder_bytes(folder),
        vocabulary=int(model.config.vocab_size),
        source_digests=digests,
    )
    (folder / "README.md").write_text(card_text(measured), encoding="utf-8")
    return results_table(measured.rows)


def card_text(measured: Measured) -> str:
    """Return the whole card, Markdown with YAML front matter."""
    matter = front_matter(
        {
            "license": "other",
            "language": "en",
            "library_name": "transformers",
            "pipeline_tag": "fill-mask",
            "tags": ["roberta", "byte-level-bpe", "logitscope"],
        }
    )
    everything, content = measured.rows[0], measured.rows[1]
    introduction = f"""
Guesses a hidden word of an English text. A `RobertaForMaskedLM` of {measured.parameters:,} parameters (width
{measured.width}, {measured.layers} layers, float16 on disk, float32 when loaded) with its own byte-level BPE
vocabulary of {measured.vocabulary:,} entries; {measured.weight_bytes / 1e6:.2f} MB without this card. It ships with
Logitscope so that the playground has something to show at once, offline and on any processor. It is made to be
looked into, not to be relied on."""
    reached = "is" if everything.factor >= _BAR else "is not"
    verdict = f"""
The bar set before the training was {_BAR} times the unigram model. It {reached} reached on all words
({everything.factor:.1f} times; a model that is always right would have
{1 / everything.baseline.share if everything.baseline.right else 0:.1f} times), and on the words that are not among
the {FREQUENT_WORDS} most frequent the factor is {content.factor:.0f}. On the {measured.sample.examples} words that
are kept with the tests it is right in {percent(measured.sample.share)}."""
    guesses = [
        [
            str(example.inputs["text"]).replace("<", "&lt;"),
            ", ".join(f"{guess['token_str'].strip()} {percent(guess['score'])}" for guess in example.answer),
        ]
        for example in measured.examples
    ]
    recipe = f"""
The texts: package descriptions of Debian, entries and example sentences of WordNet, the snippets of reviews,
editorials and tweets in the VADER archive. The vocabulary is learned from the train part. Of the words of each row
{percent(measured.hidden_words)} are hidden, whole words at a time, and have to be told. The word embeddings start
from those of all-MiniLM-L6-v2, projected to fewer dimensions, and two attention heads of the first two layers start
with reading the neighbors of a word; all else starts at random. The shipped weights are a moving average over the
last steps, rounded to float16; all figures were measured after rounding.

It took {measured.seconds:.0f} seconds of processor time ({measured.seconds / 60:.0f} minutes), run on one core of a
shared x86-64 machine without a GPU. Seeds are fixed: the same command prints the same held-out figures on the same
kind of machine with the same library versions."""
    parts = ", ".join(f"{count:,} {name}" for name, count in measured.documents.items())
    origin = f"""
Split in documents: {parts}; descriptions by source package, dictionary entries by their first word, reviews and
editorials as wholes. No near-duplicate (sets of words that overlap by 70 % or more) of a held-out text is learned
from, and paragraphs that sibling packages share are held out only where training had none like them. Settings were
chosen on the validation part.

The weights start from those of all-MiniLM-L6-v2 and keep its license, Apache-2.0. WordNet 3.0 is copyright 2006 by
Princeton University."""
    downloads = "\n".join(dict.fromkeys(source.command for source in SOURCES))
    return f"""{matter}

# nano-fill-mask

{paragraphs(introduction)}

## How good it is

{results_table(measured.rows)}

{paragraphs(_HOW_MEASURED)}

{paragraphs(verdict)}

What it answers to five inputs, right or wrong; the first is the sentence of the Hugging Face course, the others
were written before any answer was seen:

{table(["text", "the five first guesses"], guesses)}

## Limits

{paragraphs(_LIMITS)}

## How it was made

```
{downloads}
python -m tui.training fill-mask --data DIR
```

{paragraphs(recipe)}

## Data and license

{source_table(SOURCES, measured.source_digests)}

{paragraphs(origin)}
"""
