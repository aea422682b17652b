"""What each component of a tokenizer is for, and what it did to one text, in plain sentences."""

from __future__ import annotations

from collections.abc import Sequence

from tui.engine.tokenization.components import Component, Role
from tui.engine.tokenization.post_processing import Columns
from tui.protocol.microscope.stages import Part, Piece

_PURPOSES: dict[Role, dict[str, str]] = {
    "normalizer": {
        "BertNormalizer": "Cleans up control characters, spaces, Chinese, accents and case, as BERT does",
        "ByteLevel": "Writes every byte as one printable character",
        "Lowercase": "Makes capitals small letters",
        "NFC": "Composes characters (Unicode NFC)",
        "NFD": "Takes characters apart into letters and marks (Unicode NFD)",
        "NFKC": "Composes characters and replaces compatibility forms (Unicode NFKC)",
        "NFKD": "Takes characters apart and replaces compatibility forms (Unicode NFKD)",
        "Nmt": "Removes control characters and makes all sorts of spaces one",
        "Precompiled": "Replaces characters by SentencePiece's own table",
        "Prepend": "Puts a text in front",
        "Replace": "Replaces a pattern",
        "Strip": "Takes spaces off the ends",
        "StripAccents": "Removes combining marks",
    },
    "pre-tokenizer": {
        "BertPreTokenizer": "Splits at spaces, which it drops, and around punctuation",
        "ByteLevel": "Splits as GPT-2 does and writes every byte as one printable character",
        "CharDelimiterSplit": "Splits at a character, which it drops",
        "Digits": "Splits numbers from the rest",
        "FixedLength": "Splits after every so many characters",
        "Metaspace": "Writes spaces as a visible character and splits before it",
        "Punctuation": "Splits around punctuation",
        "Split": "Splits at a pattern",
        "UnicodeScripts": "Splits where the script changes",
        "Whitespace": "Splits at spaces, which it drops, and between words and punctuation",
        "WhitespaceSplit": "Splits at spaces, which it drops",
    },
    "post-processor": {
        "BertProcessing": "Puts special tokens around the text as BERT does",
        "ByteLevel": "Moves offsets off the spaces at the ends of tokens, where it is told to",
        "RobertaProcessing": "Puts special tokens around the text as RoBERTa does",
        "TemplateProcessing": "Puts special tokens around the text and gives type ids, by a template",
    },
    "decoder": {
        "BPEDecoder": "Makes the suffix that ends a word a space",
        "ByteFallback": "Makes bytes (<0x0A>) characters again",
        "ByteLevel": "Makes printable characters bytes again, and bytes text",
        "CTC": "Drops repeated and padding tokens, as speech models are read",
        "Fuse": "Joins all strings into one",
        "Metaspace": "Makes the visible character spaces again",
        "Replace": "Replaces a pattern",
        "Strip": "Takes a character off the ends of each string",
        "WordPiece": "Joins pieces that go on with a word, puts spaces before the others",
    },
}
_MODELS = {
    "BPE": "Byte-pair encoding merges neighbors into the pieces of its vocabulary",
    "Unigram": "Unigram takes the likeliest way to cut each pre-token into pieces",
    "WordLevel": "WordLevel looks each pre-token up whole",
    "WordPiece": "WordPiece takes the longest piece that matches, from the left",
}


def counted(number: int, thing: str) -> str:
    """A number with its noun.

    >>> counted(1, "token"), counted(1200, "token")
    ('1 token', '1,200 tokens')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def purpose(role: Role, component: Component) -> str:
    """What a component is for; of one this list doesn't know, no more than that it is there."""
    return _PURPOSES[role].get(component.name, "A component that is not described here")


def normalizer_sentence(component: Component, parts: Sequence[Part]) -> str:
    """What a normalizer did."""
    changed = [part for part in parts if part.was is not None]
    if not changed:
        return f"{purpose('normalizer', component)}; it changed nothing here."
    return f"{purpose('normalizer', component)}; it changed the text in {counted(len(changed), 'place')}."


def added_sentence(parts: Sequence[Part], known: int, normalized: bool) -> str:
    """Which added tokens were cut out of the text."""
    found = sum(part.what == "added token" for part in parts)
    when = "in the normalized text" if normalized else "before anything is normalized"
    if not found:
        return f"Looks for {counted(known, 'added token')} {when}; none stands in the text."
    return f"Looks for {counted(known, 'added token')} {when}; {found:,} cut out of the text, to stay whole."


def pre_tokenizer_sentence(component: Component, parts: Sequence[Part]) -> str:
    """Into how many pre-tokens a pre-tokenizer splits, and what it dropped."""
    tokens = sum(part.what not in ("removed", "added token") for part in parts)
    dropped = sum(len(part.was or "") for part in parts if part.what == "removed")
    gone = f", {counted(dropped, 'character')} dropped" if dropped else ""
    return f"{purpose('pre-tokenizer', component)}; {counted(tokens, 'pre-token')}{gone}."


def model_sentence(name: str, pieces: Sequence[Piece]) -> str:
    """How many pieces the model made."""
    made = [piece for piece in pieces if piece.origin != "added token"]
    words = len({(piece.field, piece.word) for piece in made})
    unknown = sum(piece.origin == "unknown" for piece in made)
    lost = f"; {unknown:,} not in the vocabulary" if unknown else ""
    does = _MODELS.get(name, f"The model {name} cuts the text into pieces of its vocabulary")
    return f"{does}; {counted(len(made), 'piece')} of {counted(words, 'pre-token')}{lost}."


def truncation_sentence(limit: int, cut: int, total: int) -> str:
    """How many tokens did not fit."""
    did = f"{cut:,} of {total:,} are cut" if cut else f"all {total:,} fit"
    return f"The model takes {counted(limit, 'token')}, special tokens included; {did}."


def post_processor_sentence(component: Component, before: Columns, after: Columns) -> str:
    """What a post-processor added and moved."""
    added = len(after.ids) - len(before.ids)
    was, now = (
        [o for o, own in zip(c.offsets, c.fields, strict=True) if own is not None] for c in (before, after)
    )
    moved = sum(one != other for one, other in zip(was, now, strict=False))
    did = [f"{counted(added, 'token')} added"] if added else []
    if moved:
        did.append(f"the offsets of {counted(moved, 'token')} moved")
    return f"{purpose('post-processor', component)}; {', '.join(did) or 'it changed no token here'}."


def decoder_sentence(
    component: Component, before: Sequence[Sequence[str]], after: Sequence[Sequence[str]]
) -> str:
    """How many strings a decoder made of how many."""
    were, are = sum(map(len, before)), sum(map(len, after))
    if were != are:
        did = f"{counted(were, 'string')} became {are:,}"
    else:
        changed = sum(
            one != other
            for texts in zip(before, after, strict=True)
            for one, other in zip(*texts, strict=False)
        )
        did = f"{changed:,} of {counted(were, 'string')} changed" if changed else "it changed nothing here"
    return f"{purpose('decoder', component)}; {did}."
