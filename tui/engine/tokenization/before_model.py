"""The stages before the model: the text, the added tokens in it, normalizers, pre-tokenizers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.engine.errors import EngineError
from tui.engine.tokenization import sentences
from tui.engine.tokenization.changes import Atom, changed_parts, characters, pre_token_parts
from tui.engine.tokenization.cutting import Cutter
from tui.protocol.microscope.stages import Part, Stage

if TYPE_CHECKING:
    import tokenizers

_MOST_CHARACTERS = 3_000_000
"""Of all stages' texts together, beyond those of a usual tokenizer: each is compared with the one before it."""
_USUAL_STAGES = 20


class BeforeModel:
    """Shows what one tokenizer does before its model. Not for two threads at once."""

    def __init__(self, backend: tokenizers.Tokenizer) -> None:
        self.cutter = Cutter(backend)
        self._normalized = sum(token.normalized for token in self.cutter.added.values())

    def stages(self, texts: Sequence[str]) -> tuple[list[Stage], list[Sequence[Atom]]]:
        """The stages of one text or two, and for each of them its pre-tokens and added tokens."""
        cutter = self.cutter
        stages = [text_stage(texts)]
        atoms: list[Sequence[Atom]] = [characters(text) for text in texts]

        told = 0

        def go(after: list[Sequence[Atom]]) -> tuple[Part, ...]:
            nonlocal told
            told += sum(map(len, after))
            if told > _MOST_CHARACTERS + _USUAL_STAGES * sum(map(len, texts)):
                raise EngineError(
                    "The stages of this text are too long to tell",
                    "The normalizers let the text grow again and again, to millions of characters.",
                    "Try a shorter text; if that is told so, too, the tokenizer.json is damaged.",
                )
            before, atoms[:] = list(atoms), after
            return tuple(
                part
                for field, (one, other) in enumerate(zip(before, after, strict=True))
                for part in changed_parts(one, other, field)
            )

        if never_normalized := len(cutter.added) - self._normalized:
            parts = go([cutter.normalized(text, 0) for text in texts])
            stages.append(_added(parts, never_normalized, normalized=False))
        for number, component in enumerate(cutter.normalizers, start=1):
            parts = go([cutter.normalized(text, number) for text in texts])
            says = sentences.normalizer_sentence(component, parts)
            stages.append(Stage("normalizer", component.name, component.brief, says, parts))
        if self._normalized:
            parts = go([cutter.characters(text, 0) for text in texts])
            stages.append(_added(parts, self._normalized, normalized=True))
        words: list[Sequence[Atom]] = [cutter.splits(text, 0) for text in texts]
        for number, component in enumerate(cutter.pre_tokenizers, start=1):
            words = [cutter.splits(text, number) for text in texts]
            after: list[Sequence[Atom]] = [cutter.characters(text, number) for text in texts]
            parts = tuple(
                part
                for field, text in enumerate(texts)
                for part in pre_token_parts(atoms[field], after[field], words[field], text, field)
            )
            says = sentences.pre_tokenizer_sentence(component, parts)
            stages.append(Stage("pre-tokenizer", component.name, component.brief, says, parts))
            atoms = after
        return stages, words


def text_stage(texts: Sequence[str]) -> Stage:
    """The text as it was typed."""
    size = sum(map(len, texts))
    in_bytes = sum(len(text.encode()) for text in texts)
    return Stage(
        "text",
        "",
        "",
        f"{sentences.counted(size, 'character')}, {sentences.counted(in_bytes, 'byte')} in UTF-8.",
        tuple(Part(text, 0, len(text), field=field) for field, text in enumerate(texts) if text),
    )


def _added(parts: tuple[Part, ...], known: int, *, normalized: bool) -> Stage:
    says = sentences.added_sentence(parts, known, normalized)
    return Stage("added tokens", "", "normalized=true" if normalized else "normalized=false", says, parts)
