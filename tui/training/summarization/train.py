"""nano-summarization: a T5 of five megabytes that puts a text in a line, from Debian's package descriptions."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean

import torch
from datasets import disable_progress_bars  # type: ignore[import-untyped]
from transformers import (
    DataCollatorForSeq2Seq,
    GenerationConfig,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)
from transformers.utils.logging import disable_progress_bar

from tui.training.loop import Plan, Report, fit
from tui.training.sequences import choose_length_penalty, pair_dataset, smoothed_loss
from tui.training.sources import digest_of, find_source
from tui.training.summarization.card import PREFIX, SOURCES, measure_and_write
from tui.training.summarization.pairs import read_pairs
from tui.training.summarization.rouge import rouge_l
from tui.training.summarization.start import start_copying
from tui.training.vocabulary.saving import save_tokenizer
from tui.training.vocabulary.unigram import train_unigram
from tui.training.weights import save_in_half_precision
from tui.training.workspace import Workspace, publish


@dataclass(frozen=True)
class Recipe:
    """The settings of the training; the defaults are those of the shipped checkpoint.

    Texts are cut to `longest` tokens in training and to `positions` afterwards. `length_penalties` are tried
    on the first `texts_to_choose` validation texts. There is no dropout: the training sees each text but a
    few times."""

    vocabulary: int = 5000
    width: int = 160
    encoder_layers: int = 3
    decoder_layers: int = 2
    heads: int = 4
    inner_width: int = 384
    positions: int = 512
    longest: int = 112
    longest_written: int = 40
    smoothing: float = 0.1
    beams: int = 4
    length_penalties: tuple[float, ...] = (0.5, 1.0, 1.5)
    texts_to_choose: int = 400
    seed: int = 0
    threads: int = 1
    plan: Plan = field(
        default_factory=lambda: Plan(
            epochs=4, batch_size=32, learning_rate=2e-3, matrix_learning_rate=0.01, averaging=0.998
        )
    )


def train(data: Path, out: Path, *, resume: bool, report: Report, recipe: Recipe | None = None) -> None:
    """Train the checkpoint from the files in `data` and put it, with its card, into the folder `out`.

    An unfinished training keeps its state in `data`/nano-summarization.unfinished. Raises SourceError and
    WorkspaceError with messages for people.
    """
    recipe = recipe or Recipe()
    digests = {source.file: digest_of(find_source(source, data)) for source in SOURCES}
    workspace = Workspace(data / "nano-summarization.unfinished")
    workspace.open({"recipe": asdict(recipe), "digests": digests}, resume)
    disable_progress_bars()
    disable_progress_bar()  # type: ignore[no-untyped-call]
    # Another number of threads would change the order of sums, and with it the last digits of the figures.
    torch.set_num_threads(recipe.threads)

    report("1 of 3: reading the descriptions, which takes a minute")
    pairs = read_pairs(data)
    texts = [PREFIX + pair.text for pair in pairs["train"]]
    summaries = [pair.summary for pair in pairs["train"]]
    report(f"2 of 3: a vocabulary of {recipe.vocabulary:,} pieces from {len(texts):,} texts")
    tokenizer = train_unigram([*texts, *summaries], recipe.vocabulary, recipe.positions)
    torch.manual_seed(recipe.seed)
    model = build_model(recipe, tokenizer)
    start_copying(model, recipe.seed)
    dataset = pair_dataset(tokenizer, texts, summaries, recipe.longest)
    report(f"3 of 3: {recipe.plan.epochs} epochs")
    seconds = fit(
        model,
        dataset,
        DataCollatorForSeq2Seq(tokenizer, model=model),
        smoothed_loss(
            recipe.smoothing,
            tokens_per_batch=recipe.plan.batch_size * sum(map(len, dataset["labels"])) / len(dataset),
        ),
        recipe.plan,
        workspace.path("model.pt"),
        report,
    )

    finished = workspace.path("nano-summarization")
    save_in_half_precision(model, finished)
    save_tokenizer(tokenizer, finished)
    to_choose = pairs["validation"][: recipe.texts_to_choose]
    choose_length_penalty(
        finished,
        generation_settings(recipe, tokenizer),
        recipe.length_penalties,
        [PREFIX + pair.text for pair in to_choose],
        lambda summaries: fmean(
            100 * rouge_l(summary, pair.summary) for summary, pair in zip(summaries, to_choose, strict=True)
        ),
        report,
    )
    report(measure_and_write(finished, pairs, seconds, digests))
    publish(finished, out)
    workspace.remove()
    report(f"Written to {out}")


def build_model(recipe: Recipe, tokenizer: PreTrainedTokenizerFast) -> T5ForConditionalGeneration:
    """Return the untrained checkpoint with random weights."""
    config = T5Config(  # type: ignore[call-arg]
        vocab_size=len(tokenizer),
        d_model=recipe.width,
        d_kv=recipe.width // recipe.heads,
        d_ff=recipe.inner_width,
        num_layers=recipe.encoder_layers,
        num_decoder_layers=recipe.decoder_layers,
        num_heads=recipe.heads,
        feed_forward_proj="gated-gelu",
        dropout_rate=0.0,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
        n_positions=recipe.positions,
        task_specific_params={"summarization": {"prefix": PREFIX}},
    )
    return T5ForConditionalGeneration(config)


def generation_settings(recipe: Recipe, tokenizer: PreTrainedTokenizerFast) -> GenerationConfig:
    """Return how the checkpoint summarizes unless told otherwise: a beam that says no three words twice."""
    return GenerationConfig(  # type: ignore[no-untyped-call]
        num_beams=recipe.beams,
        max_length=recipe.longest_written,
        no_repeat_ngram_size=3,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
