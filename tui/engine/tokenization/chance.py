"""Tokenizers that leave something to chance: the same text becomes other tokens at each call."""

from __future__ import annotations

from tui.engine.tokenization.entries import AnyTokenizer
from tui.engine.tokenization.reading import RustTokenizer


def told(tokenizer: AnyTokenizer) -> str:
    """What is to be said of it, a sentence; empty where a text always becomes the same tokens."""
    if isinstance(tokenizer, RustTokenizer):
        dropout = tokenizer.ask(lambda backend: getattr(backend.model, "dropout", None))
        if not dropout:
            return ""
        return (
            f"BPE-dropout of {dropout:g} is saved in this tokenizer: it skips each merge with that chance, so "
            "tokens, and what is made of them, differ from call to call."
        )
    sampling = tokenizer.ask(lambda slow: getattr(slow, "sp_model_kwargs", None) or {})
    if not sampling.get("enable_sampling"):
        return ""
    return (
        "This tokenizer's files switch SentencePiece's sampling on (sp_model_kwargs, enable_sampling): it draws "
        "how a text is cut, so tokens, and what is made of them, differ from call to call."
    )
