"""What a checkpoint's tokenizer.json makes of a text by itself, where its model is given something else."""

from __future__ import annotations

import msgspec

MOST_TOKENS = 200


class Alone(msgspec.Struct, frozen=True, array_like=True):
    """Other tokens than the model's: those of the file as the `tokenizers` library reads it alone."""

    stage: str
    """The kind of the first stage that gives something else (`Stage.kind`); empty where the file gives nothing."""
    sentence: str
    """In what they part."""
    total: int
    """Tokens, special ones included."""
    ids: tuple[int, ...]
    """The first of them."""
    tokens: tuple[str, ...]
    """The vocabulary's spelling of each."""
