"""Flags of `--steps`: how a text is written token by token, and what is told of each."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.headless.flags import OPTION, SETTING, add_option, flag
from tui.system.plain_files import decoded, read_plain
from tui.tasks import TASKS, WRITERS
from tui.tasks.decoding import ALTERNATIVES, BANNED, MAX_NEW_TOKENS, SEED, SHARED
from tui.tasks.forms import Option, Value
from tui.tasks.sampling import SETTINGS

if TYPE_CHECKING:
    from tui.protocol.writing.decoding import Decoding, Method

STEP = "step:"
"""Beginning of the names under which argparse keeps what was given."""
MOST_SCHEMA_BYTES = 16_000_000
_SHARED = tuple(option.name for option in SHARED)
_MOST = MAX_NEW_TOKENS.name
_REDRAWS = tuple(setting.name for setting in SETTINGS if setting.name != "repetition_penalty")
"""Settings that say how a token is drawn; the penalty changes which one is the likeliest."""


@dataclass(frozen=True)
class Steps:
    """What is asked for with `--steps`."""

    decoding: Decoding
    most: int | None
    """Most tokens to write; None leaves it to the checkpoint."""
    alternatives: int
    """How many of the likeliest tokens are told at each step."""
    options: Mapping[str, Value]
    """The task's options that differ from their defaults, those left out that `decoding` and `most` hold."""
    unset: tuple[str, ...] = ()
    """Settings that no flag gives, see `tui.protocol.Write`."""

    def values(self, task: str) -> dict[str, Value]:
        """Every option of the task's form with its value."""
        held = {_MOST: self.most, **{name: getattr(self.decoding, name) for name in _SHARED}}
        return {name: held.get(name, value) for name, value in TASKS[task].form.values(self.options).items()}


def add_step_flags(parser: argparse.ArgumentParser, task: str) -> None:
    """Give a parser what `--steps` takes, for a task that writes; nothing for the others."""
    if task not in WRITERS:
        return
    group = parser.add_argument_group(
        "token by token",
        "--steps writes one token after the other and tells of each as it comes. It takes the likeliest token,\n"
        "or draws one where a seed, a temperature or a filter (top-k, top-p, min-p, typical-p) is given; a\n"
        "repetition penalty holds both ways. What is not given stays as the checkpoint states it, in the sampling\n"
        "settings too. Whatever the checkpoint says, it searches with beams only where --num-beams says so, and\n"
        "then tells of each step's candidates.",
    )
    group.add_argument("--steps", dest=f"{STEP}steps", action="store_true", help="tell of every token")

    def add(name: str, parse: Callable[[str], Any], metavar: str, about: str, action: str = "store") -> None:
        group.add_argument(
            flag(name), dest=STEP + name, type=parse, metavar=metavar, action=action, help=about
        )

    group.add_argument(
        "--greedy",
        dest=f"{STEP}greedy",
        action="store_true",
        help="take the likeliest token all the same: of the settings only the penalty counts",
    )
    add(
        "seed",
        _whole(SEED),
        "N",
        "draw tokens, the same ones for the same seed (default: 0)",
    )
    about = f"{ALTERNATIVES.about} (default: {ALTERNATIVES.default})"
    add("alternatives", _whole(ALTERNATIVES), "N", about)
    add("ban", _whole(BANNED), "ID", f"{BANNED.about}; can be given again", "append")
    add(
        "stop",
        _text("stop"),
        "TEXT",
        "end with the token that completes this text; can be given again",
        "append",
    )
    add("regex", _text("regex"), "R", "what is written matches this regular expression")
    about = "what is written is JSON by this schema: a file, or the JSON itself"
    add("json_schema", _schema, "SCHEMA", about)
    own = {option.name for option in TASKS[task].form.options}
    for option in SHARED:
        if option.name not in own:
            add_option(group, option, STEP)


def steps_in(given: Mapping[str, Any], task: str) -> Steps | None:
    """What was asked for; None without `--steps`. Raises ValueError, in words, for flags that don't go together."""
    if not given.get(f"{STEP}steps"):
        if extra := [name for name in _given(given) if name != "steps"]:
            raise ValueError(f"{', '.join(map(flag, extra))}: only with --steps")
        return None
    if given.get("python"):
        raise ValueError("--python goes without --steps")

    def value(name: str) -> Any:
        own = given.get(OPTION + name)
        return given.get(STEP + name) if own is None else own

    from tui.protocol.writing.decoding import Constraint, Decoding

    if value("regex") is not None and value("json_schema") is not None:
        raise ValueError("--regex and --json-schema: one of them at a time")
    constraint = None
    if value("regex") is not None:
        constraint = Constraint("regex", value("regex"))
    elif value("json_schema") is not None:
        constraint = Constraint("json-schema", value("json_schema"))
    unset = [setting.name for setting in SETTINGS if given.get(SETTING + setting.name) is None]
    redrawn = value("seed") is not None or not set(unset).issuperset(_REDRAWS)
    method: Method = "sample" if redrawn and not value("greedy") else "greedy"
    if not (redrawn or value("greedy")):
        unset.append("do_sample")
    if value("num_beams") is None:
        unset.append("num_beams")
    held = {*_SHARED, _MOST}
    return Steps(
        decoding=Decoding(
            method=method,
            seed=value("seed") or 0,
            no_repeat_ngram_size=value("no_repeat_ngram_size"),
            min_new_tokens=value("min_new_tokens"),
            banned=tuple(value("ban") or ()),
            stop_strings=tuple(value("stop") or ()),
            constraint=constraint,
            num_beams=value("num_beams") or 1,
            length_penalty=value("length_penalty"),
        ),
        most=value(_MOST),
        alternatives=_told(value("alternatives")),
        options={
            option.name: given[OPTION + option.name]
            for option in TASKS[task].form.options
            if option.name not in held and given[OPTION + option.name] != option.default
        },
        unset=tuple(unset),
    )


def _told(alternatives: Any) -> int:
    return int(ALTERNATIVES.default or 0) if alternatives is None else int(alternatives)


def _given(given: Mapping[str, Any]) -> list[str]:
    """The flags of `--steps` that were given, by name."""
    return [
        name.removeprefix(STEP)
        for name, value in given.items()
        if name.startswith(STEP) and value is not None and value is not False
    ]


# ------------------------------------------------------------------------------------------------ values


def _whole(option: Option) -> Callable[[str], Any]:
    def parse(typed: str) -> Any:
        try:
            return option.parsed(typed or '""')
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parse


def _text(name: str) -> Callable[[str], str]:
    def parse(typed: str) -> str:
        if not typed:
            raise argparse.ArgumentTypeError(f"{name} needs a text")
        return typed

    return parse


def _schema(typed: str) -> str:
    """A JSON schema as JSON: what was typed, or what stands in the file of that name."""
    text, where = typed, "the schema"
    if not typed.lstrip().startswith("{"):
        where = typed
        try:
            text = decoded(read_plain(Path(typed).expanduser(), MOST_SCHEMA_BYTES))
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: there is no such user's home
            reason = getattr(error, "strerror", None) or error
            raise argparse.ArgumentTypeError(f"{typed!r} is neither JSON nor a file: {reason}") from None
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"{where!r} is no JSON: {error}") from None
    if not isinstance(schema, dict | bool):
        raise argparse.ArgumentTypeError(f"{where!r} is no JSON schema: that is an object")
    return text
