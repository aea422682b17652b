"""What llguidance makes of a regular expression or a JSON schema, and what it says of a wrong one.

The library judges bytes: its vocabulary is made of what each token adds to the text, so that halves of characters
are judged as well, and has 256 tokens more, one for each byte, by which any text is put in. Its regular expressions
are those of Rust's `regex`: anchored at both ends, without look-around and back-references.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from tui.engine.errors import EngineError
from tui.protocol.writing.decoding import Constraint

if TYPE_CHECKING:
    from llguidance import LLMatcher, LLTokenizer

    from tui.engine.decoding.token_texts import TokenTexts
    from tui.engine.tokenization.entries import AnyTokenizer

BLANKS = r"( |\n {0,12})?"
"""What may stand between the parts of a JSON text: of free blanks a model may write nothing else for ever."""
_EVERY_SPELLING = '%llguidance {"no_forcing": true}\n'
"""Where one text alone can follow, the library would let its usual tokens through and no others."""
_CARET = re.compile(r"^ *\^+$", re.MULTILINE)
_INDENT = 4
"""How far the library's messages indent the expression that they point into."""


class Start(NamedTuple):
    """States before anything is written."""

    begin: LLMatcher
    """Of the vocabulary of tokens before which nothing stands."""
    later: LLMatcher
    """Of the vocabulary of tokens that go on with a text."""


class _Vocabularies(NamedTuple):
    first: LLTokenizer
    later: LLTokenizer


def started(constraint: Constraint, tokenizer: AnyTokenizer, texts: TokenTexts) -> Start:
    """The states to begin with.

    Raises EngineError for a wrong expression or schema, and for one that is too large.
    """
    from llguidance import LLMatcher

    grammar = _grammar(constraint)
    vocabularies = _vocabularies(tokenizer, texts)
    later = LLMatcher(vocabularies.later, grammar, log_level=0)
    if later.is_error():
        raise _refused(constraint, later.get_error())
    same = vocabularies.first is vocabularies.later
    return Start(later if same else LLMatcher(vocabularies.first, grammar, log_level=0), later)


def bytes_as_ids(text: bytes, texts: TokenTexts) -> list[int]:
    """The library's tokens for any bytes, one for each."""
    return [len(texts.later) + byte for byte in text]


def check_work(state: LLMatcher) -> None:
    """Raise EngineError where the library gave up."""
    if state.is_error() and not state.get_error().startswith(
        "NoExtension"
    ):  # that one is about the constraint
        reason = state.get_error().partition("\n")[0].rstrip(".") or state.stop_reason()
        raise EngineError(
            "The constraint takes too much work",
            f"{reason}.",
            "Make it simpler: fewer and smaller counts of repetition, less that can be read in several ways.",
        )


def _grammar(constraint: Constraint) -> str:
    from llguidance import LLMatcher

    text = constraint.text
    if constraint.kind == "regex":
        behind = len(text) - len(text.rstrip("\\"))
        if behind % 2:  # the library would take its own closing sign for what is escaped
            raise _wrong_regex(f"At character {len(text)}: a backslash at the end escapes nothing")
        (grammar,) = json.loads(LLMatcher.grammar_from_regex(text))["grammars"]
        return LLMatcher.grammar_from_lark(_EVERY_SPELLING + grammar["lark_grammar"])
    try:
        schema = json.loads(text)
    except json.JSONDecodeError as error:
        raise _wrong_schema(
            f"It is not JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        ) from error
    except RecursionError as error:
        raise _wrong_schema("It is nested too deeply") from error
    if not isinstance(schema, dict | bool):
        raise _wrong_schema("It has to be a JSON object (or true)")
    if schema is False:
        raise _wrong_schema("Nothing matches false")
    schema = {} if schema is True else schema
    own = schema.get("x-guidance")
    options = {**(own if isinstance(own, dict) else {}), "whitespace_pattern": BLANKS}
    written = json.dumps(schema | {"x-guidance": options})
    return LLMatcher.grammar_from_lark(f"{_EVERY_SPELLING}start: %json {written}")


_TABLES: WeakKeyDictionary[AnyTokenizer, _Vocabularies] = WeakKeyDictionary()


def _vocabularies(tokenizer: AnyTokenizer, texts: TokenTexts) -> _Vocabularies:
    """The vocabulary as the library takes it, kept as long as the tokenizer is."""
    known = _TABLES.get(tokenizer)
    if known is None:
        later = _vocabulary(texts.later)
        known = _Vocabularies(later if texts.first == texts.later else _vocabulary(texts.first), later)
        _TABLES[tokenizer] = known
    return known


class _Bytes:
    """A vocabulary in the form that llguidance's `TokenizerWrapper` asks for."""

    def __init__(self, texts: Sequence[bytes]) -> None:
        self._bytes = len(texts)
        self.tokens = [*texts, *(bytes([byte]) for byte in range(256)), b""]
        self.eos_token_id = len(self.tokens) - 1
        self.bos_token_id = None
        self.special_token_ids = [self.eos_token_id]

    def __call__(self, text: bytes | str) -> list[int]:
        """The ids of a text, a byte each."""
        return [self._bytes + byte for byte in (text.encode() if isinstance(text, str) else text)]


def _vocabulary(texts: Sequence[bytes]) -> LLTokenizer:
    from llguidance import LLTokenizer, TokenizerWrapper

    return LLTokenizer(TokenizerWrapper(_Bytes(texts)))


def _refused(constraint: Constraint, message: str) -> EngineError:
    """The library's message, with the place that it points at as a number."""
    lines = message.splitlines() or ["the library gave no reason"]
    said = next((line.removeprefix("error: ") for line in lines if line.startswith("error: ")), "")
    if constraint.kind == "json-schema":
        lines[0] = lines[0].rpartition("failed to compile JSON schema: ")[2]
        pattern = f" (pattern {lines[1].strip()})" if said else ""
        return _wrong_schema((said or lines[0]) + pattern)
    if said:
        return _wrong_regex(f"{_place(lines, constraint.text)}{said}")
    reason = lines[0].partition(" (in regex): ")[2] or lines[0]
    if "lookaround" in reason:
        reason = "\\b and its kin, and ^ or $ in the middle, are not supported"
    return _wrong_regex(reason.partition(" in regex /")[0])


def _place(lines: list[str], text: str) -> str:
    """The character that a line of `^` under the expression points at."""
    at = next((number for number, line in enumerate(lines) if _CARET.fullmatch(line)), 0)
    if not at:
        return ""
    offset, place = lines[at].index("^") - _INDENT, 0
    while offset > 0 and place < len(text):
        # what the library puts between slashes has two characters for each of these
        offset -= 2 if text[place] in "\\/\t\n\r" else 1
        place += 2 if text[place] == "\\" else 1
    line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
    return f"At line {line}, character {column}: " if "\n" in text else f"At character {column}: "


def _wrong_regex(detail: str) -> EngineError:
    return EngineError(
        "The regular expression can't be used",
        f"{detail}.",
        "It is written as for Rust's regex: without look-around, back-references and \\b; it has to match all that"
        " is written, ^ and $ are not needed.",
    )


def _wrong_schema(detail: str) -> EngineError:
    return EngineError(
        "The JSON schema can't be used",
        f"{detail}.",
        'Write it as JSON, such as {"type": "object", "properties": {"name": {"type": "string"}}}.',
    )
