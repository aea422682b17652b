"""The lines of standard input as texts: as they come, and as many at a time as are there."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from tui.headless.telling import complain, note
from tui.protocol.failures import Failure
from tui.system.streams import StandardInput

STDIN = "-"
MOST_BYTES = 200_000_000
"""Of one text: what carries it to the engine takes so much, and a line that never ends is no text."""
_AT_ONCE = 1 << 18


def every_text(texts: Iterable[str]) -> Iterator[str]:
    """The texts, `-` replaced by the lines of standard input."""
    for text in texts:
        if text == STDIN:
            yield from lines(io.BufferedReader(StandardInput()))
        else:
            yield text


def lines(stream: BinaryIO) -> Iterator[str]:
    """The stream's lines as they come, as `batches` reads them."""
    for batch in batches(getattr(stream, "read1", stream.read)):
        yield from batch


def batches(read: Callable[[int], bytes]) -> Iterator[list[str]]:
    """Lines without their ends (`\\n` or `\\r\\n`), those together that came together.

    read: some bytes as they come, at most so many; nothing at the end. Bytes that aren't UTF-8 become �, which a
    note on stderr says; a byte order mark is no text. A line beyond `MOST_BYTES` is passed over, which is told.
    """
    count, size = 0, 0
    begun: list[bytes] = []
    while chunk := read(_AT_ONCE):
        *complete, rest = chunk.split(b"\n")
        batch = []
        for end in complete:
            count += 1
            if size + len(end) <= MOST_BYTES:
                batch.append(_decoded(b"".join([*begun, end]), count))
            elif size <= MOST_BYTES:  # else it was told when it became so
                complain(too_long(f"Line {count:,}", "it is passed over"))
            begun, size = [], 0
        before, size = size, size + len(rest)
        if size <= MOST_BYTES:
            begun.append(rest)
        elif before <= MOST_BYTES:
            begun = []
            complain(too_long(f"Line {count + 1:,}", "it is passed over"))
        if batch:
            yield batch
    if size and size <= MOST_BYTES:
        yield [_decoded(b"".join(begun), count + 1)]


def too_long(what: str, detail: str) -> Failure:
    """What to tell of a text that is longer than any can be."""
    return Failure(
        "This text is too long",
        f"{what} has more than {MOST_BYTES:,} bytes, the most of one text; {detail}.",
        "Cut it into several texts.",
    )


def _decoded(line: bytes, number: int) -> str:
    line = line.removesuffix(b"\r")
    if number == 1:
        line = line.removeprefix(b"\xef\xbb\xbf")
    try:
        return line.decode()
    except UnicodeDecodeError:
        note(f"line {number} is not UTF-8: what could not be read is replaced by �")
        return line.decode(errors="replace")
