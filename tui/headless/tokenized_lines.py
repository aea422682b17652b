"""What a tokenizer makes of a text as lines to read: its beginning, and what is to be said of the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tui.headless.text import LONGEST_INPUT_SHOWN, counted, shown, shown_of, table, visible
from tui.microscope.portions import AnyPortion, Compared, DecodedText, End, NormalizedText, Tokens, Words
from tui.microscope.questions import Subject

_SIDES = ">><<<"


class LineWriter:
    """Writes the lines of one text after the other."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._texts: dict[int, str] = {}
        """How the vocabulary spells an id, made visible."""

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
                rows = self._rows(portion if isinstance(portion, Tokens) else None)
                self._line("\n".join(rows))
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

    def _rows(self, tokens: Tokens | None) -> list[str]:
        head = ("#", "id", "token", "characters", "")
        if tokens is None:
            return table([head], _SIDES)
        self._texts.update((entry.id, visible(entry.text)) for entry in tokens.entries)
        origin = {
            **dict.fromkeys(tokens.unknown, "unknown"),
            **dict.fromkeys(tokens.added, "added token"),
            **dict.fromkeys(tokens.around, "special"),
        }
        places = range(len(tokens.ids))
        origins = [origin.get(place, "") for place in places] if origin else [""] * len(places)
        spans = [
            "–" if start is None or end is None else "" if start == end else f"{start}–{end}"
            for start, end in zip(tokens.starts, tokens.ends, strict=True)
        ]
        columns = (
            map(str, places),
            map(str, tokens.ids),
            map(self._texts.__getitem__, tokens.ids),
            spans,
            origins,
        )
        return table([head, *zip(*columns, strict=True)], _SIDES)

    def _line(self, line: str) -> None:
        self._write(f"{line}\n")


def _beginning(text: str) -> str:
    cut = "…" if len(text) > LONGEST_INPUT_SHOWN else ""
    return f"{visible(text[:LONGEST_INPUT_SHOWN]) or '(an empty text)'}{cut}"
