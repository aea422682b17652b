"""Reading a tokenizer.json, and saying what is wrong with one that can't be read."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.engine.errors import EngineError, plain
from tui.engine.sources.files import MOST_VOCABULARY_BYTES
from tui.engine.tokenization.components import EMPTY
from tui.engine.tokenization.risks import of_file
from tui.system.plain_files import POINTER, decoded, is_pointer, open_plain, read_plain

if TYPE_CHECKING:
    import tokenizers

_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
NAME = "tokenizer.json"
_AGAIN = "Copy or download the file again, or choose another tokenizer."
_OTHER_FILE = "Give the tokenizer.json of a checkpoint, or the folder that holds it."
_PARTS = (
    "version", "truncation", "padding", "model", "normalizer", "pre_tokenizer", "post_processor", "decoder",
    "added_tokens",
)  # fmt: skip


def read(file: Path) -> tokenizers.Tokenizer:
    """The tokenizer in a file.

    Raises EngineError that says where the file is broken: the line and column of what is no JSON, or the part that
    the `tokenizers` library refuses. Raises OSError where the file can't be read.
    """
    import tokenizers

    if is_pointer(file):
        raise EngineError("Not a tokenizer.json", f"{file}: {POINTER}.", "Then open it again.")
    with open_plain(file) as opened:
        beginning = opened.read(64)
        # a checkpoint of gigabytes is not read to the end only to learn that it is no JSON
        if beginning.lstrip()[:1] not in (b"{", b"[", b"") and not beginning.startswith(_MARKS):
            raise _not_json(file, f"it begins with {beginning[:8]!r}")
    content = read_plain(file, MOST_VOCABULARY_BYTES)
    refuse_endless(file, content)
    try:
        return tokenizers.Tokenizer.from_buffer(content)
    except BaseException as error:  # a panic of the library's Rust code is no Exception
        raise _broken(file, content, error) from error


def refuse_endless(file: Path, content: bytes) -> None:
    """Raise EngineError where reading the file would take minutes, or gigabytes of memory."""
    reason = of_file(content)
    if reason is not None:
        raise EngineError("The tokenizer.json is too much", f"{file}: {reason}.", _AGAIN)


def _broken(file: Path, content: bytes, error: BaseException) -> EngineError:
    """What is wrong with the content of a file that the library refuses."""
    if content.startswith(codecs.BOM_UTF8):
        return _not_json(file, "it begins with a byte order mark: save it without one")
    try:
        text = decoded(content)
    except ValueError as bad:
        return _not_json(file, str(bad))
    try:
        tokenizer = json.loads(text)
    except json.JSONDecodeError as bad:
        return _not_json(file, f"line {bad.lineno:,}, column {bad.colno:,}: {_lower(bad.msg)}")
    except RecursionError:
        return _not_json(file, "its lists and objects are nested too deep")
    if not isinstance(tokenizer, dict) or not isinstance(tokenizer.get("model"), dict):
        found = f"an object with {_listed(tokenizer)}" if isinstance(tokenizer, dict) else "no object"
        return EngineError(
            "Not a tokenizer",
            f"{file} is JSON, but holds {found}; a tokenizer.json has a part “model” with the vocabulary.",
            _OTHER_FILE,
        )
    for part, reason in _refused_parts(tokenizer):
        return EngineError(
            "The tokenizer.json is broken", f"{file}: the part “{part}” is refused: {reason}.", _AGAIN
        )
    return EngineError(
        "The tokenizer.json is broken",
        f"{file}: each part can be read, but not all together: {plain(error)}.",
        _AGAIN,
    )


def _refused_parts(tokenizer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The parts of a tokenizer that the library refuses by themselves, and why; within sequences which member."""
    import tokenizers

    for part in _PARTS:
        if part not in tokenizer:
            continue
        for name, value in _members(part, tokenizer[part]):
            try:
                tokenizers.Tokenizer.from_str(json.dumps({**EMPTY, part: value}))
            except BaseException as error:  # noqa: BLE001 - as above
                yield name, _reason(value, error)
                break


def _members(part: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A part of a tokenizer, and before it what it is a sequence of, each with a name."""
    if isinstance(value, list):
        yield from ((f"{part}[{place}]", [member]) for place, member in enumerate(value))
    elif isinstance(value, dict):
        for key in ("normalizers", "pretokenizers", "processors", "decoders"):
            if isinstance(value.get(key), list):
                yield from ((f"{part}.{key}[{place}]", member) for place, member in enumerate(value[key]))
    yield part, value


def _reason(value: Any, error: BaseException) -> str:
    """The library's reason, without the line and column, which are those of no file; with the type it is about."""
    reason = plain(error).rpartition(" at line ")[0] or plain(error)
    member = value[0] if isinstance(value, list) and len(value) == 1 else value
    kind = member.get("type") if isinstance(member, dict) else None
    return f"{reason} (type {str(kind)[:100]!r})" if kind is not None else reason


def _not_json(file: Path, why: str) -> EngineError:
    return EngineError("Not a tokenizer.json", f"{file} is not JSON: {why}.", _OTHER_FILE)


def _listed(tokenizer: dict[str, Any]) -> str:
    names = [f"“{name[:40]}”" for name in tokenizer]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return (", ".join(names[:5]) + more) or "nothing in it"


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
