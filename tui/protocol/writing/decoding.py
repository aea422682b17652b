"""How a token is chosen, by the names of transformers' `generate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from tui.tasks.decoding import OPTIONS
from tui.tasks.forms import Value

Method: TypeAlias = Literal["greedy", "sample"]
ConstraintKind: TypeAlias = Literal["regex", "json-schema"]


class Constraint(msgspec.Struct, frozen=True):
    """What all that is written has to match, from its first token to the end token."""

    kind: ConstraintKind
    text: str
    """The regular expression, or the JSON schema as JSON."""


class Decoding(msgspec.Struct, frozen=True):
    """How the next token is chosen, besides temperature, filters and penalty (`values.ReadoutSettings`).

    None leaves a setting to the checkpoint's `generation_config.json`, and without one to transformers' default.
    """

    method: Method = "greedy"
    """With more than one beam: beam search, or beam sampling."""
    seed: int = 0
    """Sampling: what torch's generator starts from at the first token after the prompt; 0 to 2^63 − 1.

    Every token takes one draw, a forced one too, so that a place in the text has the same draw in all branches.
    """
    no_repeat_ngram_size: int | None = None
    min_new_tokens: int | None = None
    banned: tuple[int, ...] = ()
    """Ids that are never chosen."""
    stop_strings: tuple[str, ...] = ()
    """Writing ends with the token that completes one of them."""
    constraint: Constraint | None = None
    num_beams: int = 1
    length_penalty: float | None = None
    early_stopping: bool | Literal["never"] | None = None


def decoding_of(values: Mapping[str, Value], banned: tuple[int, ...]) -> Decoding:
    """The settings as they were filled in, with the ids that are banned. Raises ValueError for two constraints."""
    filled = {option.name: values.get(option.name, option.default) for option in OPTIONS}
    constraint = None
    if filled["regex"] and filled["json_schema"]:
        raise ValueError("regex and json_schema: one of them at a time")
    if filled["regex"]:
        constraint = Constraint("regex", str(filled["regex"]))
    if filled["json_schema"]:
        constraint = Constraint("json-schema", str(filled["json_schema"]))
    ngram, least, penalty = (
        filled[name] for name in ("no_repeat_ngram_size", "min_new_tokens", "length_penalty")
    )
    stop = filled["stop_string"]
    return Decoding(
        method="sample" if filled["method"] == "sample" else "greedy",
        seed=int(filled["seed"] or 0),
        no_repeat_ngram_size=None if ngram is None else int(ngram),
        min_new_tokens=None if least is None else int(least),
        banned=banned,
        stop_strings=(str(stop),) if stop else (),
        constraint=constraint,
        length_penalty=None if penalty is None else float(penalty),
    )
