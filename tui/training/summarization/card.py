"""Measures nano-summarization on held-out descriptions and writes its README.md and examples.json."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from transformers import AutoModelForSeq2SeqLM, GenerationConfig

from tui.training.card import front_matter, paragraphs, source_table, table
from tui.training.examples import Example, write_examples
from tui.training.sequences import written
from tui.training.sources import DEBIAN_ENGLISH, DEBIAN_PACKAGES
from tui.training.summarization.pairs import COMMON_SYNOPSIS, FEWEST_WORDS, LARGEST_FAMILY, Pair
from tui.training.summarization.rouge import mean_with_interval, rouge_l
from tui.training.texts.alignment import sentences
from tui.training.workspace import folder_bytes

PREFIX = "summarize: "
SOURCES = (DEBIAN_ENGLISH, DEBIAN_PACKAGES)
SAMPLE_SIZE = 80
# The first is the text of the Hugging Face course; the others were written before any answer was seen.
EXAMPLE_TEXTS = (
    "America has changed dramatically during recent years. Not only has the number of graduates in traditional "
    "engineering disciplines such as mechanical, civil, electrical, chemical, and aeronautical engineering "
    "declined, but in most of the premier American universities engineering curricula now concentrate on and "
    "encourage largely the study of engineering science. As a result, there are declining offerings in "
    "engineering subjects dealing with infrastructure, the environment, and related issues, and greater "
    "concentration on high technology subjects, largely supporting increasingly complex scientific developments. "
    "While the latter is important, it should not be at the expense of more traditional engineering. Rapidly "
    "developing economies such as China and India, as well as other industrial countries in Europe and Asia, "
    "continue to encourage and advance the teaching of engineering. Both China and India, respectively, graduate "
    "six and eight times as many traditional engineers as does the United States. Other industrial countries at "
    "minimum maintain their output, while America suffers an increasingly serious decline in the number of "
    "engineering graduates and a lack of well-educated engineers.",
    "Logitscope shows how a language model answers. You type a text and see its tokens, the logits and the "
    "probabilities in the terminal, all while the model runs on your own computer.",
    "Tides is a small program for sailors. It computes the times of high and low water for harbors all over the "
    "world, draws them as a curve and prints a calendar for the week. It needs no connection to the internet.",
    "This library reads and writes audio files. It knows WAV, FLAC and Ogg Vorbis, converts between sample rates "
    "and can be used from C and Python programs.",
    "The game puts you in command of a fleet of spaceships. Build stations, trade with your neighbors and defend "
    "your planets against pirates. Up to eight players can play over a network.",
)

_HOW_MEASURED = """
ROUGE-L of the line against the one that the package's maintainer wrote: the F-measure of the longest common
sequence of words, the mean over all texts, 0..100; in brackets the 95 % interval (bootstrap over texts). The
baseline is the first sentence, cut to as many words as the maintainer's line has (it is told that number, the
checkpoint is not), to as many as the checkpoint's line has, or not cut at all."""
_LIMITS = """
- It knows package descriptions. Whatever it reads, it writes a line as if it were a program or a library:
  news or stories come out as nonsense.
- It learned from the first 112 tokens of each text and reads up to 512; what comes late in a text hardly
  counts.
- It may say what the text does not: a name, a purpose, a programming language that often goes with the
  others.
- A line of a few words, never a paragraph. English only.
- Its input begins with the prefix "summarize: " as in training; the checkpoint names it in config.json."""


@dataclass(frozen=True)
class Row:
    """One row of the table of results: what was scored, its mean ROUGE-L and the 95 % interval, each 0..100."""

    name: str
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Measured:
    """Everything the card states that only the training run knows.

    `rows` begin with the checkpoint's own; `sample` is its mean ROUGE-L (0..100) on the committed sample.
    """

    rows: Sequence[Row]
    texts: int
    sample: float
    examples: Sequence[Example]
    seconds: float
    parts: Mapping[str, int]
    length_penalty: float
    beams: int
    parameters: int
    width: int
    layers: tuple[int, int]
    weight_bytes: int
    vocabulary: int
    source_digests: Mapping[str, str]


def summaries_of(folder: Path, texts: Sequence[str]) -> list[str]:
    """Return the checkpoint's line for each text, written with the prefix of its training."""
    return written(folder, [PREFIX + text for text in texts])


def answers(folder: Path, texts: Sequence[str] = EXAMPLE_TEXTS) -> list[Example]:
    """Return what the pipeline `summarization` of transformers 4 answered, one text at a time."""
    return [
        Example({"text": text}, [{"summary_text": summary}])
        for text in texts
        for summary in summaries_of(folder, [text])
    ]


def sample_of(pairs: Sequence[Pair], size: int = SAMPLE_SIZE) -> list[Pair]:
    """Return the held-out pairs that are committed with the tests: `size` of them, evenly spread."""
    return [pairs[index * len(pairs) // size] for index in range(min(size, len(pairs)))]


def sample_json(pairs: Sequence[Pair]) -> str:
    """Return pairs as the JSON of the committed sample: a list of [text, summary], one a line."""
    lines = (json.dumps([pair.text, pair.summary], ensure_ascii=False) for pair in pairs)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def mean_rouge(summaries: Sequence[str], pairs: Sequence[Pair]) -> float:
    """Return the mean ROUGE-L of summaries, 0..100."""
    return fmean(100 * rouge_l(summary, pair.summary) for summary, pair in zip(summaries, pairs, strict=True))


def compare_held_out(folder: Path, pairs: Sequence[Pair]) -> list[Row]:
    """Return the score of the checkpoint, then those of the first sentence cut in three ways."""
    ours = summaries_of(folder, [pair.text for pair in pairs])
    first = [sentences(pair.text)[0].split() for pair in pairs]

    def row(name: str, write: Callable[[int], str]) -> Row:
        values = [100 * rouge_l(write(index), pair.summary) for index, pair in enumerate(pairs)]
        return Row(name, *mean_with_interval(values))

    return [
        row("**this checkpoint**", lambda index: ours[index]),
        row(
            "first sentence, cut to the length of the maintainer's line",
            lambda index: " ".join(first[index][: len(pairs[index].summary.split())]),
        ),
        row(
            "first sentence, cut to the length of the checkpoint's line",
            lambda index: " ".join(first[index][: len(ours[index].split())]),
        ),
        row("first sentence, whole", lambda index: " ".join(first[index])),
    ]


def results_table(rows: Sequence[Row]) -> str:
    """Return the table of held-out results."""
    return table(
        ["line", "ROUGE-L"], [[row.name, f"{row.mean:.1f} ({row.low:.1f}–{row.high:.1f})"] for row in rows]
    )


def measure_and_write(
    folder: Path, pairs: Mapping[str, Sequence[Pair]], seconds: float, digests: Mapping[str, str]
) -> str:
    """Write card and examples into the checkpoint folder; return the held-out results for the terminal."""
    model = AutoModelForSeq2SeqLM.from_pretrained(str(folder))
    settings = GenerationConfig.from_pretrained(str(folder))
    sample = sample_of(pairs["held_out"])
    examples = answers(folder)
    write_examples(folder, examples)
    measured = Measured(
        rows=compare_held_out(folder, pairs["held_out"]),
        texts=len(pairs["held_out"]),
        sample=mean_rouge(summaries_of(folder, [pair.text for pair in sample]), sample),
        examples=examples,
        seconds=seconds,
        parts={part.replace("_", " "): len(members) for part, members in pairs.items()},
        length_penalty=float(settings.length_penalty),
        beams=int(settings.num_beams),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        width=int(model.config.d_model),
        layers=(int(model.config.num_layers), int(model.config.num_decoder_layers)),
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
            "pipeline_tag": "summarization",
            "tags": ["t5", "unigram", "logitscope"],
        }
    )
    ours, cuts = measured.rows[0], measured.rows[1:3]
    hardest = max(cuts, key=lambda row: row.mean)
    introduction = f"""
Puts an English text about a piece of software in one line. A `T5ForConditionalGeneration` of
{measured.parameters:,} parameters (width {measured.width}, {measured.layers[0]} encoder and
{measured.layers[1]} decoder layers, relative positions, gated GELU, float16 on disk, float32 when loaded)
with its own Unigram vocabulary of {measured.vocabulary:,} entries; {measured.weight_bytes / 1e6:.2f} MB
without this card. It ships with Logitscope so that the playground has something to show at once, offline and
on any processor. It is made to be looked into, not to be relied on."""
    verdict = f"""
Measured on {measured.texts:,} held-out texts. The bar set before the training was the first sentence cut to
the same length, the better of the two cuts: it is
{"reached" if ours.mean > hardest.mean else "**not** reached"}, by {ours.mean - hardest.mean:.1f} points. On
the {SAMPLE_SIZE} held-out texts that are kept with the tests the checkpoint's ROUGE-L is
{measured.sample:.1f}."""
    recipe = f"""
The text of a package description is the input, the line that its maintainer put above it the wanted output.
Of a source package at most {LARGEST_FAMILY} descriptions are used, as those of sibling packages repeat each
other; texts of fewer than {FEWEST_WORDS} words are left out, and lines that {COMMON_SYNOPSIS} or more
packages share. The Unigram vocabulary is learned from the train part. Three attentions start so that the
untrained model goes on as the text does where its last word stands, since most words of a line stand in the
text; all else starts at random. The loss is cross-entropy with label smoothing 0.1, the optimizers are Muon for
the matrices of the layers and AdamW for the rest. The shipped weights are a moving average over the last steps,
rounded to float16; all figures were measured after rounding. It writes with a beam of {measured.beams}; its
length penalty, {measured.length_penalty:g}, was chosen on the validation part.

The training took {measured.seconds:.0f} seconds of processor time ({measured.seconds / 60:.0f} minutes), run
on one core of a shared x86-64 machine without a GPU. Seeds are fixed: the same command prints the same
held-out figures on the same kind of machine with the same library versions."""
    parts = ", ".join(f"{count:,} {name}" for name, count in measured.parts.items())
    origin = f"""
The descriptions were written by the Debian maintainers, each under the terms of its package. Split in texts:
{parts}, by source package; a description nearly that of a held-out one (sets of words that overlap by 70 % or
more) is left out of the other parts. Settings were chosen on the validation part."""
    shown = [
        [str(example.inputs["text"]), example.answer[0]["summary_text"]] for example in measured.examples
    ]
    downloads = "\n".join(dict.fromkeys(source.command for source in SOURCES))
    return f"""{matter}

# nano-summarization

{paragraphs(introduction)}

## How good it is

{results_table(measured.rows)}

{paragraphs(_HOW_MEASURED)}

{paragraphs(verdict)}

What it answers to five inputs, right or wrong; the first is the text of the Hugging Face course, the others
were written before any answer was seen:

{table(["text", "what it answers"], shown)}

## Limits

{paragraphs(_LIMITS)}

## How it was made

```
{downloads}
python -m tui.training summarization --data DIR
```

{paragraphs(recipe)}

## Data and license

{source_table(SOURCES, measured.source_digests)}

{paragraphs(origin)}
"""
