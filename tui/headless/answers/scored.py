"""The answer of text generation as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.headless.text import counted, number, quoted, shown, shown_of, table, visible

if TYPE_CHECKING:
    from tui.headless.answers.base import Lines
    from tui.headless.reading import Reply
    from tui.protocol.answers import Scored

_MOST = 100


def lines(view: Scored, reading: Reply) -> Lines:
    """What the model goes on with; then how likely it found each token, and what could come next."""
    answer = f"→ {quoted(view.continuation)}" if view.written else "→ nothing written"
    details = []
    if view.stopped:
        details.append(f"  wrote {counted(view.written, 'token')}; ended by {visible(view.stopped)}")
    if view.rendered is not None:
        details.append(f"  prompt by the chat template: {shown(view.rendered)}")
    if view.prefix:
        details.append(f"  read before the text: {shown(view.prefix)} ({visible(view.prefix_by)})")
    details.append(f"  {_measures(view)}")
    details += [f"  text {number_}: {quoted(text)}" for number_, text in enumerate(view.others, 2)]
    if view.note:
        details.append(f"  note: {visible(view.note)}")
    details.append("  tokens of the prompt")
    prompt = reading.sequences[0].tokens[: len(view.tokens)]
    rows = [("position", "token", "probability", "rank", "surprisal in bits")]
    rows += [
        (
            str(position),
            quoted(token.text),
            number(score.probability),
            "–" if score.rank is None else f"{score.rank:,}",
            number(score.surprisal_bits),
        )
        for position, (token, score) in enumerate(zip(prompt, view.tokens, strict=False))
    ]
    details += table(rows[: _MOST + 1], "><>>>")
    details += shown_of(min(_MOST, len(rows) - 1), len(rows) - 1, "tokens")
    details.append(f"  next token: the likeliest {len(view.next):,}")
    next_rows = [("id", "token", "probability")]
    next_rows += [(str(each.id), quoted(each.text), number(each.probability)) for each in view.next]
    return answer, details + table(next_rows, "><<")


def _measures(view: Scored) -> str:
    scored = sum(score.surprisal_bits is not None for score in view.tokens)
    if not scored:
        return "perplexity –: no token has others before it"
    parts = [f"perplexity {number(view.perplexity)}"]
    parts.append(f"{number(view.total_bits)} bits over {counted(scored, 'token')}")
    if view.text_bytes and view.total_bits is not None:
        parts.append(f"{number(view.total_bits / view.text_bytes)} bits per byte")
    return "; ".join(parts)
