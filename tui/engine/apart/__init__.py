"""Work over foreign files and texts that could run without end or fill the memory: done in a process of its own.

A thread can't be stopped, and one operation of a library can hold the interpreter for hours. Such work is a *job*:
a function that takes and gives what JSON holds, run by a `Helper` under `Limits` of processor time, memory, size:

    TEMPLATES.ask("render", template, turns, special_tokens, False, limits=Limits(seconds=1.5))

What the job raises comes back as `Raised`, a broken limit as `OutOfBounds`; `of_limit` makes of it what a person is
told. A job whose request is cancelled is stopped within a twentieth of a second. The process is then another one,
started at once, so that the next job finds it ready.
"""

from tui.engine.apart.helper import Helper
from tui.engine.apart.limits import Limits, OutOfBounds, Raised, of_limit

__all__ = ["TEMPLATES", "TEXTS", "Helper", "Limits", "OutOfBounds", "Raised", "of_limit"]

TEMPLATES = Helper("tui.engine.apart.templates")
"""Renders chat templates, which are programs."""
TEXTS = Helper("tui.engine.apart.trials")
"""Tries texts with tokenizers that could run without end."""
