"""Reading a row of logits over a whole vocabulary, for tasks whose labels are tokens."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from tui.protocol import Readout
from tui.protocol.rows import Function, ReadoutSettings, RowAddress
from tui.protocol.walk import Step

if TYPE_CHECKING:
    import torch

    from tui.engine.rows.filtering import Named
    from tui.engine.rows.finding import Names


class VocabularyTokenizer(Protocol):
    """What a tokenizer knows of the entries of its vocabulary."""

    def entry(self, index: int) -> str:
        """As the vocabulary spells an id; empty for one without an entry."""

    def decode(self, ids: Sequence[int]) -> str:
        """The text of some ids."""

    def id_of(self, entry: str) -> int | None:
        """The id that the vocabulary spells so."""


_INCOMPLETE = "\ufffd"
_NAMES: WeakKeyDictionary[VocabularyTokenizer, Names] = WeakKeyDictionary()
"""The names of all ids, once a search asked for them."""


def token_text(tokenizer: VocabularyTokenizer, index: int) -> str:
    """What an id decodes to by itself; the vocabulary's spelling where that is nothing or half a character.

    Empty for an id without an entry, which some models have rows for and some tokenizers fail on.
    """
    entry = tokenizer.entry(index)
    text = tokenizer.decode([index]) if entry else ""
    return entry if not text or _INCOMPLETE in text else text


class VocabularyLabels:
    """Names of the ids of a vocabulary, made for those that are asked for."""

    def __init__(self, tokenizer: VocabularyTokenizer) -> None:
        self._tokenizer = tokenizer

    def __getitem__(self, index: int) -> str:
        """The name of an id; empty for an id without an entry, which some models have rows for."""
        return token_text(self._tokenizer, index)

    def names(self) -> Names:
        """The names of all ids, kept as long as the tokenizer is."""
        from tui.engine.rows.finding import Names

        return _NAMES.setdefault(self._tokenizer, Names())

    def entry_id(self, text: str) -> int | None:
        """The id that the vocabulary spells so."""
        return self._tokenizer.id_of(text)


def prepare(tokenizer: VocabularyTokenizer, count: int) -> None:
    """Make the names of `count` ids ready for a search beside other work: a second's, for 256,000 of them."""
    from tui.engine.rows import finding

    finding.prepare(VocabularyLabels(tokenizer), count, finding.SOME_TIME)


def read_row(
    request_id: int,
    row: torch.Tensor,
    tokenizer: VocabularyTokenizer,
    settings: ReadoutSettings,
    address: RowAddress,
    name: str,
    context_ids: Sequence[int] | None = None,
    processors: Sequence[Named] | None = None,
) -> tuple[Readout, Step]:
    """One position's logits as a distribution over the vocabulary, and that as the last step of the walk.

    row: [vocabulary] on any device, in the model's dtype. address: with its position resolved.
    context_ids: the ids before the token that the row is about, where it is the next one. processors: those that
    `generate` prepared on the row's device, by `decoding.processors.named`; the sampling settings of `settings`
    take the place of theirs, so that what they would keep is seen under a greedy search, too.
    """
    import numpy as np

    from tui.engine.rows import filtering, readout

    began = time.perf_counter()
    function: Function = "softmax"
    reason = "one of all tokens stands at a position: softmax over the vocabulary"
    if settings.function != "auto":
        function, reason = settings.function, "chosen in the readout settings"
    logits = row.float().cpu().numpy().astype(np.float64)
    reading = readout.read_out(
        request_id,
        logits,
        VocabularyLabels(tokenizer),
        settings,
        function,
        reason,
        address,
        name,
        context_ids=context_ids,
        chain=None if processors is None else filtering.Chain(tuple(processors), row.device),
    )
    what = "scores" if function == "none" else "probabilities"
    detail = "the logits" if function == "none" else function
    step = Step(what, f"{detail}, {name}", tuple(row.shape), "float64", time.perf_counter() - began)
    return reading, step
