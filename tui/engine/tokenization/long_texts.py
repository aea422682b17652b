"""Long texts that change a little at each key: only the part that changed is tokenized again.

A text is cut where no token of these tokenizers can reach across: before a single space between two letters or
digits of ASCII. Whether that holds is decided by the tokenizer's components; for others the whole text is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from tui.engine.tokenization.components import Component, take_apart

if TYPE_CHECKING:
    import tokenizers

LONG = 8_000
"""Characters from which on a text is cut into parts."""
_PART = 2_000
"""Characters of a part, and a few more up to the next place where it may end."""
_PLACE = re.compile(r"(?<=[A-Za-z0-9]) (?=[A-Za-z0-9])")
_REACH = 2
"""Characters around a place that decide whether it is one."""
_PLAIN_NORMALIZERS = frozenset(
    {"BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "StripAccents", "Nmt", "Precompiled"}
)
_AT_SPACES = frozenset({"BertPreTokenizer", "Whitespace", "WhitespaceSplit"})
"""Pre-tokenizers after which a space separates words and belongs to none."""
_WITHIN_WORDS = frozenset({"Punctuation", "Digits", "UnicodeScripts", "Split"})
"""Pre-tokenizers that only cut, and look at neighbors in the same word alone: after the first, at nothing else."""
_PATTERNS = frozenset(
    {
        # Llama 3, and those that took cl100k's pattern over; then Qwen 2
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+",
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+",
    }
)
"""Of `Split`: in these a space begins the word after it, or is a piece by itself."""
_RUN_OF_SPACES = re.compile(r" \{\d+,\}")
_ONE_OF_SOME = re.compile(r"\[[^\s\w\\\[\]^&-]+\]")
"""A pattern for one character of a few that are neither spaces nor letters."""


def can_be_cut(backend: tokenizers.Tokenizer) -> bool:
    """Whether the parts of a text, tokenized by themselves, give the tokens of the whole."""
    if any(
        any(character.isspace() for character in token.content)
        or not token.content
        or (token.rstrip and _PLACE.match(f"{token.content[-1]} a", 1) is not None)
        or (token.lstrip and token.content[0].isascii() and token.content[0].isalnum())
        for token in backend.get_added_tokens_decoder().values()
    ):
        return False
    if getattr(backend.model, "dropout", None):
        return False
    normalizers = take_apart("normalizer", backend.normalizer)
    cutters = take_apart("pre-tokenizer", backend.pre_tokenizer)
    return all(map(_is_local, normalizers)) and _cuts_at_spaces(cutters)


def spans_can_be_cut(backend: tokenizers.Tokenizer) -> bool:
    """Whether they also give the spans of the whole.

    A post-processor that takes a space off the beginning of spans leaves that of the first one where a space is put
    in front of the text: it would leave that of each part.
    """
    return can_be_cut(backend) and not any(
        each.settings.get("trim_offsets") and each.settings.get("add_prefix_space")
        for each in take_apart("post-processor", backend.post_processor)
    )


def _is_local(normalizer: Component) -> bool:
    """Whether a normalizer changes no character by what stands beyond a single space."""
    if normalizer.name == "Replace":
        pattern, content = normalizer.settings.get("pattern", {}), normalizer.settings.get("content", "")
        written = pattern.get("String") or ""
        runs = pattern.get("Regex") or ""
        one = (len(written) == 1 and written != " ") or bool(_ONE_OF_SOME.fullmatch(runs))
        return (one and " " not in content) or bool(_RUN_OF_SPACES.fullmatch(runs) and content == " ")
    return normalizer.name in _PLAIN_NORMALIZERS


def _cuts_at_spaces(cutters: Sequence[Component]) -> bool:
    """Whether the first pre-tokenizer ends a word at every single space, and the others only cut further."""
    if not cutters:
        return False
    first, *others = cutters
    settings = first.settings
    match first.name:
        case "ByteLevel":
            ends = bool(settings.get("use_regex", True))
        case "Metaspace":
            ends = settings.get("split", True) is not False
        case "Split":
            pattern = settings.get("pattern", {}).get("Regex", "")
            ends = (
                pattern in _PATTERNS and settings.get("behavior") == "Isolated" and not settings.get("invert")
            )
        case name:
            ends = name in _AT_SPACES
    return ends and all(
        each.name in _WITHIN_WORDS or (each.name == "ByteLevel" and not each.settings.get("add_prefix_space"))
        for each in others
    )


class Parts:
    """How many tokens each part of the latest long text has."""

    def __init__(self, count: Callable[[list[str]], list[int]]) -> None:
        """`count`: the numbers of tokens of some texts, without special tokens around them."""
        self._count = count
        self._text = ""
        self._lengths: list[int] = []
        self._tokens: list[int] = []

    def read(self, text: str) -> None:
        """Count another text's tokens; parts that it shares with the one before are not tokenized again."""
        before = _common(self._text, text, from_end=False)
        after = min(_common(self._text, text, from_end=True), min(len(text), len(self._text)) - before)
        ends = list(accumulate(self._lengths))
        head = sum(end + _REACH <= before for end in ends)
        last = len(self._text) - after + _REACH
        tail = next(
            (place for place, end in enumerate(ends) if end - self._lengths[place] >= last), len(ends)
        )
        tail = max(head, tail)
        start = ends[head - 1] if head else 0
        kept = sum(self._lengths[tail:])
        pieces = cut(text, start, len(text) - kept)
        lengths = [end - begin for begin, end in pieces]
        tokens = self._count([text[begin:end] for begin, end in pieces])
        self._lengths[head:tail], self._tokens[head:tail] = lengths, tokens
        self._text = text

    @property
    def total(self) -> int:
        """Tokens of the text."""
        return sum(self._tokens)

    def beginning(self, tokens: int) -> str:
        """As many parts from the beginning as hold more than so many tokens, and one more."""
        characters, held = 0, 0
        for length, count in zip(self._lengths, self._tokens, strict=True):
            characters += length
            if held > tokens:
                break
            held += count
        return self._text[:characters]


def cut(text: str, start: int, end: int, size: int = _PART) -> list[tuple[int, int]]:
    """Parts of `text[start:end]` of at least `size` characters but for the last, as places; none of nothing."""
    pieces = []
    while start < end:
        place = _PLACE.search(text, start + size, end)
        stop = end if place is None else place.start()
        pieces.append((start, stop))
        start = stop
    return pieces


def _common(one: str, other: str, from_end: bool) -> int:
    """How many characters two texts have in common at one end; found by halving."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        same = one[-middle:] == other[-middle:] if from_end else one[:middle] == other[:middle]
        least, most = (middle, most) if same else (least, middle - 1)
    return least
