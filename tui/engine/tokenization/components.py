"""A tokenizer's components one by one: those of a sequence taken out of it, with their settings in brief."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Role: TypeAlias = Literal["normalizer", "pre-tokenizer", "post-processor", "decoder"]

_MEMBERS: dict[Role, str] = {
    "normalizer": "normalizers",
    "pre-tokenizer": "pretokenizers",
    "post-processor": "processors",
    "decoder": "decoders",
}
EMPTY: Mapping[str, Any] = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [],
    "normalizer": None,
    "pre_tokenizer": None,
    "post_processor": None,
    "decoder": None,
    "model": {"type": "WordLevel", "vocab": {}, "unk_token": ""},
}
"""A tokenizer.json that is certainly read: a part that is put into it can be had, or refused, by itself."""
_LONGEST_SETTING = 60
_NOT_BRIEF = ("single", "pair", "special_tokens")
"""A template's lists, which are written as the template is."""


@dataclass(frozen=True)
class Component:
    """One component, by itself."""

    name: str
    """Its class as tokenizer.json spells it; `Custom` for one that is a Python object."""
    settings: Mapping[str, Any]
    built: Any
    """The library's object."""

    @property
    def brief(self) -> str:
        """Its settings in a line."""
        shown = [
            f"{name}={_value(name, value)}" for name, value in self.settings.items() if name not in _NOT_BRIEF
        ]
        shown += [
            f"{name}={' '.join(map(template_item, self.settings[name]))}"
            for name in ("single", "pair")
            if name in self.settings
        ]
        return ", ".join(shown)


def take_apart(role: Role, component: Any) -> list[Component]:
    """The components of a sequence, those of sequences in it too; a component alone; nothing for None."""
    if component is None:
        return []
    try:
        # what pickling calls: the component's own part of tokenizer.json, without the vocabulary
        stated = json.loads(component.__getstate__())
    except Exception:  # noqa: BLE001 - the library raises a bare Exception where it is a Python object
        return [Component("Custom", {}, component)]
    return [
        Component(
            str(part["type"]),
            {name: value for name, value in part.items() if name != "type"},
            component if part is stated else _built(role, part),
        )
        for part in _flat(stated, _MEMBERS[role])
    ]


def in_sequence(role: Role, components: Sequence[Component]) -> Any:
    """The library's object for components one after another; None for none."""
    from tokenizers import decoders, normalizers, pre_tokenizers, processors

    sequences: dict[Role, Any] = {
        "normalizer": normalizers.Sequence,
        "pre-tokenizer": pre_tokenizers.Sequence,
        "post-processor": processors.Sequence,
        "decoder": decoders.Sequence,
    }
    return sequences[role]([component.built for component in components]) if components else None


def template_item(item: Mapping[str, Any]) -> str:
    """An item of a template as its author writes it.

    >>> template_item({"SpecialToken": {"id": "[SEP]", "type_id": 1}})
    '[SEP]:1'
    >>> template_item({"Sequence": {"id": "A", "type_id": 0}})
    '$A:0'
    """
    ((sort, stated),) = item.items()
    return f"{'$' if sort == 'Sequence' else ''}{stated['id']}:{stated['type_id']}"


def _flat(stated: Mapping[str, Any], members: str) -> list[Mapping[str, Any]]:
    if stated["type"] != "Sequence":
        return [stated]
    return [part for member in stated[members] for part in _flat(member, members)]


def _built(role: Role, stated: Mapping[str, Any]) -> Any:
    from tokenizers import Tokenizer

    entry = role.replace("-", "_")
    return getattr(Tokenizer.from_str(json.dumps({**EMPTY, entry: stated})), entry)


def _value(name: str, value: Any) -> str:
    if name == "precompiled_charsmap":
        return f"{len(value):,} characters of base64"
    if isinstance(value, dict) and len(value) == 1:  # a pattern: {"String": …} or {"Regex": …}
        ((sort, value),) = value.items()
        return f"{sort}({_clipped(value)})"
    return _clipped(value)


def _clipped(value: Any) -> str:
    written = json.dumps(value, ensure_ascii=False)
    return written if len(written) <= _LONGEST_SETTING else written[: _LONGEST_SETTING - 1] + "…"
