"""Measures nano-generation on held-out documents and writes its README.md and examples.json."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from transformers import AutoModelForCausalLM, pipeline

from tui.training.card import front_matter, paragraphs, source_table, table
from tui.training.examples import Example, write_examples
from tui.training.generation.measure import Row, compare
from tui.training.sources import ENGLISH_SOURCES, MINILM_WHEEL
from tui.training.texts.english import KINDS, Document
from tui.training.workspace import folder_bytes

SOURCES = (*ENGLISH_SOURCES, MINILM_WHEEL)
NEW_TOKENS = 20
# The first is the sentence of the Hugging Face course; the others were written before any answer was seen.
EXAMPLE_TEXTS = (
    "In this course, we will teach you how to",
    "This package contains",
    "telescope:",
    "The movie is",
    "It is a library for reading",
)
SAMPLE_BYTES_OF_EACH_KIND = 12_000

_HOW_MEASURED = """
Bits for each byte (UTF-8), less is better; in brackets the 95 % interval (bootstrap over documents). The model is
given one document at a time and pays for all its tokens and for the end of text behind it; documents longer than
its 256 positions are read in windows that overlap by half. `xz -9 --extreme` compresses the same documents as one
file, a line break behind each, in the order of the sources, where packages of one family stand together: it starts
with nothing and learns from the documents before, while the model comes with what training taught it."""
_LIMITS = """
- It knows package descriptions, dictionary entries, short reviews, editorials and tweets, and continues everything
  as if it were one of these. It knows no facts to rely on and makes up names, addresses and features.
- At most 256 tokens, about 850 characters; text beyond is not seen.
- The most likely continuation, which the examples show, often repeats itself; sampling varies more.
- Tweets and reviews hold rude words, and so may its texts. They repeat the prejudices of the texts."""


@dataclass(frozen=True)
class Measured:
    """Everything the card states that only the training run knows.

    `sample` is the row of the committed sample; `documents` counts the documents of each part.
    """

    rows: Sequence[Row]
    sample: Row
    examples: Sequence[Example]
    seconds: float
    documents: Mapping[str, int]
    parameters: int
    width: int
    layers: int
    weight_bytes: int
    vocabulary: int
    source_digests: Mapping[str, str]


def answers(folder: Path, texts: Sequence[str]) -> list[Example]:
    """Return what the transformers pipeline `text-generation` answers: 20 tokens, always the likeliest."""
    generate = pipeline("text-generation", model=str(folder), tokenizer=str(folder))
    return [
        Example({"text": text}, generate(text, do_sample=False, max_new_tokens=NEW_TOKENS)) for text in texts
    ]


def sample_of(documents: Sequence[Document]) -> list[Document]:
    """Return the documents that are committed with the tests: the first of each kind, up to 12 kB."""
    chosen: list[Document] = []
    for kind in KINDS:
        room = SAMPLE_BYTES_OF_EACH_KIND
        for document in documents:
            size = len(document.text.encode())
            if document.kind == kind and size <= room:
                chosen.append(document)
                room -= size
    return chosen


def sample_json(documents: Sequence[Document]) -> str:
    """Return the committed sample as JSON, one document a line."""
    lines = ",\n".join(json.dumps([one.kind, one.text], ensure_ascii=False) for one in documents)
    return f"[\n{lines}\n]\n"


def results_table(rows: Sequence[Row]) -> str:
    """Return the table of held-out results."""
    return table(
        ["held-out text", "documents", "bytes", "this checkpoint", "xz -9"],
        [
            [
                row.name,
                f"{row.documents:,}",
                f"{row.bytes:,}",
                f"{row.ours:.3f} ({row.interval[0]:.3f}–{row.interval[1]:.3f})",
                f"{row.xz:.3f}",
            ]
            for row in rows
        ],
    )


def measure_and_write(
    folder: Path, english: Mapping[str, Sequence[Document]], seconds: float, digests: Mapping[str, str]
) -> str:
    """Write card and examples into the checkpoint folder; return the held-out results for the terminal."""
    model = AutoModelForCausalLM.from_pretrained(str(folder))
    examples = answers(folder, EXAMPLE_TEXTS)
    write_examples(folder, examples)
    measured = Measured(
        rows=compare(folder, english["held_out"]),
        sample=compare(folder, sample_of(english["held_out"]))[0],
        examples=examples,
        seconds=seconds,
        documents={part.replace("_", " "): len(documents) for part, documents in english.items()},
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        width=int(model.config.n_embd),
        layers=int(model.config.n_layer),
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
            "pipeline_tag": "text-generation",
            "tags": ["gpt2", "byte-level-bpe", "logitscope"],
        }
    )
    everything, sample = measured.rows[0], measured.sample
    introduction = f"""
Continues an English text, token by token. A `GPT2LMHeadModel` of {measured.parameters:,} parameters (width
{measured.width}, {measured.layers} layers, float16 on disk, float32 when loaded) with its own byte-level BPE
vocabulary of {measured.vocabulary:,} entries; {measured.weight_bytes / 1e6:.2f} MB without this card. It ships with
Logitscope so that the playground has something to show at once, offline and on any processor. It is made to be
looked into, not to be relied on."""
    reached = "is reached" if everything.ours < everything.xz else "is not reached"
    verdict = f"""
The bar set before the training, fewer bits than `xz -9` on the same held-out text, {reached}. On the
{sample.documents} documents that are kept with the tests ({sample.bytes:,} bytes) it needs {sample.ours:.3f} bits a
byte, `xz -9` {sample.xz:.3f}: the smaller a file, the less xz can learn from it."""
    continuations = [
        [_cell(str(example.inputs["text"])), _cell(example.answer[0]["generated_text"])]
        for example in measured.examples
    ]
    recipe = f"""
The texts: package descriptions of Debian, entries and example sentences of WordNet, the snippets of reviews,
editorials and tweets in the VADER archive. The vocabulary is learned from the train part. The word embeddings,
which are the output weights too, start from those of all-MiniLM-L6-v2, projected to width {measured.width}; all
else starts at random. The shipped weights are a moving average over the last steps, rounded to float16; all figures
were measured after rounding.

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

# nano-generation

{paragraphs(introduction)}

## How good it is

{results_table(measured.rows)}

{paragraphs(_HOW_MEASURED)}

{paragraphs(verdict)}

What it makes of five beginnings, {NEW_TOKENS} tokens, always the likeliest; the first is the sentence of the
Hugging Face course, the others were written before any answer was seen:

{table(["beginning", "text"], continuations)}

## Limits

{paragraphs(_LIMITS)}

## How it was made

```
{downloads}
python -m tui.training generation --data DIR
```

{paragraphs(recipe)}

## Data and license

{source_table(SOURCES, measured.source_digests)}

{paragraphs(origin)}
"""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ↵ ")
