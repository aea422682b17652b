"""From a checkpoint's folder to a model on its device and a tokenizer that fits it."""

from __future__ import annotations

import inspect
import pickle
import struct
import threading
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.engine import device
from tui.engine.checkpoint import lacking, own_memory
from tui.engine.cores import CORES
from tui.engine.errors import EngineError, is_out_of_memory, plain
from tui.engine.library import classes
from tui.engine.sources import facts, files, folders, instead, model_size, plausible
from tui.engine.sources.limits import position_limit, token_limit
from tui.engine.tokenization import chance
from tui.engine.tokenization.by_transformers import tokenizer_of
from tui.engine.tokenization.entries import AnyTokenizer
from tui.engine.tokenization.reading import RustTokenizer
from tui.protocol.checkpoints import Checkpoint
from tui.settings import DtypeName
from tui.tasks import TASKS

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig, PreTrainedModel


_MOST_SIDES = 8
"""Of a tensor, told in full."""
_NO_ADAPTER = {"subfolder": "\0"}
"""Where transformers looks for an adapter once peft is installed: a folder that there can't be."""


@dataclass(frozen=True)
class LoadedCheckpoint:
    """A checkpoint in use."""

    checkpoint: Checkpoint
    task: str
    tokenizer: AnyTokenizer
    model: PreTrainedModel
    placement: device.Placement
    dtype: str
    parameters: int
    accepts: frozenset[str]
    """Names of what the model's forward takes."""
    note: str
    warning: str
    """Why no answer of it can be trusted; empty when there is no reason."""


def built_in_tokenizer(folder: Path) -> RustTokenizer:
    """The tokenizer of a built-in checkpoint, from `tokenizer.json` alone and so long before torch is in."""
    settings = files.tokenizer_config(folder)
    limit = token_limit(position_limit(files.read_config(folder)), settings.get("model_max_length"))
    names = settings.get("model_input_names", ("input_ids", "attention_mask"))
    return RustTokenizer.from_folder(folder, limit, tuple(names))


def load(
    checkpoint: Checkpoint,
    folder: Path,
    task: str,
    *,
    requested_device: str,
    requested_dtype: DtypeName,
    tokenizer: AnyTokenizer | None,
    default_dtype_gate: threading.Lock,
    stage: Callable[[str], None],
) -> LoadedCheckpoint:
    """Load a checkpoint from a folder; never from the network, and never code of its own.

    `stage` is told what comes next and may raise to give the load up. `default_dtype_gate` is held while the
    process-wide default dtype of torch differs from float32. Raises EngineError, and what the libraries raise.
    """
    folders.check(folder)
    placement = device.place(requested_device)
    dtype = device.choose_dtype(requested_dtype, placement.device, checkpoint.dtype, checkpoint.parameters)
    stated = files.read_config(folder)
    weights, problem = facts.weights_in(folder)
    if problem.said:
        raise EngineError("The weights can't be used", f"In {folder}: {problem.said}.", problem.hint)
    plausible.check(stated, weights)
    config = _config(folder, stated, task)
    if tokenizer is None:
        stage("tokenizer")
        tokenizer = _tokenizer(folder, config)
    stage("weights")
    narrow = device.dtype_name(dtype) != "float32"
    with default_dtype_gate if narrow else nullcontext():
        model_size.check(stated, config, weights, classes.auto_class(TASKS[task].needs.auto_class))
        model, warning, note = _model(folder, config, task, dtype)
        own_memory.take(model, weights)
    stage("device")
    model.to(placement.device)  # type: ignore[arg-type]
    model.eval()  # type: ignore[no-untyped-call]
    device.synchronize(placement.device)
    if placement.device == "cpu":
        CORES.follow(model)
    return LoadedCheckpoint(
        checkpoint=checkpoint,
        task=task,
        tokenizer=tokenizer,
        model=model,
        placement=placement,
        dtype=device.dtype_name(dtype),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        accepts=frozenset(inspect.signature(model.forward).parameters),
        note=" ".join(
            filter(None, (placement.note, note, chance.told(tokenizer), instead.adapter_in(folder)))
        ),
        warning=warning,
    )


def _config(folder: Path, stated: Mapping[str, Any], task: str) -> PreTrainedConfig:
    from transformers import CONFIG_MAPPING, AutoConfig

    kind = stated.get("model_type")
    if kind is not None and not isinstance(kind, str):
        raise EngineError(
            "Unknown kind of model",
            "The model_type in its config.json is no name.",
            "Choose another checkpoint, or correct its config.json.",
        )
    try:
        config: PreTrainedConfig = AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except BaseException as error:  # a panic of Rust code is no Exception
        if kind in CONFIG_MAPPING:
            raise EngineError(
                "The config can't be used",
                f"transformers refuses it: {plain(error)}.",
                "Correct config.json as that says, or choose another checkpoint.",
            ) from error
        if "auto_map" in stated:
            raise EngineError(
                "This checkpoint needs its own code",
                f"Its config asks to run Python code from the checkpoint for the model type “{kind}”.",
                "Logitscope never runs code from checkpoints; choose one that transformers knows by itself.",
            ) from error
        raise EngineError(
            "Unknown kind of model",
            f"The model type “{kind}” is not known to this version of transformers."
            if kind
            else "Its config.json names no model_type.",
            "Choose another checkpoint, or update transformers.",
        ) from error
    config.return_dict = True
    if not classes.has_head(TASKS[task].needs.auto_class, config):
        head = TASKS[task].needs.head
        raise EngineError(
            f"This kind of model can't do {task}",
            f"transformers has no {head} on a model of type “{kind}”.",
            f"Choose a checkpoint that was trained for {task}.",
        )
    if TASKS[task].has_encoder and not config.is_encoder_decoder:
        raise EngineError(
            f"This kind of model can't do {task}",
            f"A model of type “{kind}” is a decoder behind an encoder of sound: it has none that reads a text.",
            f"Choose a checkpoint that was trained for {task}.",
        )
    return config


def _tokenizer(folder: Path, config: PreTrainedConfig) -> AnyTokenizer:
    if not files.has_tokenizer(folder):
        raise EngineError(
            "The tokenizer is missing",
            f"The folder {folder} has no tokenizer.json or vocabulary file.",
            "Copy the tokenizer's files of the checkpoint into it.",
        )
    return tokenizer_of(folder, config.to_dict())


def _model(
    folder: Path, config: PreTrainedConfig, task: str, dtype: torch.dtype
) -> tuple[PreTrainedModel, str, str]:
    """The model, and a warning or a note where its head, or some of it, is not in the files."""
    import torch

    torch.manual_seed(0)  # what is not in the files is random, but the same each time
    try:
        model, report = classes.auto_class(TASKS[task].needs.auto_class).from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            local_files_only=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,  # to name them below; transformers' own error doesn't
            output_loading_info=True,
            adapter_kwargs=_NO_ADAPTER,
        )
    except pickle.UnpicklingError as error:
        raise EngineError(
            "The weights are not safe to load",
            "The pickled weights hold more than numbers: loading them could run code.",
            "Ask for a version in safetensors, or convert it where you trust it.",
        ) from error
    except (struct.error, zipfile.BadZipFile, EOFError) as error:
        raise EngineError(
            "The weights can't be used",
            f"In {folder}: the pickled weights are damaged.",
            "Copy or download the checkpoint again.",
        ) from error
    except Exception as error:
        if is_out_of_memory(error) or isinstance(error, ImportError) or getattr(error, "errno", None):
            raise
        if refused := _refused_settings(folder):
            raise EngineError(
                "The checkpoint's settings can't be obeyed",
                f"transformers refuses its {files.GENERATION_CONFIG}: {refused}.",
                f"Correct {files.GENERATION_CONFIG} as that says, or take it away.",
            ) from error
        raise EngineError(
            "This checkpoint can't be loaded",
            f"transformers can't make a model of config.json and {_weights_name(folder)} in {folder}: "
            f"{type(error).__name__}, {plain(error)}.",
            "Copy config.json and the weights from the same checkpoint, or choose another one.",
        ) from error
    for name, stored, expected in sorted(report["mismatched_keys"]):
        raise EngineError(
            "The weights don't fit the config",
            f"{name[:200]} is {_sides(stored)} in the file and {_sides(expected)} by the config.",
            "Copy config.json and the weights from the same checkpoint.",
        )
    may_lack = TASKS[task].needs.may_lack
    missing = sorted(name for name in report["missing_keys"] if not name.startswith(may_lack))
    if not missing:
        return model, "", ""
    return model, *lacking.told(model, missing, TASKS[task].needs.head, task)


def _refused_settings(folder: Path) -> str:
    """Why transformers takes no model with the settings in a folder, in words; empty where it is not for them."""
    from transformers import GenerationConfig

    if (folder / files.GENERATION_CONFIG).is_file():
        try:
            GenerationConfig.from_pretrained(folder, local_files_only=True)
        except Exception as error:  # noqa: BLE001 - each check of its own raises in its own way
            return plain(error)
    return ""


def _weights_name(folder: Path) -> str:
    return next((file.name for file in folders.weight_files(folder)), "its weights")


def _sides(shape: Sequence[int]) -> str:
    return str(list(shape)) if len(shape) <= _MOST_SIDES else f"a tensor of {len(shape):,} sides"
