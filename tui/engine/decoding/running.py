"""One request that writes token by token: what it tells, and its rows, to be read again. Imports torch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import torch
from transformers import LogitsProcessorList

from tui.engine import device
from tui.engine.decoding.held import Held
from tui.engine.decoding.processors import arguments
from tui.engine.decoding.prompts import beginning
from tui.engine.decoding.row_again import RowAgain
from tui.engine.decoding.rows import KeptRows
from tui.engine.decoding.stepping import Loop
from tui.engine.errors import EngineError
from tui.engine.rows.vocabulary import read_row, token_text
from tui.protocol import AnyEvent, Continue, Continued, Readout, Stepped
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.protocol.walk import Step
from tui.protocol.writing.steps import Chosen

if TYPE_CHECKING:
    from tui.engine.checkpoint.loading import LoadedCheckpoint
    from tui.engine.forward.outcome import Prepared
    from tui.engine.rows.filtering import Named

_OFTEN = 1 / 12
"""Seconds from one readout to the next while the model writes, at least."""
_SHARE = 50
"""And so many times what the readout before took, so that reading takes little of the time."""


class LaneTurn(Protocol):
    """A request's turn in the model lane."""

    def tell(self, event: AnyEvent) -> None:
        """Send an event."""

    def check(self, request_id: int) -> None:
        """Raise to give up a request that is no longer wanted."""

    def give_way(self, request_id: int, loaded: LoadedCheckpoint) -> None:
        """Between two tokens: the same, and others' turn."""

    def undisturbed(self, again: Callable[[list[int]], torch.Tensor], ids: list[int]) -> torch.Tensor:
        """Run the model for a row that is read when its request's turn is over."""

    def leave(self, run: WritingRun) -> None:
        """Let a `Reweigh` read from this run."""


class WritingRun:
    """One `Continue`: hears the loop, tells what it hears, and reads any row of it again."""

    def __init__(self, turn: LaneTurn, request: Continue, prepared: Prepared) -> None:
        self._turn, self._request, self._prepared = turn, request, prepared
        self._tokenizer = prepared.tokenizer
        self._rows = KeptRows()
        self._loop: Loop | None = None
        self._kept: Held | None = None
        self._again: Callable[[list[int]], torch.Tensor] | None = None
        self._read_at, self._read_seconds, self._read_position = -math.inf, 0.0, -1
        self._ids: list[int] = []
        self._last = 0
        self._chain: list[Named] = []
        self._sequence = self._first = 0

    @property
    def request_id(self) -> int:
        """The request whose rows they are."""
        return self._request.id

    def go(self, kept: Held) -> None:
        """Write, and tell of it until the last event."""
        request, loaded = self._request, kept.loaded
        began = time.perf_counter()
        stated = loaded.model.generation_config
        asked = arguments(request.decoding, request.readout, stated, request.unset)
        start = beginning(loaded, self._prepared, request, asked)
        self._sequence = 1 if start.source else 0
        self._first = len(start.ids) - 1
        constraint = kept.constraint(request.decoding.constraint, start)
        extra = {} if constraint is None else {"logits_processor": LogitsProcessorList([constraint])}
        complete = None if constraint is None else constraint.complete

        def again(ids: list[int]) -> torch.Tensor:
            row = RowAgain(start.source, ids, kept.caches)
            kept.generate(start, extra, row)
            return row.row

        self._kept, self._again = kept, again
        loop = Loop(start, request, kept.caches, self._rows, kept.draws, kept.vocabulary, self, complete)
        self._loop = loop
        try:
            kept.generate(start, extra, loop)
        finally:
            self._loop = self._kept = None
            self._take_over(loop)
        kept.caches.finish()
        assert loop.stop is not None
        self._turn.leave(self)
        if request.next_row:
            self._send_readout()
        self._turn.tell(
            Continued(
                id=request.id,
                stop=loop.stop,
                text=self._tokenizer.decode(
                    [*self._prepared.first, *loop.written], skip_special=True, clean_up=not start.source
                ),
                prompt=len(start.ids),
                limit=start.limit,
                settings=start.settings,
                cache=kept.caches.use(loop.counted.reused, loop.counted.computed, start.source, start.ids),
                memory=device.memory(loaded.placement.device),
                seconds=time.perf_counter() - began,
                note=start.note,
            )
        )

    def forget(self) -> None:
        """Keep nothing of the model: another one is in use."""
        self._again = None

    def _take_over(self, loop: Loop) -> None:
        """What is needed of a loop to read its rows."""
        self._ids, self._last, self._chain = loop.ids, loop.last, loop.chain

    # ------------------------------------------------------------------------------- heard from the loop

    def stepped(self, chosen: Chosen) -> None:
        """Tell a token."""
        self._turn.tell(Stepped(self._request.id, chosen))

    def check(self) -> None:
        """Raise when the request is over."""
        self._turn.check(self._request.id)

    def pause(self, loop: Loop) -> None:
        """Between two tokens: what comes next, if it is time to tell; and others' turn."""
        assert self._kept is not None
        self._take_over(loop)
        self._turn.leave(self)
        self._turn.give_way(self._request.id, self._kept.loaded)
        if not self._request.while_writing or self._last == self._read_position:
            return
        now = time.perf_counter()
        if now - self._read_at >= max(_OFTEN, _SHARE * self._read_seconds):
            self._send_readout()
            self._read_at = time.perf_counter()
            self._read_seconds = self._read_at - now

    def _send_readout(self) -> None:
        readout, _ = self.read(
            self._request.id, self._request.readout, RowAddress(self._sequence, self._last)
        )
        self._turn.tell(readout)
        self._read_position = self._last

    # ------------------------------------------------------------------------------------------- reading

    def read(self, request_id: int, settings: ReadoutSettings, address: RowAddress) -> tuple[Readout, Step]:
        """The row about the token after a position, the last one where none is chosen."""
        position = self._last if address.position is None else max(0, min(address.position, self._last))
        before = self._ids[: position + 1]
        row = self._rows.get(position)
        if row is None:
            row = self._computed_again(before)
            self._rows.keep(position, row)
        return read_row(
            request_id,
            row,
            self._tokenizer,
            settings,
            RowAddress(self._sequence, position),
            f"next token after position {position} “{token_text(self._tokenizer, before[-1])}”",
            before,
            self._chain if position >= self._first else None,  # which are about what is written
        )

    def _computed_again(self, ids: list[int]) -> torch.Tensor:
        """The row after `ids`, by the model. Raises EngineError where it is gone."""
        if self._again is None:
            raise EngineError(
                "This row is gone",
                "Another checkpoint is in use, and only the latest rows of the one before are kept.",
                "Go on with the text under the checkpoint in use.",
            )
        return self._again(ids) if self._loop is not None else self._turn.undisturbed(self._again, ids)
