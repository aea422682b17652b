"""Summarization and translation: a text → encoder → decoder, token by token → logits of each step → a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.engine.forward.outcome import Outcome, refuse_empty
from tui.engine.prompts.before_text import checkpoint_files, without_prefix
from tui.engine.prompts.source_text import SourceText, source_of
from tui.engine.rows.vocabulary import read_row
from tui.engine.sources import files
from tui.engine.tokenization.reading import Reading
from tui.protocol import Readout
from tui.protocol.answers import AnyView, Generated, GenerationSetting, WrittenToken
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.protocol.tokens import Token, TokenSequence
from tui.protocol.walk import Step
from tui.protocol.writing.answers import answer as pipeline_answer
from tui.tasks import TASKS
from tui.tasks.forms import Value

if TYPE_CHECKING:
    import torch

    from tui.engine.checkpoint.loading import LoadedCheckpoint
    from tui.engine.forward.running import WalkSoFar
    from tui.engine.tokenization.reading import TextTokenizer

_DECODER = 1


@dataclass(frozen=True, kw_only=True)
class WrittenText(Outcome):
    """What the decoder wrote, with the logits of its steps still on their device."""

    prepared: SourceText
    logits: torch.Tensor
    """float32 [steps, vocabulary]; step p − 1 is what the decoder's token at position p was chosen from."""
    tokens: tuple[WrittenToken, ...]
    """By position, the start token first."""
    log_probability: float | None
    """Of the chosen tokens together, nats."""
    text: str
    others: tuple[str, ...]
    """Further texts that the checkpoint asks for."""
    settings: tuple[GenerationSetting, ...]
    stopped: str
    beam_score: float | None
    note: str


def prepare(
    tokenizer: TextTokenizer, inputs: Mapping[str, str], options: Mapping[str, Value], task: str
) -> SourceText:
    """The text behind the task's prefix and language codes. Raises EngineError for a code missing or unknown."""
    known = checkpoint_files(tokenizer.folder)
    config = known.get(files.CONFIG, {})
    source = source_of(
        tokenizer, task, inputs["text"], options, config, known.get(files.GENERATION_CONFIG, config)
    )
    reading = tokenizer.read(source.prefix + inputs["text"], language=source.language)
    reading = without_prefix(reading, len(source.prefix))
    return SourceText(task, tokenizer, (reading,), inputs, options, ("encoder",), source=source)


def forward(
    loaded: LoadedCheckpoint,
    prepared: SourceText,
    check: Callable[[], None],
    early: Callable[[Outcome], object] | None = None,
) -> WrittenText:
    """Let the model write, then run it once on what it wrote for the logits of every step.

    `early` is told of the encoder alone, where writing takes long: every row of logits is that of a written token.
    Raises EngineError for an input without tokens and for settings that can't be run, and what `check` raises.
    """
    from tui.engine.decoding import writing
    from tui.engine.decoding.settings.told import plan

    refuse_empty(prepared)
    tokenizer, source = prepared.tokenizer, prepared.source
    reading = prepared.readings[0]
    wanted = plan(loaded.model, tokenizer, prepared.options, source, checkpoint_files(tokenizer.folder))

    def read(encoder: WalkSoFar) -> None:
        if early is not None:
            told = Outcome(steps=encoder.steps, seconds=encoder.seconds, norms=encoder.norms, readable=False)
            early(told)

    generated = writing.generate(loaded, reading, wanted, check, read)
    check()
    ran = writing.forced(loaded, reading, generated.ids)
    logits = ran.logits[0].float()
    tokens, log_probability = writing.written_tokens(logits, generated.ids, wanted, tokenizer, check)
    text, *others = (tokenizer.decode(each, skip_special=True, clean_up=False) for each in generated.texts)
    ids, *stations = ran.steps
    seconds = generated.seconds
    search = "greedy" if wanted.beams == 1 else f"{wanted.beams} beams"
    wrote = Step("generated ids", f"generate, {search}", (1, len(generated.ids)), "int64", seconds)
    decoder = tuple(
        Token(index, tokenizer.entry(index), None, None, tokenizer.is_special(index), 1, 0, None, None)
        for index in generated.ids
    )
    return WrittenText(
        prepared=prepared,
        logits=logits,
        tokens=tokens,
        log_probability=log_probability,
        text=text,
        others=tuple(others),
        settings=wanted.settings,
        stopped=generated.stopped,
        beam_score=generated.beam_score,
        note=" ".join(filter(None, (_note(prepared, reading), source.note, wanted.note))),
        steps=(ids, wrote, *stations),
        seconds=seconds + ran.seconds,
        norms=ran.norms,
        written=(reading.sequence("encoder"), TokenSequence(decoder, len(decoder), name="decoder")),
    )


def _note(prepared: SourceText, reading: Reading) -> str:
    """What to know of a text that is hardly one."""
    text, source = prepared.inputs["text"], prepared.source
    if not text.strip():
        alone = prepared.tokenizer.read(source.prefix, language=source.language)
        if alone.ids == reading.ids:
            what = "The text is spaces alone, which become no token" if text else "The text is empty"
            return f"{what}: what is written here comes from special tokens and the prefix alone."
    if reading.total > len(reading.ids):
        return f"The encoder reads {len(reading.ids):,} of {reading.total:,} tokens: this checkpoint's limit."
    return ""


def read_out(
    request_id: int, outcome: WrittenText, settings: ReadoutSettings, address: RowAddress
) -> tuple[Readout, Step]:
    """What a token of the decoder was chosen from; the first chosen one where none is asked for."""
    last = len(outcome.tokens) - 1
    position = _first_chosen(outcome.tokens)
    if address.sequence == _DECODER and address.position:
        position = max(1, min(address.position, last))
    what = TASKS[outcome.prepared.task].writes
    by = outcome.tokens[position].forced_by
    name = f"token {position} of the {what}" + (f", forced by {by}" if by else "")
    return read_row(
        request_id,
        outcome.logits[position - 1],
        outcome.prepared.tokenizer,
        settings,
        RowAddress(_DECODER, position),
        name,
        [token.id for token in outcome.tokens[:position]],
    )


def _first_chosen(tokens: tuple[WrittenToken, ...]) -> int:
    return 2 if tokens[1].forced_by and len(tokens) > 2 else 1


def answer(outcome: WrittenText) -> tuple[Any, AnyView]:
    """What the pipelines of transformers 4 return, and every written token's probability."""
    view = Generated(
        text=outcome.text,
        tokens=outcome.tokens,
        sequence=_DECODER,
        prefix=outcome.prepared.source.prefix,
        source=outcome.prepared.source.told,
        settings=outcome.settings,
        log_probability=outcome.log_probability,
        stopped=outcome.stopped,
        beam_score=outcome.beam_score,
        note=outcome.note,
        others=outcome.others,
    )
    prepared = outcome.prepared
    return pipeline_answer(prepared.task, prepared.inputs["text"], outcome.text, *outcome.others), view
