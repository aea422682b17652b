"""One request that searches with beams, and what it tells. Imports torch."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec.structs import replace
from transformers import LogitsProcessorList

from tui.engine import device
from tui.engine.decoding.beams import BeamLoop
from tui.engine.decoding.processors import arguments
from tui.engine.decoding.prompts import beginning
from tui.engine.errors import EngineError
from tui.protocol import BeamsStepped, Search, Searched
from tui.protocol.writing.beams import BeamCandidate
from tui.protocol.writing.steps import Stop

if TYPE_CHECKING:
    from tui.engine.decoding.held import Held
    from tui.engine.decoding.running import LaneTurn
    from tui.engine.forward.outcome import Prepared


def search(turn: LaneTurn, request: Search, prepared: Prepared, held: Held) -> None:
    """Search, and tell of it until the last event. Raises EngineError for what can't be searched."""
    loaded, tokenizer = held.loaded, prepared.tokenizer
    began = time.perf_counter()
    if request.most < 1:
        raise EngineError("Nothing to search", "No token is asked for.", "Ask for at least one.")
    decoding = replace(request.decoding, num_beams=max(2, request.decoding.num_beams))
    stated = loaded.model.generation_config
    start = beginning(loaded, prepared, request, arguments(decoding, request.readout, stated, request.unset))
    constraint = held.constraint(decoding.constraint, start)
    extra = {} if constraint is None else {"logits_processor": LogitsProcessorList([constraint])}

    def told(step: int, candidates: tuple[BeamCandidate, ...], hypotheses: int) -> None:
        known = [held.vocabulary.of(each.id) for each in candidates]
        described = tuple(
            replace(each, bytes_=about.bytes, special=about.special)
            for each, about in zip(candidates, known, strict=True)
        )
        turn.tell(BeamsStepped(request.id, step, described, hypotheses))

    loop = BeamLoop(
        written=request.written,
        seed=decoding.seed,
        text=held.vocabulary.text,
        check=lambda: turn.give_way(request.id, loaded),
        told=told,
    )
    held.generate(start, extra, loop)
    ended = any(hypothesis.finished for hypothesis in loop.hypotheses[:1])
    stop = (
        Stop("end", f"the best of {len(loop.hypotheses):,} hypotheses ends a text")
        if ended
        else Stop("count", f"{loop.steps:,} steps; the best hypothesis goes on")
    )
    turn.tell(
        Searched(
            id=request.id,
            hypotheses=loop.hypotheses,
            texts=tuple(
                tokenizer.decode(
                    [*prepared.first, *request.written, *hypothesis.ids],
                    skip_special=True,
                    clean_up=not start.source,
                )
                for hypothesis in loop.hypotheses
            ),
            stop=stop,
            prompt=len(start.ids),
            settings=start.settings,
            memory=device.memory(loaded.placement.device),
            seconds=time.perf_counter() - began,
            note=start.note,
        )
    )
