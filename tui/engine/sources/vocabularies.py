"""Which files transformers' tokenizers are made of: what their classes say of themselves in `vocab_files_names`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from tui.engine.library.classes import tokenizer_class, tokenizer_classes

SETTINGS = frozenset({
    "added_tokens.json", "chat_template.jinja", "special_tokens_map.json", "tokenizer_config.json",
})  # fmt: skip
"""What every tokenizer reads beside its vocabulary, where it is there."""
_OTHERS = frozenset({"tekken.json", "tiktoken.model", "vocab.model"})
"""Vocabularies that are turned into another by whichever class meets them."""
_VERSIONED = re.compile(r"tokenizer\.\d[\d.]*\.json")
"""A tokenizer.json for some versions of transformers, named in tokenizer_config.json."""
_TEMPLATE = re.compile(r"additional_chat_templates/[^/]+\.jinja")


class Vocabularies(NamedTuple):
    """What all tokenizer classes together say."""

    names: frozenset[str]
    """File names that some class reads a vocabulary from."""
    without: frozenset[str]
    """Classes, and types of the models that use them, that read none."""


KNOWN = Vocabularies(
    frozenset({
        "bpe.codes", "byte_maps.json", "dict.txt", "emoji.json", "entity_vocab.json", "merges.txt",
        "normalizer.json", "prophetnet.tokenizer", "sentencepiece.bpe.model", "sentencepiece.model", "source.spm",
        "spiece.model",
        "spm.model", "spm_char.model", "target.spm", "target_vocab.json", "tokenizer.json", "tokenizer.model",
        "vocab-src.json", "vocab-tgt.json", "vocab.json", "vocab.txt", "word_pronunciation.json", "word_shape.json",
    }),
    frozenset({
        "ByT5Tokenizer", "CanineTokenizer", "DiaTokenizer", "PerceiverTokenizer", "byt5", "canine", "dia",
        "perceiver",
    }),
)  # fmt: skip
"""As `of_classes` gives it, which a test holds it to: importing transformers takes seconds."""
_ENDINGS = (".codes", ".json", ".model", ".spm", ".tiktoken", ".tokenizer", ".txt", ".vocab")
_NEVER_READ = frozenset({
    "config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json",
    "requirements.txt",
})  # fmt: skip


def of_classes() -> Vocabularies:
    """What the classes of the installed transformers say; imports them."""
    from transformers import PreTrainedTokenizerBase

    names: set[str] = set()
    without: set[str] = set()
    for model_type, class_name in tokenizer_classes().items():
        made = tokenizer_class(class_name) if class_name else None
        if made is None or not issubclass(made, PreTrainedTokenizerBase):
            continue
        stated = {name for name in made.vocab_files_names.values() if name}
        names |= stated
        if not stated:
            without |= {model_type, made.__name__}
    return Vocabularies(frozenset(names - SETTINGS), frozenset(without))


def is_read(name: str, known: Vocabularies = KNOWN) -> bool:
    """Whether a tokenizer reads a file of this name, by its path in the repository."""
    return name in SETTINGS or holds_vocabulary(name, known) or _TEMPLATE.fullmatch(name) is not None


def holds_vocabulary(name: str, known: Vocabularies = KNOWN) -> bool:
    """Whether a file of this name holds a vocabulary, or some of one."""
    return name in known.names or name in _OTHERS or _VERSIONED.fullmatch(name) is not None


def may_be_read(name: str) -> bool:
    """Whether a file that `KNOWN` doesn't name could be the vocabulary of a class it doesn't know."""
    return (
        "/" not in name
        and name.endswith(_ENDINGS)
        and name not in _NEVER_READ
        and not name.endswith(".index.json")
    )


def name_a_tokenizer(
    names: Collection[str],
    settings: Mapping[str, Any],
    config: Mapping[str, Any],
    known: Vocabularies = KNOWN,
) -> bool:
    """Whether files of these names make a tokenizer, by what `tokenizer_config.json` and `config.json` say."""
    if any(holds_vocabulary(name, known) for name in names):
        return True
    named = settings.get("tokenizer_class") or config.get("tokenizer_class") or config.get("model_type")
    return isinstance(named, str) and named.removesuffix("Fast") in known.without
