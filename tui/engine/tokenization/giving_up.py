"""What a person is told where a tokenizer's own code gives up on a text, whichever way it says so."""

from __future__ import annotations

from pathlib import Path

from tui.engine.errors import EngineError, plain


def gives_up(who: Path | str | None, error: BaseException) -> EngineError:
    """The failure of a tokenizer that raised `error` at a text; who: its folder, or what it is called."""
    if isinstance(error, EngineError):
        if who is None or error.__cause__ is None:
            return error
        error = error.__cause__  # told once already, by someone who may not have known the name
    name = who.name if isinstance(who, Path) else who
    return EngineError(
        "The tokenizer gives up on this text",
        f"{name or 'It'}: {plain(error) or type(error).__name__}.",
        "Try another text; if it gives up on any, its files are damaged.",
    )


def is_its_own(error: BaseException) -> bool:
    """Whether the `tokenizers` library raised it: a bare `Exception`, or a panic of its Rust code."""
    return type(error) is Exception or not isinstance(error, Exception)
