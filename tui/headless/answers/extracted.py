"""The answer of question answering as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.headless.text import counted, listed, number, quoted, shown_of, table, visible

if TYPE_CHECKING:
    from tui.headless.answers.base import Lines
    from tui.headless.reading import Reply
    from tui.protocol.answers import Extracted, Span

_MOST = 10


def lines(view: Extracted, reading: Reply) -> Lines:
    """The answers asked for; then the best spans with their logits, and what “no answer” competes with."""
    answers = listed([f"{_text(span)} {number(span.score)}" for span in view.spans[: view.top_k]])
    spans = view.spans[: max(_MOST, view.top_k)]
    rows: list[tuple[str, ...]] = [("answer", "score", "characters", "window", "start logit", "end logit")]
    rows += [_row(span) for span in spans]
    details = table(rows, "<>>>>>") if spans else []
    details += shown_of(len(spans), view.weighed, "spans that were weighed")
    counts = "could win" if view.impossible else "was not allowed to win"
    details.append(f"  no answer: {number(view.null_score)}, which {counts}")
    about = f"{counted(len(view.windows), 'window')}; a span has at most {view.max_answer_len:,} tokens"
    details.append(f"  {about}")
    details.append(
        "  a score is the probability of its start times that of its end, summed over spans that read alike"
    )
    if view.note:
        details.append(f"  note: {visible(view.note)}")
    return answers or "no span fits", details


def _text(span: Span) -> str:
    return "no answer" if span.no_answer else quoted(span.text)


def _row(span: Span) -> tuple[str, ...]:
    first = next(iter(span.found), None)
    places = ("–", "–", "–")
    if first is not None:
        places = (str(first.sequence + 1), number(first.start_logit), number(first.end_logit))
    characters = "–" if span.no_answer else f"{span.start:,}–{span.end:,}"
    return (_text(span), number(span.score), characters, *places)
