"""What of a changed checkpoint is not needed for what it does: each part is put back as it was, from large to small."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Files: TypeAlias = Mapping[str, bytes]
Shows: TypeAlias = Callable[[Files], bool]


def shrunk(changed: Files, before: Files, shows: Shows) -> dict[str, bytes]:
    """The files with as few changes as still show the same; those of JSON are put back entry by entry."""
    files = dict(changed)
    for name in sorted(files):
        if name not in before or files[name] == before[name]:
            continue
        if shows({**files, name: before[name]}):
            files[name] = before[name]
            continue
        try:
            new, old = json.loads(files[name]), json.loads(before[name])
        except (ValueError, RecursionError):
            continue

        def still(content: Any, name: str = name) -> bool:
            return shows({**files, name: json.dumps(content).encode()})

        if still(new):
            files[name] = json.dumps(_put_back(new, old, still)).encode()
    return files


def _put_back(new: Any, old: Any, still: Callable[[Any], bool]) -> Any:
    """`new` with every entry put back to that of `old` that can be, then those inside; `still` looks at the whole."""
    if type(new) is not type(old) or not isinstance(new, dict | list):
        return new
    keys = sorted({*new, *old}) if isinstance(new, dict) else list(range(min(len(new), len(old))))
    for key in keys:
        here, there = _at(new, key), _at(old, key)
        if here == there and type(here) is type(there):
            continue
        candidate = _with(new, key, there)
        if still(candidate):
            new = candidate
        elif here is not _ABSENT and there is not _ABSENT:
            inside = _put_back(here, there, lambda part, new=new, key=key: still(_with(new, key, part)))  # type: ignore[misc]
            new = _with(new, key, inside)
    return new


_ABSENT = object()


def _at(content: Any, key: Any) -> Any:
    return content.get(key, _ABSENT) if isinstance(content, dict) else content[key]


def _with(content: Any, key: Any, value: Any) -> Any:
    """The same with another value at a key, or without it."""
    changed = content.copy()
    if value is _ABSENT:
        del changed[key]
    else:
        changed[key] = value
    return changed
