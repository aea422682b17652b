"""What stands where weights in safetensors or PyTorch's format were looked for, or beside them, and what to do."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from tui.engine.sources import files

_MOST_NAMES = 2_000
"""Looked through, of a folder and each folder in it."""
_ADAPTER = (files.ADAPTER_CONFIG, "adapter_model.safetensors", "adapter_model.bin")
_VARIANT = re.compile(r"(?:pytorch_)?model\.(?P<variant>[\w-]+?)(?:-\d+-of-\d+)?\.(safetensors|bin)")
_SHARD = re.compile(r"((?:pytorch_)?model)-\d+-of-\d+\.(safetensors|bin)")
_TRAINER = re.compile(r"(optimizer|scheduler|scaler|training_args|rng_state(_\d+)?)\.(pt|pth|bin)")
_OTHER_NAME = re.compile(r"[^/]+\.(safetensors|bin|pt|pth|ckpt)")
_LONGEST = 100


class Instead(NamedTuple):
    """Something that is there."""

    what: str
    """In words, with the name of a file."""
    hint: str
    """What to do, in sentences."""


_TRANSFORMERS_4 = (
    "transformers 5 reads none of these: with transformers 4, from_pretrained(folder, {}=True) and then "
    "save_pretrained write safetensors."
)
_ORIGINAL = "Choose the checkpoint that it was made from, with weights in safetensors."
_FORMATS: tuple[tuple[str, str, str], ...] = (
    (r"tf_model.*\.h5|.+\.h5|.+\.keras", "TensorFlow weights", _TRANSFORMERS_4.format("from_tf")),
    (r".+\.ckpt\.(index|meta|data-\S+)|(.+/)?saved_model\.pb", "TensorFlow weights", _ORIGINAL),
    (r"flax_model.*\.msgpack(\.index\.json)?", "Flax weights", _TRANSFORMERS_4.format("from_flax")),
    (
        r"(.+/)?[^/]+\.gguf",
        "weights for llama.cpp",
        "transformers converts them where the packages gguf and accelerate are installed: "
        "from_pretrained(folder, gguf_file=…), and then save_pretrained writes safetensors.",
    ),
    (r"(.+/)?[^/]+\.onnx(_data)?", "a graph for ONNX Runtime", _ORIGINAL),
    (r"(.+/)?openvino_model\.(xml|bin)", "a graph for OpenVINO", _ORIGINAL),
    (r"(.+/)?[^/]+\.(mlmodel|mlpackage)(/.+)?", "a model for Core ML", _ORIGINAL),
    (r"(.+/)?[^/]+\.tflite", "a model for TensorFlow Lite", _ORIGINAL),
    (r"rust_model\.ot", "weights for rust-bert", _ORIGINAL),
    (r".+\.npz", "arrays of NumPy", _ORIGINAL),
    (
        r"consolidated.*\.(pth|pt|safetensors)",
        "weights as the program of their makers reads them",
        "Choose the version of this checkpoint for transformers.",
    ),
    (
        r"model_index\.json",
        "a pipeline of diffusers, which makes images or sound",
        "Choose a checkpoint for texts.",
    ),
)
"""Names of files, what they hold, what to do. Of those that fit the first is told."""


def of_names(names: Collection[str], base: str = "") -> Instead | None:
    """What files of these names are; None where they tell nothing. base: the model that an adapter changes.

    >>> of_names(("config.json", "tf_model.h5")).what
    'TensorFlow weights (tf_model.h5)'
    >>> of_names(("config.json", "model.fp16.safetensors")).what
    'weights of the variant “fp16” (model.fp16.safetensors)'
    >>> of_names(("config.json", "vocab.txt"))
    """
    ordered = sorted(names)
    if adapter := _adapter(names, base):
        return Instead(
            f"a {adapter}, which only changes the weights of another checkpoint",
            "Load that one with peft, and then merge_and_unload() and save_pretrained write a whole checkpoint.",
        )
    for name in ordered:
        variant = _VARIANT.fullmatch(name)
        if variant is not None:
            called = variant["variant"]
            return Instead(
                f"weights of the variant “{called}” ({name})",
                f'from_pretrained(folder, variant="{called}") and then save_pretrained write model.safetensors'
                + (f"; or rename {name}." if "-of-" not in name else "."),
            )
    shard = next(filter(None, map(_SHARD.fullmatch, ordered)), None)
    if shard is not None:
        index = f"{shard[1]}.{shard[2]}.index.json"
        return Instead(f"shards ({shard[0]}) without their index", f"Copy {index} beside them.")
    for pattern, what, hint in _FORMATS:
        found = next((name for name in ordered if re.fullmatch(pattern, name)), None)
        if found is not None:
            return Instead(f"{what} ({found[-_LONGEST:]})", hint)
    other = next(
        (name for name in ordered if _OTHER_NAME.fullmatch(name) and not _TRAINER.fullmatch(name)), None
    )
    if other is None:
        return None
    ending = "model.safetensors" if other.endswith(".safetensors") else "pytorch_model.bin"
    return Instead(
        f"a file of another name ({other[-_LONGEST:]})",
        f"If it holds the weights of this model for transformers, rename it {ending}.",
    )


def in_folder(folder: Path) -> Instead | None:
    """What a folder holds; None where its files tell nothing. Raises OSError."""
    names = list(_names(folder))
    found = of_names(names, _base(folder))
    if found is not None:
        return found
    inner = sorted(
        name.partition("/")[0]
        for name in names
        if name.endswith(("/model.safetensors", "/pytorch_model.bin"))
    )
    inner = [name for name in inner if f"{name}/{files.CONFIG}" in names]
    if not inner:
        return None
    return Instead(
        f"a folder with a checkpoint in it ({inner[-1][:_LONGEST]})"
        if len(inner) == 1
        else f"{len(inner):,} folders with checkpoints in them ({inner[0][:_LONGEST]}, say)",
        f"Choose {folder / inner[-1]}." if len(inner) == 1 else "Choose one of these folders.",
    )


def adapter_beside(names: Collection[str], base: str = "") -> str:
    """What to say of an adapter among files that have whole weights, too; empty for none. base: as in `of_names`.

    >>> adapter_beside(("config.json", "model.safetensors"))
    ''
    """
    adapter = _adapter(names, base)
    if not adapter:
        return ""
    return (
        f"A {adapter} lies beside the weights and is not applied here: answers are those of the weights alone. "
        "from_pretrained of transformers applies it where peft is installed. To have it here, load the model with "
        "peft's PeftModel, and merge_and_unload() and save_pretrained write weights with it."
    )


def adapter_in(folder: Path) -> str:
    """The same of a folder."""
    names = [name for name in _ADAPTER if os.path.lexists(folder / name)]
    return adapter_beside(names, _base(folder)) if names else ""


def _adapter(names: Collection[str], base: str) -> str:
    found = next((name for name in _ADAPTER if name in names), None)
    of = f" of “{base[:_LONGEST]}”" if base else ""
    return f"PEFT adapter{of} ({found})" if found else ""


def _base(folder: Path) -> str:
    """The model that a folder's adapter changes; empty where none is named."""
    with suppress(OSError, ValueError):
        stated = files.read_json(folder / files.ADAPTER_CONFIG).get("base_model_name_or_path")
        return stated if isinstance(stated, str) else ""
    return ""


def _names(folder: Path) -> Iterator[str]:
    """The names of a folder and of the folders in it, those with a slash."""
    for entry in islice(sorted(folder.iterdir()), _MOST_NAMES):
        yield entry.name
        with suppress(OSError):
            if entry.is_dir():
                yield from (f"{entry.name}/{each.name}" for each in islice(entry.iterdir(), _MOST_NAMES))
