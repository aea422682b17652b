"""How the loaded tokenizer's model cuts a word into pieces, one step at a time; one file for each algorithm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

import msgspec

from tui.engine.errors import EngineError
from tui.engine.tokenization.reading import RustTokenizer
from tui.engine.tokenization.traces import bpe, unigram, word_level, wordpiece
from tui.engine.tokenization.traces.bpe import BytePairModel
from tui.engine.tokenization.traces.unigram import UnigramModel
from tui.engine.tokenization.traces.word_level import WordLevelModel
from tui.engine.tokenization.traces.wordpiece import WordPieceModel
from tui.protocol.microscope.traces import AnyTrace

if TYPE_CHECKING:
    import tokenizers

__all__ = ["Tracer", "trace", "tracer_of"]

Tables: TypeAlias = BytePairModel | WordPieceModel | UnigramModel | WordLevelModel
"""What a tokenizer's model looks a word up in."""
_LARGEST_GAPS = 1000
"""How many times as large as a vocabulary its ids may be: the library writes a model by going through all ids,
which takes minutes where a file names one of four billion."""


def trace(model: Mapping[str, Any], word: str, byte_level: bool = False) -> AnyTrace:
    """Traces one word. Tables of the whole vocabulary are made for it: a `Tracer` makes them once for many words.

    model: the `model` part of a tokenizer.json. word: as the model gets it from normalizer and pre-tokenizer.
    byte_level: whether its characters stand for bytes. Raises an EngineError where the model is of an unknown
    type, and where it has no token for the word.

    >>> trace({"type": "WordLevel", "vocab": {"<unk>": 0, "cat": 1}, "unk_token": "<unk>"}, "cat").pieces
    (TracePiece(id=1, text='cat', start=0, end=3),)
    """
    traced, _ = _prepared(model, byte_level)
    return traced(word)


class Tracer:
    """Traces words of one tokenizer; what it needs for it is read from the backend once.

    The backend is called while the tracer is made only, so words can be traced in any thread.
    """

    def __init__(self, backend: tokenizers.Tokenizer) -> None:
        """Takes about 1.5 s of CPU for a vocabulary of 256,000 entries. Raises an EngineError as `trace` does."""
        entries = backend.get_vocab()
        if max(entries.values(), default=0) > _LARGEST_GAPS * (len(entries) + 1):
            raise EngineError(
                "The ids of this vocabulary are too far apart",
                f"It has {len(entries):,} entries, with ids up to {max(entries.values()):,}.",
                "Its pieces can be seen; the way to them, and what makes an entry, can't.",
            )
        # What the backend writes, not the file it was read from: reading a score can change its last bit.
        written = msgspec.json.decode(backend.to_str(), type=_Written)
        self.byte_level = any(map(_is_byte_level, (written.normalizer, written.pre_tokenizer)))
        self._traced, self.tables = _prepared(written.model, self.byte_level)

    def trace(self, word: str) -> AnyTrace:
        """Traces one word. Raises an EngineError where the model has no token for it."""
        return self._traced(word)


_TRACERS: WeakKeyDictionary[RustTokenizer, Tracer] = WeakKeyDictionary()


def tracer_of(tokenizer: RustTokenizer) -> Tracer:
    """The tracer of a tokenizer, made at the first call and kept as long as the tokenizer is; raises as it does."""
    known = _TRACERS.get(tokenizer)
    if known is None:
        known = _TRACERS[tokenizer] = tokenizer.ask(Tracer)
    return known


class _Written(msgspec.Struct):
    """The parts of a tokenizer.json that matter here."""

    model: dict[str, Any]
    normalizer: dict[str, Any] | None = None
    pre_tokenizer: dict[str, Any] | None = None


def _prepared(model: Mapping[str, Any], byte_level: bool) -> tuple[Callable[[str], AnyTrace], Tables]:
    """What traces a word, and the tables it looks into."""
    match model.get("type"):
        case "BPE":
            pairs = bpe.prepare(model, byte_level)
            return partial(bpe.trace, pairs), pairs
        case "WordPiece":
            pieces = wordpiece.prepare(model)
            return partial(wordpiece.trace, pieces), pieces
        case "Unigram":
            scored = unigram.prepare(model)
            return partial(unigram.trace, scored), scored
        case "WordLevel":
            words = word_level.prepare(model)
            return partial(word_level.trace, words), words
        case other:
            raise EngineError(
                "Can't be walked through",
                f"The tokenizer's model is of the type {other!r}; BPE, WordPiece, Unigram and WordLevel are known.",
                "Its pieces can be seen; the way to them can't.",
            )


def _is_byte_level(part: Mapping[str, Any] | None) -> bool:
    """Whether a normalizer or pre-tokenizer, or one in its sequence, maps bytes to characters."""
    if part is None:
        return False
    parts = part.get("normalizers") or part.get("pretokenizers") or []
    return part.get("type") == "ByteLevel" or any(map(_is_byte_level, parts))
