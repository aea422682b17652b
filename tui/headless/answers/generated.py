"""The answer of summarization and translation as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.headless.text import number, quoted, shown, shown_of, table, visible

if TYPE_CHECKING:
    from tui.headless.answers.base import Lines
    from tui.headless.reading import Reply
    from tui.protocol.answers import Generated, WrittenToken

_MOST = 200


def lines(view: Generated, reading: Reply) -> Lines:
    """The text; then every token the decoder wrote, and the settings that it obeyed."""
    details = [f"  {'; '.join(_measures(view))}"]
    if view.prefix:
        details.append(f"  put before the text: {quoted(view.prefix)}")
    details += [f"  text {number_}: {quoted(text)}" for number_, text in enumerate(view.others, 2)]
    if view.note:
        details.append(f"  note: {visible(view.note)}")
    rows: list[tuple[str, ...]] = [("position", "token", "probability", "rank", "likeliest")]
    rows += [_row(position, token) for position, token in enumerate(view.tokens[:_MOST])]
    details += table(rows, "><>><")
    details += shown_of(len(rows) - 1, len(view.tokens), "tokens")
    settings = [*view.source, *view.settings]
    if settings:
        details.append("  settings")
        details += table(
            [(visible(each.name), shown(each.value, 80), f"({visible(each.origin)})") for each in settings],
            "<<<",
        )
    return quoted(view.text) if view.text else "nothing written", details


def _measures(view: Generated) -> list[str]:
    parts = [f"log probability {number(view.log_probability)}"]
    if view.beam_score is not None:
        parts.append(f"beam score {number(view.beam_score)}")
    if view.stopped:
        parts.append(f"ended by {visible(view.stopped)}")
    return parts


def _row(position: int, token: WrittenToken) -> tuple[str, ...]:
    others = ", ".join(f"{quoted(each.text)} {number(each.probability)}" for each in token.alternatives[:3])
    if token.forced_by:
        others = f"forced by {visible(token.forced_by)}" + (f"; {others}" if others else "")
    rank = "–" if token.rank is None else f"{token.rank:,}"
    return (str(position), quoted(token.text), number(token.probability), rank, others)
