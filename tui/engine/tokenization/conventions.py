"""What transformers does around a tokenizer's backend: special tokens, clean-up after decoding, chat templates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tui.engine.errors import EngineError, plain
from tui.engine.tokenization.texts import Turns

if TYPE_CHECKING:
    import tokenizers
    from transformers import PreTrainedTokenizerBase


def token_text(stated: object) -> str | None:
    """A special token of `tokenizer_config.json`: a text, or an object that holds it."""
    if isinstance(stated, dict):
        stated = stated.get("content")
    return stated if isinstance(stated, str) else None


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


def renderer(tokenizer: PreTrainedTokenizerBase) -> Callable[[Turns], str] | None:
    """What applies the tokenizer's chat template, in the sandbox of transformers; None where it has none."""
    if not tokenizer.chat_template:
        return None

    def render(turns: Turns) -> str:
        open_turn = turns[-1]["role"] == "assistant"
        try:
            return str(
                tokenizer.apply_chat_template(
                    [dict(turn) for turn in turns],
                    tokenize=False,
                    add_generation_prompt=not open_turn,
                    continue_final_message=open_turn,
                )
            )
        except BaseException as error:  # the template is the checkpoint's own program: it can raise anything
            raise EngineError(
                "The chat template refuses these turns",
                f"{plain(error)}.",
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
