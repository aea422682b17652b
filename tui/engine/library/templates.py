"""Chat templates in the sandbox of transformers."""

from __future__ import annotations

from typing import Any


def prepare() -> None:
    """Import the sandbox, which takes a second and no torch."""
    from transformers.utils import chat_template_utils

    del chat_template_utils


def rendered(template: str, turns: list[dict[str, str]], open_turn: bool, /, **variables: Any) -> str:
    """What a template makes of the turns of one conversation. open_turn: the last one is gone on with."""
    from transformers.utils.chat_template_utils import render_jinja_template

    made: Any = render_jinja_template(
        conversations=[turns],
        chat_template=template,
        add_generation_prompt=not open_turn,
        continue_final_message=open_turn,
        **variables,
    )
    return str(made[0][0])  # beside what the assistant wrote in it
