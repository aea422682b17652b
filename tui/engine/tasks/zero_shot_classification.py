"""Zero-shot classification: the text with each label's hypothesis as a pair → entailment logits → ranked labels."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from tui.engine.errors import EngineError
from tui.engine.forward.outcome import Outcome, Prepared
from tui.engine.tokenization.reading import Reading
from tui.protocol import Readout
from tui.protocol.answers import AnyView, LabelVerdict, Ranked
from tui.protocol.rows import Function, ReadoutSettings, RowAddress
from tui.protocol.tokens import Token
from tui.protocol.walk import Step
from tui.tasks.forms import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedConfig

    from tui.engine.checkpoint.loading import LoadedCheckpoint
    from tui.engine.tokenization.reading import TextTokenizer

_LABELS_FIELD = 1
_LONGEST_NAMED = 60


@dataclass(frozen=True)
class LabelHypothesis:
    """A label put into the template."""

    label: str
    start: int
    """The label's first character in the field of labels."""
    text: str
    spans: tuple[tuple[int, int], ...]
    """Where the label stands in `text`; empty where the template does more than insert it."""


@dataclass(frozen=True)
class Pairs(Prepared):
    """The text with each hypothesis, one row of ids for each label."""

    hypotheses: tuple[LabelHypothesis, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Entailment(Outcome):
    """What the head says of every pair."""

    text: str
    hypotheses: tuple[LabelHypothesis, ...]
    logits: NDArray[np.float32]
    """[labels, rows of the head]."""
    head: tuple[str, ...]
    """The head's own labels."""
    entailment: int
    contradiction: int | None
    """None where the labels share 1 and no contradiction is looked at."""
    scores: NDArray[np.float32]
    """[labels], the pipeline's."""
    order: tuple[int, ...]
    """Labels by score, best first, as the pipeline sorts them."""
    function: Function
    reason: str
    ranking_seconds: float
    note: str


def prepare(
    tokenizer: TextTokenizer, inputs: Mapping[str, str], options: Mapping[str, Value], task: str
) -> Pairs:
    """One pair for each label. Raises EngineError without a label, and for a template that takes none."""
    labels = split_labels(inputs["candidate_labels"])
    if not labels:
        raise EngineError(
            "No label to choose from",
            "The field of labels holds none.",
            "Type labels, separated by commas, or one on each line.",
        )
    template = str(options["hypothesis_template"])
    hypotheses = tuple(_hypothesis(template, label, start) for label, start in labels)
    readings = tuple(_read(tokenizer, inputs["text"], hypothesis) for hypothesis in hypotheses)
    names = tuple(hypothesis.label for hypothesis in hypotheses)
    return Pairs(task, tokenizer, readings, inputs, options, names, hypotheses=hypotheses)


def split_labels(typed: str) -> list[tuple[str, int]]:
    """The labels in a text, each with its first character; one on each line, else separated by commas.

    One that is named twice stands twice, as for the pipeline.

    >>> split_labels("red , green,, red")
    [('red', 0), ('green', 6), ('red', 14)]
    >>> split_labels("a, b\\nc")
    [('a, b', 0), ('c', 5)]
    """
    labels: list[tuple[str, int]] = []
    begin = 0
    for part in typed.split("\n" if "\n" in typed else ","):
        label = part.strip()
        if label:
            labels.append((label, begin + part.index(label)))
        begin += len(part) + 1
    return labels


def _hypothesis(template: str, label: str, start: int) -> LabelHypothesis:
    """A label in the template, by `str.format` as the pipeline does it. Raises EngineError where that fails."""
    try:
        pieces = list(Formatter().parse(template))
        if any(len(spec or "") > 4 or "{" in (spec or "") for _, _, spec, _ in pieces):
            raise ValueError("a format this long could ask for a text without end")
        text = template.format(label)
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        raise EngineError(
            "The template can't be filled in",
            f"Python's str.format refuses “{template}”: {error}.",
            "Write {} once, where the label is to stand; a brace that stays is written twice.",
        ) from error
    if text == template:
        raise EngineError(
            "The template has no place for a label",
            f"Putting “{label[:_LONGEST_NAMED]}” into “{template}” changes nothing.",
            "Write {} where the label is to stand.",
        )
    spans, at = [], 0
    for literal, name, spec, conversion in pieces:
        at += len(literal)
        if name is None:
            continue
        if name not in ("", "0") or spec or conversion:
            return LabelHypothesis(label, start, text, ())
        spans.append((at, at + len(label)))
        at += len(label)
    return LabelHypothesis(label, start, text, tuple(spans))


def _read(tokenizer: TextTokenizer, text: str, hypothesis: LabelHypothesis) -> Reading:
    """A pair as the model reads it; where it is too long the text gives way, never the hypothesis."""
    try:
        reading = tokenizer.read(text, hypothesis.text, "only_first")
    except Exception as error:
        if "too short" not in str(error):  # the tokenizer library's own words; it has no class for it
            raise
        raise _too_long(hypothesis, tokenizer.limit) from error
    if tokenizer.limit is not None and len(reading.ids) > tokenizer.limit:
        raise _too_long(hypothesis, tokenizer.limit)
    tokens = tuple(_placed(token, hypothesis) for token in reading.tokens)
    return Reading(tokens, reading.total, reading.unread_from, reading.inputs)


def _too_long(hypothesis: LabelHypothesis, limit: int | None) -> EngineError:
    return EngineError(
        "A label leaves no room for the text",
        f"The hypothesis of “{hypothesis.label[:_LONGEST_NAMED]}” fills the {limit or 0:,} tokens of the model.",
        "Shorten the label or the template.",
    )


def _placed(token: Token, hypothesis: LabelHypothesis) -> Token:
    """A token of the hypothesis with its characters in the field of labels, where it has any there."""
    if token.field != _LABELS_FIELD or token.start is None or token.end is None:
        return token
    for begin, end in hypothesis.spans:
        first, last = max(token.start, begin), min(token.end, end)
        if first < last:
            offset = hypothesis.start - begin
            return replace(token, start=first + offset, end=last + offset)
    return replace(token, start=None, end=None, field=None)


def forward(loaded: LoadedCheckpoint, prepared: Pairs, check: Callable[[], None]) -> Entailment:
    """Run the model on every pair by itself, as the pipeline does: padding would change the last digits.

    Raises EngineError for an empty text, and where the config counts entailment among rows that the head lacks.
    """
    import numpy as np

    from tui.engine.forward.running import label_names, run
    from tui.engine.rows import readout

    config = loaded.model.config
    if not prepared.inputs["text"]:
        raise EngineError(
            "Nothing to read",
            "The zero-shot pipeline of transformers takes no empty text.",
            "Type something.",
        )
    runs, rows = [], []
    for reading in prepared.readings:
        check()
        ran = run(loaded, reading)
        runs.append(ran)
        rows.append(ran.logits.float().cpu().numpy())
    began = time.perf_counter()
    logits = np.concatenate(rows)
    head = label_names(config, logits.shape[1])
    entailment, note = _entailment(config, head)
    alone = bool(prepared.options["multi_label"]) or len(rows) == 1
    contradiction = (logits.shape[1] - 1 if entailment == 0 else 0) if alone else None
    scores = _scores(logits, entailment, contradiction)
    order = tuple(int(index) for index in reversed(scores.argsort()))
    ranking_seconds = time.perf_counter() - began
    function, reason = readout.pipeline_function(config)
    count, best = len(rows), prepared.hypotheses[order[0]].label
    which = f"{count:,} pairs, one by one; the walk is that of “{best[:_LONGEST_NAMED]}”"
    return Entailment(
        text=prepared.inputs["text"],
        hypotheses=prepared.hypotheses,
        logits=logits,
        head=head,
        entailment=entailment,
        contradiction=contradiction,
        scores=scores,
        order=order,
        function=function,
        reason=f"{reason}; the ranking is made of every pair's logits, see Answer",
        steps=(*runs[order[0]].steps, Step("all pairs", which, tuple(logits.shape), "float32", None)),
        seconds=sum(ran.seconds for ran in runs),
        norms=tuple(norms for ran in runs for norms in ran.norms),
        ranking_seconds=ranking_seconds,
        note=note,
    )


def _entailment(config: PreTrainedConfig, head: tuple[str, ...]) -> tuple[int, str]:
    """The head's row for entailment, found as the pipeline finds it, in label2id alone; and what to know of it.

    head: the rows' names by id2label.
    """
    stated = {
        str(name): int(index)
        for name, index in (config.label2id or {}).items()
        if str(index).removeprefix("-").isdecimal()
    }
    named = [name for name in stated if name.lower().startswith("entail")]
    row = stated[named[0]] if named else -1
    if not -len(head) <= row < len(head):
        raise EngineError(
            "The labels don't fit the head",
            f"label2id in its config.json says that “{named[0]}” is row {row:,}; the head has {len(head):,} rows.",
            "Correct config.json, or copy it and the weights from the same checkpoint.",
        )
    row %= len(head)
    if not named:
        names = ", ".join(stated) or "none"
        return row, (
            f"Its label2id names no label that begins with “entail” ({names}). As the pipeline does, the last row "
            "is taken for entailment: the scores mean nothing unless it was trained as that."
        )
    by_place = {index % len(head): name for name, index in stated.items() if -len(head) <= index < len(head)}
    other = [place for place, name in enumerate(head) if by_place.get(place, name) != name]
    if not other:
        return row, ""
    place = row if row in other else other[0]
    return row, (
        f"id2label and label2id in its config.json disagree: row {place} is “{head[place]}” by the one and "
        f"“{by_place[place]}” by the other. As the pipeline does, entailment is taken from label2id: row {row}."
    )


def _scores(logits: NDArray[np.float32], entailment: int, contradiction: int | None) -> NDArray[np.float32]:
    """The pipeline's own float32 arithmetic, which subtracts no maximum: beyond e^88 a score is NaN.

    logits: float32 [labels, rows of the head] → float32 [labels].
    """
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if contradiction is None:
            exponentials = np.exp(logits[None, :, entailment])
            return np.asarray((exponentials / exponentials.sum(-1, keepdims=True))[0])
        exponentials = np.exp(logits[None][..., [contradiction, entailment]])
        return np.asarray((exponentials / exponentials.sum(-1, keepdims=True))[0, :, 1])


def read_out(
    request_id: int, outcome: Entailment, settings: ReadoutSettings, address: RowAddress
) -> tuple[Readout, Step]:
    """The head's logits of one pair: the winner's for the default address, else that of the sequence.

    A position chooses nothing, but says that sequence 0 is meant.
    """
    import numpy as np

    from tui.engine.rows import readout

    index, position = address.sequence, address.position
    if address == RowAddress() or not 0 <= index < len(outcome.hypotheses):
        index, position = outcome.order[0], None
    function, reason = outcome.function, outcome.reason
    if settings.function != "auto":
        function, reason = settings.function, "chosen in the readout settings"
    reading = readout.read_out(
        request_id,
        outcome.logits[index].astype(np.float64),
        outcome.head,
        settings,
        function,
        reason,
        RowAddress(index, position),
        f"pair of “{outcome.hypotheses[index].label}”",
    )
    how = (
        f"softmax of the labels' {outcome.head[outcome.entailment]} logits"
        if outcome.contradiction is None
        else f"softmax of each label's {outcome.head[outcome.contradiction]} and {outcome.head[outcome.entailment]}"
    )
    return reading, Step("scores", how, (len(outcome.scores),), "float32", outcome.ranking_seconds)


def answer(outcome: Entailment) -> tuple[Any, AnyView]:
    """What `pipeline("zero-shot-classification")` returns for the text."""
    verdicts = tuple(
        LabelVerdict(
            label=outcome.hypotheses[index].label,
            start=outcome.hypotheses[index].start,
            hypothesis=outcome.hypotheses[index].text,
            sequence=index,
            logits=tuple(outcome.logits[index].tolist()),
            score=float(outcome.scores[index]),
        )
        for index in outcome.order
    )
    view = Ranked(
        head=outcome.head,
        entailment=outcome.entailment,
        contradiction=outcome.contradiction,
        multi_label=outcome.contradiction is not None,
        verdicts=verdicts,
        note=outcome.note,
    )
    labels, scores = [each.label for each in verdicts], [each.score for each in verdicts]
    return {"sequence": outcome.text, "labels": labels, "scores": scores}, view
