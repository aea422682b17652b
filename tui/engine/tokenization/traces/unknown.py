"""The unknown token, which every algorithm falls back on."""

from __future__ import annotations

from collections.abc import Mapping

from tui.engine.errors import EngineError

_LONGEST_SHOWN = 50


def unknown_id(vocabulary: Mapping[str, int], token: str | None, part: str) -> int:
    """The unknown token's id, for a part of the text that needs it.

    Raises an EngineError where the vocabulary doesn't have it; the `tokenizers` library refuses such a text, too.
    """
    id_ = None if token is None else vocabulary.get(token)
    if id_ is None:
        named = "the tokenizer has no unknown token" if token is None else f"{token!r} is no entry, either"
        shown = part if len(part) <= _LONGEST_SHOWN else part[:_LONGEST_SHOWN] + "…"
        raise EngineError(
            "No token for a part of the text",
            f"The vocabulary has nothing for {shown!r}, and {named}.",
            "Take it out of the text, or give the tokenizer an unknown token.",
        )
    return id_
