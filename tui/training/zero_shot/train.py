"""nano-zero-shot: a RoBERTa of four megabytes that says whether a text belongs to a label it never saw."""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from datasets import Dataset, disable_progress_bars  # type: ignore[import-untyped]
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    PreTrainedTokenizerFast,
)
from transformers.utils.logging import disable_progress_bar

from tui.training.loop import Batch, Plan, Report, fit
from tui.training.sentiment.snippets import read_snippets
from tui.training.sentiment.split import split_snippets
from tui.training.sentiment.teacher import read_teacher
from tui.training.sources import (
    DEBIAN_ENGLISH,
    DEBIAN_PACKAGES,
    ENGLISH_SOURCES,
    MINILM_WHEEL,
    VADER_ARCHIVE,
    WORDNET_PACKAGE,
    SourceError,
    digest_of,
    find_source,
)
from tui.training.texts.descriptions import Description, read_descriptions, split_descriptions
from tui.training.texts.english import review_texts
from tui.training.texts.wordnet import Synset, read_synsets, split_synsets
from tui.training.vocabulary.saving import save_tokenizer
from tui.training.weights import save_in_half_precision
from tui.training.workspace import Workspace, publish
from tui.training.zero_shot.card import measure_and_write
from tui.training.zero_shot.labels import HELD_OUT_SECTIONS, topic_labels
from tui.training.zero_shot.pairs import (
    LABELS,
    Pair,
    dictionary_pairs,
    premise_of,
    section_pairs,
    similarity_pairs,
)
from tui.training.zero_shot.similarity import similarities_resumably

ENCODER = Path(__file__).resolve().parents[2] / "models" / "nano-fill-mask"
_WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Recipe:
    """The settings of the training; the defaults are those of the shipped checkpoint.

    `judged` counts the texts of each source (descriptions, example sentences, reviews) whose labels the larger
    model judges, `described` the packages and `defined` the nouns whose labels are known. `longest` counts tokens.
    """

    judged: int = 10_000
    described: int = 18_000
    defined: int = 30_000
    longest: int = 128
    seed: int = 0
    threads: int = 1
    plan: Plan = field(
        default_factory=lambda: Plan(epochs=2, batch_size=48, learning_rate=7e-4, averaging=0.998)
    )


def train(data: Path, out: Path, *, resume: bool, report: Report, recipe: Recipe | None = None) -> None:
    """Train the checkpoint from the files in `data` and put it, with its card, into the folder `out`.

    It starts from the built-in nano-fill-mask, which `python -m tui.training fill-mask` rebuilds. An unfinished
    training keeps its state in `data`/nano-zero-shot.unfinished. Raises SourceError and WorkspaceError with
    messages for people.
    """
    recipe = recipe or Recipe()
    if not (ENCODER / _WEIGHTS).is_file():
        raise SourceError(
            "the built-in nano-fill-mask is missing: run `python -m tui.training fill-mask` first"
        )
    digests = {
        source.file: digest_of(find_source(source, data)) for source in (*ENGLISH_SOURCES, MINILM_WHEEL)
    }
    workspace = Workspace(data / "nano-zero-shot.unfinished")
    started_from = digest_of(ENCODER / _WEIGHTS)
    workspace.open({"recipe": asdict(recipe), "digests": digests, "encoder": started_from}, resume)
    disable_progress_bars()
    disable_progress_bar()  # type: ignore[no-untyped-call]
    # Another number of threads would change the order of sums, and with it the last digits of the figures.
    torch.set_num_threads(recipe.threads)

    report("1 of 3: reading the texts, which takes a minute")
    descriptions = split_descriptions(
        read_descriptions(find_source(DEBIAN_ENGLISH, data), find_source(DEBIAN_PACKAGES, data))
    )
    synsets = split_synsets(read_synsets(find_source(WORDNET_PACKAGE, data)))["train"]
    snippets = split_snippets(read_snippets(find_source(VADER_ARCHIVE, data))).train
    random_numbers = random.Random(recipe.seed)
    pairs = _known_pairs(descriptions["train"], synsets, recipe, random_numbers)
    texts = _texts_to_judge(descriptions["train"], synsets, review_texts(snippets), recipe, random_numbers)
    labels = topic_labels(synsets)
    report(f"2 of 3: a larger model compares {len(texts):,} texts with {len(labels):,} labels")
    teacher, teacher_tokenizer = read_teacher(find_source(MINILM_WHEEL, data))
    similarities, judging = similarities_resumably(
        teacher, teacher_tokenizer, texts, labels, workspace.path("similarities.pt"), report
    )
    pairs += similarity_pairs(texts, labels, similarities, random_numbers)
    random_numbers.shuffle(pairs)

    report(f"3 of 3: {recipe.plan.epochs} epochs of {len(pairs):,} pairs")
    torch.manual_seed(recipe.seed)
    tokenizer = cast("PreTrainedTokenizerFast", AutoTokenizer.from_pretrained(str(ENCODER)))
    model = AutoModelForSequenceClassification.from_pretrained(
        str(ENCODER),
        id2label=LABELS,
        label2id={name: index for index, name in LABELS.items()},
        classifier_dropout=0.1,
    )
    learning = fit(
        model,
        _dataset(tokenizer, pairs, recipe.longest),
        DataCollatorWithPadding(tokenizer),
        _loss,
        recipe.plan,
        workspace.path("model.pt"),
        report,
    )

    finished = workspace.path("nano-zero-shot")
    save_in_half_precision(model, finished)
    save_tokenizer(tokenizer, finished)
    seconds = {"the larger model": judging, "the pairs": learning}
    report(measure_and_write(finished, descriptions, len(pairs), seconds, digests))
    publish(finished, out)
    workspace.remove()
    report(f"Written to {out}")


def _known_pairs(
    descriptions: Sequence[Description],
    synsets: Sequence[Synset],
    recipe: Recipe,
    random_numbers: random.Random,
) -> list[Pair]:
    described = random_numbers.sample(descriptions, min(recipe.described, len(descriptions)))
    pairs = section_pairs(described, random_numbers)
    known = dictionary_pairs(synsets, random_numbers)
    # A noun has up to three pairs.
    return pairs + random_numbers.sample(known, min(3 * recipe.defined, len(known)))


def _texts_to_judge(
    descriptions: Sequence[Description],
    synsets: Sequence[Synset],
    reviews: Sequence[str],
    recipe: Recipe,
    random_numbers: random.Random,
) -> list[str]:
    """Return texts of three kinds; none is a package of a held-out section."""
    described = [
        premise_of(description, random_numbers)
        for description in descriptions
        if description.section not in HELD_OUT_SECTIONS
    ]
    sentences = [sentence for synset in synsets for sentence in synset.sentences if " " in sentence]
    return [
        text
        for texts in (described, sentences, list(reviews))
        for text in random_numbers.sample(texts, min(recipe.judged, len(texts)))
    ]


def _dataset(tokenizer: PreTrainedTokenizerFast, pairs: Sequence[Pair], longest: int) -> Dataset:
    def tokenize(rows: dict[str, list[Any]]) -> dict[str, Any]:
        encoded = tokenizer(rows["premise"], rows["hypothesis"], truncation="only_first", max_length=longest)
        return {"input_ids": encoded["input_ids"]}

    dataset = Dataset.from_dict(
        {
            "premise": [pair.premise for pair in pairs],
            "hypothesis": [pair.hypothesis for pair in pairs],
            "labels": [pair.label for pair in pairs],
        }
    )
    return dataset.map(tokenize, batched=True, remove_columns=["premise", "hypothesis"])


def _loss(model: nn.Module, batch: Batch) -> Tensor:
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    return cross_entropy(logits, batch["labels"])
