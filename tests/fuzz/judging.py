"""What a program may send to a terminal, and what an exception says of itself."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from tui.app.terminal.falls import MARK

_UNSAFE = (
    "\x00-\x1f\x7f-\x9f"  # controls
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\ufffb\U000e0000-\U000e0fff"
)
"""Characters that move, hide or reorder what stands around them."""
_EXPECTED = re.compile(
    rf"(?:[^{_UNSAFE}]+"
    r"|\x1b\[(?:[0-4679]|[34]8;[25]|3\d|4\d|9\d|10\d|2\d|53|[;\d]{4,})?(?:;\d+)*m"  # style
    r"|\x1b\[\d*(?:;\d+)?H|\x1b\[\d*[ABCDGJK]"  # cursor, erase
    r"|\x1b\[\?(?:7|25|1000|1002|1003|1004|1006|1015|1016|1049|2004|2026|2048)[hl]|\x1b\[\?(?:2026|2048)\$p"
    r"|\x1b\[[<>]\d*u"  # kitty's keys
    r"|\x1b\]52;c;[A-Za-z0-9+/=]*(?:\x07|\x1b\\)|\x1b\]22;[a-z-]*(?:\x07|\x1b\\)"  # clipboard, pointer
    r"|[\r\n\x07])+"
)
_UNFINISHED = re.compile(r"\x1b(?:$|\[[\d;?<>$]*$|\][\d]*$|\](?:52|22);[^\x07\x1b]*(?:\x1b)?$)")
IN, OUT, RAW = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?2004h"
_OURS = re.compile(r'File "[^"]*?/(tui/[^"]+)", line (\d+), in (\S+)')
_ANY = re.compile(r'File "[^"]*?/([^/"]+/[^/"]+)", line (\d+), in (\S+)')
_KEPT = 40_000


class Stream:
    """What the program sends, looked at as it comes."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode
        self._rest = ""
        self.drawing = False
        """Whether the program has the screen; else it is the shell's."""
        self.raw = False
        """Whether keys are taken as they come."""
        self.unsafe = ""
        """The first thing that no program of ours may send, with what stands around it."""
        self.after = ""
        """What came since the screen was given back."""

    def feed(self, sent: bytes) -> None:
        """Take the next bytes."""
        text = self._rest + self._decode(sent)
        self._rest = ""
        while text:
            if not self.drawing:
                before, begun, text = (self.after + text).partition(IN)
                self.after = before[-_KEPT:]
                self.drawing = bool(begun)
                continue
            drawn, given_back, later = text.partition(OUT)
            self._look_at(drawn, whole=bool(given_back))
            if given_back:
                self.drawing, self.after = False, ""
            text = later

    def _look_at(self, drawn: str, whole: bool) -> None:
        self.raw = self.raw or RAW in drawn
        at = 0
        while at < len(drawn):
            match = _EXPECTED.match(drawn, at)
            at = match.end() if match else at
            if at == len(drawn):
                return
            if not whole and len(drawn) - at < 200_000 and _UNFINISHED.match(drawn, at):
                self._rest = drawn[at:]
                return
            self.unsafe = self.unsafe or repr(drawn[max(0, at - 60) : at + 30])
            at += 1


def exceptions(path: Path) -> list[str]:
    """The tracebacks that the program has written, the first first."""
    try:
        text = path.read_text("utf-8", "replace")
    except FileNotFoundError:
        return []
    return [part for part in re.split(rf"^(?={MARK})", text, flags=re.MULTILINE) if part.strip()]


def doing(stacks: str) -> str:
    """Our innermost function of the first thread, from what the program noted of its threads."""
    first = stacks.rpartition("most recent call first")[2]
    frames = re.findall(r'File "[^"]*?/(tui/[^"]+)", line \d+ in (\S+)', first)
    every = re.findall(r'File "[^"]*?/([^/"]+/[^/"]+)", line \d+ in (\S+)', first)
    return " ".join((frames or every or [("nothing",)])[0])


def signature(trace: str) -> str:
    """An exception's name, our innermost function, and the innermost one of all."""
    last = [line for line in trace.splitlines() if line and not line.startswith((" ", "╷", "+", "|"))][-1:]
    name = "".join(last).partition(":")[0] or "Exception"
    ours, every = _OURS.findall(trace), _ANY.findall(trace)
    own = f"{ours[-1][0]} {ours[-1][2]}" if ours else "no function of ours"
    if not ours and len(every) > 1:
        own += f", {every[-2][0]} {every[-2][2]}"
    innermost = (
        f" ({every[-1][0]} {every[-1][2]})" if every and (not ours or every[-1][1:] != ours[-1][1:]) else ""
    )
    return f"{name.rpartition('.')[2]} in {own}{innermost}"
