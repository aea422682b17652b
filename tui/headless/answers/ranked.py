"""The answer of zero-shot classification as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.headless.text import number, quoted, shown_of, table, visible

if TYPE_CHECKING:
    from tui.headless.answers.base import Lines
    from tui.headless.reading import Reply
    from tui.protocol.answers import Ranked

_MOST = 50


def lines(view: Ranked, reading: Reply) -> Lines:
    """The best label; then every label with its hypothesis and what the head says of that."""
    best = view.verdicts[0]
    verdicts = view.verdicts[:_MOST]
    rows = [("label", "score", *map(visible, view.head), "hypothesis")]
    rows += [
        (
            visible(verdict.label),
            number(verdict.score),
            *map(number, verdict.logits),
            quoted(verdict.hypothesis),
        )
        for verdict in verdicts
    ]
    details = [f"  {_how(view)}; logits of {', '.join(map(visible, view.head))}"]
    if view.note:
        details.append(f"  note: {visible(view.note)}")
    details += table(rows, "<>" + ">" * len(view.head) + "<")
    details += shown_of(len(verdicts), len(view.verdicts), "labels")
    return f"{visible(best.label)} {number(best.score)}", details


def _how(view: Ranked) -> str:
    entailment = visible(view.head[view.entailment])
    if view.contradiction is None:
        return f"scores: softmax of {entailment} over all labels"
    return f"scores: each label by itself, softmax of {entailment} against {visible(view.head[view.contradiction])}"
