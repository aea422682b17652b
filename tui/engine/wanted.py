"""Whether what runs in this thread is still wanted: known wherever the work goes, without being handed through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_CHECK: ContextVar[Callable[[], None]] = ContextVar("check", default=lambda: None)


@contextmanager
def asked_by(check: Callable[[], None]) -> Iterator[None]:
    """`check` raises Abandoned once the request is over whose work is done inside the `with` block."""
    token = _CHECK.set(check)
    try:
        yield
    finally:
        _CHECK.reset(token)


def check() -> None:
    """Raise Abandoned when the request that this thread works for is over."""
    _CHECK.get()()
