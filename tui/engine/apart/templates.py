"""The job that renders a chat template, in the sandbox of transformers."""

from __future__ import annotations

from typing import Any


def prepare() -> None:
    """Import the sandbox, which takes a second and no torch."""
    from transformers.utils import chat_template_utils

    del chat_template_utils


def render(
    template: str, turns: list[dict[str, str]], special_tokens: dict[str, Any], open_turn: bool
) -> str:
    """What `apply_chat_template` of a tokenizer makes of the turns.

    special_tokens: the tokenizer's `special_tokens_map`. open_turn: the last turn is gone on with.
    """
    from transformers.utils.chat_template_utils import render_jinja_template

    rendered: Any = render_jinja_template(
        conversations=[turns],
        chat_template=template,
        add_generation_prompt=not open_turn,
        continue_final_message=open_turn,
        **special_tokens,
    )
    return str(rendered[0][0])  # of one conversation, beside what the assistant wrote in it
