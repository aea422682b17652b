"""Beam search and beam sampling, step by step, as `_beam_search` of transformers does it. Imports torch.

Ours has one prompt where the library's has a batch, and tells of every candidate what became of it. Scores are
float32 and computed in the library's order, so that ids and `sequences_scores` are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteriaList

from tui.engine.decoding.processors import check_left, named
from tui.engine.errors import EngineError
from tui.engine.library import loops
from tui.protocol.writing.beams import BeamCandidate, Fate, Hypothesis

_NEVER = -1.0e9
"""The library's score of what can't be."""


@dataclass(frozen=True)
class _Beam:
    """A sequence that goes on, or an end that was found."""

    ids: tuple[int, ...]
    """After the beginning."""
    candidates: tuple[int, ...]
    """Of each id, its place among the candidates of its step."""
    total: float
    """Sum of the log-probabilities, nats."""


class BeamLoop:
    """Called by `generate` in the place of its loop; holds the hypotheses."""

    def __init__(
        self,
        written: Sequence[int],
        seed: int,
        text: Callable[[int], str],
        check: Callable[[], None],
        told: Callable[[int, tuple[BeamCandidate, ...], int], object],
    ) -> None:
        """written: ids after the prompt from which every beam starts; scores and lengths count from there.

        `text` names an id. `check` raises to give up, between two steps. `told` hears of every step: tokens written
        before it, the candidates by score, and how many finished sequences are kept by then.
        """
        self._written, self._seed = tuple(written), seed
        self._text, self._check, self._told = text, check, told
        self.hypotheses: tuple[Hypothesis, ...] = ()
        """The best first, once `generate` has run."""
        self.steps = 0

    def __call__(
        self,
        model: Any,
        input_ids: torch.Tensor,
        logits_processor: LogitsProcessorList,
        stopping_criteria: StoppingCriteriaList,
        generation_config: GenerationConfig,
        **model_kwargs: Any,
    ) -> torch.Tensor:
        """Search. input_ids: [beams, positions], all rows alike. Returns the best row, [1, positions].

        Raises what `check` raises, and EngineError where there are more beams than continuations.
        """
        self._config = generation_config
        self._width = int(generation_config.num_beams)
        self._ends = loops.ends_of(generation_config)
        self._before = input_ids.shape[1] + len(self._written)
        forwards = _Forwards(model, input_ids, model_kwargs, self._written)
        chain = named(logits_processor)
        device = input_ids.device
        generator = None
        if generation_config.do_sample:
            generator = torch.Generator(device=device)
            generator.manual_seed(self._seed)
        beams = [_Beam((), (), 0.0)] * self._width
        scores = torch.zeros(self._width, device=device)
        scores[1:] = _NEVER  # all begin alike: only the first may go on
        found: list[tuple[_Beam, bool] | None] = [None] * self._width
        found_scores = torch.full((self._width,), _NEVER, device=device)
        improvable = True
        while True:
            self._check()
            logits = forwards.logits()
            log_probabilities = torch.log_softmax(logits, dim=-1)
            processed = logits_processor(forwards.ids, log_probabilities)  # type: ignore[arg-type]
            check_left(processed, chain)
            best, parents, ids = self._candidates(processed + scores[:, None], generator)
            longer = torch.cat([forwards.ids[parents], ids[:, None]], dim=-1)
            ended = stopping_criteria(longer, None)
            onward = torch.topk(best + ended.to(torch.float32) * _NEVER, k=self._width)[1]
            length = self.steps + 1
            penalized = best / (length**generation_config.length_penalty)
            found_before, full = list(found), all(each is not None for each in found)
            entering = ended.clone()
            entering[self._width :] = False
            closed = full and generation_config.early_stopping is True
            chances = penalized + closed * _NEVER + (not improvable) * _NEVER
            chances = chances + (~entering).to(torch.float32) * _NEVER
            merged = torch.cat([found_scores, chances])
            order = torch.topk(merged, k=self._width)[1]
            places = [
                _Beam(
                    (*beams[parent].ids, index),
                    (*beams[parent].candidates, place),
                    float(best[place]),
                )
                for place, (parent, index) in enumerate(zip(parents.tolist(), ids.tolist(), strict=True))
            ]
            pool = [*found_before, *((beam, beam.ids[-1] in self._ends) for beam in places)]
            real = [True] * self._width + entering.tolist()
            found_scores = merged[order]
            found = [pool[place] if real[place] else None for place in order.tolist()]
            kept = [] if bool(ended.all()) else onward.tolist()
            self._tell(
                _Step(
                    parents.tolist(),
                    ids.tolist(),
                    processed[parents, ids].tolist(),
                    best.tolist(),
                    penalized.tolist(),
                    ended.tolist(),
                    kept,
                    [place - self._width for place in order.tolist() if place >= self._width and real[place]],
                    closed,
                    improvable,
                ),
                sum(each is not None for each in found),
            )
            self.steps += 1
            beams, scores = [places[place] for place in onward.tolist()], best[onward]
            scores = scores + ended[onward].to(torch.float32) * _NEVER
            improvable = improvable and self._can_improve(scores, found, found_scores)
            everyone = all(each is not None for each in found)
            if not improvable or (everyone and generation_config.early_stopping is True) or bool(ended.all()):
                break
            forwards.go_on(parents[onward], ids[onward])
        self._finish(found, found_scores)
        best_ids = [*self._written, *(self.hypotheses[0].ids if self.hypotheses else ())]
        return torch.cat([input_ids[:1], torch.tensor([best_ids], dtype=torch.long, device=device)], dim=-1)

    def _candidates(
        self, scores: torch.Tensor, generator: torch.Generator | None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The best continuations of all beams together: scores, beams and ids, the highest score first.

        scores: float32 [beams, vocabulary]. So many that all beams can go on even if the best ones end.
        """
        count = max(2, 1 + len(self._ends)) * self._width
        vocabulary = scores.shape[1]
        flat = scores.reshape(1, -1)
        if count > flat.shape[1]:
            raise EngineError(
                "More beams than tokens",
                f"{self._width} beams look at {count:,} continuations; there are {flat.shape[1]:,}.",
                "Search with fewer beams.",
            )
        if generator is None:
            best, places = torch.topk(flat, k=count)
        else:
            places = torch.multinomial(torch.softmax(flat, dim=-1), num_samples=count, generator=generator)
            best, order = flat.gather(1, places).sort(dim=-1, descending=True)
            places = places.gather(-1, order)
        return best[0], places[0] // vocabulary, places[0] % vocabulary

    def _can_improve(self, scores: torch.Tensor, found: Sequence[object], found_scores: torch.Tensor) -> bool:
        """Whether the best beam could still be better than the worst end that was found, by the library's guess."""
        config = self._config
        length = self.steps
        if config.early_stopping == "never" and config.length_penalty > 0.0:
            length = int(config.max_length) - self._before
        best = scores[:1] / (length**config.length_penalty)
        worst = torch.where(
            torch.tensor([each is not None for each in found], device=scores.device),
            found_scores.min(),
            _NEVER,
        )
        return bool((best > worst).any())

    def _finish(self, found: Sequence[tuple[_Beam, bool] | None], scores: torch.Tensor) -> None:
        self.hypotheses = tuple(
            Hypothesis(beam.ids, score, beam.total, finished, beam.candidates)
            for each, score in zip(found, scores.tolist(), strict=True)
            if each is not None
            for beam, finished in (each,)
        )

    def _tell(self, step: _Step, hypotheses: int) -> None:
        candidates = tuple(
            BeamCandidate(
                parent=step.parents[place],
                id=index,
                text=self._text(index),
                log_probability=step.log_probabilities[place],
                score=step.scores[place],
                penalized=step.penalized[place],
                fate=fate,
                why=why,
            )
            for place, index in enumerate(step.ids)
            for fate, why in (self._fate(step, place),)
        )
        self._told(self.steps, candidates, hypotheses)

    def _fate(self, step: _Step, place: int) -> tuple[Fate, str]:
        width = self._width
        if step.scores[place] <= _NEVER / 2:
            return "cut", "of a beam that is not there yet"
        if place in step.entered:
            rank = step.entered.index(place) + 1
            how = "ends a text" if step.ids[place] in self._ends else "as long as it may be"
            return "finished", f"{how}: hypothesis, number {rank} of this step"
        if not step.ended[place]:
            if place in step.kept:
                return "kept", f"number {step.kept.index(place) + 1} of {width} that go on"
            return "cut", f"number {place + 1} by score; {width} go on"
        if place >= width:
            return "cut", f"ends a text, but is not among the best {width} of this step"
        if step.closed:
            return "cut", f"ends a text, but {width} are found and early_stopping is on"
        if not step.improvable:
            return "cut", "ends a text, but none better was thought possible"
        return "cut", f"ends a text, but all {width} that were found are better"


@dataclass(frozen=True)
class _Step:
    """What became of the candidates of one step, by place."""

    parents: list[int]
    ids: list[int]
    log_probabilities: list[float]
    scores: list[float]
    penalized: list[float]
    ended: list[bool]
    kept: list[int]
    """Places of those that go on."""
    entered: list[int]
    """Places of those that became hypotheses, the best first."""
    closed: bool
    improvable: bool


class _Forwards:
    """Rows of ids, one for each beam, and the model's keyword arguments that go with them."""

    def __init__(
        self, model: Any, input_ids: torch.Tensor, keywords: dict[str, Any], written: Sequence[int]
    ) -> None:
        self._model, self._keywords = model, dict(keywords)
        self._encoder = bool(model.config.is_encoder_decoder)
        self.ids = input_ids
        self._output: Any = {}
        self._first = True
        for index in written:
            self._append(torch.full_like(input_ids[:, :1], index))

    def _append(self, ids: torch.Tensor) -> None:
        self.ids = torch.cat([self.ids, ids], dim=-1)
        self._keywords = loops.grown(self._model, self._output, self._keywords)

    def logits(self) -> torch.Tensor:
        """Of what comes next after each row, float32 [beams, vocabulary]."""
        uses_cache = bool(self._keywords.get("use_cache"))
        inputs = self._model.prepare_inputs_for_generation(
            self.ids,
            next_sequence_length=1 if uses_cache and not self._first else None,
            is_first_iteration=self._first,
            **self._keywords,
        )
        output = self._model(**inputs, return_dict=True)
        self._first = False
        logits: torch.Tensor = output.logits[:, -1, :].to(copy=True, dtype=torch.float32)
        output.logits = None
        self._output = output
        return logits

    def go_on(self, parents: torch.Tensor, ids: torch.Tensor) -> None:
        """Every row becomes one of the rows before with one more id. parents, ids: int64 [beams]."""
        self.ids = self.ids[parents]
        self._append(ids[:, None])
        cache = self._keywords.get(loops.CACHE)
        if cache is not None:
            self._keywords[loops.CACHE] = loops.reordered(self._model, cache, parents)
