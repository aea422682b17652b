"""Trying a text apart before a tokenizer that could run without end on it reads it here."""

from __future__ import annotations

import itertools
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tui.engine.apart import TEXTS, Limits, OutOfBounds, of_limit
from tui.engine.tokenization.risks import Risk, of_backend

if TYPE_CHECKING:
    import tokenizers

_NUMBERS = itertools.count()
_MOST_KNOWN = 32
_HINT = "Try a shorter text, or another tokenizer: this one's files ask for more than a tokenizer needs."
_PER_BYTE = 5e-6
"""Seconds of work that a byte may take; known tokenizers take a fifth of it."""


class Trial:
    """One tokenizer's; a text that was tried once is not tried again soon."""

    def __init__(self, risk: Risk, name: str, written: Callable[[], str]) -> None:
        """`written` gives the tokenizer as its tokenizer.json."""
        self.risk = risk
        self._name = f"The tokenizer {name}" if name else "The tokenizer"
        self._written = written
        self._key = f"{os.getpid()}-{next(_NUMBERS)}"
        self._known: OrderedDict[int, None] = OrderedDict()

    @classmethod
    def of(cls, backend: tokenizers.Tokenizer, name: str, written: Callable[[], str]) -> Trial | None:
        """What tries texts for a tokenizer; None where there is nothing to fear."""
        risk = of_backend(backend)
        if risk is None:
            return None
        TEXTS.prepare()
        return cls(risk, name, written)

    def text(self, text: str, pair: str | None = None, back: bool = False) -> None:
        """Try a text, or a pair, and decoding it where `back` says so. Raises EngineError at a broken limit."""
        size = len(text.encode("utf-8", "replace")) + len((pair or "").encode("utf-8", "replace"))
        self._try((text, pair, back), "encode", (text, pair, back), size)

    def ids(self, ids: Sequence[int]) -> None:
        """Try to decode ids. Raises EngineError where a limit is broken."""
        if not self.risk.decoding:
            return
        self._try("each", "decode_each", (), 1_000_000)
        if len(ids) > 1:
            self._try(tuple(ids), "decode", (list(ids),), 8 * len(ids))

    def _try(self, what: object, job: str, arguments: tuple[Any, ...], size: int) -> None:
        known = hash(what)
        if known in self._known:
            self._known.move_to_end(known)
            return
        limits = Limits(1.0 + _PER_BYTE * size, 100 + size * 300 // 1_000_000)
        try:
            if not TEXTS.ask(job, self._key, *arguments, limits=limits):
                written = self._written()
                bounds = Limits(3.0 + _PER_BYTE * len(written), 300 + len(written) * 60 // 1_000_000)
                TEXTS.ask("hold", self._key, written, limits=bounds)
                TEXTS.ask(job, self._key, *arguments, limits=limits)
        except OutOfBounds as broken:
            raise of_limit(broken, f"{self._name} on this text ({self.risk.reason})", _HINT) from None
        self._known[known] = None
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
