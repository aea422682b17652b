"""Saves the weights of a checkpoint in half the space."""

import json
from pathlib import Path

from transformers import PreTrainedModel


def save_in_half_precision(model: PreTrainedModel, folder: Path) -> None:
    """Write config.json and model.safetensors with float16 tensors that load as float32; the model is rounded too.

    `from_pretrained` takes the precision that config.json names, whatever that of the file is: numbers rounded to
    float16 are exact in float32.
    """
    model.half().save_pretrained(str(folder))  # type: ignore[no-untyped-call]
    model.float()  # type: ignore[no-untyped-call]
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["dtype"] = "float32"
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
