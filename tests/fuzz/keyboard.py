"""Every key and chord as a terminal sends it: the program's own by name, and all others that there are."""

from __future__ import annotations

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.keys import KEY_NAME_REPLACEMENTS, _character_to_key

from tui.app.keys import TABLE

_UNAMBIGUOUS = {"escape": b"\x1b[27u"}
"""What a terminal with the kitty protocol sends: nothing has to be waited for after it."""


def _named() -> dict[str, bytes]:
    names: dict[str, bytes] = {}
    for sequence, keys in ANSI_SEQUENCES_KEYS.items():
        if isinstance(keys, tuple) and len(keys) == 1:
            names.setdefault(keys[0].value, sequence.encode())
    for code in range(0x20, 0x7F):
        name = _character_to_key(chr(code))
        names[KEY_NAME_REPLACEMENTS.get(name, name)] = chr(code).encode()
    names["f5"] = b"\x1b[15~"
    return names | {"backspace": b"\x7f", "home": b"\x1b[H", "end": b"\x1b[F"}


NAMED = _named()
"""A key's name in the table → its bytes."""


def sent(name: str) -> bytes:
    """The bytes of a key by its name."""
    return NAMED[name]


def of_room(room: str) -> tuple[bytes, ...]:
    """The bytes of all keys of a room of the table, in its order."""
    return tuple(sent(name) for key in TABLE[room] for name in key.keys.split(","))


ESCAPE = _UNAMBIGUOUS["escape"]
BARE_ESCAPE = b"\x1b"
QUITS = (sent("ctrl+q"), b"\x1b[113;5u")
SUSPENDS = (sent("ctrl+z"), b"\x1b[122;5u")
OWN = tuple(dict.fromkeys(data for room in TABLE for data in of_room(room) if data not in QUITS))
"""Every key that the program knows, but the one that ends it."""
_MODIFIERS = range(2, 9)
ANY = tuple(
    dict.fromkeys(
        [
            *(sequence.encode() for sequence in ANSI_SEQUENCES_KEYS if sequence.encode() not in QUITS),
            *(f"\x1b[1;{modifier}{final}".encode() for modifier in _MODIFIERS for final in "ABCDFHPQRS"),
            *(
                f"\x1b[{number};{modifier}~".encode()
                for modifier in _MODIFIERS
                for number in (2, 3, 5, 6, 15, 17, 18, 19, 20, 21, 23, 24)
            ),
            *(b"\x1b" + chr(code).encode() for code in range(0x20, 0x7F) if chr(code) not in "[O]PX^_"),
            *(
                f"\x1b[{code};{modifier}u".encode()
                for code in (9, 13, 32, 97, 127)
                for modifier in _MODIFIERS
            ),
            *(f"\x1b[{code}u".encode() for code in (9, 13, 27, 127, 57344, 57358, 57399, 57441, 57454)),
            *(chr(code).encode() for code in range(0x20, 0x7F)),
            *(text.encode() for text in ("é", "ß", "中", "🙂", "👨‍👩‍👧", "\u0301", "\u202e", "ﷺ", "\u200b")),
            b"\x1b[97;;97u",
            b"\x1b[97:65;2;65u",
            b"\x1b[57414;1;13u",
        ]
    )
)
"""All that terminals send for keys, the kitty protocol included."""
DIGIT_ALT = tuple(b"\x1b" + str(digit).encode() for digit in range(10))
