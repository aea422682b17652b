"""Which tokenizers could run without end on a text, or make gigabytes of it: told by their components alone.

Plain is what takes time and memory in proportion to a text: components without regular expressions or with those
that `regexes` vouches for, as tokenizers of known families have them, and strings put in that are not much longer
than what they replace. All else is tried apart (`trials`) before it is used.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from tui.engine.tokenization.components import Component, Role, take_apart
from tui.engine.tokenization.regexes import is_linear

if TYPE_CHECKING:
    import tokenizers

MOST_ADDED = 200_000
"""Added tokens of a tokenizer.json; the library takes minutes for a million."""
_MOST_GROWTH = 64
"""How many times longer than a text what is made of it may be."""
_LONGEST_PIECE = 1_000
"""Characters of an entry of Unigram, or of a word for WordPiece: both try all lengths at each character."""
_LONGEST_AFFIX = 64
_MOST_COMPONENTS = 20
_LARGEST_TRIE = 20_000_000
"""Characters of all entries of Unigram, whose trie holds each in a hundred bytes and more."""
_ROLES: tuple[tuple[Role, str], ...] = (
    ("normalizer", "normalizer"),
    ("pre-tokenizer", "pre_tokenizer"),
    ("post-processor", "post_processor"),
)
_PLAIN = frozenset(
    {
        "BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "StripAccents", "Strip", "Nmt", "ByteLevel",
        "Whitespace", "WhitespaceSplit", "Punctuation", "Metaspace", "Digits", "UnicodeScripts",
        "BertPreTokenizer", "CharDelimiterSplit", "FixedLength", "BertProcessing", "RobertaProcessing", "WordPiece",
        "BPEDecoder", "CTC", "Fuse", "ByteFallback",
        "Custom",  # written in Python by whoever runs this process: no file has it
    }
)  # fmt: skip


@dataclass(frozen=True)
class Risk:
    """What of a tokenizer might run without end, or grow without bounds."""

    reason: str
    decoding: bool
    """It is in the way back from ids to text."""


def of_backend(backend: tokenizers.Tokenizer) -> Risk | None:
    """What of a tokenizer is a risk, decoding before all else; None where nothing is."""
    decoding = _of_chain([("decoder", take_apart("decoder", backend.decoder))])
    if decoding is not None:
        return Risk(decoding, True)
    chain: list[tuple[Role, list[Component]]] = [
        (role, take_apart(role, getattr(backend, name))) for role, name in _ROLES
    ]
    reason = _of_chain(chain) or _of_model(backend)
    return None if reason is None else Risk(reason, False)


def _of_chain(chain: Sequence[tuple[Role, Sequence[Component]]]) -> str | None:
    growth = 1.0
    for role, components in chain:
        if len(components) > _MOST_COMPONENTS:
            return f"its {role} has {len(components):,} components"
        for component in components:
            growth *= _growth(component)
            if growth > _MOST_GROWTH:
                return f"its {role} makes texts {growth:,.0f} times longer"
            if not _is_plain(component):
                return f"its {role} has a {component.name}{_brief(component)}"
    return None


def _brief(component: Component) -> str:
    pattern = (component.settings.get("pattern") or {}).get("Regex")
    return "" if pattern is None else f" of the regular expression {str(pattern)[:_LONGEST_AFFIX]}"


def of_file(content: bytes) -> str | None:
    """Why reading a tokenizer.json may take minutes or gigabytes; None where it doesn't, and for what is none."""
    try:
        stated = msgspec.json.decode(content, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None  # whoever reads it says what is wrong
    if len(stated.added_tokens) > MOST_ADDED:
        count = len(stated.added_tokens)
        return f"it has {count:,} added tokens, and more than {MOST_ADDED:,} take minutes to read"
    if stated.model.type == "Unigram":
        try:
            pieces = msgspec.json.decode(content, type=_UnigramFile).model.vocab
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        total = sum(len(piece) for piece, _ in pieces)
        if total > _LARGEST_TRIE:
            return f"its entries have {total:,} characters, and more than {_LARGEST_TRIE:,} take gigabytes to read"
    return None


class _Model(msgspec.Struct):
    type: Any = None


class _File(msgspec.Struct):
    added_tokens: list[msgspec.Raw] = []
    model: _Model = msgspec.field(default_factory=_Model)


class _Unigram(msgspec.Struct):
    vocab: list[tuple[str, Any]] = []


class _UnigramFile(msgspec.Struct):
    model: _Unigram


def _is_plain(component: Component) -> bool:
    match component.name:
        case "Replace" | "Split":
            pattern = component.settings.get("pattern") or {}
            return bool(pattern.get("String")) or is_linear(pattern.get("Regex") or "(")
        case "Prepend":
            return len(component.settings.get("prepend", "")) <= _LONGEST_AFFIX
        case "Precompiled":
            return (
                _longest_mapping(component.settings.get("precompiled_charsmap") or "") <= _LONGEST_AFFIX * 4
            )
        case "TemplateProcessing":
            return _is_short(component.settings)
        case "Strip":
            return True
        case name:
            return name in _PLAIN


def _growth(component: Component) -> float:
    """How many times longer a component can make a text."""
    if component.name == "Replace":
        pattern = component.settings.get("pattern") or {}
        shortest = len(str(pattern.get("String") or "x").encode())
        return max(1.0, len(str(component.settings.get("content", "")).encode()) / shortest)
    if component.name == "TemplateProcessing":
        return float(max(1, *(_texts(component.settings.get(form)) for form in ("single", "pair"))))
    return 1.0


def _texts(template: Any) -> int:
    """How often a template has a text in it."""
    return sum("Sequence" in item for item in template or ())


def _is_short(template: Mapping[str, Any]) -> bool:
    items = sum(len(template.get(form) or ()) for form in ("single", "pair"))
    put_in: Iterable[Any] = (template.get("special_tokens") or {}).values()
    return items <= _LONGEST_AFFIX and sum(len(token.get("ids") or ()) for token in put_in) <= _LONGEST_PIECE


def _longest_mapping(charsmap: str) -> int:
    """Bytes of the longest text that a compiled map of SentencePiece puts in the place of another."""
    try:
        compiled = base64.b64decode(charsmap, validate=True)
    except (binascii.Error, ValueError):
        return 0  # the library refuses it
    trie_bytes = int.from_bytes(compiled[:4], "little")
    return max(map(len, compiled[4 + trie_bytes :].split(b"\0")), default=0)


def _of_model(backend: tokenizers.Tokenizer) -> str | None:
    model, kind = backend.model, type(backend.model).__name__
    for affix in ("continuing_subword_prefix", "end_of_word_suffix"):
        if len(getattr(model, affix, None) or "") > _LONGEST_AFFIX:
            return f"its {affix.replace('_', ' ')} has {len(getattr(model, affix)):,} characters"
    longest = getattr(model, "max_input_chars_per_word", 0) or 0
    if longest > _LONGEST_PIECE:
        return f"its WordPiece takes words of up to {longest:,} characters"
    if kind == "Unigram":
        piece = max(map(len, backend.get_vocab(with_added_tokens=False)), default=0)
        if piece > _LONGEST_PIECE:
            return f"an entry of its Unigram has {piece:,} characters"
    return None
