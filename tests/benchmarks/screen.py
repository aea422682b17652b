"""A small terminal screen: the bytes a program sends become rows of characters, whatever was repainted."""

from __future__ import annotations

import codecs
import re

from rich.cells import cell_len

_PIECE = re.compile(
    r"\x1b\[(?P<parameters>[0-9;:?<=>]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[PX^_][^\x1b]*\x1b\\"
    r"|\x1b[()*+#%].|\x1b[0-9=>A-OQ-WYZc-~]"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f\x7f])"
    r"|(?P<text>[^\x00-\x1f\x7f]+)"
)
_TITLE = re.compile(r"[╭┌]?[─━]+ ([1-7]) (?:Task|Model|Input|Token|Forwa|Logit|Answe)")
_FRAME = "│┃╭╮┌┐─━ "


class Screen:
    """What stands where. Understands what Textual sends: cursor moves, erasing, text; colors are skipped."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns = columns
        self.rows = rows
        self._cells = [[" "] * columns for _ in range(rows)]
        self._x = 0
        self._y = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, sent: bytes) -> None:
        """Take the next bytes; an escape sequence may go on in the bytes that follow."""
        stream = self._rest + self._decoder.decode(sent)
        at = 0
        while at < len(stream):
            match = _PIECE.match(stream, at)
            if match is None:
                if stream[at] == "\x1b" and len(stream) - at < 4096:  # not all here yet
                    break
                at += 1
                continue
            at = match.end()
            if match["text"]:
                self._write(match["text"])
            elif match["final"]:
                self._command(match["final"], match["parameters"])
            elif match["control"]:
                self._control(match["control"])
        self._rest = stream[at:]

    def lines(self) -> list[str]:
        """The rows as text."""
        return ["".join(row) for row in self._cells]

    def line(self, number: int) -> str:
        """One row as text."""
        return "".join(self._cells[number])

    def pane(self, number: int) -> list[str]:
        """The rows of one playground pane, its title first, without side borders; empty when it isn't there."""
        lines = self.lines()
        tops = [(y, m.start(), int(m[1])) for y, line in enumerate(lines) for m in _TITLE.finditer(line)]
        found = next(((y, x) for y, x, which in tops if which == number), None)
        if found is None:
            return []
        top, left = found
        bottom = min((y for y, x, _ in tops if y > top and abs(x - left) < 3), default=self.rows - 1)
        right = [x for y, x, _ in tops if x > left + 3 and y <= bottom]
        stop = min(right, default=self.columns)
        return [line[left:stop].strip(_FRAME) for line in lines[top:bottom]]

    def _write(self, text: str) -> None:
        for character in text:
            width = 1 if character < "\u0300" else cell_len(character)
            if width == 0 or self._y >= self.rows or self._x >= self.columns:
                continue
            row = self._cells[self._y]
            row[self._x] = character
            if width == 2 and self._x + 1 < self.columns:
                row[self._x + 1] = ""
            self._x += width

    def _control(self, control: str) -> None:
        if control == "\r":
            self._x = 0
        elif control == "\n":
            self._y = min(self._y + 1, self.rows - 1)
        elif control == "\b":
            self._x = max(0, self._x - 1)

    def _command(self, final: str, parameters: str) -> None:
        if parameters[:1] in ("?", ">", "<", "="):
            return
        numbers = [int(part or 0) for part in parameters.split(";")] if parameters else []
        first = numbers[0] if numbers else 0
        if final in "Hf":
            self._y = min(max(first, 1), self.rows) - 1
            self._x = min(max(numbers[1] if len(numbers) > 1 else 1, 1), self.columns) - 1
        elif final in "ABCD":
            step = max(first, 1)
            self._x += {"C": step, "D": -step}.get(final, 0)
            self._y += {"B": step, "A": -step}.get(final, 0)
            self._x = min(max(self._x, 0), self.columns - 1)
            self._y = min(max(self._y, 0), self.rows - 1)
        elif final == "J" and first == 2:
            self._cells = [[" "] * self.columns for _ in range(self.rows)]
        elif final == "K" and first == 0:
            self._cells[self._y][self._x :] = [" "] * (self.columns - self._x)
