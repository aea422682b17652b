"""What a tokenizer makes of a text as lines to read: its beginning, and what is to be said of the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tui.headless.text import LONGEST_INPUT_SHOWN, columns, counted, quoted, shown, shown_of, visible
from tui.protocol.microscope.alone import Alone
from tui.protocol.microscope.portions import (
    AnyPortion,
    Compared,
    DecodedText,
    End,
    NormalizedText,
    Tokens,
    Words,
)
from tui.protocol.microscope.questions import Subject

_HEAD = ("#", "id", "token", "characters", "")
_SIDES = ">><<<"
_NO_TOKENS = Tokens([], [], [], [], [], [], [])


class LineWriter:
    """Writes the lines of one text after the other."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._texts: dict[int, str] = {}
        """How the vocabulary spells an id, made visible."""

    def tell(
        self,
        subject: Subject,
        text: str,
        portions: Iterable[AnyPortion],
        steps: Sequence[str] | None,
        beside: Alone | None = None,
    ) -> None:
        """Write about one text as its portions come.

        steps: the lines that take the place of its words. beside: what the checkpoint's tokenizer.json makes of it
        by itself, where that is something else.
        """
        write = self._write
        head = f"{visible(subject.reference)} · {visible(subject.model)} · {subject.size:,} entries"
        notes = "".join(f"  {visible(note)}\n" for note in subject.notes)
        write(f"{head}\n{notes}{shown(text)}\n")
        for line in steps or ():
            write(f"  {line}\n")
        normalized, words, decoded, listed, same = "", list[str](), "", 0, False
        is_listed = False
        for portion in portions:
            match portion:
                case NormalizedText():
                    normalized += portion.text
                    continue
                case Words():
                    words += portion.texts[:LONGEST_INPUT_SHOWN]
                    continue
            if not is_listed:
                is_listed = True
                if steps is None:
                    write(f"  normalized  {_beginning(normalized)}\n")
                    write(f"  words       {_beginning(' | '.join(words)) if words else '(none)'}\n")
                write(f"{self._rows(portion if isinstance(portion, Tokens) else _NO_TOKENS)}\n")
            match portion:
                case Tokens():
                    listed = len(portion.ids)
                case DecodedText():
                    decoded += portion.text
                case Compared():
                    same = portion.same
                case End():
                    for line in shown_of(listed, portion.tokens, "tokens"):
                        write(f"{line}\n")
                    count = counted(portion.tokens, "token")
                    write(f"  {count}; decoded: {shown(decoded, of=portion.decoded)}\n")
                    lost = f"not the same text: {', '.join(portion.losses)}"
                    write(f"  {'the same text' if same else lost}\n")
        if beside is not None:
            more = (
                f" … ({len(beside.tokens):,} of {beside.total:,})"
                if beside.total > len(beside.tokens)
                else ""
            )
            listed_beside = f"{' '.join(map(quoted, beside.tokens))}{more}"
            write(f"  {visible(beside.sentence)}\n  {counted(beside.total, 'token')}: {listed_beside}\n")

    def _rows(self, tokens: Tokens) -> str:
        self._texts.update((entry.id, visible(entry.text)) for entry in tokens.entries)
        count = len(tokens.ids)
        origins = [""] * count
        for places, origin in (
            (tokens.unknown, "unknown"),
            (tokens.added, "added token"),
            (tokens.around, "special"),
        ):
            for place in places:
                origins[place] = origin
        spans = [
            "–" if start is None or end is None else "" if start == end else f"{start}–{end}"
            for start, end in zip(tokens.starts, tokens.ends, strict=True)
        ]
        texts = map(self._texts.__getitem__, tokens.ids)
        told = (map(str, range(count)), map(str, tokens.ids), texts, spans, origins)
        return columns([[head, *texts] for head, texts in zip(_HEAD, told, strict=True)], _SIDES)


def _beginning(text: str) -> str:
    cut = "…" if len(text) > LONGEST_INPUT_SHOWN else ""
    return f"{visible(text[:LONGEST_INPUT_SHOWN]) or '(an empty text)'}{cut}"
