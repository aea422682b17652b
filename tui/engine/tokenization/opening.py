"""A tokenizer without its model: from a built-in, a folder, the Hub cache or a bare tokenizer.json."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui import catalogue
from tui.engine.errors import EngineError
from tui.engine.sources import files, folders, hub_cache, instead
from tui.engine.sources.limits import position_limit, token_limit
from tui.engine.sources.locate import cut, locate, path_of
from tui.engine.tokenization import tokenizer_json
from tui.engine.tokenization.entries import AnyTokenizer
from tui.engine.tokenization.reading import RustTokenizer
from tui.protocol.checkpoints import Source

if TYPE_CHECKING:
    import tokenizers

TOKENIZER_JSON = "tokenizer.json"
_INPUT_NAMES = ("input_ids", "attention_mask")
_READING = "tokenizer"
"""The stage in which its files are read."""


@dataclass(frozen=True)
class OpenTokenizer:
    """A tokenizer in use, and what to call it."""

    reference: str
    """What it was opened by."""
    name: str
    source: Source
    tokenizer: AnyTokenizer
    notes: tuple[str, ...] = ()
    """What is to be said of the way it was opened, in sentences."""
    file: Path | None = None
    """The tokenizer.json of the folder that transformers made it of, which can be another tokenizer by itself."""

    @classmethod
    def of_model(cls, reference: str, name: str, source: Source, tokenizer: AnyTokenizer) -> OpenTokenizer:
        """The tokenizer of a checkpoint that is loaded."""
        # what ships inside the package was looked at: its file makes the same of every text
        file = None if source == "built-in" else _file_in(tokenizer.folder)
        return cls(reference, name, source, tokenizer, file=file)


def open_tokenizer(
    reference: str, revision: str | None = None, stage: Callable[[str], None] = lambda _: None
) -> OpenTokenizer:
    """Open a tokenizer from this machine's disk; its model's weights are not looked at and need not be there.

    Of a folder it is the tokenizer that the checkpoint's model uses, made by transformers without code of the
    checkpoint's own. A bare tokenizer.json is read by the `tokenizers` library as it stands, and so is that of a
    folder of which transformers makes none; the notes say so. `stage` is told what comes next and may raise to
    give it up. Raises EngineError where there is none, and where it is broken.
    """
    reference = reference.strip()
    file = path_of(reference)
    built_in = catalogue.built_in_folder(reference)
    if reference and built_in is None and _is_file(file):
        stage(_READING)
        other = instead.of_names((file.name,))
        if other is not None and file.suffix != ".json":
            raise EngineError(
                "Not a tokenizer.json",
                f"{file} is a file, but of another kind: {other.what}.",
                "Give the tokenizer.json of the checkpoint that it was made from, or the folder that holds it.",
            )
        backend = tokenizer_json.read(file)
        notes = tuple(_left_out(backend))
        alone = RustTokenizer.around(backend, {}, None, _INPUT_NAMES)
        return OpenTokenizer(reference, _name_of(file), "folder", alone, notes)
    name, source, folder = _find(reference, revision)
    if built_in is not None:
        return OpenTokenizer(reference, name, source, _alone(folder))
    tokenizer, notes = _in_folder(folder, stage)
    return OpenTokenizer(reference, name, source, tokenizer, notes, None if notes else _file_in(folder))


def _file_in(folder: Path | None) -> Path | None:
    """The tokenizer.json of a folder; None where it has none."""
    return folder / TOKENIZER_JSON if folder is not None and _is_file(folder / TOKENIZER_JSON) else None


def _left_out(backend: tokenizers.Tokenizer) -> Iterator[str]:
    """What a tokenizer.json asks for that is not done here, in sentences."""
    truncation, padding = backend.truncation, backend.padding
    if truncation:
        at = "beginning" if truncation["direction"] == "left" else "end"
        most = f"{truncation['max_length']:,} tokens"
        yield f"The file asks for texts cut at their {at} to {most}; shown are all tokens."
    if padding:
        to = f"to {padding['length']:,} tokens" if padding["length"] else "to the longest of several texts"
        yield f"The file asks for texts padded with “{padding['pad_token']}” {to}; shown are the text's own tokens."


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


def _in_folder(folder: Path, stage: Callable[[str], None]) -> tuple[AnyTokenizer, tuple[str, ...]]:
    """The tokenizer of a checkpoint's folder, and what is to be said of it."""
    folders.check(folder, weights=False)  # else one is made of what is left without the file that is none
    if not files.has_tokenizer(folder):
        raise _nothing_in(folder)
    from tui.engine.tokenization.by_transformers import config_in, tokenizer_of

    if "transformers.models.auto.tokenization_auto" not in sys.modules:
        stage("import transformers")
        from transformers import AutoConfig, AutoTokenizer  # noqa: F401 - which takes seconds
    stage(_READING)
    try:
        return tokenizer_of(folder, config_in(folder)), ()
    except EngineError as refused:
        if not _is_file(folder / TOKENIZER_JSON):
            raise
        why = refused.failure.detail
        return _alone(folder), (
            f"Shown is {TOKENIZER_JSON} as it stands, for transformers makes no tokenizer of this folder: {why}",
        )


def _alone(folder: Path) -> RustTokenizer:
    """The tokenizer.json of a folder, with what the files beside it say of its use."""
    settings = files.tokenizer_config(folder)
    backend = tokenizer_json.read(folder / TOKENIZER_JSON)
    named = settings.get("model_input_names")
    names = tuple(map(str, named)) if isinstance(named, list) and named else _INPUT_NAMES
    limit = _limit(folder, settings.get("model_max_length"))
    return RustTokenizer.around(backend, settings, limit, names, folder)


def _limit(folder: Path, stated: object) -> int | None:
    """Most tokens of an input, by the files that say so; a tokenizer works without them."""
    try:
        positions = position_limit(files.read_config(folder))
    except EngineError:
        positions = None
    return token_limit(positions, stated)


def _nothing_in(folder: Path) -> EngineError:
    other = instead.in_folder(folder)
    there = f"; it holds {other.what}" if other else f"; {files.contents_of(folder)}"
    return EngineError(
        "No tokenizer in this folder",
        f"{folder} has no {TOKENIZER_JSON} and no vocabulary{there}.",
        "Choose the folder that holds the tokenizer's files, of the checkpoint that this was made from."
        if other
        else "Choose the folder that holds the tokenizer's files.",
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _name_of(file: Path) -> str:
    """What to call a file: its folder's name says more than `tokenizer.json`. A link is called by its own name."""
    file = Path(os.path.abspath(file))  # noqa: PTH100 - `resolve` would follow it
    return f"{file.parent.name}/{file.name}"
