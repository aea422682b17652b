"""Measures nano-ner on the held-out documents and writes its README.md and examples.json."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoModelForTokenClassification, pipeline

from tui.training.card import front_matter, paragraphs, percent, source_table, table
from tui.training.examples import Example, write_examples
from tui.training.ner.gazetteer import Gazetteer
from tui.training.ner.measure import Scored, entities_by_checkpoint, score
from tui.training.ner.sentences import TYPES, Entity, Sentence
from tui.training.sources import NAMED_DOCUMENT_SOURCES
from tui.training.splits import SIMILARITY
from tui.training.texts.documents import SPLIT_SEED
from tui.training.texts.names import Names
from tui.training.workspace import folder_bytes

EXAMPLE_TEXTS = (
    "My name is Sylvain and I work at Hugging Face in Brooklyn.",
    "Angela Merkel met Emmanuel Macron at the Elysée Palace in Paris on Tuesday.",
    "Last year Toyota opened a factory near São Paulo.",
    "The Beatles recorded Abbey Road in London in 1969.",
    "my sister lives in berlin and works for siemens",
)
SAMPLE_SIZE = 150
_HAND_CHECKED = Path(__file__).with_name("hand_checked.json")

_HOW_MEASURED = """
F1 of whole entities, as CoNLL 2003 counts: right is an entity with the right first and last character and the right
type. In brackets the 95 % interval (bootstrap over sentences). The held-out part is whole documents of which
nothing was seen in training. *Silver* labels are those of spaCy's small pipeline, which this checkpoint
learned from: they hold errors, and agreeing with them is not the same as being right. *By hand*: 100 of the
held-out sentences, 25 of each kind of document, in which a reader marked the entities before the checkpoint
had seen them; they ship with its training as `hand_checked.json`. spaCy's own score there says how good the
teacher is.

*This checkpoint* is the transformers pipeline with `aggregation_strategy="{strategy}"`, where each word gets one
label from its pieces; that strategy was chosen on the validation part, where the F1 on silver labels is
{by_strategy}. *Its pieces* is the same checkpoint with
"simple", as in the examples below: each piece of a word speaks for itself, and a word that it has not seen may
fall apart.

The *gazetteer* is the baseline: it marks the longest name it knows, from left to right, where it knows all
names that spaCy marked in the training documents, {first:,} first and {last:,} last names, {cities:,} cities
and all countries; a word that is seldom a name in the training documents is none, and first and last names
that follow each other are one person."""
STRATEGIES = ("first", "average", "max")
_LIMITS = """
- It learned from the labels of a small pipeline and repeats its errors. MISC is whatever name is no person,
  organization or location: nations, languages, events, works, products, laws.
- English only, and written as in an encyclopedia or a newspaper: chats, e-mails and lists were not seen. Text
  without capitals was seen a little, and is marked worse.
- Sentences were cut to 96 tokens in training; nothing is trained beyond 256.
- The documents are few: encyclopedia articles whose titles begin with A, news and editorials of the years 1987 to
  2001, accounts of countries. Names that came up since are known only where their form or their sentence gives them
  away.
- The first and last names are those of the US census of 1990: names from elsewhere are where to expect
  errors. Don't use it to decide anything about people, nor to remove names from texts that must not hold any."""


@dataclass(frozen=True)
class Comparison:
    """Entities by the checkpoint and by the gazetteer, and by spaCy where that is not the measure itself.

    `ours` is with one label for a word, `by_pieces` with one for each piece ("simple").
    """

    sentences: int
    ours: Scored
    by_pieces: Scored
    gazetteer: Scored
    spacy: Scored | None = None


@dataclass(frozen=True)
class Measured:
    """Everything the card states that only the training run knows."""

    silver: Comparison
    by_hand: Comparison
    sample: Scored
    strategies: Mapping[str, float]
    """F1 (0..1) on the validation part by aggregation strategy."""
    examples: Sequence[Example]
    stage_seconds: Mapping[str, float]
    parts: Mapping[str, int]
    names: Mapping[str, int]
    width: int
    embedding_width: int
    layers: int
    parameters: int
    weight_bytes: int
    vocabulary: int
    source_digests: Mapping[str, str]


def read_checked(path: Path = _HAND_CHECKED) -> list[Sentence]:
    """Return sentences with their entities from a JSON list of `document`, `text` and `entities`."""
    return [
        Sentence(entry["document"], entry["text"], tuple(Entity(*entity) for entity in entry["entities"]))
        for entry in json.loads(path.read_text(encoding="utf-8"))
    ]


def sample_of(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Return 150 of the held-out sentences, chosen by a hash of their text: those the tests keep a copy of."""
    return sorted(sentences, key=lambda sentence: hashlib.sha256(sentence.text.encode()).digest())[
        :SAMPLE_SIZE
    ]


def answers(folder: Path, texts: Sequence[str]) -> list[Example]:
    """Return what the pipeline of the task says of each text, scores rounded to four decimals."""
    tagger = pipeline("token-classification", model=str(folder), aggregation_strategy="simple", device="cpu")
    return [
        Example(
            {"text": text}, [{**group, "score": round(float(group["score"]), 4)} for group in tagger(text)]
        )
        for text in texts
    ]


def measure_and_write(
    folder: Path,
    parts: Mapping[str, Sequence[Sentence]],
    names: Names,
    seconds: Mapping[str, float],
    digests: Mapping[str, str],
) -> str:
    """Write card and examples into the checkpoint folder; return the held-out results as lines for the terminal."""
    gazetteer = Gazetteer(parts["train"], names)
    held_out, checked = list(parts["held_out"]), read_checked()
    strategies = f1_by_strategy(folder, parts["validation"])
    chosen = max(strategies, key=lambda name: strategies[name])
    silver = {sentence.text: sentence.entities for sentence in held_out}

    def comparison(sentences: Sequence[Sentence], with_spacy: bool) -> Comparison:
        expected = [sentence.entities for sentence in sentences]
        by_spacy = [silver.get(sentence.text, ()) for sentence in sentences]
        return Comparison(
            sentences=len(sentences),
            ours=score(entities_by_checkpoint(str(folder), sentences, chosen), expected),
            by_pieces=score(entities_by_checkpoint(str(folder), sentences), expected),
            gazetteer=score([gazetteer.entities(sentence.text) for sentence in sentences], expected),
            spacy=score(by_spacy, expected) if with_spacy else None,
        )

    sample = sample_of(held_out)
    model = AutoModelForTokenClassification.from_pretrained(str(folder))
    examples = answers(folder, EXAMPLE_TEXTS)
    write_examples(folder, examples)
    measured = Measured(
        silver=comparison(held_out, with_spacy=False),
        by_hand=comparison(checked, with_spacy=True),
        sample=score(
            entities_by_checkpoint(str(folder), sample, chosen), [sentence.entities for sentence in sample]
        ),
        strategies=strategies,
        examples=examples,
        stage_seconds=seconds,
        parts={name.replace("_", " "): len(members) for name, members in parts.items()},
        names={"first": len(names.first), "last": len(names.last), "cities": len(names.cities)},
        width=int(model.config.hidden_size),
        embedding_width=int(model.config.embedding_size),
        layers=int(model.config.num_hidden_layers),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        weight_bytes=folder_bytes(folder),
        vocabulary=int(model.config.vocab_size),
        source_digests=digests,
    )
    (folder / "README.md").write_text(card_text(measured), encoding="utf-8")
    return comparison_table(measured.silver, measured.by_hand)


def f1_by_strategy(folder: Path, sentences: Sequence[Sentence]) -> dict[str, float]:
    """Return the F1 (0..1) of the pipeline's strategies that give each word one label."""
    expected = [sentence.entities for sentence in sentences]
    return {
        name: score(entities_by_checkpoint(str(folder), sentences, name), expected).all_types.f1
        for name in STRATEGIES
    }


def comparison_table(silver: Comparison, by_hand: Comparison) -> str:
    """Return the table of held-out results: one row for all entities of each sort of labels, one for each type."""

    def cells(which: Scored | None, sort: str | None) -> str:
        if which is None:
            return "–"
        if sort:
            return percent(which.by_type[sort].f1)
        low, high = which.interval
        return f"{percent(which.all_types.f1)} ({100 * low:.1f}–{100 * high:.1f})"

    rows: list[list[str]] = []
    for title, compared in (("silver", silver), ("by hand", by_hand)):
        for sort in (None, *TYPES):
            expected = compared.ours.by_type[sort] if sort else compared.ours.all_types
            rows.append(
                [
                    f"{title}, {sort}" if sort else f"**{title}, all**",
                    f"{expected.expected:,}" + ("" if sort else f" in {compared.sentences:,} sentences"),
                    cells(compared.ours, sort),
                    cells(compared.by_pieces, sort),
                    cells(compared.gazetteer, sort),
                    cells(compared.spacy, sort),
                ]
            )
    return table(
        ["F1 on held-out documents", "entities", "this checkpoint", "its pieces", "gazetteer", "spaCy"], rows
    )


def card_text(measured: Measured) -> str:
    """Return the whole card, Markdown with YAML front matter."""
    matter = front_matter(
        {
            "license": "cc-by-sa-4.0",
            "language": "en",
            "library_name": "transformers",
            "pipeline_tag": "token-classification",
            "tags": ["ner", "electra", "wordpiece", "logitscope"],
        }
    )
    overall, precise = measured.silver.ours.all_types, measured.sample.all_types
    seconds = sum(measured.stage_seconds.values())
    stages = ", ".join(f"{name} {spent:.0f}" for name, spent in measured.stage_seconds.items())
    downloads = "\n".join(source.command for source in NAMED_DOCUMENT_SOURCES)
    parts = ", ".join(f"{count:,} {name}" for name, count in measured.parts.items())
    introduction = f"""
Marks the names in an English sentence: people (PER), organizations (ORG), locations (LOC) and others (MISC). An
`ElectraForTokenClassification` of {measured.parameters:,} parameters (embeddings of width
{measured.embedding_width}, {measured.layers} layers of width {measured.width}; float16 on disk, float32 when
loaded) with its own cased WordPiece vocabulary of {measured.vocabulary:,} entries;
{measured.weight_bytes / 1e6:.2f} MB without this
card. It ships with Logitscope so that the playground has something to show at once, offline and on any
processor. It is made to be looked into, not to be relied on."""
    precision = f"""
On the silver labels the precision of whole words is {percent(overall.precision)} and their recall
{percent(overall.recall)}. On the {SAMPLE_SIZE} held-out sentences that the tests keep a copy of, its F1 is
{percent(precise.f1)}."""
    chosen = max(measured.strategies, key=lambda name: measured.strategies[name])
    by_strategy = ", ".join(f"{percent(f1)} with {name}" for name, f1 in measured.strategies.items())
    recipe = f"""
1. spaCy's small English pipeline splits the documents into sentences and marks the names in them. Its types become
   four: GPE, LOC and FAC are LOC; NORP, PRODUCT, EVENT, WORK_OF_ART, LANGUAGE and LAW are MISC; articles and
   possessives are left out of a name, as CoNLL 2003 has it.
2. Each sentence comes again with other names in it: from the lists, from other sentences, and made up from
   the halves of two names. So a name is told by its sentence as well. To these come everyday sentences, made of
   frames with blanks: the first of the examples above has the form of one of them, with other names.
3. The checkpoint learns the label of each piece of a word. It starts from the word embeddings of all-MiniLM-L6-v2,
   projected to fewer dimensions, plus a direction for capitals; positions are sinusoids in dimensions of their own,
   and two heads of the first two layers start with reading the token before and the token after; all else starts
   at random. The shipped weights are a moving average over the last steps, rounded to float16; all figures were
   measured after rounding.

It took {seconds:,.0f} seconds of processor time ({stages}), run on one core of a shared x86-64 machine without
a GPU. Seeds are fixed: the same command prints the same held-out figures on the same kind of machine with the
same library versions."""
    origin = f"""
The texts of Wikipedia are by its authors, CC BY-SA; the snippets of editorials those of C.J. Hutto and E. Gilbert
(ICWSM 2014); the news those of M. Lee, B. Pincombe and M. Welsh, "An Empirical Evaluation of Models of Text
Document Similarity" (2005). The weights start from those of all-MiniLM-L6-v2, Apache-2.0.

Split: {parts} sentences, whole documents at a time, by a SHA-256 of the seed {SPLIT_SEED} and the document's name.
Paragraphs of the training part that nearly repeat one of another part (sets of words that overlap by
{SIMILARITY:.0%} or more) are left out. Vocabulary, names and training saw the train part alone; settings were
chosen on the validation part."""
    return f"""{matter}

# nano-ner

{paragraphs(introduction)}

## How good it is

{comparison_table(measured.silver, measured.by_hand)}

{paragraphs(precision)}

{paragraphs(_HOW_MEASURED.format(**measured.names, strategy=chosen, by_strategy=by_strategy))}

## Examples

{table(["text", "what it marks"], [[str(row.inputs["text"]), _marked(row.answer)] for row in measured.examples])}

## Limits

{paragraphs(_LIMITS)}

## How it was made

```
{downloads}
pip install 'logitscope[training]'
python -m tui.training ner --data DIR
```

{paragraphs(recipe)}

## Data and license

{source_table(NAMED_DOCUMENT_SOURCES, measured.source_digests)}

{paragraphs(origin)}
"""


def _marked(groups: Sequence[Mapping[str, Any]]) -> str:
    return (
        ", ".join(f"{group['word']} {group['entity_group']} {group['score']:.4f}" for group in groups) or "–"
    )
