"""Language codes: the special tokens by which mBART, NLLB and M2M100 are told languages, and Marian's `>>xx<<`."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_IN_THE_TEXT = re.compile(r">>\S+<<")
_LIKE_NLLB = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")


@dataclass(frozen=True)
class Languages:
    """The codes of a tokenizer that puts the source language among the special tokens."""

    ids: Mapping[str, int]
    """Code → id of its token."""
    source: str | None
    """The source language where none is asked for."""
    target: str | None
    """The target language that the tokenizer's files name."""
    speak: Callable[[str | None], None]
    """Sets the source language of the tokenizer; to be called under the lock that guards it."""

    def switch(self, current: str | None, wanted: str | None) -> str | None:
        """Make the tokenizer, which speaks `current`, speak `wanted` or its own language; returns which."""
        code = self.source if wanted is None else wanted
        if code != current:
            self.speak(code)
        return code


def languages_of(tokenizer: PreTrainedTokenizerBase) -> Languages | None:
    """The language codes of a tokenizer of transformers; None where its special tokens don't depend on any."""
    kind: Any = tokenizer
    if not hasattr(kind, "set_src_lang_special_tokens"):
        return None
    known: Mapping[str, int] | None = getattr(kind, "lang_code_to_id", None)
    if known is None:
        names = getattr(sys.modules[type(kind).__module__], "FAIRSEQ_LANGUAGE_CODES", ())
        added = [str(name) for name in kind.all_special_tokens if _LIKE_NLLB.fullmatch(str(name))]
        known = {code: kind.convert_tokens_to_ids(code) for code in dict.fromkeys([*names, *added])}

    def speak(code: str | None) -> None:
        kind.src_lang = code

    return Languages(
        ids={code: int(index) for code, index in known.items() if index not in (None, kind.unk_token_id)},
        source=kind.src_lang,
        target=getattr(kind, "tgt_lang", None),
        speak=speak,
    )


def codes_in_text(entries: Iterable[str]) -> tuple[str, ...]:
    """The codes that a person types before the text, as multilingual Marian checkpoints have them.

    >>> codes_in_text([">>fra<<", "▁film", ">>", ">>deu<<"])
    ('>>deu<<', '>>fra<<')
    """
    return tuple(sorted(entry for entry in entries if _IN_THE_TEXT.fullmatch(entry)))
