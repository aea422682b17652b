"""Exceptions of the engine's depths, told to people as title, detail and hint."""

from __future__ import annotations

import errno
import re

from tui.protocol.failures import Failure


class EngineError(Exception):
    """A failure the engine understands; carries what a person is told.

    Halves of characters, which names of files can hold, are written out: no frame holds them.
    """

    def __init__(self, title: str, detail: str, hint: str, *, fatal: bool = False) -> None:
        title, detail, hint = (_whole(part) for part in (title, detail, hint))
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
_NO_ROOM = re.compile(r"(\S+\.so\S*): (failed to map segment|cannot (?:allocate|apply|create|map)\b)[^\n]*")
"""What the system's loader says where a library doesn't fit into the memory that is left."""
_PANICS = (
    (
        "retry-limit|stack-limit|time-limit",
        "a regular expression in it tries too many ways to match this text",
    ),
    ("not yet implemented", "it asks for what the library can't do: two templates one after the other, say"),
    ("no entry found for key", "it names something that isn't there"),
    (r"index|slice|out of (range|bounds)|char boundary|begin <= end", "it takes more than there is"),
    ("non-zero|divide by zero|divisor of zero", "a number in it is 0 that must not be"),
    ("overflow", "a number in it is too large"),
    (r"unwrap\(\)|expect\(\)|`None`", "something it needs is missing"),
)
"""What messages of Rust code that panics mean; the first that fits."""
_WORK = {
    "Load": "Loading the checkpoint",
    "Analyze": "Running the text",
    "Continue": "Writing",
    "Search": "The search",
    "Reweigh": "Reading the logits again",
    "Inspect": "Looking at the checkpoint",
    "ListCheckpoints": "Listing the checkpoints",
    "Train": "The training",
    "Save": "Saving the tokenizer",
}
"""What the work for a kind of request is called; all others look at a tokenizer."""
_PATH = re.compile(r"(?:/[^\s'\":,;]+)*/site-packages/[^\s'\":,;]*")
_LONGEST_DETAIL = 600
_LONGEST_MESSAGE = 20_000
"""Characters of a library's message that are looked at; one of a megabyte is as possible as one of a line."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: of the machine, or of an accelerator."""
    return isinstance(error, MemoryError) or _OUT_OF_MEMORY.search(str(error)) is not None


def is_panic(error: BaseException) -> bool:
    """Whether Rust code of a library gave up (`pyo3_runtime.PanicException`, which is no `Exception`)."""
    return any(kind.__name__ == "PanicException" for kind in type(error).__mro__)


def failure_of(error: BaseException, kind: str = "") -> Failure:
    """What a person is told of an exception: no traceback, no paths into installed packages.

    kind: of the request whose work failed, which gives a failure that nobody foresaw its title.
    """
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
    library = _without_room(error)
    if library:
        return Failure(
            "Memory is too tight for a library",
            f"{library} can't be brought into memory.",
            "Give the engine more memory (ulimit -v tells its limit), or close other programs.",
        )
    if is_out_of_memory(error):
        return _out_of_memory(error)
    if isinstance(error, PermissionError):
        return Failure(
            "Not allowed to read it",
            f"{error.strerror or 'Permission denied'}: {_cut(str(error.filename or 'a file of the checkpoint'))}",
            "Give your user the right to read the file, or choose another checkpoint.",
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return Failure(
            "The disk is full",
            f"No space left while writing {_cut(str(error.filename or 'a file'))}.",
            "Free some space, or set HF_HOME to a folder on a larger disk.",
        )
    if isinstance(error, OSError) and error.strerror:
        return Failure(
            "The system refuses it",
            f"{error.strerror}: {_cut(str(error.filename or 'a file or a connection'))}.",
            "Check the name and the file, or choose another checkpoint.",
        )
    if isinstance(error, RecursionError):
        return Failure(
            "Nested too deep",
            "A file of the checkpoint, or what was asked for, holds things in things in things beyond the limit.",
            "Copy or download the checkpoint again, or choose another one.",
        )
    if isinstance(error, ImportError):
        return Failure(
            "A library is missing",
            f"{plain(error)}.",
            "Install it beside Logitscope, or choose another checkpoint.",
        )
    work = _WORK.get(kind, "Looking at the tokenizer" if kind else "The work")
    if is_panic(error):
        return Failure(
            f"{work} failed",
            f"A library stopped where it should not: {plain(error)}.",
            "Try another text; if it fails with any, the checkpoint's files are damaged."
            " The backtrace is in the engine's log.",
        )
    if not isinstance(error, Exception):
        return Failure(
            f"{work} failed",
            f"A library wanted to end the engine ({type(error).__name__}); it goes on.",
            "Choose another checkpoint. The traceback is in the engine's log.",
        )
    return Failure(
        f"{work} failed ({type(error).__name__})",
        f"{plain(error)}." if plain(error) else "The library gave no reason.",
        "Try another text or checkpoint. The traceback is in the engine's log.",
    )


def _without_room(error: BaseException | None) -> str:
    """The library that memory is too tight for, by what is told of an exception and of those it came from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        told = _NO_ROOM.search(str(error)[:_LONGEST_MESSAGE])
        if told is not None:
            return told[1].rpartition("/")[2]
        error = error.__cause__ or error.__context__
    return ""


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
    """First paragraph of a library's message, without paths into installed packages, of readable length.

    Of a panic of Rust code also what it means.
    """
    message = str(error)[:_LONGEST_MESSAGE].strip().split("\n\n")[0]
    words = _cut(" ".join(_PATH.sub("…", message).split()).rstrip("."))
    if not is_panic(error):
        return words
    meaning = (told for pattern, told in _PANICS if re.search(pattern, words, re.IGNORECASE))
    return f"{next(meaning, 'its Rust code met a case nobody thought of')} (“{words}”)"


def _whole(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _cut(words: str) -> str:
    words = _whole(words)
    return words if len(words) <= _LONGEST_DETAIL else words[: _LONGEST_DETAIL - 1] + "…"
