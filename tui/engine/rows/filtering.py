"""Penalties, temperature, bans and filters, by transformers' own processors in the order of `generate`.

Which rows are kept is decided in float32, as `generate` does it: sums in float64 decide otherwise at the edge. The
numbers shown beside it are float64 arithmetic on the same logits.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from tui.engine.errors import EngineError
from tui.engine.rows import probability
from tui.engine.rows.probability import Floats
from tui.engine.sources.files import GENERATION_CONFIG
from tui.protocol.rows import FilterStage, Function, ReadoutSettings

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from transformers import LogitsProcessor

Named: TypeAlias = "tuple[str, float | None, LogitsProcessor]"
"""What a processor is called, what it is set to where that is one number, and itself."""

PENALTY, TEMPERATURE = "repetition penalty", "temperature"
TOP_K, TOP_P, MIN_P, TYPICAL_P = "top-k", "top-p", "min-p", "typical-p"
FILTERS = (TOP_K, TOP_P, MIN_P, TYPICAL_P)
SEQUENCE_BIAS, ENCODER_PENALTY = "sequence bias", "encoder repetition penalty"
NO_REPEAT, ENCODER_NO_REPEAT = "no-repeat n-gram", "no n-gram of the source"
BANNED, LEAST_LENGTH, LEAST_NEW, CONSTRAINT = "banned", "least length", "least new tokens", "constraint"
FORCED_FIRST, FORCED_LAST = "forced first token", "forced last token"
SUPPRESSED, SUPPRESSED_FIRST = "suppressed", "suppressed first"
TOP_H, EPSILON, ETA = "top-h", "epsilon cutoff", "eta cutoff"
NORMALIZED = "normalized"
ALWAYS_TOLD = frozenset({*FILTERS, NO_REPEAT, BANNED, LEAST_NEW, CONSTRAINT, TOP_H, EPSILON, ETA})
"""Stages that are told of where they drop nothing, too: they were asked for."""
_DROPPING = ALWAYS_TOLD | {LEAST_LENGTH, ENCODER_NO_REPEAT, SUPPRESSED, SUPPRESSED_FIRST}
"""Processors that set rows to −∞ and leave the others alone."""
_BEFORE_PENALTY = (SEQUENCE_BIAS, ENCODER_PENALTY)
_AFTER_WARPERS = ("watermark", NORMALIZED)
_WARPERS = (TEMPERATURE, TOP_H, TOP_K, TOP_P, MIN_P, TYPICAL_P, EPSILON, ETA)
"""In the order of `generate`."""


@dataclass(frozen=True)
class Chain:
    """Processors that `generate` prepared, in its order, by their names."""

    processors: tuple[Named, ...]
    device: torch.device
    """Where they expect their scores."""


@dataclass(frozen=True)
class Reshaped:
    """A row of logits under the settings."""

    penalized: Floats | None
    """The logits after everything that re-weighs them but the temperature; None where nothing does."""
    scaled: Floats
    """Those divided by the temperature."""
    dropped: NDArray[np.int8] | None
    """[n]: number of the stage that dropped the row, KEPT, or IMPOSSIBLE; None where there are no filters."""
    stages: tuple[FilterStage, ...]
    notes: tuple[str, ...]
    """Settings that do not apply, and why."""
    reweighed_by: tuple[str, ...] = ()
    """What made `penalized`."""


KEPT, IMPOSSIBLE = -1, -2
"""In `Reshaped.dropped`: left by every stage; −∞ before any of them."""


def check(settings: ReadoutSettings, stated: Collection[str] = ()) -> None:
    """Raise EngineError for settings that no row can be read under; stated: those that are the checkpoint's."""

    def refuse(setting: str, name: str, detail: str, hint: str) -> None:
        if setting in stated:
            detail += f" It is the checkpoint's own: its {GENERATION_CONFIG} states it."
            hint = f"Set the {name} yourself, or correct that file. {hint}"
        raise EngineError(f"Impossible {name}", detail, hint)

    temperature, penalty = settings.temperature, settings.repetition_penalty
    if not (math.isfinite(temperature) and temperature > 0):
        detail = f"A temperature of {temperature} divides nothing; it must be finite and above 0."
        refuse("temperature", TEMPERATURE, detail, "Use a number such as 0.7 or 1.")
    if not (math.isfinite(penalty) and penalty > 0):
        detail = f"A repetition penalty of {penalty} divides nothing; it must be finite and above 0."
        refuse("repetition_penalty", PENALTY, detail, "Use a number such as 1.2, or 1 for none.")
    if settings.top_k < 0:
        detail = f"top-k {settings.top_k} is less than no row."
        refuse("top_k", TOP_K, detail, "Use a whole number such as 40, or 0 for no limit.")
    for setting, name in (("top_p", TOP_P), ("min_p", MIN_P), ("typical_p", TYPICAL_P)):
        share = getattr(settings, setting)
        if not 0 <= share <= 1 or (name == TYPICAL_P and share == 0):
            detail = f"{name} {share} is no share of the probability: it goes from 0 to 1."
            refuse(setting, name, detail, "Use a number such as 0.9; 0 is off for min-p, 1 for the others.")


def processors(settings: ReadoutSettings, context_ids: Sequence[int] | None, least: int = 1) -> list[Named]:
    """Name, setting and processor of everything in force, in the order of `generate`.

    least: how many rows every filter leaves, for `generate` one without beams.
    """
    from transformers.generation import logits_process as made

    chain: list[Named] = []
    penalty, temperature = settings.repetition_penalty, settings.temperature
    if penalty != 1.0 and context_ids is not None:
        chain.append((PENALTY, penalty, made.RepetitionPenaltyLogitsProcessor(float(penalty))))
    if temperature != 1.0:
        chain.append((TEMPERATURE, temperature, made.TemperatureLogitsWarper(float(temperature))))
    if settings.top_k:
        top_k = made.TopKLogitsWarper(settings.top_k, min_tokens_to_keep=least)
        chain.append((TOP_K, settings.top_k, top_k))
    if settings.top_p < 1.0:
        top_p = made.TopPLogitsWarper(settings.top_p, min_tokens_to_keep=least)
        chain.append((TOP_P, settings.top_p, top_p))
    if settings.min_p > 0.0:
        min_p = made.MinPLogitsWarper(settings.min_p, min_tokens_to_keep=least)
        chain.append((MIN_P, settings.min_p, min_p))
    if settings.typical_p < 1.0:
        typical = made.TypicalLogitsWarper(settings.typical_p, min_tokens_to_keep=least)
        chain.append((TYPICAL_P, settings.typical_p, typical))
    return chain


def under(chain: Sequence[Named], settings: ReadoutSettings) -> list[Named]:
    """The chain as `generate` would prepare it to sample under `settings`, whatever it was prepared under.

    A greedy search has no temperature and no filters in its chain: they are appended. One whose setting is the same
    stays itself.
    """
    least = max((getattr(its, "min_tokens_to_keep", 1) for _, _, its in chain), default=1)
    there = {(name, value): each for each in chain for name, value, _ in (each,)}
    asked = [
        there.get((name, value), (name, value, its)) for name, value, its in processors(settings, (), least)
    ]
    own = [each for each in chain if each[0] not in (PENALTY, TEMPERATURE, *FILTERS)]
    return sorted([*own, *asked], key=lambda each: _place(each[0]))


def _place(name: str) -> int:
    """Where `generate` puts a processor, as far as that is to be known to put one between the others."""
    if name in _BEFORE_PENALTY:
        return 0
    if name == PENALTY:
        return 1
    if name in _WARPERS:
        return 3 + _WARPERS.index(name)
    return 3 + len(_WARPERS) + _AFTER_WARPERS.index(name) if name in _AFTER_WARPERS else 2


def reshape(
    logits: Floats,
    settings: ReadoutSettings,
    function: Function,
    context_ids: Sequence[int] | None,
    chain: Chain | None = None,
) -> Reshaped:
    """Apply what is set to one row.

    logits: float64 [n], the model's float32 (or coarser) logits exactly. context_ids: the ids before the position
    that the row is about, None where nothing stands before it. chain: what `generate` applies there; temperature,
    penalty and filters are those of `settings` all the same. Raises EngineError as `check` does.
    """
    check(settings)
    if function != "softmax":
        return Reshaped(None, logits / settings.temperature, None, (), _notes(settings, function, None))
    notes = _notes(settings, function, context_ids)
    if chain is None:
        passed = _Passage(logits, context_ids or (), "cpu")
        passed.through(processors(settings, context_ids))
    else:
        passed = _Passage(logits, context_ids or (), chain.device)
        passed.through(under(chain.processors, settings))
    penalized = passed.weighed if passed.reweighed_by else None
    scaled = passed.weighed / settings.temperature
    dropped, stages = passed.stages(scaled) if passed.steps else (None, ())
    return Reshaped(penalized, scaled, dropped, stages, notes, tuple(passed.reweighed_by))


class _Passage:
    """A row on its way through processors: in float32 on `device` as in `generate`, and in float64 beside it."""

    def __init__(self, logits: Floats, context_ids: Sequence[int], device: torch.device | str) -> None:
        self._logits, self._context, self._device = logits, context_ids, device
        self.weighed = logits
        """float64: what re-weighs it is applied, and not the temperature."""
        self.reweighed_by: list[str] = []
        self.steps: list[tuple[str, float | None, NDArray[np.bool_], NDArray[np.bool_]]] = []
        """Name and setting of what drops rows, the rows that came to it and those that it dropped."""
        self._dropped = np.full(len(logits), KEPT, dtype=np.int8)
        self._temperature = 1.0

    def through(self, chain: Sequence[Named]) -> None:
        """Apply the processors one by one, and see what each of them did."""
        if all(name in (PENALTY, TEMPERATURE) for name, _, _ in chain):
            for name, value, _ in chain:
                self._arithmetic(name, value)
            return
        import torch

        with np.errstate(over="ignore"):
            scores = torch.from_numpy(self._logits.astype(np.float32)).to(self._device)[None]
        ids = torch.tensor([list(self._context)], dtype=torch.long, device=self._device)
        gone = _minus_infinite(scores)
        self._dropped[gone] = IMPOSSIBLE
        for name, value, processor in chain:
            before, scores = scores, processor(ids, scores)
            gone = _minus_infinite(scores)
            if name in (PENALTY, TEMPERATURE):
                self._arithmetic(name, value)
                self._dropped[gone & (self._dropped == KEPT)] = IMPOSSIBLE  # too large for float32
            elif name != NORMALIZED:
                if name not in _DROPPING and not torch.equal(before, scores):
                    self._reweigh(name, ids, processor, gone)
                self._drop(name, value, gone)

    def _arithmetic(self, name: str, value: float | None) -> None:
        assert value is not None
        if name == TEMPERATURE:
            self._temperature = value
        else:
            self.weighed = _penalized(self.weighed, value, self._context)
            self.reweighed_by.append(name)

    def _reweigh(
        self, name: str, ids: torch.Tensor, processor: LogitsProcessor, gone: NDArray[np.bool_]
    ) -> None:
        """What a processor makes of the rows that it leaves, in float64 where the device has that."""
        import torch

        came = np.where(self._dropped == KEPT, self.weighed / self._temperature, -np.inf)
        exact = torch.from_numpy(came)[None]
        if ids.device.type == "mps":
            exact = exact.float()
        made = processor(ids, exact.to(ids.device))[0].cpu().double().numpy() * self._temperature
        left = ~gone if name in (FORCED_FIRST, FORCED_LAST) else ~gone & (self._dropped == KEPT)
        weighed = np.where(left, made, self.weighed)
        if not np.array_equal(weighed, self.weighed, equal_nan=True):
            self.weighed = weighed
            self.reweighed_by.append(name)

    def _drop(self, name: str, value: float | None, gone: NDArray[np.bool_]) -> None:
        came = self._dropped == KEPT
        if name in (FORCED_FIRST, FORCED_LAST) and gone.any():
            came |= ~gone  # forced, whatever was said before
            self._dropped[~gone] = KEPT
        new = came & gone
        if name in ALWAYS_TOLD or new.any():
            self._dropped[new] = len(self.steps)
            self.steps.append((name, value, came, new))

    def stages(self, scaled: Floats) -> tuple[NDArray[np.int8], tuple[FilterStage, ...]]:
        """[n]: what dropped each row; and the stages in numbers."""
        exponentials = np.exp(probability.shift(scaled))
        probabilities = exponentials / exponentials.sum()
        told = []
        for name, value, came, gone in self.steps:
            limit, entropy = _limit(name, scaled, exponentials, came, came & ~gone)
            told.append(
                FilterStage(
                    name=name,
                    value=value,
                    kept=int(came.sum() - gone.sum()),
                    dropped=int(gone.sum()),
                    mass=float(probabilities[gone].sum()),
                    sum_exponentials=float(exponentials[came].sum()),
                    limit=limit,
                    entropy=entropy,
                )
            )
        return self._dropped, tuple(told)


def _minus_infinite(scores: torch.Tensor) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (scores[0] == -math.inf).cpu().numpy()
    return found


def _penalized(logits: Floats, penalty: float, context_ids: Sequence[int]) -> Floats:
    """The logits with those of the ids before made smaller, whatever their sign."""
    ids = np.unique(np.asarray(context_ids, dtype=np.int64))
    ids = ids[ids < len(logits)]  # a vocabulary may have more ids than the head has rows
    found = logits[ids]
    penalized = logits.copy()
    penalized[ids] = np.where(found < 0, found * penalty, found / penalty)
    return penalized


def _limit(
    name: str, scaled: Floats, exponentials: Floats, came: NDArray[np.bool_], stayed: NDArray[np.bool_]
) -> tuple[float | None, float | None]:
    """What a row had to reach at a stage, in the stage's own measure, and the entropy that was compared with."""
    if name == TOP_K and stayed.any():
        return float(scaled[stayed].min()), None
    if name == MIN_P and came.any():
        return float(exponentials[came].max()), None
    if name != TYPICAL_P or not stayed.any():
        return None, None
    nats = probability.log_softmax(scaled[came])
    entropy = probability.entropy_bits(nats) * math.log(2.0)
    return float(np.abs(-nats[stayed[came]] - entropy).max()), entropy


def _notes(
    settings: ReadoutSettings, function: Function, context_ids: Sequence[int] | None
) -> tuple[str, ...]:
    """What is set and does nothing here."""
    penalty = settings.repetition_penalty != 1.0
    filters = [
        name
        for name, on in (
            (TOP_K, settings.top_k > 0),
            (TOP_P, settings.top_p < 1.0),
            (MIN_P, settings.min_p > 0.0),
            (TYPICAL_P, settings.typical_p < 1.0),
        )
        if on
    ]
    if function != "softmax":
        named = ", ".join([PENALTY] * penalty + filters)
        return (f"{named}: not applied, {function} makes no distribution",) if named else ()
    if penalty and context_ids is None:
        return (f"{PENALTY}: not applied, this row is not about what comes after a text",)
    return ()
