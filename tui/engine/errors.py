"""Exceptions of the engine's depths, told to people as title, detail and hint."""

from __future__ import annotations

import errno
import re

from tui.values import Failure


class EngineError(Exception):
    """A failure the engine understands; carries what a person is told."""

    def __init__(self, title: str, detail: str, hint: str, *, fatal: bool = False) -> None:
        super().__init__(f"{title}: {detail}")
        self.failure = Failure(title, detail, hint, fatal)


class Abandoned(Exception):  # noqa: N818 - nothing went wrong: someone no longer wants the work
    """The work was cancelled or superseded between two of its stages."""


_POISON = re.compile(
    r"device-side assert|illegal memory access|misaligned address|unspecified launch failure"
    r"|an illegal instruction|invalid program counter|hardware stack error|uncorrectable ECC",
    re.IGNORECASE,
)
_OUT_OF_MEMORY = re.compile(r"out of memory|can't allocate memory|cannot allocate memory", re.IGNORECASE)
_PATH = re.compile(r"(?:/[^\s'\":,;]+)*/site-packages/[^\s'\":,;]*")
_LONGEST_DETAIL = 600


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: of the machine, or of an accelerator."""
    return isinstance(error, MemoryError) or _OUT_OF_MEMORY.search(str(error)) is not None


def failure_of(error: BaseException) -> Failure:
    """What a person is told of an exception: no traceback, no paths into installed packages."""
    if isinstance(error, EngineError):
        return error.failure
    words = str(error)
    if _POISON.search(words):
        return Failure(
            "The accelerator's state is lost",
            f"{plain(error)}. After such an error no computation on it can be trusted.",
            "The engine ends now and is started again; if it comes back, run on the CPU (--device cpu).",
            fatal=True,
        )
    if is_out_of_memory(error):
        return _out_of_memory(error)
    if isinstance(error, PermissionError):
        return Failure(
            "Not allowed to read it",
            f"{error.strerror or 'Permission denied'}: {error.filename or 'a file of the checkpoint'}",
            "Give your user the right to read the file, or choose another checkpoint.",
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return Failure(
            "The disk is full",
            f"No space left while writing {error.filename or 'a file'}.",
            "Free some space, or set HF_HOME to a folder on a larger disk.",
        )
    if isinstance(error, ImportError):
        return Failure(
            "A library is missing",
            f"{plain(error)}.",
            "Install it beside Logitscope, or choose another checkpoint.",
        )
    return Failure(
        f"Something went wrong ({type(error).__name__})",
        plain(error) or "The library gave no reason.",
        "The traceback is in the engine's log.",
    )


def _out_of_memory(error: BaseException) -> Failure:
    on_accelerator = "cuda" in str(error).lower() or "mps" in str(error).lower()
    return Failure(
        "Out of memory",
        plain(error) or "The machine has no memory left for this.",
        "Close other programs on this accelerator, choose a smaller checkpoint, use --dtype bfloat16,"
        " or run on the CPU (--device cpu)."
        if on_accelerator
        else "Close other programs, shorten the text, or choose a smaller checkpoint.",
    )


def plain(error: BaseException) -> str:
    """First paragraph of a library's message, without paths into installed packages, of readable length."""
    paragraph = " ".join(_PATH.sub("…", str(error).strip().split("\n\n")[0]).split()).rstrip(".")
    return paragraph if len(paragraph) <= _LONGEST_DETAIL else paragraph[: _LONGEST_DETAIL - 1] + "…"
