"""What a checkpoint of a family answers here and by the library, one check at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
import transformers
from transformers import AutoTokenizer, pipeline

from tests.asking import ask
from tests.engine.conftest import load_here
from tests.engine.decoding.writing import Writer
from tui.engine.checkpoint.loading import LoadedCheckpoint
from tui.engine.errors import EngineError
from tui.tasks import TASKS

TEXTS = (
    "The film was dull, the acting was worse, and nobody laughed",
    "a warm, funny story",
    "A warm, funny and surprisingly honest story",
)
LONG = " ".join(TEXTS[:2] * 8)
"""More tokens than a family with a table of positions has rows here."""
NEW = 5
CLOSE = 1e-5
TOGETHER = 1e-4
"""How far rows of ids read together may be from those of ids read one by one, as the engine has it."""


class Found(NamedTuple):
    """What one check came to."""

    check: str
    verdict: str
    """agrees, differs, fails here, fails there, or fails on both sides."""
    about: str = ""


@dataclass
class Sides:
    """A checkpoint, loaded here and by the library."""

    loaded: LoadedCheckpoint
    model: Any
    tokenizer: Any

    @cached_property
    def prefix(self) -> str:
        """What the pipeline puts before a prompt."""
        if self.loaded.task != "text-generation":
            return ""
        return str(self.pipeline(self.loaded.task)._preprocess_params.get("prefix", ""))

    def inputs(self, text: str) -> dict[str, torch.Tensor]:
        """What the model takes of a text, cut as it is here."""
        limit = self.loaded.tokenizer.limit
        encoded = self.tokenizer(self.prefix + text, return_tensors="pt", truncation=True, max_length=limit)
        return {name: value for name, value in encoded.items() if name in self.loaded.accepts}

    def pipeline(self, task: str) -> Any:
        return pipeline(task, model=self.model, tokenizer=self.tokenizer)  # type: ignore[call-overload]


def compare(folder: Path, task: str) -> Iterator[Found]:
    """All checks of a task on a folder; what the library's loading raises goes through."""
    made: Any = getattr(transformers, TASKS[task].needs.auto_class)
    model = made.from_pretrained(folder, dtype=torch.float32).eval()
    try:
        sides = Sides(load_here(folder, task=task), model, AutoTokenizer.from_pretrained(folder))
    except EngineError as error:
        yield Found("loading", "fails here", str(error))
        return
    warned = sides.loaded.warning
    yield Found("nothing is said to be missing", "differs" if warned else "agrees", warned)
    for name, ours, theirs in CHECKS[task](sides):
        yield judged(name, ours, theirs)


def judged(name: str, ours: Callable[[], Any], theirs: Callable[[], Any]) -> Found:
    """Both sides of a check, run and compared."""
    here, why_here = _tried(ours)
    there, why_there = _tried(theirs)
    if why_here or why_there:
        both = (
            "fails on both sides" if why_here and why_there else "fails here" if why_here else "fails there"
        )
        return Found(name, both, why_here or why_there)
    apart = difference(here, there)
    return Found(name, "differs" if apart else "agrees", apart)


def _tried(work: Callable[[], Any]) -> tuple[Any, str]:
    try:
        with torch.inference_mode():
            return work(), ""
    except Exception as error:  # noqa: BLE001 - the library's code fails in its own ways
        return None, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def difference(here: Any, there: Any, where: str = "") -> str:
    """Where two answers part; empty where they are the same: numbers within 10^-5, logits of their largest."""
    if isinstance(here, torch.Tensor) or isinstance(there, torch.Tensor):
        if here.shape != there.shape:
            return f"{where} {tuple(here.shape)} here, {tuple(there.shape)} there"
        largest = max(1.0, float(there.abs().max())) if there.numel() else 1.0
        if torch.allclose(here, there, rtol=CLOSE, atol=CLOSE * largest, equal_nan=True):
            return ""
        return f"{where} numbers differ by {float((here - there).abs().max()):.3g}"
    if isinstance(here, Mapping) and isinstance(there, Mapping):
        names = [*here, *(name for name in there if name not in here)]
        return next(filter(None, (difference(here.get(n), there.get(n), f"{where}.{n}") for n in names)), "")
    if isinstance(here, list | tuple) and isinstance(there, list | tuple):
        if len(here) != len(there):
            return f"{where} {here!r:.80} here, {there!r:.80} there"
        pairs = enumerate(zip(here, there, strict=True))
        return next(filter(None, (difference(*pair, f"{where}[{at}]") for at, pair in pairs)), "")
    if isinstance(here, float) and isinstance(there, float):
        if math.isclose(here, there, rel_tol=CLOSE, abs_tol=CLOSE) or (
            math.isnan(here) and math.isnan(there)
        ):
            return ""
    elif here == there:
        return ""
    return f"{where} {here!r:.80} here, {there!r:.80} there"


_Checks = Iterator[tuple[str, Callable[[], Any], Callable[[], Any]]]


def _logits(sides: Sides, text: str, **options: Any) -> Callable[[], Any]:
    return lambda: ask(sides.loaded, text, **options).outcome.logits  # type: ignore[attr-defined]


def _plain(sides: Sides, text: str) -> Callable[[], Any]:
    return lambda: sides.model(**sides.inputs(text)).logits[0]


def _classifier(sides: Sides) -> _Checks:
    def row(text: str) -> list[float]:
        return [each.logit for each in sorted(ask(sides.loaded, text).readout().rows, key=_index)]

    for text in (*TEXTS[:2], LONG):
        yield f"logits of {len(text)} characters", partial(row, text), partial(_row_there, sides, text)
    yield (
        "answer",
        lambda: ask(sides.loaded, TEXTS[0], top_k=2).answer,
        lambda: sides.pipeline("text-classification")(TEXTS[0], top_k=2),
    )


def _index(row: Any) -> int:
    return int(row.index)


def _row_there(sides: Sides, text: str) -> Any:
    return sides.model(**sides.inputs(text)).logits[0].tolist()


def _answer(sides: Sides, text: str, **options: Any) -> Callable[[], Any]:
    return lambda: ask(sides.loaded, text, **options).answer


def _answer_there(sides: Sides, task: str, text: str, **options: Any) -> Callable[[], Any]:
    return lambda: sides.pipeline(task)(text, **options)


def _tagger(sides: Sides) -> _Checks:
    plain = {"aggregation_strategy": "none"}
    for text in TEXTS[:2]:
        yield (
            f"answer to {len(text)} characters",
            _answer(sides, text, **plain),
            _answer_there(sides, "token-classification", text, **plain),
        )
    yield (
        "a long text is read",
        lambda: ask(sides.loaded, LONG).answer is not None,
        lambda: sides.model(**sides.inputs(LONG)).logits is not None,
    )


def _masked(sides: Sides) -> _Checks:
    for text in ("The film was [MASK], the acting", "a [MASK], [MASK] story"):
        yield f"answer to {text}", _answer(sides, text), _answer_there(sides, "fill-mask", text)
        yield f"logits of {text}", _logits(sides, text), _plain(sides, text)
    long = f"a [MASK] {LONG}"
    yield "a long text", _logits(sides, long), _plain(sides, long)


def _causal(sides: Sides) -> _Checks:
    for text in TEXTS:
        long, greedy = f"{len(text)} characters", {"max_new_tokens": NEW}
        yield f"logits of {long}", _logits(sides, text, max_new_tokens=0), _plain(sides, text)
        yield (
            f"answer to {long}",
            _answer(sides, text, **greedy),
            _answer_there(sides, "text-generation", text, do_sample=False, **greedy),
        )
        yield f"logits of {long} that it goes on with", _logits(sides, text, **greedy), _plain(sides, text)
    yield "a long text", _logits(sides, LONG, max_new_tokens=0), _plain(sides, LONG)
    yield from _steps(sides, TEXTS)
    here = cache(lambda: _rows(sides, TEXTS[0]))
    yield "rows of what stood already", here, lambda: _rows_there(sides, TEXTS[0], _tried(here)[0])


def _steps(sides: Sides, texts: Sequence[str]) -> _Checks:
    """Token by token, one text after the other: what is kept of one meets the next."""
    writer = Writer(sides.loaded)

    def here(text: str) -> list[int]:
        return writer.write(text, NEW).ids

    def there(text: str) -> list[int]:
        return writer.reference(text, NEW, forced_eos_token_id=None)

    for text in texts:
        yield f"steps after {len(text)} characters", partial(here, text), partial(there, text)


def _rows(sides: Sides, text: str) -> torch.Tensor:
    """The rows that the tokens were chosen from, where all but the last two stood when the writing began."""
    ids = Writer(sides.loaded).reference(text, NEW, forced_eos_token_id=None)
    written = Writer(sides.loaded).write(text, 2, ids[:-2])
    first = written.loop.last - len(written.ids)
    return torch.stack([written.row(first + place) for place in range(len(ids))])


def _rows_there(sides: Sides, text: str, here: torch.Tensor | None) -> torch.Tensor:
    """Those of `generate`, or, where they differ, the library's own of the same ids read together as here.

    A tiny random model can turn the rounding of float32 into more than `CLOSE`: axk2's rows of one forward and of
    `generate` are 1.3e-4 apart, of logits up to 8.4, where in float64 they are the same to 1e-14.
    """
    inputs = {name: value for name, value in sides.inputs(text).items() if name != "token_type_ids"}
    plain = {"do_sample": False, "num_beams": 1, "max_new_tokens": NEW, "forced_eos_token_id": None}
    output = sides.model.generate(**inputs, **plain, return_dict_in_generate=True, output_logits=True)
    rows = torch.stack([row[0].float() for row in output.logits])
    if here is None or not difference(here, rows):
        return rows
    given = output.sequences[:, :-2]
    stood = {name: value for name, value in inputs.items() if name != "attention_mask"} | {"input_ids": given}
    first = sides.model(**stood).logits[0, inputs["input_ids"].shape[1] - 1 : -1]
    last = sides.model.generate(
        **stood, **(plain | {"max_new_tokens": 2}), return_dict_in_generate=True, output_logits=True
    )
    together = torch.cat([first, *last.logits])
    return together if float((together - rows).abs().max()) <= TOGETHER * float(rows.abs().max()) else rows


def _span(sides: Sides) -> _Checks:
    fields = {"question": "Who laughed?", "context": TEXTS[0]}

    def theirs() -> Any:
        encoded = sides.tokenizer(*fields.values(), return_tensors="pt")
        output = sides.model(
            **{name: value for name, value in encoded.items() if name in sides.loaded.accepts}
        )
        return torch.stack([output.start_logits[0], output.end_logits[0]])

    yield "logits", lambda: _span_logits(ask(sides.loaded, fields)), theirs


def _span_logits(told: Any) -> torch.Tensor:
    window = told.view.windows[0]
    return torch.tensor([window.start_logits, window.end_logits])


def _writer(sides: Sides) -> _Checks:
    search = {"num_beams": 1, "max_new_tokens": 20}

    def here(text: str) -> list[int]:
        return [each.id for each in ask(sides.loaded, text, **search).view.tokens]

    def there(text: str) -> Any:
        return sides.model.generate(**sides.inputs(text), do_sample=False, **search)[0].tolist()

    for text in (TEXTS[0], LONG):
        yield f"ids after {len(text)} characters", partial(here, text), partial(there, text)
    yield from _steps(sides, TEXTS[:2])


CHECKS: Mapping[str, Callable[[Sides], _Checks]] = {
    "sentiment-analysis": _classifier,
    "ner": _tagger,
    "fill-mask": _masked,
    "text-generation": _causal,
    "question-answering": _span,
    "summarization": _writer,
}
MAPPINGS: Mapping[str, str] = {
    "sentiment-analysis": "MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES",
    "ner": "MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES",
    "fill-mask": "MODEL_FOR_MASKED_LM_MAPPING_NAMES",
    "text-generation": "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES",
    "question-answering": "MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES",
    "summarization": "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES",
}
