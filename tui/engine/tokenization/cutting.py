"""The library's own way from a text to its pre-tokens, stopped after each component.

Added tokens are cut out of the text before the normalizer (those that are not `normalized`) and after it (the
others), and no component touches them. To see the text between two components, tokenizers are built with the same
added tokens and only the components up to there, and with a model that takes every stretch for one unknown piece:
Unigram gives such a piece its text, and the library the characters it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tui.engine.tokenization.changes import Atom
from tui.engine.tokenization.components import Component, in_sequence, take_apart

if TYPE_CHECKING:
    import tokenizers


class Cutter:
    """Cuts texts as one tokenizer does. Not for two threads at once."""

    def __init__(self, backend: tokenizers.Tokenizer) -> None:
        """Reads the tokenizer's components; calls it no more after that."""
        from tokenizers import pre_tokenizers

        self.normalizers = take_apart("normalizer", backend.normalizer)
        self.pre_tokenizers = take_apart("pre-tokenizer", backend.pre_tokenizer)
        self.added: Mapping[int, tokenizers.AddedToken] = backend.get_added_tokens_decoder()
        whole = {index: token for index, token in self.added.items() if not token.normalized}
        self.has_normalized = len(whole) < len(self.added)
        self.leaves_texts = not self.normalizers and not any(
            token.lstrip or token.rstrip for token in self.added.values()
        )
        """Whether a text comes out of the normalizers as it went in, its added tokens with it."""
        self._characters = Component("FixedLength", {}, pre_tokenizers.FixedLength(1))
        self._before, self._before_ids = _blind(backend, whole, None)
        self._after, self._after_ids = _blind(backend, self.added, backend.normalizer)

    def normalized(self, text: str, components: int) -> list[Atom]:
        """The text after so many normalizers, the added tokens that are never normalized cut out: characters."""
        self._before.normalizer = in_sequence("normalizer", self.normalizers[:components])
        self._before.pre_tokenizer = self._characters.built
        return _atoms(self._before, self._before_ids, text)

    def characters(self, text: str, components: int) -> list[Atom]:
        """The text after all normalizers and so many pre-tokenizers, all added tokens cut out: characters."""
        return self._pre_tokenized(text, [*self.pre_tokenizers[:components], self._characters])

    def splits(self, text: str, components: int) -> list[Atom]:
        """The same in pre-tokens, an atom each."""
        return self._pre_tokenized(text, self.pre_tokenizers[:components])

    def encodings(self, texts: Sequence[str], components: int | None = None) -> list[tokenizers.Encoding]:
        """Texts as `splits` cuts them, all by one call: tokens are what the stretches became, in order."""
        cutters = self.pre_tokenizers if components is None else self.pre_tokenizers[:components]
        self._after.pre_tokenizer = in_sequence("pre-tokenizer", cutters)
        return list(self._after.encode_batch(list(texts), add_special_tokens=False))

    def added_among(self, ids: Sequence[int]) -> list[int]:
        """The places among these encodings' ids that hold an added token."""
        if self._after_ids.keys().isdisjoint(ids):
            return []
        return [place for place, index in enumerate(ids) if index in self._after_ids]

    def _pre_tokenized(self, text: str, components: Sequence[Component]) -> list[Atom]:
        self._after.pre_tokenizer = in_sequence("pre-tokenizer", components)
        return _atoms(self._after, self._after_ids, text)


_UNKNOWN = 0


def _blind(
    backend: tokenizers.Tokenizer, added: Mapping[int, tokenizers.AddedToken], normalizer: Any
) -> tuple[tokenizers.Tokenizer, Mapping[int, int]]:
    """A tokenizer that knows only the added tokens, and its ids for them → the backend's."""
    from tokenizers import Tokenizer
    from tokenizers.models import Unigram

    entry = "\U0010fffe"
    while any(token.content == entry for token in added.values()):  # that would give it the id of the unknown
        entry += entry
    blind = Tokenizer(Unigram([(entry, 0.0)], _UNKNOWN, byte_fallback=False))
    blind.normalizer = normalizer  # before the tokens: it decides what those that are normalized match
    return blind, with_added_tokens(blind, backend, added)


def with_added_tokens(
    target: tokenizers.Tokenizer, backend: tokenizers.Tokenizer, added: Mapping[int, tokenizers.AddedToken]
) -> Mapping[int, int]:
    """Give a tokenizer another's added tokens; returns its ids for them → the other's."""
    special = {token.content for token in added.values() if token.special}
    # add_tokens takes the special flag off the objects it is given, so which are special is read first
    target.add_tokens([token for token in added.values() if token.content not in special])
    target.add_special_tokens([token for token in added.values() if token.content in special])
    target.encode_special_tokens = backend.encode_special_tokens
    found = {target.token_to_id(token.content): index for index, token in added.items()}
    return {here: there for here, there in found.items() if here is not None}


def _atoms(blind: tokenizers.Tokenizer, ids: Mapping[int, int], text: str) -> list[Atom]:
    encoding = blind.encode_batch([text], add_special_tokens=False)[0]
    return [
        Atom(spelled, start, end, ids.get(index))
        for spelled, (start, end), index in zip(encoding.tokens, encoding.offsets, encoding.ids, strict=True)
    ]
