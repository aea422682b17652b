"""Measures nano-sentiment on the held-out snippets and writes its README.md."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from tui.training.card import accuracy_cell, front_matter, paragraphs, percent, source_table, table
from tui.training.examples import Example, rounded, write_examples
from tui.training.measure import Accuracy
from tui.training.sentiment.augment import NEGATION_FACTOR
from tui.training.sentiment.everyday import EVERYDAY
from tui.training.sentiment.measure import decided, sign_accuracy
from tui.training.sentiment.snippets import DOMAIN_FILES, Snippet
from tui.training.sentiment.split import SPLIT_SEED, Split
from tui.training.sentiment.vader import compound_scores
from tui.training.sources import MINILM_WHEEL, VADER_ARCHIVE
from tui.training.splits import SIMILARITY
from tui.training.workspace import folder_bytes

SAMPLE_SIZE = 150
HEADLINE_DOMAINS = ("movie", "amazon")
DOMAIN_NAMES = {
    "movie": "movie reviews",
    "amazon": "Amazon product reviews",
    "nyt": "New York Times editorials",
    "tweets": "tweets",
}
EXAMPLE_TEXTS = (
    "I've been waiting for a course like this my whole life.",
    # The next two are the sentences of the Hugging Face course.
    "I've been waiting for a HuggingFace course my whole life.",
    "I hate this so much!",
    "It broke after two days.",
    "The train leaves at nine.",
)
PLAIN_SENTENCES = (
    *EXAMPLE_TEXTS,
    "This is a great movie",
    "I love it",
    "It works.",
    "worth every penny",
    "not bad",
    "I can't wait to see it again!",
    "terrible waste of money",
    "not good",
    "I don't like it",
    "I am not happy with this phone",
    "I would not recommend it",
)

_HOW_MEASURED = """
Share of right signs, in brackets the 95 % interval (Wilson). The mean rating by people decides what is right;
ratings within ±0.5 of neutral are left out. VADER is the rule-based scorer by the author of the data: the sign of
its compound score, where a score of 0 is no answer and counts as wrong; the last column counts it as positive
instead. VADER was made for tweets.

What this checkpoint says to a few plain sentences, right or wrong; the first five are the playground's examples:"""
_LIMITS = """
- There is no third label: a neutral sentence gets one of the two all the same.
- English only. It learned from single sentences cut to 64 tokens: the positions beyond are untrained, and how
  it rates longer texts was not measured.
- Irony, comparisons, double negation and words it has seldom met are where to expect errors.
- It learned mostly from reviews and editorials; the table shows how it compares on each kind of text.
- The teacher was pretrained by others on a billion public pairs of texts. Whether held-out snippets were among
  them, without their ratings, is not known.
- It repeats the judgment of the raters and the teacher, with the prejudices of both. Don't use it to decide
  anything about people."""


@dataclass(frozen=True)
class Comparison:
    """One row of the table of results: ours against the baseline on the same held-out snippets."""

    name: str
    ours: Accuracy
    baseline: Accuracy
    baseline_zero_positive: Accuracy


@dataclass(frozen=True)
class Measured:
    """Everything the card of a classifier states that only the training run knows.

    `sample` is the accuracy on `held_out_sample`; `sentences` maps a plain sentence to the probability of
    POSITIVE (0..1); `stage_seconds` names a stage of the training and its processor time; `parts` counts the
    snippets of each part of the split.
    """

    comparisons: Sequence[Comparison]
    sample: Accuracy
    sentences: Mapping[str, float]
    stage_seconds: Mapping[str, float]
    parts: Mapping[str, int]
    width: int
    layers: int
    parameters: int
    weight_bytes: int
    vocabulary: int
    source_digests: Mapping[str, str]


@torch.inference_mode()
def logit_differences(folder: Path, texts: Sequence[str], batch_size: int = 64) -> list[float]:
    """Return logit(POSITIVE) - logit(NEGATIVE) of each text, by the checkpoint as anyone would load it."""
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    model = AutoModelForSequenceClassification.from_pretrained(str(folder))
    model.eval()
    differences: list[float] = []
    for start in range(0, len(texts), batch_size):
        batch = list(texts[start : start + batch_size])
        logits = model(**tokenizer(batch, padding=True, truncation=True, return_tensors="pt")).logits
        differences += cast("list[float]", (logits[:, 1] - logits[:, 0]).tolist())
    return differences


def compare_held_out(folder: Path, archive: Path, split: Split) -> list[Comparison]:
    """Return the accuracy of the checkpoint and of VADER: movie and Amazon together, then each domain."""
    snippets = decided(split.held_out, list(DOMAIN_FILES))
    texts = [snippet.text for snippet in snippets]
    scored = list(
        zip(snippets, logit_differences(folder, texts), compound_scores(archive, texts), strict=True)
    )

    def comparison(name: str, domains: Sequence[str]) -> Comparison:
        chosen = [row for row in scored if row[0].domain in domains]
        rated = [snippet for snippet, _, _ in chosen]
        ours = [difference for _, difference, _ in chosen]
        compounds = [compound for _, _, compound in chosen]
        return Comparison(
            name=name,
            ours=sign_accuracy(rated, ours),
            baseline=sign_accuracy(rated, compounds),
            baseline_zero_positive=sign_accuracy(rated, compounds, zero_is_positive=True),
        )

    headline = comparison("**movie + Amazon**", HEADLINE_DOMAINS)
    return [headline, *(comparison(DOMAIN_NAMES[domain], [domain]) for domain in DOMAIN_FILES)]


def comparison_table(rows: Sequence[Comparison]) -> str:
    """Return the table of held-out results; the numbers in brackets are 95 % intervals."""
    header = ["held-out snippets", "examples", "this checkpoint", "VADER", "VADER, 0 taken as positive"]
    return table(
        header,
        [
            [
                row.name,
                f"{row.ours.examples:,}",
                accuracy_cell(row.ours),
                accuracy_cell(row.baseline),
                accuracy_cell(row.baseline_zero_positive),
            ]
            for row in rows
        ],
    )


def held_out_sample(split: Split) -> list[Snippet]:
    """Return the movie and Amazon snippets of the held-out part that are kept with the tests.

    Which ones follows from a hash of the text alone.
    """
    snippets = decided(split.held_out, HEADLINE_DOMAINS)
    return sorted(snippets, key=lambda snippet: hashlib.sha256(snippet.text.encode()).digest())[:SAMPLE_SIZE]


def sample_accuracy(folder: Path, snippets: Sequence[Snippet]) -> Accuracy:
    """Return how often the checkpoint gives these snippets the sign of their rating."""
    return sign_accuracy(snippets, logit_differences(folder, [snippet.text for snippet in snippets]))


def examples_of(folder: Path) -> list[Example]:
    """Return the example texts with what transformers' pipeline answers."""
    classify = pipeline("text-classification", model=str(folder))
    return [Example({"text": text}, rounded(classify(text))) for text in EXAMPLE_TEXTS]


def measure_and_write(
    folder: Path, archive: Path, split: Split, seconds: Mapping[str, float], digests: Mapping[str, str]
) -> str:
    """Write the card into the checkpoint folder; return the held-out results as lines for the terminal."""
    model = AutoModelForSequenceClassification.from_pretrained(str(folder))
    differences = torch.tensor(logit_differences(folder, PLAIN_SENTENCES))
    measured = Measured(
        comparisons=compare_held_out(folder, archive, split),
        sample=sample_accuracy(folder, held_out_sample(split)),
        sentences=dict(zip(PLAIN_SENTENCES, torch.sigmoid(differences).tolist(), strict=True)),
        stage_seconds=seconds,
        parts={
            "train": len(split.train),
            "validation": len(split.validation),
            "held out": len(split.held_out),
        },
        width=int(model.config.dim),
        layers=int(model.config.n_layers),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        weight_bytes=folder_bytes(folder),
        vocabulary=int(model.config.vocab_size),
        source_digests=digests,
    )
    write_examples(folder, examples_of(folder))
    (folder / "README.md").write_text(card_text(measured), encoding="utf-8")
    return comparison_table(measured.comparisons)


def card_text(measured: Measured) -> str:
    """Return the whole card, Markdown with YAML front matter."""
    matter = front_matter(
        {
            "license": "apache-2.0",
            "language": "en",
            "library_name": "transformers",
            "pipeline_tag": "text-classification",
            "tags": ["sentiment-analysis", "distilbert", "wordpiece", "logitscope"],
        }
    )
    minutes = sum(measured.stage_seconds.values()) / 60
    stages = ", ".join(f"{name} {seconds / 60:.1f}" for name, seconds in measured.stage_seconds.items())
    downloads = "\n".join(source.command for source in (VADER_ARCHIVE, MINILM_WHEEL))
    verdicts = [
        [text, "POSITIVE" if probability > 0.5 else "NEGATIVE", percent(probability)]
        for text, probability in measured.sentences.items()
    ]
    parts = ", ".join(f"{count:,} {name}" for name, count in measured.parts.items())
    sample = f"""
On the {measured.sample.examples} movie and Amazon snippets that are kept with the tests it is right in
{percent(measured.sample.share)}."""
    introduction = f"""
Says whether an English sentence is POSITIVE or NEGATIVE. A `DistilBertForSequenceClassification` of
{measured.parameters:,} parameters (width {measured.width}, {measured.layers} layers, float32) with its own
lower-casing WordPiece vocabulary of {measured.vocabulary:,} entries; {measured.weight_bytes / 1e6:.2f} MB
without this card. It ships with Logitscope so that the playground has something to show at once, offline and
on any processor. It is made to be looked into, not to be relied on."""
    recipe = f"""
1. The *teacher*, all-MiniLM-L6-v2, learns the rated snippets, the words of VADER's lexicon, alone and in short
   frames (a negated frame counts {NEGATION_FACTOR} times the word's rating, as VADER has it), and
   {len(EVERYDAY)} everyday sentences written and rated by hand. The plain sentences above are not among them,
   but some are alike.
2. The teacher rates the same texts and new ones made out of them: clauses, spans, negations, and sentences with
   some words exchanged for similar ones.
3. The checkpoint learns from both, the teacher's scores and, where there are any, the ratings by people. It
   starts from the teacher's word embeddings, projected to width {measured.width}; all else starts at random. The
   shipped weights are a moving average over the last steps.

It took {minutes:.0f} minutes of processor time ({stages}), run on 2 cores of a shared x86-64 machine without a
GPU. Seeds are fixed: the same command prints the same held-out figures on the same kind of machine with the
same library versions."""
    origin = f"""
The rated snippets are those of C.J. Hutto and E. Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment
Analysis of Social Media Text", ICWSM 2014. The weights start from those of all-MiniLM-L6-v2 and keep its license,
Apache-2.0.

Split: {parts}, by a SHA-256 of the seed {SPLIT_SEED} and the group. A group holds all sentences of one review or
editorial and all near-duplicates (sets of words that overlap by {SIMILARITY:.0%} or more), so neither crosses the
split. The vocabulary, the new texts and the training saw the train part alone; settings were chosen on the
validation part."""
    return f"""{matter}

# nano-sentiment

{paragraphs(introduction)}

## How good it is

{comparison_table(measured.comparisons)}

{paragraphs(sample)}

{paragraphs(_HOW_MEASURED)}

{table(["sentence", "label", "p(POSITIVE)"], verdicts)}

## Limits

{paragraphs(_LIMITS)}

## How it was made

```
{downloads}
python -m tui.training sentiment --data DIR
```

{paragraphs(recipe)}

## Data and license

{source_table((VADER_ARCHIVE, MINILM_WHEEL), measured.source_digests)}

{paragraphs(origin)}
"""
