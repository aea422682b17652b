"""A tokenizer without its model: from a built-in, a folder, the Hub cache or a bare tokenizer.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tui import catalogue
from tui.engine.errors import EngineError, plain
from tui.engine.sources import files, folders, hub_cache
from tui.engine.sources.limits import position_limit, token_limit
from tui.engine.sources.locate import cut, locate, path_of
from tui.engine.tokenization import tokenizer_json
from tui.engine.tokenization.entries import AnyTokenizer
from tui.engine.tokenization.reading import RustTokenizer
from tui.engine.tokenization.taking_over import take_over
from tui.values import Source

if TYPE_CHECKING:
    import tokenizers
    from transformers import PreTrainedTokenizerBase

TOKENIZER_JSON = "tokenizer.json"
_INPUT_NAMES = ("input_ids", "attention_mask")


@dataclass(frozen=True)
class OpenTokenizer:
    """A tokenizer in use, and what to call it."""

    reference: str
    """What it was opened by."""
    name: str
    source: Source
    tokenizer: AnyTokenizer


def open_tokenizer(reference: str, revision: str | None = None) -> OpenTokenizer:
    """Open a tokenizer from this machine's disk; its model is not looked at and need not be there.

    A tokenizer.json is read by the `tokenizers` library as it stands; vocabularies of other kinds by transformers,
    without code of the checkpoint's own. Raises EngineError where there is none, and where it is broken.
    """
    reference = reference.strip()
    file = path_of(reference)
    if reference and catalogue.built_in_folder(reference) is None and _is_file(file):
        backend = tokenizer_json.read(file)
        return OpenTokenizer(reference, _name_of(file), "folder", _around(backend, {}, None, _INPUT_NAMES))
    name, source, folder = _find(reference, revision)
    return OpenTokenizer(reference, name, source, _in_folder(folder))


def _find(reference: str, revision: str | None) -> tuple[str, Source, Path]:
    """Name, kind and folder of what a reference names. Raises EngineError where it is not on this machine."""
    try:
        place = locate(reference, revision)
    except EngineError as error:
        if not reference.endswith(".json"):
            raise
        raise EngineError(
            "No such file",
            f"“{cut(reference)}” is not a file on the engine's machine.",
            "Give the path of a tokenizer.json, or the folder that holds one.",
        ) from error
    # for a tokenizer a snapshot without weights is enough, which `locate` passes over
    folder = place.folder or hub_cache.snapshot(reference, revision)
    if folder is None or not (place.folder or files.has_tokenizer(folder)):
        raise EngineError(
            "This tokenizer is not on this machine",
            f"“{cut(reference)}” is no built-in checkpoint and no folder, and the Hub cache has no tokenizer of "
            "that name.",
            "Load the checkpoint once, which downloads it, or give a folder or a tokenizer.json.",
        )
    return place.name, place.source if place.folder else "hub-cache", folder


def _in_folder(folder: Path) -> AnyTokenizer:
    folders.check(folder, weights=False)  # else one is made of what is left without the file that is none
    settings = files.tokenizer_config(folder)
    stated = settings.get("model_max_length")
    if _is_file(folder / TOKENIZER_JSON):
        backend = tokenizer_json.read(folder / TOKENIZER_JSON)
        named = settings.get("model_input_names")
        names = tuple(map(str, named)) if isinstance(named, list) and named else _INPUT_NAMES
        return _around(backend, settings, _limit(folder, stated), names, folder)
    if not files.has_tokenizer(folder):
        raise _nothing_in(folder)
    return _by_transformers(folder)


def _around(
    backend: tokenizers.Tokenizer,
    settings: Mapping[str, Any],
    limit: int | None,
    input_names: tuple[str, ...],
    folder: Path | None = None,
) -> RustTokenizer:
    tokenizer = RustTokenizer.around(backend, settings, limit, input_names, folder)
    if tokenizer.unknown_id is None and type(backend.model).__name__ == "Unigram":
        # Unigram tells it nowhere but in what it writes
        tokenizer.unknown_id = msgspec.json.decode(backend.model.__getstate__(), type=_Unigram).unk_id
    return tokenizer


class _Unigram(msgspec.Struct):
    unk_id: int | None = None


def _limit(folder: Path, stated: object) -> int | None:
    """Most tokens of an input, by the files that say so; a tokenizer works without them."""
    try:
        positions = position_limit(files.read_config(folder))
    except EngineError:
        positions = None
    return token_limit(positions, stated)


def _by_transformers(folder: Path) -> AnyTokenizer:
    from transformers import AutoTokenizer

    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except BaseException as error:  # what the tokenizer's own class raises, which can be anything
        raise EngineError(
            "The tokenizer can't be used",
            f"{folder} has no {TOKENIZER_JSON}, and transformers refuses what it has: {plain(error)}.",
            "Copy or download the checkpoint again; a tokenizer.json needs no further library.",
        ) from error
    return take_over(tokenizer, _limit(folder, tokenizer.model_max_length))


def _nothing_in(folder: Path) -> EngineError:
    return EngineError(
        "No tokenizer in this folder",
        f"{folder} has no {TOKENIZER_JSON} and no vocabulary; {files.contents_of(folder)}.",
        "Choose the folder that holds the tokenizer's files.",
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _name_of(file: Path) -> str:
    """What to call a file: its folder's name says more than `tokenizer.json`."""
    file = file.resolve()
    return f"{file.parent.name}/{file.name}"
