"""What transformers' pipelines return for a text that was written, from the text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tui.tasks import TASKS
from tui.tasks.chat import Turn


def answer(task: str, prompt: str | Sequence[Turn], *written: str) -> list[dict[str, Any]]:
    """The answer of a task; `prompt` goes into that of text-generation: the text, or the turns of a chat.

    written: the texts, one as a rule.

    >>> answer("text-generation", "Once", " upon"), answer("summarization", "Long.", "Short.")
    ([{'generated_text': 'Once upon'}], [{'summary_text': 'Short.'}])
    >>> answer("text-generation", (Turn("user", "Hi."),), "Hello.")[0]["generated_text"][-1]
    {'role': 'assistant', 'content': 'Hello.'}
    """
    key = f"{TASKS[task].writes}_text"
    if TASKS[task].has_encoder:
        return [{key: text} for text in written]
    return [{key: prompt + text if isinstance(prompt, str) else _chat(prompt, text)} for text in written]


def _chat(turns: Sequence[Turn], written: str) -> list[dict[str, str]]:
    """The messages with what the assistant says; a last turn of its own is gone on with."""
    messages = [turn.message() for turn in turns]
    before = ""
    if messages[-1]["role"] == "assistant":
        before = messages.pop()["content"]
    return [*messages, {"role": "assistant", "content": before + written}]
