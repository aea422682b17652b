"""The one table of keys: what each does, where, and by which key. Footer, help, palette and remapping read it.

No key here is one that terminals cannot tell apart (ctrl+m is enter, ctrl+i tab, ctrl+h backspace, ctrl+[
escape, ctrl+j a newline), and letters and digits act only outside text fields.
"""

from __future__ import annotations

from textual.binding import BindingType

from tui.app.keys.key import Key
from tui.app.keys.microscope import (
    ALGORITHM,
    IDS,
    MICROSCOPE,
    SIDE_BY_SIDE,
    STAGES,
    TOKEN_LIST,
    TRAINING,
    VOCABULARY,
)
from tui.app.keys.playground import (
    ANSWER,
    EVERYWHERE,
    HERE,
    MODEL,
    PANE_KEYS,
    PANES,
    PICK,
    PROBABILITIES,
    ROWS,
    TOKENS,
)
from tui.app.keys.writing import WRITING

__all__ = [
    "ALGORITHM",
    "ANSWER",
    "EVERYWHERE",
    "HERE",
    "IDS",
    "MICROSCOPE",
    "MODEL",
    "PANES",
    "PANE_KEYS",
    "PICK",
    "PROBABILITIES",
    "ROWS",
    "SIDE_BY_SIDE",
    "STAGES",
    "TABLE",
    "TOKENS",
    "TOKEN_LIST",
    "TRAINING",
    "VOCABULARY",
    "WRITING",
    "Key",
    "bindings",
]

TABLE: dict[str, tuple[Key, ...]] = {
    "everywhere": EVERYWHERE,
    "panes": PANE_KEYS,
    "rows": ROWS,
    "pick": PICK,
    "model": MODEL,
    "tokens": TOKENS,
    "probabilities": PROBABILITIES,
    "answer": ANSWER,
    "microscope": MICROSCOPE,
    "stages": STAGES,
    "algorithm": ALGORITHM,
    "side-by-side": SIDE_BY_SIDE,
    "vocabulary": VOCABULARY,
    "ids": IDS,
    "training": TRAINING,
    "token-list": TOKEN_LIST,
    "writing": WRITING,
}
"""Every key by the room it acts in; ids are unique over the whole table."""


def bindings(*groups: tuple[Key, ...]) -> list[BindingType]:
    """The keys of some rooms as Textual bindings."""
    return [key.binding() for group in groups for key in group]
