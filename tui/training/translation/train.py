"""nano-translation: a Marian of seven megabytes from French to English, from what translators of Debian wrote."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from datasets import disable_progress_bars  # type: ignore[import-untyped]
from transformers import (
    DataCollatorForSeq2Seq,
    GenerationConfig,
    MarianConfig,
    MarianMTModel,
    PreTrainedTokenizerFast,
)
from transformers.utils.logging import disable_progress_bar

from tui.training.loop import Plan, Report, fit
from tui.training.sequences import choose_length_penalty, pair_dataset, smoothed_loss
from tui.training.sources import digest_of, find_source
from tui.training.translation.alignment_model import align_words
from tui.training.translation.card import measure_and_write
from tui.training.translation.corpus import read_corpus, source_files
from tui.training.translation.measure import chrf
from tui.training.translation.start import start_as_dictionary, starting_embeddings
from tui.training.vocabulary.saving import save_tokenizer
from tui.training.vocabulary.unigram import train_unigram
from tui.training.weights import save_in_half_precision
from tui.training.workspace import Workspace, publish


@dataclass(frozen=True)
class Recipe:
    """The settings of the training; the defaults are those of the shipped checkpoint.

    Sentences are cut to `longest` tokens in training. `length_penalties` are the exponents tried on the first
    `sentences_to_choose` validation pairs: the higher, the longer the translations a beam of `beams` prefers.
    There is no dropout: the training sees each pair but a few times.
    """

    vocabulary: int = 6000
    width: int = 192
    encoder_layers: int = 3
    decoder_layers: int = 2
    heads: int = 4
    inner_width: int = 640
    positions: int = 512
    longest: int = 80
    longest_written: int = 200
    smoothing: float = 0.1
    beams: int = 4
    length_penalties: tuple[float, ...] = (1.0, 1.5, 2.0)
    sentences_to_choose: int = 400
    seed: int = 0
    threads: int = 1
    plan: Plan = field(
        default_factory=lambda: Plan(
            epochs=2, batch_size=64, learning_rate=2e-3, matrix_learning_rate=0.01, averaging=0.998
        )
    )


def train(data: Path, out: Path, *, resume: bool, report: Report, recipe: Recipe | None = None) -> None:
    """Train the checkpoint from the files in `data` and put it, with its card, into the folder `out`.

    An unfinished training keeps its state in `data`/nano-translation.unfinished. Raises SourceError and
    WorkspaceError with messages for people.
    """
    recipe = recipe or Recipe()
    digests = {source.file: digest_of(find_source(source, data)) for source in source_files()}
    workspace = Workspace(data / "nano-translation.unfinished")
    workspace.open({"recipe": asdict(recipe), "digests": digests}, resume)
    disable_progress_bars()
    disable_progress_bar()  # type: ignore[no-untyped-call]
    # Another number of threads would change the order of sums, and with it the last digits of the figures.
    torch.set_num_threads(recipe.threads)

    report("1 of 4: reading and pairing the sentences, which takes two minutes")
    corpus = read_corpus(data)
    french = [pair.french for pair in corpus.train]
    english = [pair.english for pair in corpus.train]
    report(f"2 of 4: a vocabulary of {recipe.vocabulary:,} pieces from {len(corpus.train):,} pairs")
    tokenizer = train_unigram(
        [text for pair in corpus.train for text in (pair.french, pair.english)],
        recipe.vocabulary,
        recipe.positions,
    )
    report("3 of 4: starting weights that know which piece means which")
    torch.manual_seed(recipe.seed)
    model = build_model(recipe, tokenizer)
    couples = align_words(
        zip(*(_pieces(tokenizer, texts) for texts in (french, english)), strict=True), longest=40
    )
    start_as_dictionary(model, starting_embeddings(couples, len(tokenizer), recipe.width, recipe.seed))
    dataset = pair_dataset(tokenizer, french, english, recipe.longest)
    report(f"4 of 4: {recipe.plan.epochs} epochs")
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

    finished = workspace.path("nano-translation")
    save_in_half_precision(model, finished)
    save_tokenizer(tokenizer, finished)
    to_choose = corpus.validation[: recipe.sentences_to_choose]
    choose_length_penalty(
        finished,
        generation_settings(recipe, tokenizer),
        recipe.length_penalties,
        [pair.french for pair in to_choose],
        lambda translations: chrf(translations, [pair.english for pair in to_choose]),
        report,
    )
    report(measure_and_write(finished, corpus, seconds, digests))
    publish(finished, out)
    workspace.remove()
    report(f"Written to {out}")


def build_model(recipe: Recipe, tokenizer: PreTrainedTokenizerFast) -> MarianMTModel:
    """Return the untrained checkpoint with random weights; its positions are waves, which need no training."""
    config = MarianConfig(
        vocab_size=len(tokenizer),
        d_model=recipe.width,
        encoder_layers=recipe.encoder_layers,
        decoder_layers=recipe.decoder_layers,
        encoder_attention_heads=recipe.heads,
        decoder_attention_heads=recipe.heads,
        encoder_ffn_dim=recipe.inner_width,
        decoder_ffn_dim=recipe.inner_width,
        max_position_embeddings=recipe.positions,
        activation_function="relu",
        scale_embedding=True,
        dropout=0.0,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        forced_eos_token_id=tokenizer.eos_token_id,
        # Marian begins each translation with the padding token.
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    return MarianMTModel(config)


def generation_settings(recipe: Recipe, tokenizer: PreTrainedTokenizerFast) -> GenerationConfig:
    """Return how the checkpoint translates unless told otherwise: a beam that never writes padding."""
    return GenerationConfig(  # type: ignore[no-untyped-call]
        num_beams=recipe.beams,
        max_length=recipe.longest_written,
        bad_words_ids=[[tokenizer.pad_token_id]],
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        forced_eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )


def _pieces(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> list[list[int]]:
    ids: list[list[int]] = tokenizer(texts, add_special_tokens=False)["input_ids"]
    return ids
