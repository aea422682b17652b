"""The tokenizer that a checkpoint's model uses: the one AutoTokenizer makes of its folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.engine.errors import EngineError, plain
from tui.engine.library.classes import tokenizer_class, tokenizer_classes
from tui.engine.library.slow_tokenizers import read_sentencepiece
from tui.engine.sources import facts, files, plausible
from tui.engine.sources.limits import UNSTATED_LIMIT, position_limit, token_limit
from tui.engine.sources.vocabularies import SETTINGS
from tui.engine.tokenization import tokenizer_json
from tui.engine.tokenization.entries import AnyTokenizer
from tui.engine.tokenization.taking_over import take_over
from tui.system.plain_files import read_plain

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

    Raises EngineError for one of which no model can be: transformers makes a name for each of its labels.
    """
    from transformers import AutoConfig

    if not (folder / files.CONFIG).exists():
        return {}
    stated = files.read_config(folder)
    plausible.check(stated, facts.weights_in(folder)[0])
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
        lacking = _lacking(folder, error)
        raise EngineError(
            "The tokenizer can't be used",
            f"In {folder}, the tokenizer needs a library that is not installed: {lacking}."
            if lacking
            else _refusal(folder, error),
            "Install it beside Logitscope; nothing is wrong with the files."
            if lacking
            else "Copy or download the checkpoint again; a tokenizer.json needs no further library.",
        ) from error
    return made


def _lacking(folder: Path, error: BaseException) -> str:
    """What transformers says of a library that isn't there; empty where none is lacking.

    It takes any trouble with a SentencePiece model for a sign of a file of tiktoken, and then asks for that.
    """
    trouble = next(filter(None, map(_trouble, _pieces(folder))), None)
    chain: list[BaseException] = []
    link: BaseException | None = error
    if trouble is not None:
        return plain(trouble) if isinstance(trouble, ImportError) else ""
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    lacking = next((each for each in chain if isinstance(each, ImportError)), None)
    return "" if lacking is None else plain(lacking)


def _pieces(folder: Path) -> list[Path]:
    """The SentencePiece models in a folder."""
    return sorted(file for file in folder.iterdir() if file.suffix in (".model", ".spm") and file.is_file())


def _trouble(file: Path) -> BaseException | None:
    """What transformers meets when it reads a SentencePiece model; None where that goes well."""
    try:
        read_sentencepiece(file)
    except BaseException as error:  # noqa: BLE001 - it is looked at, and told
        return error
    return None


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
    for piece in () if file.is_file() else _pieces(folder):
        trouble = _trouble(piece)
        if trouble is not None:
            return f"{piece} is damaged, or no SentencePiece model: {plain(trouble)}."
    lacks = _missing(folder)
    if lacks and not file.is_file():
        return f"In {folder}, {lacks}."
    named = tokenizer_json.NAME if file.is_file() else "the vocabulary"
    return f"In {folder}, transformers refuses {named} with its settings: {plain(error)}."


def _missing(folder: Path) -> str:
    """Which vocabulary files of the checkpoint's kind of tokenizer are not there; empty where all are."""
    try:
        config = files.read_config(folder)
    except EngineError:
        config = {}
    stated = files.tokenizer_config(folder).get("tokenizer_class") or config.get("tokenizer_class")
    model_type = config.get("model_type")
    by_type = tokenizer_classes().get(model_type) if isinstance(model_type, str) else None
    made = tokenizer_class(stated if isinstance(stated, str) else by_type or "")
    read = sorted(set(getattr(made, "vocab_files_names", {}).values()) - SETTINGS - {tokenizer_json.NAME})
    absent = [name for name in read if not (folder / name).is_file()]
    if made is None or not absent:
        return ""
    return f"{made.__name__} reads {' and '.join(read)}, of which {' and '.join(absent)} is not there"
