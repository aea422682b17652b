"""The person's own keys, from the config file's `[keys]`: what of them can be used, and a word on what can not.

A key that no terminal sends, that terminals can't tell from another, or that something else on the same screen has,
would make a command unreachable: its default stays then, and it is told which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from textual.binding import Binding
from textual.keys import key_to_character

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
    PICK,
    PROBABILITIES,
    ROWS,
    TOKENS,
)
from tui.app.keys.writing import WRITING

Pair = frozenset[str]
_ON_EVERY_SCREEN = tuple(key for key in EVERYWHERE if key.id in HERE)
_ZOOM = tuple(key for key in EVERYWHERE if key.id == "zoom")
TOGETHER: tuple[tuple[Key, ...], ...] = (
    *(
        (*EVERYWHERE, *PANE_KEYS, *pane)
        for pane in (
            (*ROWS, *PICK),
            (*ROWS, *PICK, *MODEL),
            TOKENS,
            ROWS,
            (*ROWS, *PROBABILITIES),
            (*ROWS, *ANSWER),
        )
    ),
    *(
        (*_ON_EVERY_SCREEN, *MICROSCOPE, *ROWS, *view)
        for view in (STAGES, ALGORITHM, SIDE_BY_SIDE, VOCABULARY, IDS, TOKEN_LIST, TRAINING)
    ),
    *((*_ON_EVERY_SCREEN, *_ZOOM, *WRITING, *ROWS, *pane) for pane in (PROBABILITIES, PICK)),
)
"""The keys that act together, while one pane has the focus."""
_OTHER_NAMES = {
    "ctrl+m": "enter",
    "ctrl+i": "tab",
    "ctrl+h": "backspace",
    "ctrl+j": "a newline",
    "ctrl+left_square_bracket": "escape",
}
_MOVING = frozenset(("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete"))
_FUNCTIONS = frozenset(f"f{number}" for number in range(1, 25))
_ALONE = _MOVING | _FUNCTIONS | {"backspace", "enter", "tab", "escape", "space", "shift+tab"}
_CHARACTERS = ("slash", "backslash", "at", "minus", "plus", "underscore")
"""Names that Textual gives to characters by itself."""
_WITH_CONTROL = frozenset("abcdefghijklmnopqrstuvwxyz") | {
    "@",
    "backslash",
    "right_square_bracket",
    "circumflex_accent",
    "underscore",
}
_NO_ONE_SENDS = ("super", "cmd", "command", "meta", "hyper", "win")


def usable(
    keymap: Mapping[str, str], table: Mapping[str, tuple[Key, ...]]
) -> tuple[dict[str, str], list[str]]:
    """The part of a keymap that can be used, in Textual's spelling, and a sentence for each line that can not.

    keymap: a key's id → its keys, comma separated. table: every key there is.
    """
    known = {key.id: key for keys in table.values() for key in keys}
    taken: dict[str, str] = {}
    refused: list[str] = []
    for name, written in keymap.items():
        key = known.get(name)
        if key is None:
            refused.append(f"no key does {name}; F1 lists the keys")
            continue
        spelled = [_spelled(one.strip()) for one in written.split(",")]
        why = next(filter(None, (_why_not(one, key) for one in spelled)), "")
        if why:
            refused.append(f"{name}: {why}; {key.keys} stays")
        else:
            taken[name] = ",".join(spelled)
    while taken and (clash := next(_clashes(taken), None)) is not None:
        pair, one = clash
        loser = [name for name in taken if name in pair][-1]
        (other,) = pair - {loser}
        del taken[loser]
        refused.append(f"{loser}: {one} is “{known[other].label}” ({other}); {known[loser].keys} stays")
    return taken, refused


def _clashes(keymap: Mapping[str, str]) -> Iterator[tuple[Pair, str]]:
    """Two keys of one screen that would be the same, and that; not those that are so by default."""
    for together in TOGETHER:
        by_default = {pair for pair, _ in _same(together, {})}
        yield from ((pair, one) for pair, one in _same(together, keymap) if pair not in by_default)


def _same(together: tuple[Key, ...], keymap: Mapping[str, str]) -> Iterator[tuple[Pair, str]]:
    for one, other in combinations(together, 2):
        shared = {*keymap.get(one.id, one.keys).split(",")} & {*keymap.get(other.id, other.keys).split(",")}
        if shared and one.id != other.id:
            yield frozenset((one.id, other.id)), min(shared)


def _spelled(key: str) -> str:
    """A key in Textual's spelling, by which it is compared: `[` is left_square_bracket."""
    *modifiers, last = key.split("+") if not key.endswith("+") else [*key[:-1].rstrip("+").split("+"), "+"]
    if len(last) == 1:
        last = next(iter(Binding.make_bindings([(last, "", "")]))).key
    return "+".join([*(modifier.strip().lower() for modifier in modifiers if modifier), last])


def _why_not(key: str, of: Key) -> str:
    """Why a key can't be used for something; empty where it can."""
    if not key:
        return "a key is missing"
    if same := _OTHER_NAMES.get(key):
        return f"{key} is {same} to every terminal"
    *modifiers, last = key.split("+")
    character = last if last in _CHARACTERS else key_to_character(last)
    if any(modifier in _NO_ONE_SENDS for modifier in modifiers):
        return f"no terminal sends {key}"
    if not modifiers and character is not None and character.isprintable():
        types = of.priority and of in EVERYWHERE
        return f"{key} is typed into the texts, and it has to act there" if types else ""
    if key in _ALONE:
        return ""
    if modifiers == ["shift"] and len(last) == 1:
        return f"{key} is written as {last.upper()}"
    if modifiers == ["alt"] and len(last) == 1 and last.isalpha():
        return ""
    if modifiers in (["ctrl"], ["shift"], ["ctrl", "shift"]) and last in _MOVING | _FUNCTIONS:
        return ""
    if modifiers == ["ctrl"] and last.lower() in _WITH_CONTROL and last == last.lower():
        return ""
    if modifiers and (len(last) == 1 or last in _ALONE or character is not None):
        return f"not every terminal sends {key}"
    return f"there is no key {key}"
