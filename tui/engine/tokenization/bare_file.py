"""A checkpoint's tokenizer.json by itself, beside the tokenizer that transformers makes of its folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.engine.errors import EngineError
from tui.engine.tokenization import tokenizer_json
from tui.engine.tokenization.components import Role, take_apart
from tui.engine.tokenization.entries import AnyTokenizer
from tui.engine.tokenization.reading import RustTokenizer
from tui.engine.tokenization.stages import stages_of
from tui.protocol.microscope.alone import MOST_TOKENS, Alone
from tui.protocol.microscope.stages import Stages

if TYPE_CHECKING:
    import tokenizers

MOST_CHARACTERS = 20_000
"""Of a text that the file reads, too."""
_ROLES: Mapping[Role, str] = {
    "normalizer": "normalizer",
    "pre-tokenizer": "pre_tokenizer",
    "post-processor": "post_processor",
    "decoder": "decoder",
}
_MOST_NAMED = 3
_LONGEST = 160


class BareFile:
    """The file beside a tokenizer in use."""

    def __init__(self, file: Path, used: AnyTokenizer) -> None:
        """Reads the file once; keeps it only where it is another tokenizer than the one in use."""
        self._used = used
        self._bare: RustTokenizer | None = None
        self._parts: dict[str, str] = {}
        """What each part is in the file and in the tokenizer in use, of those that are not alike."""
        self._unread = ""
        try:
            backend = tokenizer_json.read(file)
        except (EngineError, OSError) as error:
            self._unread = error.failure.detail if isinstance(error, EngineError) else str(error)
            return
        cut: dict[str, Any] = backend.truncation or {}
        self._parts = dict(_unlike(backend, used))
        if self._parts:
            settings = {"truncation_side": cut.get("direction")}
            limit = cut.get("max_length")
            self._bare = RustTokenizer.around(backend, settings, limit, ("input_ids",), file.parent)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of it whatever the text, in sentences; nothing where the two are alike."""
        if self._unread:
            return (
                f"The tokenizer.json can't be read by itself, and transformers does without: {self._unread}",
            )
        return tuple(
            f"The tokenizer.json by itself has another {part}: {said}." for part, said in self._parts.items()
        )

    def on(self, text: str) -> Alone | None:
        """What the file makes of a text; None where that is what the tokenizer in use makes of it.

        A text that is too long is not read again.
        """
        if self._unread or len(text) > MOST_CHARACTERS:
            return None
        used = self._used.read(text)
        if self._bare is None:
            return self._uncut(text) if len(used.tokens) < used.total else None
        try:
            read = self._bare.read(text)
            if [token.id for token in read.tokens] == [token.id for token in used.tokens]:
                return None
            stage = parting(stages_of(self._bare).stages(text), stages_of(self._used).stages(text))
        except EngineError as error:
            return Alone("", f"The tokenizer.json by itself: {error.failure.detail}", 0, (), ())
        tokens = read.tokens[:MOST_TOKENS]
        ids, texts = tuple(token.id for token in tokens), tuple(token.text for token in tokens)
        return Alone(stage, self._said(stage), len(read.tokens), ids, texts)

    def _uncut(self, text: str) -> Alone | None:
        """The whole text, which the file by itself doesn't cut, by a tokenizer that is else its like."""
        assert isinstance(self._used, RustTokenizer)
        encoding = self._used.ask(lambda backend: backend.encode(text))
        ids = tuple(encoding.ids[:MOST_TOKENS])
        return Alone(
            "truncation", self._said("truncation"), len(encoding), ids, tuple(map(self._used.entry, ids))
        )

    def _said(self, stage: str) -> str:
        """Why is said by the notes, but for a text that is merely too long."""
        why = f", where it cuts nothing and the one in use takes {_cuts(self._used)}"
        if stage != "truncation" or stage in self._parts:
            why = ""
        return f"The tokenizer.json by itself gives other tokens from the {stage} on{why}:"


def parting(bare: Stages, used: Stages) -> str:
    """The kind of the first stage after which two tokenizers' states of one text are not the same."""
    for kind in ("added tokens", "normalizer", "pre-tokenizer"):
        if _parts_after(bare, kind) != _parts_after(used, kind):
            return kind
    for kind in ("model", "truncation"):
        if _pieces_of(bare, kind) != _pieces_of(used, kind):
            return kind
    return "post-processor"


def _parts_after(stages: Stages, kind: str) -> list[tuple[str, int | None]]:
    """The text in its parts after the last stage up to a kind; words where nothing cuts it: the whole."""
    kinds = ("text", "added tokens", "normalizer", "pre-tokenizer")
    up_to = kinds[: kinds.index(kind) + 1]
    last = [stage for stage in stages.stages if stage.kind in up_to][-1]
    whole = last.kind != "pre-tokenizer"
    parts: list[tuple[str, int | None]] = []
    for part in last.parts:
        if whole and parts and part.id is None and parts[-1][1] is None:
            parts[-1] = (parts[-1][0] + part.text, None)
        else:
            parts.append((part.text, part.id))
    return [part for part in parts if part[0] or part[1] is not None]


def _pieces_of(stages: Stages, kind: str) -> list[int]:
    return [piece.id for stage in stages.stages if stage.kind == kind for piece in stage.pieces]


def _unlike(bare: tokenizers.Tokenizer, used: AnyTokenizer) -> Iterator[tuple[str, str]]:
    """The parts that are not the same: their names, and what each side has."""
    if not isinstance(used, RustTokenizer):
        kind = used.ask(lambda tokenizer: type(tokenizer).__name__)
        yield "model", f"{type(bare.model).__name__} in the file, in use {kind}, which is written in Python"
        return
    there, here = _shape(bare), used.ask(_shape)
    for part, ours in here.items():
        theirs = there[part]
        if part == "model":
            if theirs != ours:
                yield part, _models(str(theirs[0]), str(ours[0]))
        elif part == "added tokens":
            if theirs != ours:
                yield part, _added(theirs, ours)
        elif theirs != ours:
            yield part, f"{_brief(theirs)} in the file, {_brief(ours)} in use"
    truncation = bare.truncation
    if truncation or used.truncation_side == "left":
        own = (
            f"{truncation['max_length']:,} tokens, cut at the {truncation['direction']}" if truncation else ""
        )
        yield "truncation", f"{own or 'none'} in the file, in use {_cuts(used)}"


def _shape(backend: tokenizers.Tokenizer) -> dict[str, Any]:
    """What decides which tokens a text becomes, and what they decode to, part by part."""
    added = {
        index: (token.content, token.special, token.lstrip, token.rstrip, token.single_word, token.normalized)
        for index, token in backend.get_added_tokens_decoder().items()
    }
    shape: dict[str, Any] = {"added tokens": (added, backend.encode_special_tokens)}
    for role, name in _ROLES.items():
        shape[role] = [
            (each.name, each.settings, each.brief) for each in take_apart(role, getattr(backend, name))
        ]
    shape["model"] = (type(backend.model).__name__, backend.model.__getstate__())
    return shape


def _models(theirs: str, ours: str) -> str:
    if theirs != ours:
        return f"{theirs} in the file, {ours} in use"
    return f"{ours} in both, of another vocabulary, other merges or other settings"


def _added(theirs: tuple[dict[int, Any], bool], ours: tuple[dict[int, Any], bool]) -> str:
    said = []
    for sort, one, other in (("only in use", ours[0], theirs[0]), ("only in the file", theirs[0], ours[0])):
        texts = {each[0] for each in other.values()}
        names = [f"“{each[0][:40]}”" for each in one.values() if each[0] not in texts]
        if names:
            more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
            said.append(f"{', '.join(names[:_MOST_NAMED])}{more} {sort}")
    if ours[1] != theirs[1]:
        said.append("in use special tokens that stand in a text are cut like any word")
    return "; ".join(said) or "the same texts with other ids or flags"


def _brief(parts: list[tuple[str, Any, str]]) -> str:
    written = ", ".join(f"{name}({brief})" if brief else name for name, _, brief in parts) or "none"
    return written if len(written) <= _LONGEST else f"{written[: _LONGEST - 1]}…"


def _cuts(used: AnyTokenizer) -> str:
    side = used.truncation_side if isinstance(used, RustTokenizer) else "right"
    end = "beginning" if side == "left" else "end"
    return "no limit" if used.limit is None else f"at most {used.limit:,} tokens, the text cut at its {end}"
