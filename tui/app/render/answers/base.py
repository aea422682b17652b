"""What every drawing of an answer takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Protocol, TypeVar, TypeVarTuple

from rich.style import Style
from textual.strip import Strip

if TYPE_CHECKING:
    from tui.protocol.tokens import TokenSequence

_Taken = TypeVarTuple("_Taken")
_Given = TypeVar("_Given")
_Seen = TypeVar("_Seen", contravariant=True)


@dataclass(frozen=True)
class Context:
    """What a drawing may look at besides the view."""

    width: int
    height: int
    """Rows that can be seen at once."""
    selected: int
    """Which of the targets is selected; draw its row with the style `cursor` or a leading ▸."""
    mode: str
    """One of the drawing's modes."""
    style: Callable[[str], Style]
    """The palette: text, muted, strong, accent, special, bar, error, cursor, even, odd, mark."""
    texts: tuple[str, ...]
    """The fields' texts that the answer is about, in the form's order."""
    sequences: tuple[TokenSequence, ...]
    """The token sequences that the answer is about."""
    cursor: tuple[int, int | None] = (0, None)
    """The one cursor: sequence and position of the selected token."""


@dataclass(frozen=True)
class Target:
    """What a row of the answer is about. Selecting the row moves the one cursor there."""

    sequence: int | None = None
    position: int | None = None
    mark: tuple[int, int, int] | None = None
    """Field, first character and one past the last, to mark in the input."""
    replacement: str | None = None
    """What enter puts in the place of the marked characters."""


@dataclass(frozen=True)
class Drawn:
    """Rows, and which of them can be selected."""

    strips: Sequence[Strip]
    """`Lines` where there are many: a cursor's move then costs the rows that are seen."""
    targets: tuple[tuple[int, Target], ...] = ()
    """Row numbers with what they are about, from the top."""


class Drawing(Protocol[_Seen]):
    """A module of this package, and the kind of view that it draws."""

    MODES: tuple[str, ...]
    """Names of the ways to look at it, the one to begin with first; the key `v` walks through them."""
    HELP: str
    """What F1 tells about them."""

    def draw(self, view: _Seen, context: Context) -> Drawn:
        """The rows for one mode. All text of models and files goes through `render.glyphs`."""


def kept(function: Callable[[*_Taken], _Given]) -> Callable[[*_Taken], _Given]:
    """Keep what a function gave last: for what depends on the answer and the width, but not on the cursor.

    It is given again for the same arguments: texts and numbers that are equal, or the very same objects.
    """
    last: list[tuple[tuple[object, ...], _Given]] = []

    @wraps(function)
    def ask(*taken: *_Taken) -> _Given:
        if not last or not all(map(_is_same, last[0][0], taken)):
            last[:] = [(taken, function(*taken))]
        return last[0][1]

    return ask


def _is_same(one: object, other: object) -> bool:
    return one is other or (isinstance(one, str | int) and one == other)
