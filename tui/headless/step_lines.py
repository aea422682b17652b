"""A text written token by token as lines to read, their columns of a fixed width, each printed as it comes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tui.headless.output import heading
from tui.headless.run import write_line
from tui.headless.step_values import broken_bytes
from tui.headless.text import cells, counted, number, quoted, shown, table, visible
from tui.protocol import BeamsStepped, Continued, Searched
from tui.protocol.writing.decoding import Decoding
from tui.protocol.writing.steps import Chosen
from tui.tasks.sampling import SETTINGS

if TYPE_CHECKING:
    from tui.headless.stepping import TextToWrite, WrittenSoFar

_WIDTHS = (6, 7, 16, 11, 8, 8, 8)
_SIDES = ">><>>>>>>"
_HEADS = ("step", "id", "token", "probability", "rank", "entropy", "ms")
_KEPT_WIDTHS = (11, 8)
_KEPT_HEADS = ("of the kept", "kept")
_ALTERNATIVES_SHOWN = 3


class StepLines:
    """Tells in lines: a heading, one for each token, and what it came to."""

    def __init__(self) -> None:
        self._reshaped: bool | None = None
        """Whether there are columns for what was kept; decided by the first token of a text."""

    def begin(self, asked: TextToWrite) -> None:
        """Which model writes, how, and after what."""
        first, *others = asked.texts.items()
        if asked.number == 1:
            write_line(heading(asked.loaded, dict(others), asked.steps.options))
            for line in _settings_of(asked):
                write_line(line)
        write_line("")
        write_line(shown(first[1]))
        self._reshaped = None

    def step(self, asked: TextToWrite, chosen: Chosen) -> None:
        """A line for a token."""
        if self._reshaped is None:
            self._reshaped = chosen.kept is not None
            write_line(_line(_HEADS, _KEPT_HEADS if self._reshaped else (), "likeliest"))
        write_line(
            _line(_cells(chosen), _kept_cells(chosen) if self._reshaped else (), _remarks(chosen, asked))
        )

    def beams(self, asked: TextToWrite, stepped: BeamsStepped) -> None:  # noqa: ARG002
        """The candidates of a step, and what became of each."""
        write_line(
            f"  step {stepped.step + 1}, {counted(stepped.hypotheses, 'hypothes', 'is', 'es')} finished"
        )
        rows = [("of beam", "id", "token", "log p", "sum", "with length penalty", "")]
        rows += [
            (
                str(each.parent + 1),
                str(each.id),
                quoted(each.text),
                number(each.log_probability),
                number(each.score),
                number(each.penalized),
                f"{each.fate}: {visible(each.why)}" if each.why else each.fate,
            )
            for each in stepped.candidates
        ]
        for line in table(rows, ">><>>><"):
            write_line(f"  {line}")

    def end(self, written: WrittenSoFar) -> None:
        """The answer and the figures of all tokens together."""
        for line in _end(written):
            write_line(line)


def _settings_of(asked: TextToWrite) -> list[str]:
    """What was asked for, one a line."""
    decoding = asked.steps.decoding
    lines = [
        f"{each.name.replace('_', '-')}: {asked.sampling.get(each.name, each.default):g}"
        for each in SETTINGS
        if each.name not in asked.steps.unset
    ]
    if decoding.method == "sample":
        lines.append(f"seed: {decoding.seed}")
    for name in ("num_beams", "length_penalty", "no_repeat_ngram_size", "min_new_tokens", "banned"):
        value = getattr(decoding, name)
        if value != getattr(Decoding(), name):
            lines.append(f"{name}: {', '.join(map(str, value)) if isinstance(value, tuple) else value}")
    lines += [f"stop string: {quoted(text)}" for text in decoding.stop_strings]
    if decoding.constraint is not None:
        lines.append(f"{decoding.constraint.kind}: {shown(decoding.constraint.text)}")
    return lines


def _line(values: tuple[str, ...], kept: tuple[str, ...], rest: str) -> str:
    columns = zip((*values, *kept), _WIDTHS + _KEPT_WIDTHS, _SIDES, strict=False)
    return ("".join(_padded(*column) for column in columns) + f"  {rest}").rstrip()


def _padded(value: str, width: int, side: str) -> str:
    space = " " * (width - cells(value))
    return f" {space}{value}" if side == ">" else f"  {value}{space}"


def _cells(chosen: Chosen) -> tuple[str, ...]:
    return (
        str(chosen.place + 1),
        str(chosen.id),
        quoted(chosen.text),
        _probability(chosen.log_probability),
        "–" if chosen.rank is None else f"{chosen.rank:,}",
        "–" if chosen.entropy_bits is None else f"{chosen.entropy_bits:.3f}",
        f"{chosen.seconds * 1000:,.1f}",
    )


def _kept_cells(chosen: Chosen) -> tuple[str, ...]:
    return (_probability(chosen.kept_log_probability), "–" if chosen.kept is None else f"{chosen.kept:,}")


def _remarks(chosen: Chosen, asked: TextToWrite) -> str:
    """What there is to know of a token, and the likeliest ones."""
    parts = []
    if chosen.special:
        parts.append("special token")
    if chosen.by == "given":
        parts.append("given")
    if (broken := broken_bytes(chosen)) is not None:
        parts.append(f"bytes {broken.hex(' ')}, no whole character")
    shown_ = chosen.top[: min(asked.steps.alternatives, _ALTERNATIVES_SHOWN)]
    if shown_:
        parts.append(", ".join(f"{quoted(each.text)} {number(each.probability)}" for each in shown_))
    return "; ".join(parts)


def _probability(log_probability: float | None) -> str:
    return number(None if log_probability is None else math.exp(log_probability))


def _end(written: WrittenSoFar) -> list[str]:
    last = written.last
    lines = [f"  ended: {visible(written.kind)}, {visible(written.words)}"]
    figures = [counted(written.tokens, "token")]
    if written.log_probability is not None:
        figures.append(f"log probability {number(written.log_probability)}")
    if written.perplexity is not None:
        figures.append(f"perplexity {number(written.perplexity)}")
    figures.append(f"{written.seconds:,.2f} s")
    if written.tokens_per_second is not None:
        figures.append(f"{written.tokens_per_second:,.1f} tokens per second")
    lines.append(f"  {', '.join(figures)}")
    if isinstance(last, Searched):
        rows = [("score", "sum", "", "hypothesis")]
        rows += [
            (number(each.score), number(each.total), "finished" if each.finished else "cut", shown(text))
            for each, text in zip(last.hypotheses, last.texts, strict=True)
        ]
        lines += table(rows, ">><<")
    if written.text is None:
        lines.append("  what was written can't be read back")
    elif isinstance(last, Continued | Searched):
        lines.append(f"  written: {quoted(written.text)}" if written.text else "  nothing written")
        lines += [f"  note: {visible(last.note)}"] if last.note else []
        rows_ = [
            (visible(each.name), shown(each.value, 80), f"({visible(each.origin)})") for each in last.settings
        ]
        lines += ["  settings", *table(rows_, "<<<")] if rows_ else []
    return lines
