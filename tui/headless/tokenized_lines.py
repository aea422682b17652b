"""What a tokenizer makes of a text as lines to read: its beginning, and what is to be said of the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tui.headless.text import LONGEST_INPUT_SHOWN, counted, shown, shown_of, table, visible
from tui.microscope.portions import AnyPortion, Compared, DecodedText, End, NormalizedText, Tokens, Words
from tui.microscope.questions import Subject


class LineWriter:
    """Writes the lines of one text after the other."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def tell(
        self, subject: Subject, text: str, portions: Iterable[AnyPortion], steps: Sequence[str] | None
    ) -> None:
        """Write about one text as its portions come; steps: the lines that take the place of its words."""
        size = f"{subject.size:,} entries"
        self._line(f"{visible(subject.reference)} · {visible(subject.model)} · {size}")
        self._line(shown(text))
        for line in steps or ():
            self._line(f"  {line}")
        normalized, words, decoded, listed, same = "", list[str](), "", 0, False
        rows: list[str] | None = None
        for portion in portions:
            if rows is None and not isinstance(portion, NormalizedText | Words):
                if steps is None:
                    self._line(f"  normalized  {_beginning(normalized)}")
                    self._line(f"  words       {_beginning(' | '.join(words))}")
                rows = _rows(portion if isinstance(portion, Tokens) else None)
                self._write("".join(f"{row}\n" for row in rows))
            match portion:
                case NormalizedText():
                    normalized += portion.text
                case Words():
                    words += portion.texts[:LONGEST_INPUT_SHOWN]
                case Tokens():
                    listed = len(portion.ids)
                case DecodedText():
                    decoded += portion.text
                case Compared():
                    same = portion.same
                case End():
                    for line in shown_of(listed, portion.tokens, "tokens"):
                        self._line(line)
                    count = counted(portion.tokens, "token")
                    self._line(f"  {count}; decoded: {shown(decoded, of=portion.decoded)}")
                    lost = f"not the same text: {', '.join(portion.losses)}"
                    self._line(f"  {'the same text' if same else lost}")

    def _line(self, line: str) -> None:
        self._write(f"{line}\n")


def _beginning(text: str) -> str:
    cut = "…" if len(text) > LONGEST_INPUT_SHOWN else ""
    return f"{visible(text[:LONGEST_INPUT_SHOWN]) or '(an empty text)'}{cut}"


def _rows(tokens: Tokens | None) -> list[str]:
    rows = [["#", "id", "token", "characters", ""]]
    if tokens is not None:
        texts = {entry.id: visible(entry.text) for entry in tokens.entries}
        origin = {
            **dict.fromkeys(tokens.unknown, "unknown"),
            **dict.fromkeys(tokens.added, "added token"),
            **dict.fromkeys(tokens.around, "special"),
        }
        for place, (index, start, end) in enumerate(zip(tokens.ids, tokens.starts, tokens.ends, strict=True)):
            known = start is not None and end is not None
            characters = "–" if not known else "" if start == end else f"{start}–{end}"
            rows.append([str(place), str(index), texts[index], characters, origin.get(place, "")])
    return table(rows, ">><<<")
