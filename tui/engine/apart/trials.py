"""Jobs that try a text, or ids, with a tokenizer that could run without end or make gigabytes of them.

What comes out is not looked at, and an error is no matter here: the engine's own reader meets it again.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MOST_HELD = 3
_HELD: OrderedDict[str, Tokenizer] = OrderedDict()
"""By what the engine calls them; the one that was not used for longest goes first."""


def prepare() -> None:
    """Import the library."""
    import tokenizers

    del tokenizers


def hold(name: str, written: str) -> bool:
    """Take a tokenizer, as the text of its tokenizer.json, and keep it under a name."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(written)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    _HELD[name] = tokenizer
    while len(_HELD) > MOST_HELD:
        _HELD.popitem(last=False)
    return True


def encode(name: str, text: str, pair: str | None, back: bool) -> bool:
    """Tokenize a text, or a pair, as a reader does it, and decode it where `back` says so; False: no such name."""
    tokenizer = _held(name)
    if tokenizer is None:
        return False
    with _whatever():
        for special in (True, False):
            read = tokenizer.encode_batch(
                [text if pair is None else (text, pair)], add_special_tokens=special
            )[0]
        if back:
            tokenizer.decode(read.ids, skip_special_tokens=False)
    return True


def decode(name: str, ids: list[int]) -> bool:
    """Decode ids; False where there is no tokenizer of that name."""
    tokenizer = _held(name)
    if tokenizer is None:
        return False
    with _whatever():
        tokenizer.decode(ids, skip_special_tokens=False)
    return True


def decode_each(name: str) -> bool:
    """Decode every id by itself, too; False where there is no tokenizer of that name."""
    tokenizer = _held(name)
    if tokenizer is None:
        return False
    for index in set(tokenizer.get_vocab(with_added_tokens=True).values()):
        with _whatever():
            tokenizer.decode([index], skip_special_tokens=False)
    return True


def _held(name: str) -> Tokenizer | None:
    if name in _HELD:
        _HELD.move_to_end(name)
    return _HELD.get(name)


@contextlib.contextmanager
def _whatever() -> Iterator[None]:
    """Errors end a trial and nothing else; memory that ran out is a limit."""
    try:
        yield
    except MemoryError:
        raise
    except BaseException:  # noqa: BLE001 - a panic of Rust code is no Exception
        return
