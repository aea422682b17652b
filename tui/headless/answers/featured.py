"""The answer of feature extraction as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tui.headless.text import counted, number, quoted, shown_of, table, visible

if TYPE_CHECKING:
    from tui.headless.answers.base import Lines
    from tui.headless.reading import Reply
    from tui.protocol.answers import Featured

_MOST = 100
_NUMBERS = 8


def lines(view: Featured, reading: Reply) -> Lines:
    """How alike two texts are, or what one text became; then the vectors, shortened, and those of the tokens."""
    count = sum(map(len, view.norms))
    answer = f"{counted(count, 'vector')} of {counted(view.width, 'number')}"
    if len(view.pooled) > 1:
        answer = f"cosine {number(view.cosine)} between the texts; {answer}"
    names = [sequence.name or "text" for sequence in reading.sequences]
    details = [
        f"  one vector by pooling: {visible(view.pooling)}; the first {min(_NUMBERS, view.width)} numbers"
    ]
    details += table(
        [
            (visible(name), *map(number, vector[:_NUMBERS]))
            for name, vector in zip(names, view.pooled, strict=True)
        ],
        "<" + ">" * min(_NUMBERS, view.width),
    )
    if view.note:
        details.append(f"  note: {visible(view.note)}")
    rows = list(_tokens(view, reading))
    details += table([("token", "length of its vector", "most like"), *rows[:_MOST]], "<><")
    return answer, details + shown_of(min(_MOST, len(rows)), len(rows), "tokens")


def _tokens(view: Featured, reading: Reply) -> Iterator[tuple[str, str, str]]:
    for number_of, (sequence, norms) in enumerate(zip(reading.sequences, view.norms, strict=True)):
        for position, (token, norm) in enumerate(zip(sequence.tokens, norms, strict=True)):
            yield quoted(token.text), number(norm), _closest(view, reading, number_of, position)


def _closest(view: Featured, reading: Reply, sequence: int, position: int) -> str:
    """The token whose vector is most like that of this one, in the other text if there is one."""
    other = len(reading.sequences) - 1 - sequence
    place = view.closest[sequence][position]
    if place is None:
        return "–"
    first, second = (place, position) if sequence and other != sequence else (position, place)
    cosine = view.between_tokens[first][second]
    return f"{quoted(reading.sequences[other].tokens[place].text)} at {place}, cosine {number(cosine)}"
