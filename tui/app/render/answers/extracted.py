"""The answer of question answering: the likeliest spans, the logits along the tokens, and the grid of all spans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from tui.app.render import numbers
from tui.app.render.answers.base import Drawn, Target
from tui.app.render.answers.starts_and_ends import along_tokens, grid
from tui.app.render.glyphs import fit, pad, visible, wrapped
from tui.app.render.strips import Lines, row

if TYPE_CHECKING:
    from textual.strip import Strip

    from tui.app.render.answers.base import Context
    from tui.protocol.answers import Extracted, Span, TokenSpan

MODES: tuple[str, ...] = ("answers", "logits", "grid")
HELP = (
    "The head gives every token two logits: that the answer starts there, and that it ends there. Both are read by "
    "softmax over the tokens of the context; all other logits are set to −10,000 first. The first position stays "
    "open too: it stands for “no answer”. A span's score is p(start) × p(end).\n\n"
    "“answers” lists the spans the pipeline weighs, best first, widened to whole words. Token spans that then read "
    "the same add up. The first top_k (F2) are the answer. The null score is p(start) × p(end) of the first "
    "position, the least of all windows; handle_impossible_answer lets it win.\n\n"
    "“logits” shows both along the tokens of one window, the cursor's or else that of the best answer. “grid” "
    "multiplies both: rows are starts, columns ends. Blank cells are no spans: they end before they start, or have "
    "more than max_answer_len tokens."
)
_FIELD = 1
"""The context's number in the form."""


def draw(view: Extracted, context: Context) -> Drawn:
    """The answers, the logits or the grid."""
    if context.mode == "logits":
        drawn = along_tokens(view, context)
    elif context.mode == "grid":
        drawn = grid(view, context)
    else:
        drawn = _answers(view, context)
    return Drawn(Lines(drawn.strips).cut(context.width), drawn.targets)


def _answers(view: Extracted, context: Context) -> Drawn:
    """The answer, then what else was weighed, then how the selected score came to be and what “no answer” did."""
    muted, width = context.style("muted"), context.width
    if not view.spans:
        words = "No answer: the tokenizer makes no token of this context."
        return Drawn([row((line, context.style("strong"))) for line in wrapped(words, width)])
    texts = [_text(span) for span in view.spans]
    several = len(view.windows) > 1
    numbers_room = 11 + (20 if width >= 70 else 0) + (10 if several else 0)
    places = ["" if span.no_answer else f"{span.start}–{span.end}" for span in view.spans]
    widest = max(map(len, places))
    room = width - 2 - numbers_room - widest - 2
    cells = max(1, min(room, max(cell_len(visible(text)) for text in texts)))
    strips: list[Strip] = []
    targets: list[tuple[int, Target]] = []
    for number, span in enumerate(view.spans):
        if number == view.top_k:
            head = pad(f"  also weighed, top_k {view.top_k}", 2 + cells)
            logits = f"{'start':>9} {'end':>9} " if width >= 70 else ""
            strips.append(row((f"{head}  {'score':>8} {logits} place", muted)))
        here, best = number == context.selected, span.found[0]
        style = context.style("strong" if here else "text" if number < view.top_k else "muted")
        logits = f"{_logit(best.start_logit)} {_logit(best.end_logit)} " if width >= 70 else ""
        window = f"  window {best.sequence + 1}" if several else ""
        targets.append((len(strips), Target(best.sequence, best.first, _mark(span))))
        strips.append(
            row(
                ("▸ " if here else "  ", style),
                (pad(texts[number], cells), style),
                (f"  {span.score:>8.4f} ", style),
                (logits, muted),
                (f" {places[number]:<{widest}}", muted),
                (window, muted),
            )
        )
    if len(view.spans) < view.weighed:
        strips.append(row((f"  top {len(view.spans):,} of {view.weighed:,}", muted)))
    words = f"{_how(view, view.spans[min(context.selected, len(view.spans) - 1)], context)} {_verdict(view)}"
    strips += [row((line, muted)) for line in wrapped(" ".join(filter(None, (words, view.note))), width)]
    return Drawn(strips, tuple(targets))


def _text(span: Span) -> str:
    if span.no_answer:
        return "(no answer)"
    return span.text or "(nothing: it ends before it starts)"


def _mark(span: Span) -> tuple[int, int, int] | None:
    return None if span.no_answer or span.end <= span.start else (_FIELD, span.start, span.end)


def _logit(logit: float) -> str:
    return f"{numbers.logit(logit, 3):>9}"


def _how(view: Extracted, span: Span, context: Context) -> str:
    """How the score came to be: `“Paris”: 0.9012 = 0.9321 (starts at “Paris”) × 0.9669 (ends at “Paris”).`"""
    products = [_product(view, each, context) for each in span.found[:3]]
    rest = f" + {len(span.found) - 3} more that read the same" if len(span.found) > 3 else ""
    return f"{span.score:.4f} = {' + '.join(products)}{rest}."


def _product(view: Extracted, found: TokenSpan, context: Context) -> str:
    window = view.windows[found.sequence]
    start, end = window.start_probabilities[found.first], window.end_probabilities[found.last]
    tokens = context.sequences[found.sequence].tokens
    first, last = (fit(tokens[position].text, 16) for position in (found.first, found.last))
    impossible = " (no span: 0)" if found.score == 0 else ""
    return (
        f"{numbers.logit(start)} (starts at “{first}”) × {numbers.logit(end)} (ends at “{last}”){impossible}"
    )


def _verdict(view: Extracted) -> str:
    """What “no answer” had to do with it."""
    least = ", the least of the windows" if len(view.windows) > 1 else ""
    null = f"“No answer” scores {numbers.logit(view.null_score)} (the null score{least})"
    if not view.impossible:
        return f"{null}; it can't win, handle_impossible_answer (F2) is off."
    if view.spans[0].no_answer:
        return f"{null}, more than any span: it is the answer."
    return f"{null}; the best span scores more."
