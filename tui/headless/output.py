"""One question's way through the model, as lines to read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tui.drawing.spaces import spaced
from tui.headless import answers
from tui.headless.reading import Reply
from tui.headless.text import counted, number, shown, table, visible
from tui.protocol import Loaded, Readout
from tui.protocol.answers import Classified, Featured
from tui.protocol.rows import Row
from tui.protocol.tokens import TokenSequence
from tui.tasks import TASKS
from tui.tasks.forms import Value
from tui.tasks.sampling import SETTINGS

ROWS_SHOWN = 10
"""Rows of logits shown of a task's default row; a classifier's answer is made of all of its own."""


def heading(
    loaded: Loaded,
    fields: Mapping[str, str] | None = None,
    options: Mapping[str, Value] | None = None,
    sampling: Mapping[str, float] | None = None,
) -> str:
    """Which model answers, where it runs, and what holds for every text."""
    parts = (
        loaded.task,
        loaded.checkpoint.name,
        loaded.device,
        loaded.dtype,
        f"{loaded.parameters:,} parameters",
    )
    lines = [" · ".join(visible(part) for part in parts)]
    lines += [f"{visible(name)}: {shown(text)}" for name, text in (fields or {}).items() if text]
    lines += [f"{visible(name)}: {visible(str(value))}" for name, value in (options or {}).items()]
    titles = {setting.name: setting.title for setting in SETTINGS}
    lines += [f"{titles[name]}: {value:g}, for the table alone" for name, value in (sampling or {}).items()]
    return "\n".join(lines)


def as_text(reading: Reply) -> str:
    """The text, its answer, what there is to see of that, and the row of logits the screen would show."""
    view, (first, *_) = reading.answered.view, reading.texts.values()
    answer, details = answers.lines(view, reading)
    lines = [
        shown(first),
        f"{answer}   ({_count(reading)}, {reading.answered.seconds * 1000:,.0f} ms)",
        *details,
    ]
    if isinstance(view, Featured):  # its rows are numbers of a vector, told above, and no logits
        return "\n".join(lines)
    if isinstance(view, Classified):
        return "\n".join(
            [*lines, *_reshaped(reading.readout), *_rows(reading.readout, reading.readout.total)]
        )
    table_ = _rows(reading.readout, ROWS_SHOWN)
    return "\n".join([*lines, _title(reading.readout), *_reshaped(reading.readout), *table_])


def _title(readout: Readout) -> str:
    """Which row of logits this is, and what of it is not shown."""
    count = min(ROWS_SHOWN, len(readout.rows))
    about = f", {visible(readout.name)}" if readout.name else ""
    if count == readout.total:
        return f"  logits{about}: {counted(count, 'row')}"
    rest = [row.probability for row in readout.rows[count:]]
    mass = ""
    if readout.tail is not None and all(probability is not None for probability in rest):
        left = readout.tail + sum(probability or 0.0 for probability in rest)
        mass = f"; the other {readout.total - count:,} hold {number(left)}"
    return f"  logits{about}: top {count:,} of {readout.total:,}{mass}"


def _reshaped(readout: Readout) -> list[str]:
    """What the sampling settings did to the row as a whole, and which of them do nothing here."""
    lines = [f"  {visible(words)}" for words in readout.notes]
    if readout.kept is not None:
        mass = (
            "" if readout.kept_mass is None else f", which hold {number(readout.kept_mass)} before filtering"
        )
        lines.append(f"  {readout.kept:,} of {readout.total:,} rows are kept{mass}")
    return lines


def _rows(readout: Readout, most: int) -> list[str]:
    """The best rows; with the columns of those sampling settings that are set."""
    way = "the score is none" if readout.function == "none" else readout.function
    columns: list[tuple[str, str, Callable[[Row], str]]] = [
        ("label", "<", lambda row: visible(spaced(row.label))),
        ("logit", ">", lambda row: number(row.logit)),
    ]
    if readout.penalized is not None:
        columns.append(("penalized", ">", lambda row: number(row.penalized)))
    if readout.settings.temperature != 1.0:
        columns.append((f"÷ {readout.settings.temperature:g}", ">", lambda row: number(row.scaled)))
    columns.append((f"probability ({way})", "<", lambda row: number(row.probability)))
    if readout.kept is not None:
        columns.append(("of what is kept", "<", _kept))
    rows = [[head for head, _, _ in columns]]
    rows += [[cell(row) for _, _, cell in columns] for row in readout.rows[:most]]
    return table(rows, "".join(side for _, side, _ in columns))


def _kept(row: Row) -> str:
    return number(row.renormalized) if row.kept else f"dropped by {row.dropped_by}"


def _count(reading: Reply) -> str:
    """How much was read, and what was not."""
    parts = []
    if len(reading.sequences) == 1:
        parts.append(_tokens(reading.sequences[0]))
    else:
        count = sum(len(sequence.tokens) for sequence in reading.sequences)
        parts.append(f"{counted(len(reading.sequences), 'sequence')}, {counted(count, 'token')}")
        parts += [
            f"{visible(sequence.name)}: {_tokens(sequence)}"
            for sequence in reading.sequences
            if sequence.total > len(sequence.tokens)
        ]
    names = [field.name for field in TASKS[reading.task].form.fields]
    unread = {
        (number, start): _unread(sequence, number, start, names)
        for sequence in reading.sequences
        for number, start in enumerate(sequence.unread_from)
        if start is not None
    }
    return "; ".join([*parts, *unread.values()])


def _tokens(sequence: TokenSequence) -> str:
    shown_tokens = len(sequence.tokens)
    if sequence.total > shown_tokens:
        return f"first {shown_tokens:,} of {sequence.total:,} tokens"
    return counted(shown_tokens, "token")


def _unread(sequence: TokenSequence, field: int, start: int, names: list[str]) -> str:
    """Which characters of a field no token holds: its end, or its beginning for tokenizers that cut there."""
    whose = f" of {names[field]}" if field else ""
    read = [t.start for t in sequence.tokens if t.field == field and t.start is not None and t.start != t.end]
    if read and min(read) > start:
        return f"characters {start:,} to {min(read) - 1:,}{whose} are not read"
    return f"characters from {start:,} on{whose} are not read"
