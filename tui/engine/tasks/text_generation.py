"""Text generation: a prompt → ids → hidden states → logits at every position → what comes next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from tui.engine.forward.outcome import Outcome, Prepared, refuse_empty
from tui.engine.prompts.before_text import (
    NO_PREFIX,
    Prefix,
    checkpoint_files,
    first_id,
    prompt_prefix,
    without_prefix,
)
from tui.engine.rows.vocabulary import read_row, token_text
from tui.engine.sources.files import CONFIG
from tui.engine.tokenization.reading import Reading
from tui.protocol import Readout
from tui.protocol.answers import AnyView, Candidate, Scored, TokenScore
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.protocol.tokens import Token
from tui.protocol.walk import Step
from tui.protocol.writing.answers import answer as pipeline_answer
from tui.tasks.chat import Turn, turns_of
from tui.tasks.forms import Value

if TYPE_CHECKING:
    import torch

    from tui.engine.checkpoint.loading import LoadedCheckpoint
    from tui.engine.decoding.greedy import Continuation
    from tui.engine.forward.running import Run
    from tui.engine.tokenization.reading import TextTokenizer

_CANDIDATES = 20
_BOTH_WAYS = (
    "This model reads both ways: each row of the text has seen the tokens behind it, so these probabilities and "
    "this perplexity are not those of a next token."
)


@dataclass(frozen=True)
class PromptText(Prepared):
    """A prompt, tokenized."""

    turns: tuple[Turn, ...] = ()
    """What a chat consists of; nothing where the text itself is the prompt."""
    rendered: str | None = None
    """The prompt that the chat template made of the turns."""
    prefix: Prefix = NO_PREFIX
    """What the model reads before the text."""
    covered: str | None = None
    """The characters of the tokens that have a probability; None where offsets are not known."""


@dataclass(frozen=True, kw_only=True)
class Generation(Outcome):
    """The logits of a prompt, still on their device, and how greedy decoding went on."""

    prompt: PromptText
    logits: torch.Tensor
    """[positions, vocabulary], in the model's dtype."""
    scores: tuple[TokenScore, ...] = ()
    """By position; not there yet while the model writes."""
    continuation: Continuation
    note: str

    @property
    def reading(self) -> Reading:
        """The prompt's tokens."""
        return self.prompt.readings[0]


def prepare(
    tokenizer: TextTokenizer, inputs: Mapping[str, str], options: Mapping[str, Value], task: str
) -> PromptText:
    """The text as it is, or as turns under the tokenizer's chat template. Raises EngineError without one."""
    text, known = inputs["text"], checkpoint_files(tokenizer.folder)
    if not options["chat"]:
        prefix = prompt_prefix(options["prefix"], known.get(CONFIG, {}))
        whole = tokenizer.read(prefix.text + text)
        reading, first = _begun(_ids_and_mask(without_prefix(whole, len(prefix.text))), known, tokenizer)
        return PromptText(
            task,
            tokenizer,
            (reading,),
            inputs,
            options,
            first=first,
            prefix_tokens=len(tokenizer.bare_ids(prefix.text)) if prefix.text else 0,
            prefix=prefix,
            covered=_covered(prefix.text + text, whole),
        )
    turns = turns_of(text)
    rendered = tokenizer.render([turn.message() for turn in turns])
    whole = tokenizer.read(rendered, special=False)  # the template has written them
    tokens = tuple(msgspec.structs.replace(token, field=None) for token in whole.tokens)
    reading = _ids_and_mask(Reading(tokens, whole.total, (None,), whole.inputs, whole.added))
    reading, first = _begun(reading, known, tokenizer)
    return PromptText(
        task,
        tokenizer,
        (reading,),
        inputs,
        options,
        first=first,
        turns=turns,
        rendered=rendered,
        covered=_covered(rendered, whole),
    )


def _begun(
    reading: Reading, known: Mapping[str, Mapping[str, Any]], tokenizer: TextTokenizer
) -> tuple[Reading, tuple[int, ...]]:
    """A reading of no token with the one that the pipeline lets it begin with; and that one, where it is needed."""
    first = first_id(known)
    if reading.tokens or first is None:
        return reading, ()
    token = Token(first, tokenizer.entry(first), None, None, True, 1, 0, None, None)
    inputs = {name: [first] if name == "input_ids" else [1] for name in ("input_ids", "attention_mask")}
    return Reading((token,), 1, reading.unread_from, inputs, (True,)), (first,)


def _ids_and_mask(reading: Reading) -> Reading:
    """What the pipeline passes on of a prompt: no token types, which a model would take for words."""
    kept = {
        name: values for name, values in reading.inputs.items() if name in ("input_ids", "attention_mask")
    }
    return replace(reading, inputs=kept)


def forward(
    loaded: LoadedCheckpoint,
    prepared: PromptText,
    check: Callable[[], None],
    early: Callable[[Outcome], object] | None = None,
) -> Generation:
    """Run the model on the prompt, tell `early`, and let it go on. Raises EngineError for a prompt of no token."""
    from tui.engine.decoding import greedy
    from tui.engine.decoding.scoring import score_tokens
    from tui.engine.forward.direction import reads_both_ways
    from tui.engine.forward.running import check_first

    refuse_empty(prepared)
    check_first(loaded.model, prepared)
    reading = prepared.readings[0]
    most = prepared.options["max_new_tokens"]
    assert isinstance(most, int)
    note = greedy.note_on_sampling(loaded.model) if most else ""
    if reading.total > len(reading.ids):
        most = 0
        note = (
            f"The prompt has {reading.total:,} tokens; this checkpoint's limit is {len(reading.ids):,}. "
            "The rest is not read, and nothing is written after it."
        )

    both_ways, begun = reads_both_ways(loaded.model), ""
    if prepared.first:
        begun = (
            f"The text makes no token. As the pipeline does, it begins with bos_token_id {prepared.first[0]}."
        )

    def so_far(ran: Run, continuation: Continuation, goes_on: bool) -> Generation:
        written, steps = len(continuation.ids), ran.steps
        if written or goes_on:
            wrote = Step("written", "generate, do_sample=False", (1, written), "int64", continuation.seconds)
            steps += (wrote,)
        return Generation(
            prompt=prepared,
            logits=ran.logits[0],
            continuation=continuation,
            note=" ".join(filter(None, (_BOTH_WAYS if both_ways else "", begun, note, continuation.note))),
            steps=steps,
            seconds=ran.seconds,
            norms=ran.norms,
        )

    def read(ran: Run) -> None:
        if early is not None:
            early(so_far(ran, greedy.Continuation(), goes_on=True))

    ran, continuation = greedy.read_and_go_on(loaded, prepared, most, check, read)
    check()
    outcome = so_far(ran, continuation, goes_on=False)
    return replace(outcome, scores=tuple(score_tokens(outcome.logits, reading.ids, check)))


def read_out(
    request_id: int, outcome: Generation, settings: ReadoutSettings, address: RowAddress
) -> tuple[Readout, Step]:
    """The distribution of the token after a position, the last one where none is chosen."""
    last = len(outcome.logits) - 1
    position = last if address.position is None else max(0, min(address.position, last))
    token = outcome.reading.tokens[position]
    return read_row(
        request_id,
        outcome.logits[position],
        outcome.prompt.tokenizer,
        settings,
        RowAddress(0, position),
        f"next token after position {position} “{token.text}”",
        outcome.reading.ids[: position + 1],
    )


def answer(outcome: Generation) -> tuple[Any, AnyView]:
    """What `pipeline("text-generation", do_sample=False)` returns, and every token's probability."""
    prompt, continuation = outcome.prompt, outcome.continuation
    total_bits, perplexity = _totals(outcome.scores)
    covered = prompt.covered
    view = Scored(
        tokens=outcome.scores,
        perplexity=perplexity,
        total_bits=total_bits,
        characters=None if covered is None else len(covered),
        text_bytes=None if covered is None else len(covered.encode("utf-8", "surrogatepass")),
        next=_candidates(outcome),
        continuation=continuation.text,
        written=len(continuation.ids),
        stopped=continuation.stopped,
        rendered=prompt.rendered,
        note=outcome.note,
        others=continuation.others,
        prefix=prompt.prefix.text,
        prefix_by=prompt.prefix.origin,
    )
    start = prompt.inputs["text"] if prompt.rendered is None else prompt.turns
    return pipeline_answer(prompt.task, start, continuation.text, *continuation.others), view


def _totals(scores: tuple[TokenScore, ...]) -> tuple[float | None, float | None]:
    """Bits of all tokens that have a probability, and 2 to their mean."""
    import math

    bits = [score.surprisal_bits for score in scores if score.surprisal_bits is not None]
    if not bits:
        return None, None
    total = math.fsum(bits) if all(map(math.isfinite, bits)) else sum(bits)
    try:
        return total, 2.0 ** (total / len(bits))
    except OverflowError:
        return total, math.inf


def _covered(text: str, reading: Reading) -> str | None:
    """The characters of the tokens behind the first, whose ends lie in `text`; None where they are not known."""
    ends = [token.end for token in reading.tokens]
    if None in ends:
        return None
    known = [end for end in ends if end is not None]
    return text[known[0] : max(known)] if known else ""


def _candidates(outcome: Generation) -> tuple[Candidate, ...]:
    """The likeliest next tokens after the prompt."""
    import numpy as np

    from tui.engine.rows import probability

    row = outcome.logits[-1].float().cpu().numpy().astype(np.float64)
    probabilities = probability.softmax(row)
    return tuple(
        Candidate(int(index), token_text(outcome.prompt.tokenizer, int(index)), float(probabilities[index]))
        for index in probability.ranking(row)[:_CANDIDATES]
    )
