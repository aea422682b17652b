"""Measures nano-translation on held-out sentences and writes its README.md and examples.json."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from transformers import AutoModelForSeq2SeqLM, GenerationConfig

from tui.training.card import front_matter, paragraphs, source_table, table
from tui.training.examples import Example, write_examples
from tui.training.sequences import written
from tui.training.sources import FRENCH_CATALOGUES
from tui.training.translation.corpus import DESCRIPTIONS, HELD_OUT_CATALOGUES, Corpus, Pair, source_files
from tui.training.translation.dictionary import Dictionary
from tui.training.translation.measure import Scores, chrf, scores
from tui.training.workspace import folder_bytes

# The first is the sentence of the Hugging Face course; the others were written before any answer was seen.
EXAMPLE_TEXTS = (
    "Ce cours est produit par Hugging Face.",
    "Cliquez sur le bouton pour enregistrer le fichier.",
    "Cette bibliothèque permet de lire et d'écrire des fichiers audio.",
    "Je ne sais pas où se trouve la gare.",
    "Le chat dort sur le canapé.",
)
SAMPLE_SIZE = 120
BAR = 10

_HOW_MEASURED = """
chrF (character 6-grams, beta 2) and BLEU as sacrebleu computes them, one reference each; behind ± the reach
of the 95 % interval of chrF (bootstrap over sentences). The dictionary is the baseline: it puts in place of
each French word the English word it most often leads to under IBM Model 1 (8 rounds, learned from the same
pairs), copies a word it has not seen, keeps the order, the capital letters and the rules of English spacing.
Both translate the same sentences. Names and words that both languages spell alike are right in a dictionary
too, and chrF weighs recall more than precision, so that saying too much costs it little; BLEU looks at runs of
words."""
_LIMITS = """
- It knows the French of software: package descriptions, menus and messages, the stories of one game. Of
  ordinary life it has seen little; rare words come out as guesses that look like French or like another word.
- It can leave out a part of a long sentence, say a part twice or invent one: read the French beside it.
- One sentence at a time, up to 80 tokens as in training; it takes 512.
- Characters it has not seen, as emoji and most other alphabets, are lost.
- Quotation marks come out straight. French only, into English only.
- It repeats what its translators wrote, errors and prejudices included."""


@dataclass(frozen=True)
class Row:
    """One row of the table of results: ours against the dictionary on the same held-out sentences."""

    name: str
    sentences: int
    ours: Scores
    baseline: Scores


@dataclass(frozen=True)
class Measured:
    """Everything the card states that only the training run knows.

    `sample` is the chrF on the committed sample; `parts` counts the pairs of each part of the split.
    """

    rows: Sequence[Row]
    sample: float
    examples: Sequence[Example]
    seconds: float
    parts: Mapping[str, int]
    catalogue_pairs: int
    length_penalty: float
    beams: int
    parameters: int
    width: int
    layers: tuple[int, int]
    weight_bytes: int
    vocabulary: int
    source_digests: Mapping[str, str]


def answers(folder: Path, texts: Sequence[str] = EXAMPLE_TEXTS) -> list[Example]:
    """Return what the pipeline `translation` of transformers 4 answered, one text at a time."""
    return [
        Example({"text": text}, [{"translation_text": translation}])
        for text in texts
        for translation in written(folder, [text])
    ]


def sample_of(pairs: Sequence[Pair], size: int = SAMPLE_SIZE) -> list[Pair]:
    """Return the held-out pairs that are committed with the tests: `size` of them, evenly spread."""
    return [pairs[index * len(pairs) // size] for index in range(min(size, len(pairs)))]


def sample_json(pairs: Sequence[Pair]) -> str:
    """Return pairs as the JSON of the committed sample: a list of [kind, French, English], one a line."""
    lines = (json.dumps([pair.kind, pair.french, pair.english], ensure_ascii=False) for pair in pairs)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def compare_held_out(folder: Path, corpus: Corpus) -> list[Row]:
    """Return the scores of the checkpoint and of the dictionary for each kind of held-out sentences."""
    dictionary = Dictionary((pair.french, pair.english) for pair in corpus.train)
    rows: list[Row] = []
    for kind in (DESCRIPTIONS, *HELD_OUT_CATALOGUES.values()):
        pairs = [pair for pair in corpus.held_out if pair.kind == kind]
        if pairs:
            french, english = [pair.french for pair in pairs], [pair.english for pair in pairs]
            rows.append(
                Row(
                    name=f"**{kind}**" if kind == DESCRIPTIONS else kind,
                    sentences=len(pairs),
                    ours=scores(written(folder, french), english),
                    baseline=scores([dictionary.translate(sentence) for sentence in french], english),
                )
            )
    return rows


def results_table(rows: Sequence[Row]) -> str:
    """Return the table of held-out results."""
    return table(
        ["held-out sentences", "number", "this checkpoint, chrF", "dictionary, chrF", "BLEU", "its BLEU"],
        [
            [
                row.name,
                f"{row.sentences:,}",
                *(f"{side.chrf:.1f} ± {side.reach:.1f}" for side in (row.ours, row.baseline)),
                *(f"{side.bleu:.1f}" for side in (row.ours, row.baseline)),
            ]
            for row in rows
        ],
    )


def measure_and_write(folder: Path, corpus: Corpus, seconds: float, digests: Mapping[str, str]) -> str:
    """Write card and examples into the checkpoint folder; return the held-out results for the terminal."""
    model = AutoModelForSeq2SeqLM.from_pretrained(str(folder))
    settings = GenerationConfig.from_pretrained(str(folder))
    sample = sample_of(corpus.held_out)
    examples = answers(folder)
    write_examples(folder, examples)
    measured = Measured(
        rows=compare_held_out(folder, corpus),
        sample=chrf(written(folder, [pair.french for pair in sample]), [pair.english for pair in sample]),
        examples=examples,
        seconds=seconds,
        parts={
            "train": len(corpus.train),
            "validation": len(corpus.validation),
            "held out": len(corpus.held_out),
        },
        catalogue_pairs=sum(pair.kind != DESCRIPTIONS for pair in corpus.train),
        length_penalty=float(settings.length_penalty),
        beams=int(settings.num_beams),
        parameters=sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad),
        width=int(model.config.d_model),
        layers=(int(model.config.encoder_layers), int(model.config.decoder_layers)),
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
            "language": ["fr", "en"],
            "library_name": "transformers",
            "pipeline_tag": "translation",
            "tags": ["marian", "unigram", "logitscope"],
        }
    )
    headline = measured.rows[0]
    lead = headline.ours.chrf - headline.baseline.chrf
    introduction = f"""
Translates French into English. A `MarianMTModel` of {measured.parameters:,} parameters (width
{measured.width}, {measured.layers[0]} encoder and {measured.layers[1]} decoder layers, float16 on disk,
float32 when loaded) with its own Unigram vocabulary of {measured.vocabulary:,} entries for both languages;
{measured.weight_bytes / 1e6:.2f} MB without this card. It ships with Logitscope so that the playground has
something to show at once, offline and on any processor. It is made to be looked into, not to be relied on."""
    verdict = f"""
The bar set before the training was to lead the dictionary by {BAR} points of chrF on held-out package
descriptions. The lead is {lead:.1f} points: the bar is {"reached" if lead >= BAR else "**not** reached"}. On
the {SAMPLE_SIZE} held-out sentences that are kept with the tests its chrF is {measured.sample:.1f}."""
    recipe = f"""
1. Package descriptions and their translations are paired paragraph by paragraph, item by item and sentence by
   sentence where the counts agree, and what programs say with what they say in French. Pairs whose lengths or
   numbers don't fit are left out, and so are those with placeholders or code.
2. One Unigram vocabulary is learned from both sides of the train part.
3. IBM Model 1 learns which piece leads to which. Pieces that lead to each other start with similar
   embeddings, and the decoder's attention starts by handing on what it reads: the untrained model is a kind
   of dictionary. All else starts at random.
4. The checkpoint learns to write the translation (cross-entropy, label smoothing 0.1; Muon for the
   matrices of the layers, AdamW for the rest). The shipped weights
   are a moving average over the last steps, rounded to float16; all figures were measured after rounding. It
   writes with a beam of {measured.beams}; its length penalty, {measured.length_penalty:g}, was chosen on the
   validation part.

The fourth step took {measured.seconds:.0f} seconds of processor time ({measured.seconds / 60:.0f} minutes),
run on one core of a shared x86-64 machine without a GPU; the steps before take some minutes. Seeds are fixed:
the same command prints the same held-out figures on the same kind of machine with the same library
versions."""
    parts = ", ".join(f"{count:,} {name}" for name, count in measured.parts.items())
    held_out = " and ".join(f"`{package}` ({kind})" for package, kind in HELD_OUT_CATALOGUES.items())
    origin = f"""
The descriptions were written by the Debian maintainers and translated by the Debian localization team; the
catalogues are part of {len(FRENCH_CATALOGUES)} packages of free software, each under its own terms.

Split in pairs: {parts}; {measured.catalogue_pairs:,} of the train part are from programs. Descriptions are
split by source package, and {held_out} are held out as wholes. A validation or held-out pair whose French or
English is nearly that of a train pair (sets of words that overlap by 70 % or more, numbers alike) is left
out, so the set phrases of the descriptions are not counted. Settings were chosen on the validation part."""
    described = [source for source in source_files() if source not in FRENCH_CATALOGUES]
    catalogues = table(
        ["package", "SHA-256"],
        [
            [f"`{source.file.partition('_')[0]}`", f"`{measured.source_digests[source.file][:16]}…`"]
            for source in FRENCH_CATALOGUES
        ],
    )
    packages = " ".join(source.file.partition("_")[0] for source in FRENCH_CATALOGUES)
    downloads = "\n".join(dict.fromkeys(source.command for source in described))
    shown = [
        [str(example.inputs["text"]), example.answer[0]["translation_text"]] for example in measured.examples
    ]
    return f"""{matter}

# nano-translation

{paragraphs(introduction)}

## How good it is

{results_table(measured.rows)}

{paragraphs(_HOW_MEASURED)}

{paragraphs(verdict)}

What it answers to five inputs, right or wrong; the first is the sentence of the Hugging Face course, the
others were written before any answer was seen:

{table(["French", "what it answers"], shown)}

## Limits

{paragraphs(_LIMITS)}

## How it was made

```
{downloads}
cd DIR && apt-get download {packages}
python -m tui.training translation --data DIR
```

{paragraphs(recipe)}

## Data and license

{source_table(described, measured.source_digests)}

{paragraphs(origin)}

{catalogues}
"""
