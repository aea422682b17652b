"""A regular expression or a JSON schema that all that is written has to match, as a processor of `generate`."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from transformers import LogitsProcessor

from tui.engine.decoding.grammars import Start, bytes_as_ids, check_work, started
from tui.engine.decoding.token_texts import TokenTexts, token_texts
from tui.engine.errors import EngineError
from tui.engine.rows import filtering
from tui.protocol.writing.decoding import Constraint

if TYPE_CHECKING:
    from llguidance import LLMatcher
    from numpy.typing import NDArray

    from tui.engine.tokenization.entries import AnyTokenizer

_STATES = 256
"""How many prefixes have their state kept."""


class ConstraintProcessor(LogitsProcessor):
    """Rules out every token after which nothing could be written any more that matches.

    What was written is told from the ids after the prompt alone, so any branch can be gone on with; states are kept
    by those ids. An end token is let through where the text matches as it is; other special tokens never, unless
    nothing but special tokens was left before (a forced one), and they count as no text.
    """

    stage_name = filtering.CONSTRAINT

    def __init__(
        self,
        start: Start,
        texts: TokenTexts,
        tokenizer: AnyTokenizer,
        head_rows: int,
        eos_ids: Sequence[int],
    ) -> None:
        """start: the states before anything is written; the rest as `constraint_of` has it."""
        self.prompt_length = 0
        """Ids before the first written one; to be set before it is called."""
        self._begin, self._texts, self._tokenizer = start.begin, texts, tokenizer
        self._rows, self._eos = head_rows, frozenset(eos_ids)
        self._ends = [index for index in self._eos if index < head_rows]
        self._special = np.ones(head_rows, dtype=np.bool_)
        known = texts.later[:head_rows]
        self._special[: len(known)] = [not text for text in known]
        self._special[self._ends] = True
        self._kept: OrderedDict[tuple[int, ...], LLMatcher] = OrderedDict({(): start.later})

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Set what is ruled out to −∞. input_ids: [beams, positions] with the prompt; scores: [beams, rows].

        A beam whose ids don't match is ruled out as a whole. Raises EngineError where none matches.
        """
        written = input_ids[:, self.prompt_length :].tolist()
        allowed = np.zeros(tuple(scores.shape), dtype=np.bool_)
        wrong: list[EngineError] = []
        for beam, ids in enumerate(written):
            try:
                allowed[beam, : self._rows] = self.allowed(ids)
            except EngineError as error:
                wrong.append(error)
        if len(wrong) == len(written):
            raise wrong[0]
        possible = (scores > -torch.inf).cpu().numpy()
        forced = ~(possible[:, : self._rows] & ~self._special).any(axis=1)
        allowed[forced] = possible[forced]
        ruled_out = torch.from_numpy(~allowed).to(scores.device)
        return scores.masked_fill(ruled_out, -torch.inf)  # type: ignore[return-value]

    def allowed(self, ids: Sequence[int]) -> NDArray[np.bool_]:
        """[head_rows]: which ids may come next. ids: those after the prompt.

        Raises EngineError for ids that don't match already, naming the first that breaks it, and for a constraint
        that takes too much work.
        """
        ids, ended = self._without_end(ids)
        state = self._state(ids)
        found = np.zeros(self._rows, dtype=np.bool_)
        if not ended:
            judge = self._begin if self._texts.beginning(ids) == len(ids) else state
            bits = np.frombuffer(judge.compute_bitmask(), dtype=np.uint8)
            check_work(judge)
            known = np.unpackbits(bits, bitorder="little")[: min(self._rows, len(self._texts.later))]
            found[: len(known)] = known
        found[self._ends] = state.is_accepting()
        return found

    def ruled_out(self, ids: Sequence[int]) -> int:
        """How many rows of the head may not come next. Raises as `allowed` does."""
        return self._rows - int(self.allowed(ids).sum())

    def matches(self, ids: Sequence[int]) -> bool:
        """Whether the text matches as it is. Raises as `allowed` does."""
        return bool(self._state(self._without_end(ids)[0]).is_accepting())

    def complete(self, ids: Sequence[int]) -> bool:
        """Whether the text after the prompt matches and nothing can be added."""
        try:
            allowed = self.allowed(ids)
        except EngineError:
            return False
        allowed[self._ends] = False
        return self.matches(ids) and not allowed.any()

    def _without_end(self, ids: Sequence[int]) -> tuple[tuple[int, ...], bool]:
        """The ids before an end token, and whether there is one."""
        place = next((place for place, index in enumerate(ids) if index in self._eos), None)
        if place is None:
            return tuple(ids), False
        before = tuple(ids[:place])
        if not self._state(before).is_accepting():
            raise self._broken(ids, place)
        if any(index not in self._eos for index in ids[place:]):
            raise self._broken(ids, next(at for at in range(place, len(ids)) if ids[at] not in self._eos))
        return before, True

    def _state(self, ids: tuple[int, ...]) -> LLMatcher:
        place = len(ids)
        while ids[:place] not in self._kept:
            place -= 1
        state = self._kept[ids[:place]]
        self._kept.move_to_end(ids[:place])
        for place in range(place, len(ids)):  # noqa: B020 - goes on from where it is
            state = state.deep_copy()
            text = self._texts.one(ids, place)
            if state.try_consume_tokens(bytes_as_ids(text, self._texts)) < len(text):
                check_work(state)
                raise self._broken(ids, place)
            self._keep(ids[: place + 1], state)
        return state

    def _keep(self, ids: tuple[int, ...], state: LLMatcher) -> None:
        self._kept[ids] = state
        while len(self._kept) > _STATES:
            oldest = next(each for each in self._kept if each)
            del self._kept[oldest]

    def _broken(self, ids: Sequence[int], place: int) -> EngineError:
        token = self._tokenizer.decode([ids[place]]) or self._tokenizer.entry(ids[place])
        return EngineError(
            "What is written does not match the constraint",
            f"Token {place + 1} after the prompt, {token!r} (id {ids[place]}), is the first that breaks it.",
            "Go back to before that token, or take the constraint away.",
        )


def constraint_of(
    constraint: Constraint,
    tokenizer: AnyTokenizer,
    head_rows: int,
    eos_ids: Sequence[int],
) -> ConstraintProcessor:
    """The processor that holds to a constraint all that is written after a prompt.

    What is judged is the text that the written ids decode to by themselves, special tokens left out and nothing
    cleaned up: a space that the decoder takes from the beginning is none. A JSON schema's properties are written in
    its order, with few blanks between its parts (`grammars.BLANKS`). head_rows: rows of the model's head; those
    without an entry in the tokenizer are ruled out.

    Raises EngineError for a wrong expression or schema, for one that nothing matches, and for an unfit tokenizer.
    """
    texts = token_texts(tokenizer)
    start = started(constraint, tokenizer, texts)
    made = ConstraintProcessor(start, texts, tokenizer, head_rows, eos_ids)
    if not made.allowed(()).any() and not made.matches(()):
        raise EngineError(
            "Nothing matches the constraint",
            "No text at all, or none that the tokens of this vocabulary could begin, matches it.",
            "Write one that lets something be written.",
        )
    return made
