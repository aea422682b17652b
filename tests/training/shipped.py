"""What every shipped checkpoint must keep, whatever its task."""

import json
import re
from pathlib import Path

import torch
from safetensors import safe_open
from tokenizers import Tokenizer
from transformers import AutoTokenizer, PreTrainedModel

from tests.training.sentiment.test_nano_sentiment import ODD_TEXTS

MODELS = Path(__file__).resolve().parents[2] / "tui" / "models"


def card_of(folder: Path) -> str:
    """The card on one line, as its lines are broken anew whenever a number grows."""
    return " ".join((folder / "README.md").read_text(encoding="utf-8").split())


def check_tokenizer(folder: Path) -> None:
    """The file and the loaded tokenizer give the same ids, also on odd texts and pairs."""
    loaded = AutoTokenizer.from_pretrained(str(folder))
    from_file = Tokenizer.from_file(str(folder / "tokenizer.json"))
    for text in ODD_TEXTS:
        assert loaded(text)["input_ids"] == from_file.encode(text).ids, ascii(text)
        assert loaded(text, "and more")["input_ids"] == from_file.encode(text, "and more").ids, ascii(text)


def check_weights(folder: Path, model: PreTrainedModel) -> None:
    """Half precision on disk, float32 when loaded."""
    with safe_open(folder / "model.safetensors", framework="pt") as tensors:
        assert {tensors.get_tensor(name).dtype for name in tensors.keys()} == {torch.float16}  # noqa: SIM118
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert json.loads((folder / "config.json").read_text(encoding="utf-8"))["dtype"] == "float32"


def check_card(folder: Path) -> None:
    """Nothing of the machine it was made on, nothing made of other files than those published."""
    card = card_of(folder)
    assert re.search(r"/(tmp|home|work|root)/", card) is None
    assert "not the published file" not in card
    assert "nan" not in card.split()
    assert "inf" not in card.split()
