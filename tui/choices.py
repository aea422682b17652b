"""What can be chosen: the tasks and the number formats. Imports nothing heavy, as the first frame waits for it."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

DtypeName: TypeAlias = Literal["auto", "float32", "bfloat16", "float16"]
DTYPES: tuple[DtypeName, ...] = get_args(DtypeName)

TASKS: tuple[str, ...] = (
    "sentiment-analysis",
    "zero-shot-classification",
    "text-generation",
    "fill-mask",
    "ner",
    "question-answering",
    "summarization",
    "translation",
    "feature-extraction",
)
"""Every task of the playground, in the order in which it lists them."""
