"""The tokenizer that a checkpoint's model uses: the one AutoTokenizer makes of its folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.engine.errors import EngineError, plain
from tui.engine.sources import files
from tui.engine.sources.limits import UNSTATED_LIMIT, position_limit, token_limit
from tui.engine.tokenization import tokenizer_json
from tui.engine.tokenization.entries import AnyTokenizer
from tui.engine.tokenization.taking_over import take_over
from tui.plain_files import read_plain

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def tokenizer_of(folder: Path, config: Mapping[str, Any]) -> AnyTokenizer:
    """The tokenizer of the checkpoint in a folder, with the limit of its model; never by code of its own.

    config: the model's, with the defaults of its class; empty where the folder has none. Raises EngineError where
    transformers refuses it, OSError where a file can't be read.
    """
    tokenizer = _made(folder)
    limit = token_limit(position_limit(config), tokenizer.model_max_length)
    return take_over(tokenizer, limit or (UNSTATED_LIMIT if config else None))


def config_in(folder: Path) -> dict[str, Any]:
    """The config of the checkpoint in a folder, with the defaults of its class; empty where there is none.

    Raises EngineError for one that transformers refuses.
    """
    from transformers import AutoConfig

    if not (folder / files.CONFIG).exists():
        return {}
    stated = files.read_config(folder)
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except BaseException:  # noqa: BLE001 - a kind of model that transformers doesn't know can have a tokenizer it knows
        return stated
    return dict(config.to_dict())


def _made(folder: Path) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    file = folder / tokenizer_json.NAME
    if file.is_file():
        tokenizer_json.refuse_endless(file, read_plain(file, files.MOST_VOCABULARY_BYTES))
    try:
        made: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except BaseException as error:  # a panic of Rust code is no Exception
        raise EngineError(
            "The tokenizer can't be used",
            _refusal(folder, error),
            "Copy or download the checkpoint again; a tokenizer.json needs no further library.",
        ) from error
    return made


def _refusal(folder: Path, error: BaseException) -> str:
    """Why a tokenizer is refused: where its tokenizer.json is broken, else in the words of transformers."""
    file = folder / tokenizer_json.NAME
    try:
        if file.is_file():
            tokenizer_json.read(file)
    except EngineError as broken:
        return broken.failure.detail
    except OSError as unread:
        return f"{file}: {unread.strerror or unread}."
    named = tokenizer_json.NAME if file.is_file() else "the vocabulary"
    return f"In {folder}, transformers refuses {named} with its settings: {plain(error)}."
