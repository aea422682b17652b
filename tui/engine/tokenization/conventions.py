"""What transformers does around a tokenizer's backend: special tokens, clean-up after decoding, chat templates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tui.engine.apart import TEMPLATES, Limits, OutOfBounds, of_limit
from tui.engine.errors import Abandoned, EngineError, plain
from tui.engine.tokenization.texts import Turns

if TYPE_CHECKING:
    import tokenizers
    from transformers import PreTrainedTokenizerBase


def token_text(stated: object) -> str | None:
    """A special token of `tokenizer_config.json`: a text, or an object that holds it."""
    if isinstance(stated, dict):
        stated = stated.get("content")
    return stated if isinstance(stated, str) else None


class _Unigram(msgspec.Struct):
    unk_id: int | None = None


def unknown_id_of(backend: tokenizers.Tokenizer) -> int | None:
    """The id that the model itself writes for what is not in its vocabulary; None where it writes none."""
    model = backend.model
    if type(model).__name__ == "Unigram":  # which tells it nowhere but in what it writes
        return msgspec.json.decode(model.__getstate__(), type=_Unigram).unk_id
    token = getattr(model, "unk_token", None)
    return None if token is None else backend.token_to_id(token)


def speller_of(backend: tokenizers.Tokenizer, index: int | None) -> Callable[[str], bool]:
    """What tells of characters whether they spell an entry, the spaces aside that an added token may take with it.

    An added token that is `normalized` is found where text and token come to the same behind the normalizers.
    """
    entry = None if index is None else backend.id_to_token(index)
    normalizer = backend.normalizer
    added = None if index is None else backend.get_added_tokens_decoder().get(index)
    if entry is None or added is None or not added.normalized or normalizer is None:
        return lambda span: span.strip() == entry
    matched = normalizer.normalize_str(entry)
    return lambda span: normalizer.normalize_str(span.strip()) == matched


_CLEAN_UP = "clean_up_tokenization_spaces"


def cleans_up(backend: tokenizers.Tokenizer, setting: Callable[[str], object]) -> bool:
    """Whether transformers cleans up what this tokenizer decodes; for BPE it wants to be told twice."""
    forced = setting(f"{_CLEAN_UP}_for_bpe_even_though_it_will_corrupt_output")
    return bool(setting(_CLEAN_UP)) and (bool(forced) or type(backend.model).__name__ != "BPE")


def without_gaps(text: str) -> str:
    """A decoded text as `clean_up_tokenization` of transformers makes it, replacement by replacement."""
    for end in (".", "?", "!", ","):
        text = text.replace(f" {end}", end)
    text = text.replace(" ' ", "'")
    for end in ("n't", "'m", "'s", "'ve", "'re"):
        text = text.replace(f" {end}", end)
    return text


_BOUNDS = Limits(seconds=1.5, characters=10_000_000)
"""Of rendering a chat: templates of real checkpoints take milliseconds."""


def renderer(tokenizer: PreTrainedTokenizerBase) -> Callable[[Turns], str] | None:
    """What applies the tokenizer's chat template as `apply_chat_template` does; None where it has none.

    A template is a program, and the sandbox of transformers bounds neither its time nor its memory: it runs apart.
    """
    if not tokenizer.chat_template:
        return None
    where = tokenizer.name_or_path
    name = f"The chat template of {Path(where).name[:80]}" if where else "The chat template"
    TEMPLATES.prepare()

    def render(turns: Turns) -> str:
        open_turn = turns[-1]["role"] == "assistant"
        conversation = [dict(turn) for turn in turns]
        try:
            # which of several templates: transformers says it, in words if it can't
            template, special_tokens = tokenizer.get_chat_template(), tokenizer.special_tokens_map
            return str(
                TEMPLATES.ask("render", template, conversation, special_tokens, open_turn, limits=_BOUNDS)
            )
        except OutOfBounds as broken:
            raise of_limit(
                broken, name, "Turn the option chat off (F2), or choose another checkpoint."
            ) from None
        except (Abandoned, EngineError):
            raise
        except Exception as error:  # the template is the checkpoint's own program: it can raise anything
            raise EngineError(
                "The chat template refuses these turns",
                f"{plain(error) or 'It gives no reason'}.",
                "Some templates want user and assistant to take turns, or know no system turn.",
            ) from error

    return render


def no_chat_template() -> EngineError:
    """What to raise where a chat can't be rendered."""
    return EngineError(
        "This tokenizer has no chat template",
        "The checkpoint says nothing of how a conversation is written for it.",
        "Turn the option chat off (F2), or choose a checkpoint that was trained on conversations.",
    )


def folder_of(tokenizer: PreTrainedTokenizerBase) -> Path | None:
    """Where transformers read the tokenizer from, if that is a folder."""
    name = tokenizer.name_or_path
    return Path(name) if name and Path(name).is_dir() else None
