"""What stands before a text by a checkpoint's files: prefixes, and the token that an empty prompt begins with."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from tui.engine.sources import files
from tui.engine.tokenization.reading import Reading
from tui.protocol.tokens import Token

_XLNET = "xlnet"


@dataclass(frozen=True)
class Prefix:
    """A text that the model reads before another, and whose it is."""

    text: str
    origin: str


NO_PREFIX = Prefix("", "")


def checkpoint_files(folder: Path | None) -> dict[str, dict[str, Any]]:
    """The checkpoint's settings by file name, those that are there and can be read."""
    found: dict[str, dict[str, Any]] = {}
    if folder is not None:
        for name in (files.CONFIG, files.GENERATION_CONFIG):
            with suppress(OSError, ValueError, RecursionError):
                found[name] = files.read_json(folder / name)
    return found


def prompt_prefix(own: object, config: Mapping[str, Any]) -> Prefix:
    """What the text-generation pipeline puts before a prompt. own: what was set in its place, None for nothing."""
    if isinstance(own, str):
        return Prefix(own, "yours")
    stated = config.get("prefix")
    if isinstance(stated, str):
        return Prefix(stated, f"{files.CONFIG}, prefix")
    if stated is None and config.get("model_type") == _XLNET:
        from transformers import TextGenerationPipeline  # with torch, which a model of that kind takes anyway

        return Prefix(TextGenerationPipeline.XL_PREFIX, "the pipeline's own for XLNet")
    return NO_PREFIX


def first_id(known: Mapping[str, Mapping[str, Any]]) -> int | None:
    """The id that the pipeline lets an empty prompt begin with; None where the checkpoint names none.

    known: what `checkpoint_files` gives.
    """
    stated = known.get(files.GENERATION_CONFIG, known.get(files.CONFIG, {})).get("bos_token_id")
    return stated if isinstance(stated, int) and not isinstance(stated, bool) and stated >= 0 else None


def without_prefix(reading: Reading, length: int) -> Reading:
    """A reading of prefix and text with offsets in the text alone. length: characters of the prefix."""
    if not length:
        return reading

    def moved(token: Token) -> Token:
        if token.field is None or token.start is None or token.end is None:
            return token
        if token.end <= length:
            return msgspec.structs.replace(token, start=None, end=None, field=None)
        return msgspec.structs.replace(token, start=max(0, token.start - length), end=token.end - length)

    unread = tuple(None if first is None else max(0, first - length) for first in reading.unread_from)
    return replace(reading, tokens=tuple(moved(token) for token in reading.tokens), unread_from=unread)
