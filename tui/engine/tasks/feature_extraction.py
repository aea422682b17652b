"""Feature extraction: a text, or two to compare → ids → hidden states → one vector for each text."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace as replaced

from tui.engine.errors import EngineError
from tui.engine.forward.outcome import Outcome, Prepared, refuse_empty
from tui.engine.tokenization.reading import Reading
from tui.protocol import Readout, frames
from tui.protocol.answers import AnyView, Featured
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.protocol.walk import Step
from tui.tasks.forms import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tui.engine.checkpoint.loading import LoadedCheckpoint
    from tui.engine.forward.running import Run
    from tui.engine.tokenization.reading import TextTokenizer

MOST_COMPARED = 128
"""Positions of a text whose cosines are told: all pairs of a long text would be megabytes."""
_NUMBER_BYTES = 9
"""Of a number on its way from the engine; a sixteenth of the frame is left to all that goes with them."""
_NOT_LOGITS = "hidden states are no logits: nothing makes probabilities of them"
_ENCODER = (
    "An encoder-decoder: these are the encoder's last hidden states. transformers' pipeline gives the decoder's, "
    "which read the text once more, shifted by one position (BART), or fails for want of decoder inputs (T5)."
)


@dataclass(frozen=True, kw_only=True)
class Features(Outcome):
    """The last hidden states of one text, or of two."""

    hidden: tuple[NDArray[np.float32], ...]
    """For each text [positions, width]; float32 holds every half-precision number exactly."""
    attended: tuple[tuple[int, ...], ...]
    """For each text the positions that are no padding."""
    pooling: str
    note: str

    def pooled(self, sequence: int) -> NDArray[np.float64]:
        """One vector of a text's hidden states, float64 [width]."""
        import numpy as np

        rows = self.hidden[sequence][list(self.attended[sequence])].astype(np.float64)
        if self.pooling == "mean":
            return np.asarray(rows.mean(axis=0))
        return np.asarray(rows[0 if self.pooling == "first" else -1])


def prepare(
    tokenizer: TextTokenizer, inputs: Mapping[str, str], options: Mapping[str, Value], task: str
) -> Prepared:
    """The texts as rows of their own: a model that compares two vectors reads each text by itself."""
    first = tokenizer.read(inputs["text"])
    if not inputs["text_pair"]:
        return Prepared(task, tokenizer, (first,), inputs, options)
    second = tokenizer.read(inputs["text_pair"])
    unread = (first.unread_from[0], second.unread_from[0])
    moved = tuple(token if token.field is None else replaced(token, field=1) for token in second.tokens)
    readings = (
        Reading(first.tokens, first.total, unread, first.inputs),
        Reading(moved, second.total, unread, second.inputs),
    )
    return Prepared(task, tokenizer, readings, inputs, options, ("first text", "second text"))


def forward(loaded: LoadedCheckpoint, prepared: Prepared, check: Callable[[], None]) -> Features:
    """Run the model on each text. Raises EngineError for no token at all, and for a model without hidden states."""
    refuse_empty(prepared)
    note = ""
    if getattr(loaded.model.config, "is_encoder_decoder", False):
        loaded, note = _encoder(loaded), _ENCODER
    width = getattr(loaded.model.config, "hidden_size", None)
    _refuse_too_many(len(prepared.readings[0].tokens), width if isinstance(width, int) else 0)
    runs, hidden = [], []
    for reading in prepared.readings:
        check()
        ran = _run(loaded, reading)
        _refuse_too_many(*ran.logits.shape[1:])  # the config may have said nothing
        runs.append(ran)
        hidden.append(ran.logits[0].float().cpu().numpy())
    attended = tuple(
        tuple(number for number, token in enumerate(reading.tokens) if token.mask)
        for reading in prepared.readings
    )
    return Features(
        hidden=tuple(hidden),
        attended=attended,
        pooling=str(prepared.options["pooling"]),
        note=note,
        steps=_steps(loaded, runs[0]),
        seconds=sum(ran.seconds for ran in runs),
        norms=tuple(_norms(each) for each in hidden),
    )


def _refuse_too_many(positions: int, width: int) -> None:
    """Raise EngineError where the answer, all hidden states of a text, is more than the engine can send."""
    most = frames.MAX_FRAME_BYTES * 15 // 16 // _NUMBER_BYTES
    if positions * width > most:
        raise EngineError(
            "The answer would be too large",
            f"It is {positions:,} vectors of {width:,} numbers; at most {most:,} numbers can be sent.",
            f"Give it a text of at most {most // width:,} tokens, or load a narrower model.",
        )


def _encoder(loaded: LoadedCheckpoint) -> LoadedCheckpoint:
    """The same checkpoint with its encoder for a model."""
    import inspect

    encoder: Any = loaded.model.get_encoder()
    return replace(loaded, model=encoder, accepts=frozenset(inspect.signature(encoder.forward).parameters))


def _run(loaded: LoadedCheckpoint, reading: Reading) -> Run:
    from tui.engine.forward.running import run

    name = type(loaded.model).__name__
    try:
        ran = run(loaded, reading, logits="last_hidden_state")
    except AttributeError as error:
        if "last_hidden_state" not in str(error):
            raise
        raise _no_hidden_states(f"{name} gives no last_hidden_state.") from error
    if ran.logits.dim() != 3 or ran.logits.shape[1] != len(reading.tokens):
        raise _no_hidden_states(f"{name} gives {list(ran.logits.shape)} for {len(reading.tokens):,} tokens.")
    return ran


def _no_hidden_states(detail: str) -> EngineError:
    return EngineError(
        "This model has no vector for each token",
        detail,
        "Choose a text model that keeps one hidden state for each position.",
    )


def _steps(loaded: LoadedCheckpoint, ran: Run) -> tuple[Step, ...]:
    """The walk; it ends with the hidden states, whose time is what the stations before them leave over."""
    before, last = ran.steps[:-1], ran.steps[-1]
    layers = getattr(loaded.model.config, "num_hidden_layers", None)
    detail = type(loaded.model).__name__ + (f", {layers} layers" if isinstance(layers, int) else "")
    left = ran.seconds - sum(step.seconds or 0.0 for step in before)
    return (*before, Step("hidden states", detail, last.shape, last.dtype, max(0.0, left)))


def _norms(hidden: NDArray[np.float32]) -> tuple[float, ...]:
    import numpy as np

    return tuple(np.linalg.norm(hidden.astype(np.float64), axis=-1).tolist())


def read_out(
    request_id: int, outcome: Features, settings: ReadoutSettings, address: RowAddress
) -> tuple[Readout, Step]:
    """The hidden state of a position as rows, dimension by dimension; the pooled vector where none is named."""
    import numpy as np

    from tui.engine.rows import readout

    began = time.perf_counter()
    sequence = address.sequence if 0 <= address.sequence < len(outcome.hidden) else 0
    position = address.position
    count = len(outcome.hidden[sequence])
    if position is None or not 0 <= position < count:
        position = None
        vector = outcome.pooled(sequence)
        name = _pooling_name(outcome, sequence)
    else:
        vector = outcome.hidden[sequence][position].astype(np.float64)
        name = f"hidden state at position {position}"
    if len(outcome.hidden) > 1:
        name += f" of the {('first', 'second')[sequence]} text"
    labels = tuple(map(str, range(len(vector))))
    place = RowAddress(sequence, position)
    reading = readout.read_out(request_id, vector, labels, settings, "none", _NOT_LOGITS, place, name)
    seconds = time.perf_counter() - began
    return reading, Step("vector", name, (len(vector),), "float64", seconds)


def _pooling_name(outcome: Features, sequence: int) -> str:
    attended = outcome.attended[sequence]
    if outcome.pooling == "mean":
        return f"mean of {len(attended):,} positions"
    return f"hidden state of the {outcome.pooling} position"


def answer(outcome: Features) -> tuple[Any, AnyView]:
    """What `pipeline("feature-extraction")` returns for the first text: [1][positions][width]."""
    import numpy as np

    compared = [each[:MOST_COMPARED].astype(np.float64) for each in outcome.hidden]
    pooled = [outcome.pooled(number) for number in range(len(outcome.hidden))]
    cosine = None
    if len(pooled) > 1:
        alike = float(_cosines(pooled[0][None], pooled[1][None])[0, 0])
        cosine = None if np.isnan(alike) else alike
    between = _cosines(compared[0], compared[-1])
    view = Featured(
        width=outcome.hidden[0].shape[1],
        norms=outcome.norms,
        pooled=tuple(tuple(each.tolist()) for each in pooled),
        pooling=outcome.pooling,
        cosine=cosine,
        between_tokens=tuple(map(tuple, between.tolist())),
        closest=_closest(between, [len(each) for each in outcome.hidden]),
        note=outcome.note,
    )
    return [outcome.hidden[0].tolist()], view


def _closest(between: NDArray[np.float64], counts: list[int]) -> tuple[tuple[int | None, ...], ...]:
    """For every position of every text the one most like it; None beyond what is compared, and beside no number.

    between: float64 [positions of the first, positions of the last].
    """
    import numpy as np

    found = []
    for sequence, count in enumerate(counts):
        lines = np.nan_to_num(between if sequence == 0 else between.T, nan=-np.inf)
        if len(counts) == 1:
            np.fill_diagonal(lines, -np.inf)
        best = [int(line.argmax()) if np.isfinite(line.max()) else None for line in lines]
        found.append((*best, *[None] * (count - len(best))))
    return tuple(found)


def _cosines(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosine of every row of one with every row of the other; NaN for a row of zeros.

    first: float64 [m, width], second: float64 [n, width] → float64 [m, n].
    """
    import numpy as np

    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        units = [each / np.linalg.norm(each, axis=-1, keepdims=True) for each in (first, second)]
        return np.asarray(units[0] @ units[1].T)
