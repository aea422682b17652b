"""What a tokenizer written in Python hands to its model, found out by watching it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from tui.engine.library import slow_tokenizers
from tui.engine.tokenization.changes import Atom, changed_parts, characters
from tui.protocol.microscope.stages import Part

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SPACES = (" ", "▁")
_Normalized: TypeAlias = tuple[str, Sequence[int]]
"""The normalized text, and for each of its characters and its end the character it comes from."""


@dataclass(frozen=True)
class Watched:
    """One text as a tokenizer cuts it before its model sees it."""

    text: str
    prepared: str
    """What `prepare_for_tokenization` made of it."""
    stretches: Sequence[tuple[str, int | None]]
    """In order: what the model was handed, with None, and the added tokens between, with their ids."""
    added: Sequence[bool]
    """For each token whether it is an added token."""
    normalized: Mapping[str, _Normalized] | None
    """What SentencePiece's normalizer makes of each stretch; None where the tokenizer uses none, or not plainly."""

    def parts(self, field: int) -> list[Part] | None:
        """The text with the added tokens cut out; None where they can't be found in it."""
        parts: list[Part] = []
        place = 0
        for stretch, index in self.stretches:
            start = self.text.find(stretch, place)
            if start < 0 or self.text[place:start].strip():
                return None
            if start > place:  # spaces beside a token that takes them
                parts.append(Part("", place, start, self.text[place:start], "removed", field=field))
            place = start + len(stretch)
            parts.append(
                Part(stretch, start, place, None, "" if index is None else "added token", index, field)
            )
        return parts

    def normalized_parts(self, field: int) -> list[Part] | None:
        """What SentencePiece's normalizer made of the stretches; None where that is not known."""
        cut = self.parts(field)
        if self.normalized is None or cut is None:
            return None
        before: list[Atom] = []
        after: list[Atom] = []
        for part in cut:
            if part.id is not None:
                token = Atom(part.text, part.start, part.end, part.id)
                before.append(token)
                after.append(token)
            elif part.text:
                before += [
                    Atom(one.text, part.start + one.start, part.start + one.end)
                    for one in characters(part.text)
                ]
                after += _atoms(*self.normalized[part.text], part)
        return changed_parts(before, after, field)


def _atoms(text: str, starts: Sequence[int], part: Part) -> list[Atom]:
    atoms: list[Atom] = []
    end = len(part.text)
    for place in reversed(range(len(text))):
        if place + 1 < len(text) and starts[place + 1] > starts[place]:
            end = starts[place + 1]
        atoms.append(Atom(text[place], part.start + starts[place], part.start + end))
    return atoms[::-1]


class _Handed(str):
    """A token that the model made of the stretch with this number."""

    stretch: int


def watch(tokenizer: PreTrainedTokenizerBase, text: str) -> Watched:
    """Tokenize a text and see what the model is handed; nobody else may call the tokenizer meanwhile."""
    watched: Any = tokenizer
    handed: list[str] = []

    def marking(cut: Callable[..., list[str]]) -> Callable[..., list[str]]:
        def cut_and_mark(stretch: str, **settings: Any) -> list[str]:
            tokens = [_Handed(token) for token in cut(stretch, **settings)]
            for token in tokens:
                token.stretch = len(handed)
            handed.append(stretch)
            return list(tokens)

        return cut_and_mark

    with slow_tokenizers.cutting(watched, marking):
        tokens = watched.tokenize(text)
    known = watched.added_tokens_encoder
    stretches: list[tuple[str, int | None]] = []
    last = -1
    for token in tokens:
        if not isinstance(token, _Handed):
            stretches.append((token, known.get(token)))
        elif token.stretch != last:
            last = token.stretch
            stretches.append((handed[last], None))
    added = [not isinstance(token, _Handed) for token in tokens]
    prepared = watched.prepare_for_tokenization(text)[0]
    return Watched(text, prepared, stretches, added, _normalized_by_sentencepiece(watched, handed))


def _normalized_by_sentencepiece(watched: Any, handed: Sequence[str]) -> dict[str, _Normalized] | None:
    plainly = slow_tokenizers.cuts_by_sentencepiece(watched)
    # without `legacy` a stretch that begins with a space is handed on with the unknown token before it
    if not plainly or not (watched.legacy or not any(stretch.startswith(_SPACES) for stretch in handed)):
        return None
    return {stretch: watched.sp_model.normalize(stretch, with_offsets=True) for stretch in handed}
