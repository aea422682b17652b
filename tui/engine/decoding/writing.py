"""Letting a decoder write with `generate`, and what each of its tokens was chosen from. Imports torch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from transformers import StoppingCriteria, StoppingCriteriaList

from tui.engine import device
from tui.engine.forward.model_parts import head_rows
from tui.engine.forward.running import Run, WalkSoFar, check_ids, its_own_code, run, stages, tensors
from tui.engine.forward.walk import two_stacks, walked
from tui.engine.rows.vocabulary import token_text
from tui.engine.sources.limits import position_limit
from tui.protocol.answers import Candidate, WrittenToken

if TYPE_CHECKING:
    from tui.engine.checkpoint.loading import LoadedCheckpoint
    from tui.engine.decoding.settings.told import Plan
    from tui.engine.tokenization.reading import Reading, TextTokenizer

_ALTERNATIVES = 5
_ROWS_AT_ONCE = 32
_WORTH_TELLING = 0.2
"""Seconds of writing from which on the encoder's part of the walk is told before the decoder's."""
_MOST_SCORE_BYTES = 1_000_000_000
"""`generate` tells a beam's score only if it may keep the scores of all beams, steps and tokens."""


@dataclass(frozen=True)
class GeneratedIds:
    """What `generate` returned."""

    ids: list[int]
    """The start token first."""
    texts: list[list[int]]
    """Those of all texts that were asked for, best first, each padded to the longest."""
    seconds: float
    stopped: str
    """Why it ended."""
    beam_score: float | None
    """Its score of the best beam; None without beams, and where keeping all scores would take too much memory."""


class _Pause(StoppingCriteria):
    """Called between two tokens: gives up when asked to, and stops where the decoder has no more positions."""

    def __init__(self, check: Callable[[], None], positions: int | None, encoder: _Encoder) -> None:
        self._check = check
        self._full = math.inf if positions is None else positions + 1
        self._encoder = encoder

    def __call__(self, input_ids: Any, *_: Any, **__: Any) -> Any:
        self._check()
        self._encoder.tell()
        full = input_ids.shape[1] >= self._full
        return torch.full((input_ids.shape[0],), full, dtype=torch.bool, device=input_ids.device)


class _Encoder:
    """Watches the encoder of a `generate`, and tells of it once while the decoder writes, if that takes long."""

    def __init__(
        self,
        loaded: LoadedCheckpoint,
        inputs: dict[str, torch.Tensor],
        read: Callable[[WalkSoFar], object] | None,
    ) -> None:
        self._loaded, self._inputs, self._read = loaded, inputs, read
        self._began = self._started = time.perf_counter()
        self._hooks = ExitStack()
        self._stages: WalkSoFar | None = None

    def __enter__(self) -> _Encoder:
        stacks = two_stacks(self._loaded.model)
        if self._read is not None and stacks is not None:
            self._walk = self._hooks.enter_context(walked(self._loaded.model, self._loaded.placement.device))
            self._hooks.callback(stacks[0].register_forward_pre_hook(self._entered).remove)
            self._hooks.callback(stacks[0].register_forward_hook(self._left).remove)
        return self

    def __exit__(self, *_: object) -> None:
        self._hooks.close()

    def _entered(self, *_: Any) -> None:
        device.synchronize(self._loaded.placement.device)
        self._started = time.perf_counter()

    def _left(self, *_: Any) -> None:
        self._stages = stages(None, self._inputs, self._walk, self._began, self._started)
        self._hooks.close()

    def tell(self) -> None:
        """Tell of the encoder if it is time."""
        if self._read is None or self._stages is None or time.perf_counter() - self._began < _WORTH_TELLING:
            return
        self._read(self._stages)
        self._read = None


def generate(
    loaded: LoadedCheckpoint,
    reading: Reading,
    plan: Plan,
    check: Callable[[], None],
    read: Callable[[WalkSoFar], object] | None = None,
) -> GeneratedIds:
    """Run the model's own `generate`. Raises what `check` raises, and EngineError for ids without an embedding.

    `read` is told what the encoder did, before the decoder is done, if that takes long enough to be waited for.
    """
    model: Any = loaded.model
    check_ids(model, reading.ids)
    positions = position_limit(model.config.get_text_config(decoder=True).to_dict(), "decoder")
    check()
    began = time.perf_counter()
    scored = plan.beams > 1 and plan.most * plan.beams * (head_rows(model) or 1) * 4 <= _MOST_SCORE_BYTES
    inputs = tensors(loaded, reading)
    with torch.inference_mode(), its_own_code(), _Encoder(loaded, inputs, read) as encoder:
        output = model.generate(
            **inputs,
            **plan.arguments,
            return_dict_in_generate=True,
            output_scores=scored,
            stopping_criteria=StoppingCriteriaList([_Pause(check, positions, encoder)]),
        )
    texts = output.sequences.tolist()
    ids = without_padding(texts[0], plan.eos)
    device.synchronize(loaded.placement.device)
    seconds = time.perf_counter() - began
    score = float(output.sequences_scores[0]) if scored else None
    return GeneratedIds(ids, texts, seconds, _stopped(ids, plan, positions, loaded.tokenizer), score)


def without_padding(ids: list[int], ends: Collection[int], given: int = 1) -> list[int]:
    """Ids up to the one that ends the text: where several texts are returned, the shorter ones are padded.

    given: how many stand before the first that was chosen.
    """
    last = next((place for place, index in enumerate(ids) if place >= given and index in ends), len(ids))
    return ids[: last + 1]


def _stopped(ids: list[int], plan: Plan, positions: int | None, tokenizer: TextTokenizer) -> str:
    """Why generation ended, in words."""
    at_the_end = len(ids) >= plan.most
    if at_the_end and plan.forced_eos is not None:
        return f"{plan.most_by} reached: forced_eos_token_id put {tokenizer.entry(ids[-1])} there"
    if ids[-1] in plan.eos and len(ids) > 1:
        return f"it chose the end token {tokenizer.entry(ids[-1])}"
    if at_the_end:
        return f"{plan.most_by} reached, before an end token"
    if positions is not None and len(ids) > positions:
        return f"the decoder has no more than {positions:,} positions"
    if plan.max_time is not None:
        return f"max_time {plan.max_time} s reached"
    return "a criterion of the checkpoint's own"


def forced(loaded: LoadedCheckpoint, reading: Reading, ids: list[int]) -> Run:
    """One watched forward over the encoder's ids and the decoder's but the last: logits [1, steps, vocabulary]."""
    steps = torch.tensor([ids[:-1]], device=loaded.placement.device)
    return run(loaded, reading, extra={"decoder_input_ids": steps})


def written_tokens(
    logits: torch.Tensor, ids: list[int], plan: Plan, tokenizer: TextTokenizer, check: Callable[[], None]
) -> tuple[tuple[WrittenToken, ...], float | None]:
    """Every token of the decoder with its probability, and the log-probability of the chosen ones together.

    logits: float32 [steps, vocabulary]; float64 maths where the device has it. A NaN makes a probability None.
    """
    start = WrittenToken(ids[0], token_text(tokenizer, ids[0]), None, None, (), "decoder_start_token_id")
    tokens, total = [start], 0.0
    double = torch.float32 if logits.device.type == "mps" else torch.float64
    for first in range(0, len(logits), _ROWS_AT_ONCE):
        check()
        for row, part in enumerate(logits[first : first + _ROWS_AT_ONCE].to(double), first):
            logs = torch.log_softmax(part, -1)
            index, by = ids[row + 1], _forced_by(row + 1, ids, plan)
            log = float(logs[index])
            if not by:
                total += log
            known = not math.isnan(log)
            tokens.append(
                WrittenToken(
                    id=index,
                    text=token_text(tokenizer, index),
                    probability=math.exp(log) if known else None,
                    rank=_rank(part, index) if known else None,
                    alternatives=_best(part, logs, tokenizer) if known else (),
                    forced_by=by,
                )
            )
    return tuple(tokens), None if math.isnan(total) else total


def _forced_by(position: int, ids: list[int], plan: Plan) -> str:
    if position == 1 and plan.forced_bos is not None:
        return "forced_bos_token_id"
    if position + 1 == plan.most == len(ids) and plan.forced_eos is not None:
        return "forced_eos_token_id"
    return ""


def _rank(row: torch.Tensor, index: int) -> int:
    """The place of an id among all, 1 for the highest logit; ties by index."""
    higher = int((row > row[index]).sum())
    return 1 + higher + int((row[:index] == row[index]).sum())


def _best(row: torch.Tensor, logs: torch.Tensor, tokenizer: TextTokenizer) -> tuple[Candidate, ...]:
    """The likeliest ids, ties by index, which `topk` leaves open."""
    count = min(_ALTERNATIVES, len(row))
    least = torch.topk(row, count).values[-1]
    tied = (row >= least).nonzero()[:, 0].tolist()
    order = sorted(tied, key=lambda index: (-float(row[index]), index))[:count]
    return tuple(
        Candidate(index, token_text(tokenizer, index), math.exp(float(logs[index]))) for index in order
    )
