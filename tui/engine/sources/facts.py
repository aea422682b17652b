"""What a checkpoint is, from its config, the headers of its weights and its tokenizer's files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tui.engine.errors import EngineError
from tui.engine.sources import files, folders, instead, pickled
from tui.engine.sources.limits import position_limit, token_limit
from tui.engine.sources.locate import Place
from tui.engine.sources.safetensors_header import Weights, read_weights
from tui.engine.table import task_named
from tui.protocol.checkpoints import Checkpoint
from tui.system.plain_files import open_plain

_DECODERS = frozenset({
    "bloom", "codegen", "cohere", "cohere2", "ctrl", "deepseek_v2", "deepseek_v3", "falcon", "gemma",
    "gemma2", "gemma3_text", "glm", "glm4", "gpt2", "gpt_bigcode", "gpt_neo", "gpt_neox", "gptj", "granite",
    "helium", "llama", "mistral", "mixtral", "mpt", "nemotron", "olmo", "olmo2", "openai-gpt", "opt",
    "persimmon", "phi", "phi3", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "smollm3", "stablelm",
    "starcoder2",
})  # fmt: skip
_ENCODERS = frozenset({
    "albert", "bert", "big_bird", "camembert", "canine", "convbert", "data2vec-text", "deberta",
    "deberta-v2", "distilbert", "electra", "ernie", "esm", "eurobert", "flaubert", "fnet", "funnel",
    "ibert", "layoutlm", "longformer", "luke", "megatron-bert", "mobilebert", "modernbert", "mpnet", "mra",
    "nezha", "nystromformer", "rembert", "roberta", "roberta-prelayernorm", "roformer", "squeezebert",
    "xlm", "xlm-roberta", "xlm-roberta-xl", "xmod", "yoso",
})  # fmt: skip
NO_WEIGHTS = "weights are missing: no model.safetensors and no pytorch_model.bin"
_LARGEST_COUNT = 1 << 62
"""Above this a number fits no event, and is none of a model."""
_MOST_LABELS = 1_000_000
"""Made up from their number alone; a head that large says itself what its rows are."""
_INDEX = re.compile(r"[0-9]{1,9}")
_LICENSE = re.compile(r"^license:\s*[\"']?([\w .+-]+?)[\"']?\s*$", re.MULTILINE)
_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n---\s*$", re.DOTALL | re.MULTILINE)


def describe(place: Place, folder: Path, task: str) -> Checkpoint:
    """The facts of the checkpoint in a folder, and whether it can do a task. Loads no weights.

    Raises EngineError where the folder holds no readable config, or something that is no file of it.
    """
    if (folder / files.CONFIG).exists():  # without one nothing else of it is looked at
        folders.check(folder, weights=False)
    elif (other := instead.in_folder(folder)) is not None:
        raise EngineError(
            "Not a checkpoint", f"The folder {folder} has no {files.CONFIG}, only {other.what}.", other.hint
        )
    config = files.read_config(folder)
    weights, problem = weights_in(folder)
    weights_note = f"{problem.said}. {problem.hint}" if problem.hint != Problem().hint else problem.said
    stated = files.tokenizer_config(folder).get("model_max_length")
    return from_config(
        place,
        config,
        task,
        weights=weights,
        max_tokens=token_limit(position_limit(config), stated),
        license_name=_license(folder),
        obstacle=weights_note or ("" if files.has_tokenizer(folder) else "it has no tokenizer"),
        remark="" if weights_note else instead.adapter_in(folder),
    )


def from_config(
    place: Place,
    config: Mapping[str, Any],
    task: str,
    *,
    weights: Weights,
    max_tokens: int | None,
    license_name: str | None,
    obstacle: str,
    remark: str = "",
) -> Checkpoint:
    """The facts a config states, together with what is known of the other files.

    `obstacle` says why the files alone keep it from serving; empty when they don't. remark: what to know besides.
    """
    architectures = _strings(config.get("architectures"))
    missing_head = _missing_head(architectures, task)
    lacks = obstacle or missing_head
    model_type = config.get("model_type")
    return Checkpoint(
        reference=place.reference,
        name=place.name,
        source=place.source,
        architecture=architectures[0] if architectures else None,
        model_type=model_type if isinstance(model_type, str) else None,
        family=_family(config),
        labels=labels_of(config)
        if task_named(task).needs.has_labels and _has_head(architectures, task)
        else (),
        parameters=weights.parameters,
        dtype=weights.dtype or _text(config.get("dtype") or config.get("torch_dtype")),
        size_bytes=weights.size_bytes or None,
        hidden_size=_count(config, "hidden_size", "dim", "d_model", "n_embd"),
        layers=_count(config, "num_hidden_layers", "n_layers", "n_layer", "num_layers", "encoder_layers"),
        vocabulary_size=_count(config, "vocab_size"),
        max_tokens=max_tokens,
        license=license_name,
        serves=not lacks,
        note=f"{lacks.removesuffix('.')}. {remark}" if lacks and remark else lacks or remark,
        untrained=bool(missing_head) and not obstacle,
    )


def labels_of(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The head's labels by index; `LABEL_n` where the config names none, two by transformers' default.

    >>> labels_of({"id2label": {"1": "B", "0": "A"}})
    ('A', 'B')
    """
    named = config.get("id2label")
    if isinstance(named, Mapping) and named:
        by_index = {int(index): str(label) for index, label in named.items() if _INDEX.fullmatch(str(index))}
        return tuple(label for _, label in sorted(by_index.items()))
    count = config.get("num_labels", config.get("_num_labels"))
    stated = isinstance(count, int) and 0 <= count <= _MOST_LABELS
    return tuple(f"LABEL_{index}" for index in range(count if stated else 2))


def _has_head(architectures: tuple[str, ...], task: str) -> bool:
    wanted = task_named(task).needs
    return any(
        name.endswith(wanted.architecture_suffixes) or name in wanted.architectures for name in architectures
    )


def _missing_head(architectures: tuple[str, ...], task: str) -> str:
    """What to know where no class that the config names is one with the task's head; empty where one is.

    A head over the vocabulary can be there under any class: tied to the embeddings, or shared with another task.
    """
    wanted, head = task_named(task), task_named(task).needs.head
    if _has_head(architectures, task):
        return ""
    if not architectures:
        return f"its config doesn't say what it is, so a {head} is not certain"
    if wanted.over_vocabulary:
        return f"{architectures[0]} doesn't name a {head}; loading it tells whether its weights have one"
    return f"{architectures[0]} has no {head}"


class Problem(NamedTuple):
    """What is wrong with a checkpoint's weights."""

    said: str = ""
    """Empty: nothing."""
    hint: str = "Copy or download the checkpoint again."


def weights_in(folder: Path) -> tuple[Weights, Problem]:
    """Size and contents of the weight files, and what is wrong with them."""
    unknown = Weights(0, None, None)
    try:
        found = folders.weight_files(folder)
        other = None if found else instead.in_folder(folder)
    except (OSError, ValueError) as error:
        return unknown, Problem(f"the weights can't be read: {getattr(error, 'strerror', None) or error}")
    if other is not None:
        return unknown, Problem(f"{NO_WEIGHTS}, only {other.what}", other.hint)
    missing = [file.name[:100] for file in found if not file.is_file()]
    if missing or not found:
        return unknown, Problem(f"weights are missing: {', '.join(missing[:3])}" if missing else NO_WEIGHTS)
    sizes = Weights(sum(file.stat().st_size for file in found), None, None)
    try:
        if found[0].suffix == ".bin":
            return sizes, Problem(next(filter(None, map(pickled.problem_of, found)), ""))
        return read_weights(found), Problem()
    except (OSError, ValueError) as error:
        return sizes, Problem(str(getattr(error, "strerror", None) or error))


def _family(config: Mapping[str, Any]) -> str | None:
    if config.get("is_encoder_decoder") is True:
        return "encoder-decoder"
    model_type = _text(config.get("model_type"))
    if model_type in _DECODERS:
        return "decoder"
    return "encoder" if model_type in _ENCODERS else None


def _license(folder: Path) -> str | None:
    """The licence the model card's front matter states; the card is nothing that a checkpoint needs."""
    card = folder / "README.md"
    try:
        if folders.problem_of(folder, card):
            return None
        with open_plain(card) as opened:
            written = opened.read(20_000).decode("utf-8", "replace")
    except OSError:
        return None
    matter = _FRONT_MATTER.match(written)
    stated = _LICENSE.search(matter.group(1)) if matter else None
    return stated.group(1) if stated else None


def _strings(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _count(config: Mapping[str, Any], *keys: str) -> int | None:
    stated = (config[key] for key in keys if isinstance(config.get(key), int))
    return next((count for count in stated if abs(count) < _LARGEST_COUNT), None)
