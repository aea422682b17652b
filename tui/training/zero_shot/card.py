"""Measures nano-zero-shot on held-out sections and writes its README.md and examples.json."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from transformers import AutoModelForSequenceClassification, pipeline

from tui.training.card import accuracy_cell, front_matter, paragraphs, percent, source_table, table
from tui.training.examples import Example, rounded, write_examples
from tui.training.sources import ENGLISH_SOURCES, MINILM_WHEEL
from tui.training.texts.descriptions import Description
from tui.training.workspace import folder_bytes
from tui.training.zero_shot.measure import CANDIDATES, Case, Ranking, balanced, held_out_cases, rank
from tui.training.zero_shot.pairs import TEMPLATES

SOURCES = (*ENGLISH_SOURCES, MINILM_WHEEL)
# The first is the input of the Hugging Face course; the others were written before any answer was seen.
EXAMPLE_INPUTS = (
    ("This is a course about the Transformers library", ("education", "politics", "business")),
    ("A fast shooter: defend your planet against waves of aliens.", ("games", "mail", "mathematics")),
    ("The senate passed the budget after a long debate.", ("politics", "sports", "cooking")),
    ("Mix the flour with eggs and milk and fry it in butter.", ("cooking", "travel", "law")),
    ("It shows which computers answer and how fast.", ("networking", "music", "gardening")),
)
SAMPLE_CASES = 120
SAMPLE_CHARACTERS = 400
_CASES_OF_EACH = 100
_CHANCE = 1 / len(CANDIDATES)
_BAR = 2 * _CHANCE

_HOW_MEASURED = """
Ten labels for each package description (synopsis and first paragraph), all ten never seen in training, neither as
labels nor through packages that belong to them: {labels}. Share of descriptions whose right label has the largest
entailment logit, as the pipeline ranks them; in brackets the 95 % interval (Wilson). "Most frequent" always says
the label that most descriptions have, "matching words" takes the label whose words occur most often in the text,
ties drawn by lot; being right by chance is {chance}. One description of each source package counts. The first rows
are descriptions whose text was never trained on at all; those of the last row, a hundred of each section as far as
there are, were read, without their sections, when nano-fill-mask learned to guess words."""
_LIMITS = """
- It judges single words by what WordNet and the larger model said of them; irony, negation ("not about sports") and
  long arguments are beyond it.
- What it calls entailment are largely the larger model's similarities: "grass" in the name of a program may count
  as a plant. "Neutral" means related or untold, and is the least sure of the three.
- It learned with inputs of up to 128 tokens; longer ones are cut at 256.
- English only. Don't use it to decide anything about people."""


@dataclass(frozen=True)
class Measured:
    """Everything the card states that only the training run knows.

    `sample` is the ranking of the committed sample; `stage_seconds` names a stage of the training and its
    processor time.
    """

    rankings: Sequence[Ranking]
    sample: Ranking
    examples: Sequence[Example]
    stage_seconds: Mapping[str, float]
    pairs: int
    parameters: int
    width: int
    layers: int
    weight_bytes: int
    vocabulary: int
    source_digests: Mapping[str, str]


def answers(folder: Path) -> list[Example]:
    """Return what the transformers pipeline `zero-shot-classification` answers, scores rounded to 4 decimals."""
    classify = pipeline("zero-shot-classification", model=str(folder), tokenizer=str(folder))
    return [
        Example({"text": text, "candidate_labels": list(labels)}, rounded(classify(text, list(labels))))
        for text, labels in EXAMPLE_INPUTS
    ]


def unseen_cases(descriptions: Mapping[str, Sequence[Description]]) -> list[Case]:
    """Return the cases whose text no training read: those of the held-out and the validation part.

    Nothing was chosen by the descriptions of these sections, so both parts count.
    """
    return held_out_cases([*descriptions["held_out"], *descriptions["validation"]])


def sample_of(cases: Sequence[Case]) -> list[Case]:
    """Return the cases that are committed with the tests: the first ones, shortened."""
    return [Case(case.text[:SAMPLE_CHARACTERS], case.label) for case in cases[:SAMPLE_CASES]]


def sample_json(cases: Sequence[Case]) -> str:
    """Return the committed sample as JSON, one case a line."""
    lines = ",\n".join(json.dumps([case.text, case.label], ensure_ascii=False) for case in cases)
    return f"[\n{lines}\n]\n"


def rankings_of(folder: Path, descriptions: Mapping[str, Sequence[Description]]) -> list[Ranking]:
    """Return the rows of the table: unseen texts with three templates, then texts that were read before."""
    unseen = unseen_cases(descriptions)
    names = [f"unseen texts, `{template}`" for template in TEMPLATES[:3]]
    rows = [
        rank(folder, f"**{name}**" if template == TEMPLATES[0] else name, unseen, template)
        for name, template in zip(names, TEMPLATES[:3], strict=True)
    ]
    read_before = balanced(held_out_cases(descriptions["train"]), _CASES_OF_EACH)
    return [*rows, rank(folder, f"texts read before, `{TEMPLATES[0]}`", read_before)]


def results_table(rankings: Sequence[Ranking]) -> str:
    """Return the table of held-out results."""
    return table(
        [
            "held-out sections",
            "examples",
            "this checkpoint",
            "mean of labels",
            "most frequent",
            "matching words",
        ],
        [
            [
                ranking.name,
                f"{ranking.top.examples:,}",
                accuracy_cell(ranking.top),
                percent(ranking.mean_of_labels),
                percent(ranking.most_frequent.share),
                percent(ranking.matching_words),
            ]
            for ranking in rankings
        ],
    )


def measure_and_write(
    folder: Path,
    descriptions: Mapping[str, Sequence[Description]],
    pairs: int,
    seconds: Mapping[str, float],
    digests: Mapping[str, str],
) -> str:
    """Write card and examples into the checkpoint folder; return the held-out results for the terminal."""
    model = AutoModelForSequenceClassification.from_pretrained(str(folder))
    examples = answers(folder)
    write_examples(folder, examples)
    measured = Measured(
        rankings=rankings_of(folder, descriptions),
        sample=rank(folder, "sample", sample_of(unseen_cases(descriptions))),
        examples=examples,
        stage_seconds=seconds,
        pairs=pairs,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        width=int(model.config.hidden_size),
        layers=int(model.config.num_hidden_layers),
        weight_bytes=folder_bytes(folder),
        vocabulary=int(model.config.vocab_size),
        source_digests=digests,
    )
    (folder / "README.md").write_text(card_text(measured), encoding="utf-8")
    return results_table(measured.rankings)


def card_text(measured: Measured) -> str:
    """Return the whole card, Markdown with YAML front matter."""
    matter = front_matter(
        {
            "license": "other",
            "language": "en",
            "library_name": "transformers",
            "pipeline_tag": "zero-shot-classification",
            "tags": ["roberta", "byte-level-bpe", "entailment", "logitscope"],
        }
    )
    introduction = f"""
Says how well labels that it never saw fit an English text, by asking whether the text entails "This example is
…". A `RobertaForSequenceClassification` of {measured.parameters:,} parameters (width {measured.width},
{measured.layers} layers, float16 on disk, float32 when loaded) with three labels, contradiction, neutral and
entailment, and the byte-level BPE vocabulary of nano-fill-mask with {measured.vocabulary:,} entries;
{measured.weight_bytes / 1e6:.2f} MB without this card. It ships with Logitscope so that the playground has
something to show at once, offline and on any processor. It is made to be looked into, not to be relied on."""
    first, sample = measured.rankings[0], measured.sample
    reached = "is reached" if min(first.top.interval[0], first.mean_of_labels) > _BAR else "is not reached"
    verdict = f"""
The bar set before the training, twice chance ({percent(_BAR)}), {reached}. On the {sample.top.examples} shortened
descriptions that are kept with the tests the right label comes first in {percent(sample.top.share)}.

By label, unseen texts:"""
    by_label = [
        [label, f"{accuracy.examples}", accuracy_cell(accuracy) if accuracy.examples else "–"]
        for label, accuracy in first.by_label.items()
    ]
    asked = [
        [
            str(example.inputs["text"]),
            ", ".join(
                f"{label} {percent(score)}"
                for label, score in zip(example.answer["labels"], example.answer["scores"], strict=True)
            ),
        ]
        for example in measured.examples
    ]
    total = sum(measured.stage_seconds.values())
    stages = ", ".join(f"{name} {seconds / 60:.1f}" for name, seconds in measured.stage_seconds.items())
    recipe = f"""
It starts from the built-in nano-fill-mask (which `python -m tui.training fill-mask --data DIR` rebuilds) and learns
from {measured.pairs:,} pairs of a text and a sentence with a label:

1. Package descriptions with the topic of their archive section, and with that of another section.
2. Meanings of nouns from WordNet with what the noun is a kind of, with another such kind (contradiction) and with
   another word of its own kind (neutral).
3. Descriptions, example sentences and reviews with labels that a *larger model*, all-MiniLM-L6-v2, finds close,
   related or far among some thirteen hundred topics.

Half of the sentences use the pipeline's template, the others five more. The shipped weights are a moving average
over the last steps, rounded to float16; all figures were measured after rounding.

It took {total:.0f} seconds of processor time ({total / 60:.0f} minutes: {stages}) after that of nano-fill-mask, run
on one core of a shared x86-64 machine without a GPU. Seeds are fixed: the same command prints the same held-out
figures on the same kind of machine with the same library versions."""
    origin = """
The ten sections were chosen before anything was trained. Labels that hold one of their words or one alike ("card
game", "e-mail", "radio") were left out of the training too; texts may hold these words. The larger model was
pretrained by others on a billion public pairs of texts. All settings were fixed beforehand, none by these results.

The weights start from those of nano-fill-mask and through it from those of all-MiniLM-L6-v2, whose license,
Apache-2.0, they keep. WordNet 3.0 is copyright 2006 by Princeton University."""
    downloads = "\n".join(dict.fromkeys(source.command for source in SOURCES))
    how = _HOW_MEASURED.format(labels=", ".join(CANDIDATES), chance=percent(_CHANCE))
    return f"""{matter}

# nano-zero-shot

{paragraphs(introduction)}

## How good it is

{results_table(measured.rankings)}

{paragraphs(how)}

{paragraphs(verdict)}

{table(["label", "examples", "right"], by_label)}

What it answers to five inputs, right or wrong; the first is that of the Hugging Face course, the others were
written before any answer was seen:

{table(["text", "labels"], asked)}

## Limits

{paragraphs(_LIMITS)}

## How it was made

```
{downloads}
python -m tui.training zero-shot --data DIR
```

{paragraphs(recipe)}

## Data and license

{source_table(SOURCES, measured.source_digests)}

{paragraphs(origin)}
"""
