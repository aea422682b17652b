"""The entries of a tokenizer's vocabulary, whichever library runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

from tui.engine.tokenization.python_tokenizer import PythonTokenizer
from tui.engine.tokenization.reading import RustTokenizer
from tui.engine.tokenization.token_bytes import Spelling, entry_bytes, spelling_in_python, spelling_of
from tui.protocol.microscope.vocabulary import AddedFlags, Entry

if TYPE_CHECKING:
    import tokenizers

AnyTokenizer: TypeAlias = RustTokenizer | PythonTokenizer
_LARGEST_ID = 2**32 - 1
"""The `tokenizers` library keeps ids in 32 bits."""


@dataclass(frozen=True)
class Inside:
    """What is asked of a tokenizer once, because it never changes."""

    kind: str
    size: int
    """Entries, the added ones among them."""
    end: int
    """One past the last id, where ids have no gaps; ids beyond may have entries all the same."""
    added: Mapping[int, AddedFlags]
    spelling: Spelling | None


_INSIDES: WeakKeyDictionary[AnyTokenizer, Inside] = WeakKeyDictionary()


def inside(tokenizer: AnyTokenizer) -> Inside:
    """The kind, sizes, added tokens and spelling of a tokenizer; kept as long as it is."""
    known = _INSIDES.get(tokenizer)
    if known is None:
        known = _asked(tokenizer)
        _INSIDES[tokenizer] = known
    return known


def vocabulary(tokenizer: AnyTokenizer) -> dict[str, int]:
    """All entries with their ids; takes half a second for 250,000."""
    if isinstance(tokenizer, RustTokenizer):
        return tokenizer.ask(lambda backend: dict(backend.get_vocab(with_added_tokens=True)))
    return tokenizer.ask(lambda slow: {str(text): int(index) for text, index in slow.get_vocab().items()})


def spelled(tokenizer: AnyTokenizer, index: int) -> str | None:
    """How the vocabulary spells an id; None where it has no entry."""
    if not 0 <= index <= _LARGEST_ID:
        return None
    if isinstance(tokenizer, RustTokenizer):
        return tokenizer.ask(lambda backend: backend.id_to_token(index))
    return tokenizer.ask(partial(_spelled_in_python, index))


def entry_of(tokenizer: AnyTokenizer, index: int) -> Entry:
    """What is known of one id, also where it has no entry."""
    text = spelled(tokenizer, index)
    if text is None:
        return Entry(index, None, "", None, False, None)
    known = inside(tokenizer)
    added = known.added.get(index)
    return Entry(
        id=index,
        text=text,
        decoded=tokenizer.decode([index]),
        stands_for=None if known.spelling is None else entry_bytes(text, known.spelling, added is not None),
        special=tokenizer.is_special(index),
        added=added,
    )


def _asked(tokenizer: AnyTokenizer) -> Inside:
    if isinstance(tokenizer, RustTokenizer):
        return tokenizer.ask(_of_backend)
    return tokenizer.ask(_in_python)


def _of_backend(backend: tokenizers.Tokenizer) -> Inside:
    added = _flags(backend.get_added_tokens_decoder())
    size = int(backend.get_vocab_size(with_added_tokens=True))
    end = max(size, 1 + max(added, default=-1))
    return Inside(type(backend.model).__name__, size, end, added, spelling_of(backend))


def _in_python(slow: Any) -> Inside:
    added = _flags(slow.added_tokens_decoder)
    size = len(slow)
    end = max(size, 1 + max(added, default=-1))
    return Inside(type(slow).__name__, size, end, added, spelling_in_python(slow))


def _flags(added: Mapping[int, Any]) -> dict[int, AddedFlags]:
    return {
        int(index): AddedFlags(
            special=bool(token.special),
            lstrip=bool(token.lstrip),
            rstrip=bool(token.rstrip),
            single_word=bool(token.single_word),
            normalized=bool(token.normalized),
        )
        for index, token in added.items()
    }


def _spelled_in_python(index: int, slow: Any) -> str | None:
    try:
        found = slow.convert_ids_to_tokens(index)
    except (IndexError, KeyError, OverflowError, ValueError):  # each tokenizer says it in its own way
        return None
    return None if found is None else str(found)
