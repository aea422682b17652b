"""The processors of transformers' `generate`: what it is called with, and what each of them is called here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from msgspec.structs import replace
from transformers.generation import logits_process as made

from tui.engine.errors import EngineError
from tui.engine.rows import filtering
from tui.engine.rows.filtering import Named
from tui.protocol.rows import ReadoutSettings
from tui.protocol.writing.decoding import Decoding

if TYPE_CHECKING:
    from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

_NAMES: dict[type[LogitsProcessor], tuple[str, Callable[[Any], float | None]]] = {
    made.SequenceBiasLogitsProcessor: (filtering.SEQUENCE_BIAS, lambda _: None),
    made.EncoderRepetitionPenaltyLogitsProcessor: (filtering.ENCODER_PENALTY, lambda its: 1.0 / its.penalty),
    made.RepetitionPenaltyLogitsProcessor: (filtering.PENALTY, lambda its: its.penalty),
    made.NoRepeatNGramLogitsProcessor: (filtering.NO_REPEAT, lambda its: its.ngram_size),
    made.EncoderNoRepeatNGramLogitsProcessor: (filtering.ENCODER_NO_REPEAT, lambda its: its.ngram_size),
    made.NoBadWordsLogitsProcessor: (filtering.BANNED, lambda _: None),
    made.MinLengthLogitsProcessor: (filtering.LEAST_LENGTH, lambda its: its.min_length),
    made.MinNewTokensLengthLogitsProcessor: (filtering.LEAST_NEW, lambda its: its.min_new_tokens),
    made.PrefixConstrainedLogitsProcessor: ("allowed after a prefix", lambda _: None),
    made.ForcedBOSTokenLogitsProcessor: (filtering.FORCED_FIRST, lambda _: None),
    made.ForcedEOSTokenLogitsProcessor: (filtering.FORCED_LAST, lambda _: None),
    made.InfNanRemoveLogitsProcessor: ("invalid numbers replaced", lambda _: None),
    made.ExponentialDecayLengthPenalty: ("length decay", lambda its: its.regulation_factor),
    made.SuppressTokensLogitsProcessor: (filtering.SUPPRESSED, lambda _: None),
    made.SuppressTokensAtBeginLogitsProcessor: (filtering.SUPPRESSED_FIRST, lambda _: None),
    made.TemperatureLogitsWarper: (filtering.TEMPERATURE, lambda its: its.temperature),
    made.TopHLogitsWarper: (filtering.TOP_H, lambda its: its.top_h),
    made.TopKLogitsWarper: (filtering.TOP_K, lambda its: its.top_k),
    made.TopPLogitsWarper: (filtering.TOP_P, lambda its: its.top_p),
    made.MinPLogitsWarper: (filtering.MIN_P, lambda its: its.min_p),
    made.TypicalLogitsWarper: (filtering.TYPICAL_P, lambda its: its.mass),
    made.EpsilonLogitsWarper: (filtering.EPSILON, lambda its: its.epsilon),
    made.EtaLogitsWarper: (filtering.ETA, lambda its: float(its.epsilon)),
    made.WatermarkLogitsProcessor: ("watermark", lambda its: its.bias),
    made.LogitNormalization: (filtering.NORMALIZED, lambda _: None),
}
_WITH_MEMORY: dict[type[LogitsProcessor], str] = {
    made.UnbatchedClassifierFreeGuidanceLogitsProcessor: "guidance_scale",
    made.SynthIDTextWatermarkLogitsProcessor: "watermarking_config",
}
"""Processors that count on being called once for every token, in order; and the setting that asks for them."""


_ABOUT_IDS = (
    "eos_token_id",
    "bad_words_ids",
    "suppress_tokens",
    "forced_bos_token_id",
    "forced_eos_token_id",
)


def arguments(
    decoding: Decoding,
    settings: ReadoutSettings,
    stated: GenerationConfig | None = None,
    unset: Sequence[str] = (),
) -> dict[str, Any]:
    """What `model.generate` is called with for a way of decoding.

    The numbers of sampling are stated when they are off, too, so that the checkpoint's generation_config.json turns
    none of them on, unless they are `unset`; greedy search and beam search obey the penalty alone. `None` in
    `decoding` leaves a setting out. stated: the checkpoint's own settings; `generate` would forget what they ban
    where `decoding` bans something, and would let an end token or a forced one be chosen that is banned.

    Raises EngineError for impossible settings.
    """
    numbers: dict[str, Any] = {"repetition_penalty": float(settings.repetition_penalty)}
    if decoding.method == "sample":
        numbers |= {
            "temperature": float(settings.temperature),
            "top_k": settings.top_k,
            "top_p": float(settings.top_p),
            "min_p": float(settings.min_p) if settings.min_p else None,
            "typical_p": float(settings.typical_p),
        }
    left = {
        name: value
        for name in numbers
        if name in unset and (value := getattr(stated, name, None)) is not None
    }
    filtering.check(replace(settings, **left), left)
    asked: dict[str, Any] = {
        "do_sample": decoding.method == "sample",
        "num_beams": decoding.num_beams,
        **{name: value for name, value in numbers.items() if name not in left},
    }
    optional: dict[str, Any] = {
        "no_repeat_ngram_size": decoding.no_repeat_ngram_size,
        "min_new_tokens": decoding.min_new_tokens,
    }
    if decoding.num_beams > 1:
        optional |= {"length_penalty": decoding.length_penalty, "early_stopping": decoding.early_stopping}
    asked |= {name: value for name, value in optional.items() if value is not None}
    return asked | _bans(decoding.banned, stated)


def _bans(banned: Sequence[int], stated: GenerationConfig | None) -> dict[str, Any]:
    """Banned ids beside those that the checkpoint bans, and none of them forced.

    `bad_words_ids` never holds an end token back, so `suppress_tokens` does.
    """
    of = (
        dict.fromkeys(_ABOUT_IDS)
        if stated is None
        else {name: getattr(stated, name, None) for name in _ABOUT_IDS}
    )
    ends = set(ids(of["eos_token_id"]))
    words, suppressed = (
        [[each] for each in banned if each not in ends],
        [each for each in banned if each in ends],
    )
    found: dict[str, Any] = {}
    if words:
        found["bad_words_ids"] = [*(of["bad_words_ids"] or ()), *words]
    if suppressed:
        found["suppress_tokens"] = [*(of["suppress_tokens"] or ()), *suppressed]
    for name in ("forced_bos_token_id", "forced_eos_token_id"):
        left = [each for each in ids(of[name]) if each not in banned]
        if len(left) < len(ids(of[name])):
            found[name] = left or None
    return found


def ids(stated: int | Sequence[int] | None) -> tuple[int, ...]:
    """The ids in a setting that holds none, one or several.

    >>> ids(None), ids(3), ids([3, 4])
    ((), (3,), (3, 4))
    """
    if stated is None:
        return ()
    return (stated,) if isinstance(stated, int) else tuple(stated)


def named(processors: LogitsProcessorList) -> list[Named]:
    """What `generate` prepared, in its order, by plain names; a class that isn't known by its own.

    A processor may say its name itself, as `stage_name`. Of two that hold the same end token back for the same
    length, which `generate` makes of one setting, the later is left. Raises EngineError for one that keeps count of
    its calls: no row could be read again under it, and no branch taken.
    """
    chain = []
    for place, processor in enumerate(processors):
        if type(processor) in _WITH_MEMORY:
            raise EngineError(
                "The checkpoint asks for something that is not run here",
                f"Its settings name {_WITH_MEMORY[type(processor)]}, which depends on more than the ids before.",
                "Take it out of its generation_config.json.",
            )
        if any(_same_length(processor, other) for other in processors[place + 1 :]):
            continue
        name, value = _NAMES.get(type(processor), (None, None))
        own = getattr(processor, "stage_name", type(processor).__name__)
        chain.append((name or str(own), None if value is None else value(processor), processor))
    return chain


def _same_length(first: LogitsProcessor, second: LogitsProcessor) -> bool:
    return (
        isinstance(first, made.MinLengthLogitsProcessor)
        and isinstance(second, made.MinNewTokensLengthLogitsProcessor)
        and first.min_length == second.prompt_length_to_skip + second.min_new_tokens
        and torch.equal(first.eos_token_id, second.eos_token_id)
    )


def check_left(scores: torch.Tensor, chain: Sequence[Named]) -> None:
    """Raise EngineError where the processors left nothing to choose from in any row.

    scores: [beams, vocabulary], after the whole chain.
    """
    if bool((scores == -torch.inf).all()):
        by = ", ".join(name for name, _, _ in chain if name in filtering.ALWAYS_TOLD)
        raise EngineError(
            "Nothing left to choose",
            f"Every token is ruled out here, by these together: {by}." if by else "Every logit is −∞ here.",
            "Ban fewer tokens, let more be repeated, or choose a wider constraint.",
        )
