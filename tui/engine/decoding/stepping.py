"""Greedy decoding and sampling, token by token, as the loop of transformers' own `generate`. Imports torch.

`generate` prepares processors, criteria, masks and positions for the prompt alone; what is written already is put
behind it here, and read together with it or taken from a kept cache.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import torch
from transformers import MaxLengthCriteria, MaxTimeCriteria

from tui.engine.decoding.described import Vocabulary
from tui.engine.decoding.draws import Draws
from tui.engine.decoding.forwards import Forwards, read_as_written
from tui.engine.decoding.kept_caches import KeptCaches, Taken
from tui.engine.decoding.numbers import Meter, kept
from tui.engine.decoding.processors import check_left, named
from tui.engine.decoding.prompts import Beginning
from tui.engine.decoding.reading_on import reads_on
from tui.engine.decoding.rows import KeptRows
from tui.engine.errors import EngineError
from tui.engine.library import loops
from tui.engine.library.growing import can_grow
from tui.engine.rows.filtering import FORCED_FIRST, FORCED_LAST
from tui.protocol import Continue
from tui.protocol.writing.steps import Chosen, ChosenBy, Stop

if TYPE_CHECKING:
    from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteriaList

    from tui.engine.rows.filtering import Named

_PART = {"cpu": 512}
"""Positions of a prompt that are read before it is asked whether it is still wanted; more on an accelerator."""
_PART_ELSEWHERE = 4096


class Listener(Protocol):
    """Who hears of a run."""

    def stepped(self, chosen: Chosen) -> None:
        """One more token, or one that stood and is scored now."""

    def check(self) -> None:
        """Between two parts of a long prompt; raises to give up."""

    def pause(self, loop: Loop) -> None:
        """Between two tokens; raises to give up. The row of what comes next is there, if the model has one."""


@dataclass
class Counted:
    """Positions of a run."""

    reused: int = 0
    computed: int = 0


class Loop:
    """Called by `generate`; holds what came of it."""

    def __init__(
        self,
        beginning: Beginning,
        request: Continue,
        caches: KeptCaches,
        rows: KeptRows,
        draws: Draws,
        vocabulary: Vocabulary,
        listener: Listener,
        complete: Callable[[Sequence[int]], bool] | None = None,
    ) -> None:
        """complete: whether a constraint lets nothing be added to the written ids."""
        self._beginning, self._request = beginning, request
        self._caches, self._rows, self._draws, self._vocabulary = caches, rows, draws, vocabulary
        self._listener, self._complete = listener, complete
        self.written = list(beginning.written)
        self.ids = [*beginning.ids, *self.written]
        """All ids of the decoder by now."""
        self.counted = Counted()
        self.chain: list[Named] = []
        """The processors that `generate` prepared."""
        self.stop: Stop | None = None
        self._meter = Meter()
        self._taken: Taken | None = None
        self._mark = time.perf_counter()

    @property
    def last(self) -> int:
        """The last position that has a row: that of the last token, unless it is beyond the model's positions."""
        last = len(self.ids) - 1
        limit = self._beginning.limit
        return last if limit is None else min(last, limit - 1)

    def __call__(
        self,
        model: Any,
        input_ids: torch.Tensor,
        logits_processor: LogitsProcessorList,
        stopping_criteria: StoppingCriteriaList,
        generation_config: GenerationConfig,
        **model_kwargs: Any,
    ) -> torch.Tensor:
        """Score what stands, go on, and leave with the row of what would come next."""
        self._model, self._processors, self._config = model, logits_processor, generation_config
        self._criteria = [each for each in stopping_criteria if not isinstance(each, MaxLengthCriteria)]
        self.chain = named(logits_processor)
        request = self._request
        self._forwards = Forwards(model, input_ids, model_kwargs)
        scored = min(request.scored, len(self.written))
        behind_others = bool(self.written) or self._caches.holds_any or input_ids.shape[1] > _part(input_ids)
        if not behind_others or reads_on(model, can_grow(model_kwargs.get(loops.CACHE))):
            self._forwards.append(self.written)
            rows = self._read_beginning(len(self.written) - scored)
        else:
            rows = self._read_one_by_one(len(self.written) - scored)
        for place in range(scored, len(self.written)):
            self._pause()
            row = rows[place - scored]
            self._tell(place, row, self.written[place], "given")
        row = rows[-1]
        del rows
        with loops.writing(model):
            stop = self._why_stop()
            while stop is None:
                self._pause()
                chosen = self._choose(row, len(self.written))
                self.written.append(chosen)
                self.ids.append(chosen)
                self._forwards.append([chosen])
                stop, end = self._why_stop(), len(self.ids)
                if end - 1 == self.last and (request.next_row or stop is None):
                    row = self._run(end - 1, end, 1)[0]
        self.stop = stop
        return self._forwards.ids

    def _pause(self) -> None:
        """Let others have their turn, which is not the model's time."""
        began = time.perf_counter()
        self._listener.pause(self)
        self._mark += time.perf_counter() - began

    # ----------------------------------------------------------------------------------- reading

    def _read_beginning(self, given: int) -> list[torch.Tensor]:
        """Run the model on what stands and isn't kept; the rows of the `given` last tokens and of the next."""
        forwards, end, past = self._forwards, self.last + 1, 0
        beyond = len(self.ids) - end
        rows = max(1, given + 1 - beyond)
        fresh = forwards.keywords.get(loops.CACHE)
        if fresh is not None:
            outputs = forwards.keywords.get("encoder_outputs")
            self._taken = self._caches.take(self._beginning.source, self.ids[:end], rows, fresh, outputs)
            forwards.keywords[loops.CACHE], past = self._taken.cache, self._taken.past
        self.counted = Counted(past, 0)
        if self._taken is not None and past == end and self._taken.row is not None:
            self._rows.keep(end - 1, self._taken.row)
            return [self._taken.row]
        part = _part(forwards.ids)
        in_parts = self._taken is not None and self._taken.can_be_read_in_parts
        while in_parts and end - past > part and end - past - part >= rows:
            self._run(past, past + part, 1)
            past += part
            self._listener.check()
        return self._run(past, end, rows)

    def _read_one_by_one(self, given: int) -> list[torch.Tensor]:
        """As `_read_beginning`, by the forwards of `generate` and nothing that was kept."""
        before, end = len(self._beginning.ids), self.last + 1
        found = read_as_written(self._forwards, self.written[: end - before], self._listener.check)
        self._forwards.append(self.written[end - before :])
        self.counted = Counted(0, end)
        for position, row in enumerate(found, end - len(found)):
            self._rows.keep(position, row)
        return found[-max(1, given + 1 - (len(self.ids) - end)) :]

    def _run(self, past: int, end: int, rows: int) -> list[torch.Tensor]:
        """Run the model on some positions; their last rows, which are kept."""

        def forward() -> list[torch.Tensor]:
            return self._forwards.run(past, end, rows)

        found = forward() if self._taken is None else self._taken.run(self.ids[past:end], forward)
        self.counted.computed += end - past if self._forwards.uses_cache else end
        for position, row in enumerate(found, end - len(found)):
            self._rows.keep(position, row)
        return found

    # ----------------------------------------------------------------------------------- choosing

    def _choose(self, row: torch.Tensor, place: int) -> int:
        """Choose the next token and tell it."""
        by: ChosenBy = "sample" if self._config.do_sample else "greedy"
        if not self.chain and by == "greedy":
            return self._tell(place, row, None, by)
        scores = self._processed(row, self._forwards.ids)
        check_left(scores, self.chain)
        if by == "sample":
            probabilities = torch.nn.functional.softmax(scores, dim=-1)
            if not bool(torch.isfinite(probabilities.sum())):
                raise EngineError(
                    "Nothing can be drawn here",
                    "The model's logits are not all numbers, and no probabilities can be made of them.",
                    "Try another number format (--dtype float32), or another checkpoint.",
                )
            chosen = int(self._draws.choose(probabilities, self._request.decoding.seed, place))
        else:
            chosen = int(torch.argmax(scores, dim=-1))
        return self._tell(place, row, chosen, "given" if self._is_forced(place) else by, scores[0])

    def _is_forced(self, place: int) -> bool:
        """Whether a setting says which token stands at a place."""
        first, last = place == 0, place + 1 == self._beginning.most
        names = {name for name, _, _ in self.chain}
        return (first and FORCED_FIRST in names) or (last and FORCED_LAST in names)

    def _processed(self, row: torch.Tensor, before: Any) -> torch.Tensor:
        """The row after all processors, which may write into what they are given. [1, vocabulary]"""
        if not self.chain:
            return row[None]
        scores: torch.Tensor = self._processors(before, row[None].clone())
        return scores

    def _tell(
        self,
        place: int,
        row: torch.Tensor,
        index: int | None,
        by: ChosenBy,
        scores: torch.Tensor | None = None,
    ) -> int:
        """Tell a token, the likeliest where none is named; its id. scores: the row as processed, if known."""
        seconds = time.perf_counter() - self._mark
        found = self._meter.numbers(row, index, self._request.alternatives)
        index = found.id
        kept_log_probability = kept_count = None
        if self.chain:
            if scores is None:
                scores = self._processed(row, self._forwards.ids[:, : len(self._beginning.ids) + place])[0]
            kept_log_probability, kept_count = kept(scores, index)
        described = self._vocabulary.of(index)
        self._listener.stepped(
            Chosen(
                place=place,
                id=index,
                text=described.text,
                bytes_=described.bytes,
                special=described.special,
                log_probability=found.log_probability,
                rank=found.rank,
                entropy_bits=found.entropy_bits,
                kept_log_probability=kept_log_probability,
                kept=kept_count,
                by=by,
                seconds=seconds,
                top=self._vocabulary.candidates(found.top) if self._request.alternatives else (),
            )
        )
        self._mark = time.perf_counter()
        return index

    # ----------------------------------------------------------------------------------- stopping

    def _why_stop(self) -> Stop | None:
        """Why nothing more is written, or None."""
        if self.written and (stop := self._ended()) is not None:
            return stop
        start, count = self._beginning, len(self.written)
        if start.limit is not None and len(start.ids) + count > start.limit:
            return Stop("positions", f"the model has no more than {start.limit:,} positions")
        if count >= start.most:
            return (
                Stop("length", f"{start.most_by} reached") if start.most_by else _counted(self._request.most)
            )
        return None

    def _ended(self) -> Stop | None:
        """Whether the last token ends the text, by itself or with those before it."""
        last = self.written[-1]
        for criterion in self._criteria:
            if bool(criterion(self._forwards.ids, None).all()):
                if isinstance(criterion, MaxTimeCriteria):
                    return Stop("time", f"max_time {criterion.max_time} s reached")
                return Stop("end", f"the end token {self._vocabulary.text(last)}")
        string = self._completed_string()
        if string is not None:
            return Stop("stop string", f"“{string}”")
        if self._complete is not None and self._complete(self.written):
            return Stop("constraint", "the text matches it, and nothing can be added")
        return None

    def _completed_string(self) -> str | None:
        """A stop string that the last token completes."""
        strings = self._request.decoding.stop_strings
        if not strings:
            return None
        most = 4 * max(map(len, strings)) + 16  # bytes of a string, and tokens that are no text
        window = self.written[-most:]
        decode = self._beginning.prepared.tokenizer.decode
        now, before = decode(window), decode(window[:-1])
        return next((each for each in strings if each and now.count(each) > before.count(each)), None)


def _part(ids: torch.Tensor) -> int:
    """Positions of a prompt that are read at once."""
    return _PART.get(ids.device.type, _PART_ELSEWHERE)


def _counted(most: int) -> Stop:
    return Stop("count", f"{most:,} asked for")
