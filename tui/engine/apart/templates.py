"""The job that renders a chat template, in the sandbox of transformers."""

from __future__ import annotations

from typing import Any

from tui.engine.library import templates

prepare = templates.prepare


def render(
    template: str, turns: list[dict[str, str]], special_tokens: dict[str, Any], open_turn: bool
) -> str:
    """What `apply_chat_template` of a tokenizer makes of the turns.

    special_tokens: the tokenizer's `special_tokens_map`. open_turn: the last turn is gone on with.
    """
    return templates.rendered(template, turns, open_turn, **special_tokens)
