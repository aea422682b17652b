"""What tests of `run --steps` read of it, and the texts they are about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch

from tests.headless.test_run import ROOT

GENERATION, TRANSLATION, SUMMARIZATION = "text-generation", "translation", "summarization"
MODELS = ROOT / "tui" / "models"
TEXT = "A small program that"
ENDING = "The library reads files and"
FRENCH = "Je voudrais un café, s'il vous plaît."

Told: TypeAlias = list[dict[str, Any]]
Ask: TypeAlias = Callable[..., Told]
Run: TypeAlias = Callable[..., dict[str, Any]]


def ids(told: Told) -> list[int]:
    return [each["token"]["id"] for each in told[:-1]]


def generated(writer: tuple[Any, Any], text: str = TEXT, **arguments: Any) -> list[int]:
    tokenizer, model = writer
    inputs = tokenizer(text, return_tensors="pt")
    with torch.inference_mode():
        written = model.generate(**inputs, **{"do_sample": False, **arguments})[0].tolist()
    return list(written[inputs["input_ids"].shape[1] :])


def rows(writer: tuple[Any, Any], written: list[int], text: str = TEXT) -> torch.Tensor:
    """float32 [written, vocabulary]: the logits that each written token was chosen from."""
    tokenizer, model = writer
    prompt = tokenizer(text)["input_ids"]
    with torch.inference_mode():
        logits: torch.Tensor = model(torch.tensor([prompt + written])).logits[0]
    return logits[len(prompt) - 1 : -1].float()
