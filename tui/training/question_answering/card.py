"""Measures nano-question-answering on the held-out documents and writes its README.md and examples.json."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from transformers import AutoModelForQuestionAnswering

from tui.training.card import front_matter, paragraphs, percent, source_table, table
from tui.training.examples import Example as Answered
from tui.training.examples import write_examples
from tui.training.question_answering.examples import MOST_WORDS, Example, cloze_examples, cut
from tui.training.question_answering.measure import Scored, score
from tui.training.question_answering.reader import Reader
from tui.training.question_answering.rules import Rules
from tui.training.sources import NAMED_DOCUMENT_SOURCES
from tui.training.splits import SIMILARITY
from tui.training.texts.annotation import Paragraph, Span
from tui.training.texts.documents import SPLIT_SEED
from tui.training.workspace import folder_bytes

EXAMPLE_QUESTIONS = (
    ("Where do I work?", "My name is Sylvain and I work at Hugging Face in Brooklyn"),
    (
        "When was Mount Everest climbed for the first time?",
        "Edmund Hillary and Tenzing Norgay climbed Mount Everest for the first time on 29 May 1953. The expedition"
        " was led by John Hunt.",
    ),
    (
        "Who lives in the blue house?",
        "The old man lives in the red house. My friend Clara lives in the blue house with her two dogs.",
    ),
    (
        "How many people speak Icelandic?",
        "Icelandic is the language of Iceland. It is spoken by about 314,000 people, most of whom live in"
        " Reykjavik.",
    ),
    (
        "What is the engine called?",
        "The new search engine is called Larch. It was written in Rust by a small team in Lyon and replaces Grep.",
    ),
)
SAMPLE_SIZE = 100
_HAND_WRITTEN = Path(__file__).with_name("hand_written.json")
_QUESTION_SEED = 1

_HOW_MEASURED = """
F1 of the words of the answer, with the 95 % interval (bootstrap over questions), and share of exact matches,
both after SQuAD's normalization (case, punctuation and articles don't count). The held-out part is whole
documents of which nothing was seen in training. *Cloze* questions are made by the rules that made those of
the training, so they tell how well it learned those, not how well it answers people. *By hand* are {by_hand}
questions that a reader wrote on held-out passages in his own words before the checkpoint had seen them; they
ship with its training as `hand_written.json`.

Two baselines answer the same questions. Both pick the sentence whose words are most like those of the
question (cosine of tf-idf). The *last phrase* is the last noun phrase of that sentence that is not in the
question. The *fitting name* is the last name or number in it that fits the word that asks: a person for
"who", a place for "where", a date for "when", a number for "how many"; else the last phrase. It is a strong
rule: it is given spaCy's parse and names, from which the cloze questions were made, while the checkpoint sees
nothing but the words."""
_LIMITS = """
- Most of its questions were made by rules from the very sentence that answers: it looks for the words of the
  question. A question in other words than the text, one that needs two sentences or any thought, is where to
  expect errors.
- There is always an answer: it can't say that the text holds none, and a low score is the only hint.
- English only, lower-cased. It learned from texts of up to {words} words; a text is cut to {positions} tokens,
  question included.
- The documents are few: encyclopedia articles whose titles begin with A, news and editorials of the years 1987 to
  2001, accounts of countries.
- Don't use it to find facts that matter: it says what stands in a text, or something beside it."""


@dataclass(frozen=True)
class Comparison:
    """The checkpoint and the two rules on the same questions."""

    name: str
    ours: Scored
    last_phrase: Scored
    fitting_name: Scored


@dataclass(frozen=True)
class Measured:
    """Everything the card states that only the training run knows."""

    comparisons: Sequence[Comparison]
    sample: Scored
    examples: Sequence[Answered]
    questions: int
    stage_seconds: Mapping[str, float]
    parts: Mapping[str, int]
    width: int
    layers: int
    positions: int
    parameters: int
    weight_bytes: int
    vocabulary: int
    source_digests: Mapping[str, str]


def read_written(held_out: Sequence[Paragraph], path: Path = _HAND_WRITTEN) -> list[Example]:
    """Return the questions written by hand, with what spaCy found in their passages.

    Raises LookupError when a passage does not stand in the held-out documents.
    """
    examples: list[Example] = []
    for entry in json.loads(path.read_text(encoding="utf-8")):
        home = next((paragraph for paragraph in held_out if entry["context"] in paragraph.text), None)
        if home is None:
            raise LookupError(f"no held-out document holds the passage {entry['context'][:60]!r}")
        offset = home.text.index(entry["context"])
        window = Span(offset, offset + len(entry["context"]))
        answer = Span(offset + entry["start"], offset + entry["end"])
        examples.append(cut(home, window, entry["question"], answer))
    return examples


def sample_of(examples: Sequence[Example]) -> list[Example]:
    """Return 100 of the held-out questions, chosen by a hash: those the tests keep a copy of."""
    return sorted(
        examples,
        key=lambda example: hashlib.sha256(f"{example.question}\n{example.context}".encode()).digest(),
    )[:SAMPLE_SIZE]


def score_of(reader: Reader, examples: Sequence[Example]) -> Scored:
    """Return how well the checkpoint answers the examples."""
    answers = reader.answers([(example.question, example.context) for example in examples])
    return score([answer.answer for answer in answers], [example.answer for example in examples])


def answers(folder: Path, pairs: Sequence[tuple[str, str]]) -> list[Answered]:
    """Return what the pipeline of the task in transformers 4 says of each question, scores to four decimals."""
    found = Reader(folder).answers(pairs)
    return [
        Answered(
            {"question": question, "context": context}, {**asdict(answer), "score": round(answer.score, 4)}
        )
        for (question, context), answer in zip(pairs, found, strict=True)
    ]


def compare(folder: Path, parts: Mapping[str, Sequence[Paragraph]]) -> list[Comparison]:
    """Return the results on the held-out cloze questions and on those written by hand."""
    reader = Reader(folder)
    rules = Rules(
        paragraph.text[span.start : span.end] for paragraph in parts["train"] for span in paragraph.sentences
    )

    def comparison(name: str, examples: Sequence[Example]) -> Comparison:
        expected = [example.answer for example in examples]
        return Comparison(
            name=name,
            ours=score_of(reader, examples),
            last_phrase=score([rules.last_phrase(example) for example in examples], expected),
            fitting_name=score([rules.fitting_name(example) for example in examples], expected),
        )

    cloze = cloze_examples(parts["held_out"], _QUESTION_SEED)
    return [
        comparison("**cloze questions**", cloze),
        comparison("… that a name answers", [example for example in cloze if example.label]),
        comparison("… that a phrase answers", [example for example in cloze if not example.label]),
        comparison("**written by hand**", read_written(parts["held_out"])),
    ]


def measure_and_write(
    folder: Path,
    parts: Mapping[str, Sequence[Paragraph]],
    questions: int,
    seconds: Mapping[str, float],
    digests: Mapping[str, str],
) -> str:
    """Write card and examples into the checkpoint folder; return the held-out results as lines for the terminal."""
    model = AutoModelForQuestionAnswering.from_pretrained(str(folder))
    examples = answers(folder, EXAMPLE_QUESTIONS)
    write_examples(folder, examples)
    measured = Measured(
        comparisons=compare(folder, parts),
        sample=score_of(Reader(folder), sample_of(cloze_examples(parts["held_out"], _QUESTION_SEED))),
        examples=examples,
        questions=questions,
        stage_seconds=seconds,
        parts={
            name.replace("_", " "): len({paragraph.document for paragraph in members})
            for name, members in parts.items()
        },
        width=int(model.config.dim),
        layers=int(model.config.n_layers),
        positions=int(model.config.max_position_embeddings),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        weight_bytes=folder_bytes(folder),
        vocabulary=int(model.config.vocab_size),
        source_digests=digests,
    )
    (folder / "README.md").write_text(card_text(measured), encoding="utf-8")
    return comparison_table(measured.comparisons)


def comparison_table(rows: Sequence[Comparison]) -> str:
    """Return the table of held-out results; the numbers in brackets are 95 % intervals."""

    def cell(scored: Scored) -> str:
        low, high = scored.interval
        return f"{percent(scored.f1)} ({100 * low:.1f}–{100 * high:.1f}), {percent(scored.exact)}"

    return table(
        ["F1, exact match", "questions", "this checkpoint", "last phrase", "fitting name"],
        [
            [
                row.name,
                f"{row.ours.questions:,}",
                cell(row.ours),
                cell(row.last_phrase),
                cell(row.fitting_name),
            ]
            for row in rows
        ],
    )


def card_text(measured: Measured) -> str:
    """Return the whole card, Markdown with YAML front matter."""
    matter = front_matter(
        {
            "license": "cc-by-sa-4.0",
            "language": "en",
            "library_name": "transformers",
            "pipeline_tag": "question-answering",
            "tags": ["question-answering", "distilbert", "wordpiece", "logitscope"],
        }
    )
    seconds = sum(measured.stage_seconds.values())
    stages = ", ".join(f"{name} {spent:.0f}" for name, spent in measured.stage_seconds.items())
    downloads = "\n".join(source.command for source in NAMED_DOCUMENT_SOURCES)
    parts = ", ".join(f"{count:,} {name}" for name, count in measured.parts.items())
    introduction = f"""
Finds the words of a short English text that answer a question. A `DistilBertForQuestionAnswering` of
{measured.parameters:,} parameters (width {measured.width}, {measured.layers} layers; float16 on disk, float32 when
loaded) with its own lower-casing WordPiece vocabulary of {measured.vocabulary:,} entries;
{measured.weight_bytes / 1e6:.2f} MB without this card. It ships with Logitscope so that the playground has
something to show at once, offline and on any processor. It is made to be looked into, not to be relied on."""
    sample = f"""
On the {SAMPLE_SIZE} held-out cloze questions that the tests keep a copy of, its F1 is
{percent(measured.sample.f1)}."""
    recipe = f"""
1. spaCy's small English pipeline parses the documents and marks their names. Rules along the parse take a name, a
   number or a phrase out of a clause and turn the rest into the question that it answers, as in "Unsupervised
   Question Answering by Cloze Translation" (Lewis, Denoyer and Riedel, ACL 2019). Where no rule fits, the clause
   follows the word that asks as it is. The text is a run of sentences around the answer.
2. To these come everyday questions on everyday sentences made of frames with blanks, one to four in a row:
   the first of the examples below has the form of one of them, with other names.
3. The checkpoint learns the first and the last token of the answer from {measured.questions:,} questions. On
   the way it also learns, with heads that are thrown away, which words of the text stand in the question, which
   are people, places, dates and so on, and which sentence answers. It starts
   from the word embeddings of all-MiniLM-L6-v2, projected to fewer dimensions; in its first layer half of the heads
   start with looking up the words of the text in the question, and two heads of the first two layers with reading
   the token before and the token after; all else starts at random. The shipped weights are a moving average over
   the last steps, rounded to float16; all figures were measured after rounding.

It took {seconds:,.0f} seconds of processor time ({stages}), run on one core of a shared x86-64 machine without
a GPU. Seeds are fixed: the same command prints the same held-out figures on the same kind of machine with the
same library versions."""
    origin = f"""
The texts of Wikipedia are by its authors, CC BY-SA; the snippets of editorials those of C.J. Hutto and E. Gilbert
(ICWSM 2014); the news those of M. Lee, B. Pincombe and M. Welsh, "An Empirical Evaluation of Models of Text
Document Similarity" (2005). The weights start from those of all-MiniLM-L6-v2, Apache-2.0.

Split: {parts} documents, by a SHA-256 of the seed {SPLIT_SEED} and the document's name. Paragraphs of the training
part that nearly repeat one of another part (sets of words that overlap by {SIMILARITY:.0%} or more) are left out.
Vocabulary and training saw the train part alone; settings were chosen on the validation part."""
    by_hand = measured.comparisons[-1].ours.questions
    answered = [
        [
            str(row.inputs["question"]),
            str(row.inputs["context"]),
            row.answer["answer"],
            f"{row.answer['score']:.4f}",
        ]
        for row in measured.examples
    ]
    return f"""{matter}

# nano-question-answering

{paragraphs(introduction)}

## How good it is

{comparison_table(measured.comparisons)}

{paragraphs(sample)}

{paragraphs(_HOW_MEASURED.format(by_hand=by_hand))}

## Examples

{table(["question", "text", "answer", "score"], answered)}

## Limits

{paragraphs(_LIMITS.format(words=MOST_WORDS, positions=measured.positions))}

## How it was made

```
{downloads}
pip install 'logitscope[training]'
python -m tui.training question-answering --data DIR
```

{paragraphs(recipe)}

## Data and license

{source_table(NAMED_DOCUMENT_SOURCES, measured.source_digests)}

{paragraphs(origin)}
"""
