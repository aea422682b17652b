"""A word's way through the model of a tokenizer, as values for JSON and as lines to read."""

from __future__ import annotations

from typing import Any

from tui.headless.text import number, quoted, visible
from tui.protocol.microscope.questions import Traced
from tui.protocol.microscope.traces import (
    AnyTrace,
    BytePairTrace,
    TracePiece,
    UnigramTrace,
    WordLevelTrace,
    WordPieceTrace,
    stage,
)

_ATTEMPTS_SHOWN = 40


def as_values(traced: Traced) -> dict[str, Any]:
    """`word`, `algorithm`, `steps`, `pieces`, what else the algorithm knows, or `why` none can be followed."""
    trace = traced.trace
    if trace is None:
        return {"word": None, "algorithm": traced.subject.model, "steps": [], "pieces": [], "why": traced.why}
    return {
        "word": trace.word,
        "algorithm": traced.subject.model,
        "steps": _steps(trace),
        "pieces": [_piece(piece) for piece in trace.pieces],
        **_besides(trace),
    }


def _piece(piece: TracePiece) -> dict[str, Any]:
    return {"id": piece.id, "text": piece.text, "start": piece.start, "end": piece.end}


def _steps(trace: AnyTrace) -> list[dict[str, Any]]:
    match trace:
        case BytePairTrace():
            return [_merge(trace, number) for number in range(len(trace.merges))]
        case WordPieceTrace():
            return [
                {"start": each.start, "end": each.end, "candidate": each.text, "id": each.id}
                for each in trace.attempts
            ]
        case UnigramTrace():
            return [
                {
                    "start": node.start,
                    "end": node.end,
                    "piece": trace.word[node.start : node.end],
                    "id": node.id,
                    "log_probability": node.log_probability,
                    "score": trace.best[node.start] + node.log_probability,
                    "best": trace.arrivals[node.end] == place,
                    "unknown": node.unknown,
                }
                for place, node in enumerate(trace.nodes)
            ]
        case WordLevelTrace():
            return [{"candidate": trace.word, "id": trace.pieces[0].id if trace.known else None}]


def _merge(trace: BytePairTrace, done: int) -> dict[str, Any]:
    before, merge = stage(trace, done), trace.merges[done]
    left, right = (before.symbols[merge.left + side].text for side in (0, 1))
    return {
        "symbols": [symbol.text for symbol in before.symbols],
        "ranks": list(before.ranks),
        "left": left,
        "right": right,
        "rank": merge.rank,
        "makes": merge.made.text,
    }


def _besides(trace: AnyTrace) -> dict[str, Any]:
    """What else there is to know, by algorithm."""
    match trace:
        case BytePairTrace():
            return {
                "symbols": [symbol.text for symbol in trace.symbols],
                "steps_total": trace.merges_total,
                "whole": trace.whole,
                "dropout": trace.dropout,
            }
        case WordPieceTrace():
            return {
                "steps_total": trace.attempts_total,
                "too_long": trace.too_long,
                "stuck_at": trace.stuck_at,
            }
        case UnigramTrace():
            return {
                "log_probability": trace.log_probability,
                "segmentations": [
                    {
                        "pieces": [_text(trace, place) for place in way.nodes],
                        "log_probability": way.log_probability,
                        "behind": way.behind,
                    }
                    for way in trace.segmentations
                ],
            }
        case WordLevelTrace():
            return {"known": trace.known}


def _text(trace: UnigramTrace, place: int) -> str:
    node = trace.nodes[place]
    return trace.word[node.start : node.end]


def as_lines(traced: Traced) -> list[str]:
    """The word, a line for each step, the pieces."""
    trace = traced.trace
    if trace is None:
        return [visible(traced.why)]
    pieces = " ".join(f"{quoted(piece.text)} {piece.id}" for piece in trace.pieces)
    return [f"word {quoted(trace.word)}", *(f"  {line}" for line in _told(trace)), f"  → {pieces}"]


def _told(trace: AnyTrace) -> list[str]:
    match trace:
        case BytePairTrace():
            if trace.whole:
                return ["an entry of the vocabulary: taken whole, no merge is looked at"]
            merges = [_merge(trace, done) for done in range(len(trace.merges))]
            lines = [
                f"{' '.join(map(visible, each['symbols']))}: {visible(each['left'])} + {visible(each['right'])} "
                f"(rank {each['rank']:,})"
                for each in merges
            ]
            return [*lines, *_more(len(merges), trace.merges_total, "merges"), *_by_chance(trace)]
        case WordPieceTrace():
            if trace.too_long:
                return [f"longer than {trace.longest_word} characters: not looked at"]
            lines = [
                f"{visible(each.text)}: {'no entry' if each.id is None else f'id {each.id}'}"
                for each in trace.attempts[:_ATTEMPTS_SHOWN]
            ]
            lines += _more(min(len(trace.attempts), _ATTEMPTS_SHOWN), trace.attempts_total, "candidates")
            stuck = trace.stuck_at
            return lines if stuck is None else [*lines, f"nothing fits from character {stuck} on"]
        case UnigramTrace():
            lines = []
            for way in trace.segmentations:
                pieces = " ".join(quoted(_text(trace, place)) for place in way.nodes)
                behind = f", {number(way.behind)} behind" if way.behind else ""
                lines.append(f"{pieces}: {number(way.log_probability)} nats{behind}")
            return lines
        case WordLevelTrace():
            return ["an entry of the vocabulary" if trace.known else "no entry of the vocabulary"]


def _by_chance(trace: BytePairTrace) -> list[str]:
    if trace.dropout is None:
        return []
    return [
        f"BPE-dropout: each merge is skipped with a chance of {trace.dropout:g}, so that tokens differ from call "
        "to call and from these; here none is skipped"
    ]


def _more(told: int, total: int, what: str) -> list[str]:
    return [f"and {total - told:,} more {what}"] if total > told else []
