"""Command line flags made from a task's form, with the form's own words, and those of the sampling settings."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from tui.tasks import TASKS, WRITERS
from tui.tasks.forms import Field, Option, Value
from tui.tasks.sampling import SETTINGS

FIELD, OPTION, SETTING = "field:", "option:", "setting:"
"""Beginnings of the names under which argparse keeps what was given."""
FIRST = "first field"
"""The name under which it keeps the first field where that was given by a flag."""
SHORT = {
    "candidate_labels": "--labels",
    "hypothesis_template": "--template",
    "aggregation_strategy": "--aggregation",
}
"""Shorter flags that mean the same."""
KEPT = "--keep-top-k"
"""The flag of the setting top-k: some tasks have an option of that name, which is about the answer."""
_LETTERS = {int: "N", float: "X", str: "TEXT"}
_SWITCHES = frozenset({"-h", "--help", "--json", "--python", "--steps", "--greedy"})


def task_in(arguments: Sequence[str]) -> str | None:
    """The first argument that is neither a flag nor the value of one; None where there is none.

    >>> task_in(["--json", "--model", "m", "ner", "text"]), task_in(["--help"]), task_in(["--", "ner"])
    ('ner', None, 'ner')
    """
    switches = _SWITCHES | {
        flag(option.name) for task in TASKS.values() for option in task.form.options if option.kind is bool
    }
    words = iter(arguments)
    for word in words:
        if word == "--":
            return next(words, None)
        if not word.startswith("-") or word == "-":
            return word
        if word not in switches and "=" not in word:
            next(words, None)
    return None


def usage(task: str) -> str:
    """The part of a usage line that no command of a task goes without.

    >>> usage("question-answering")
    'QUESTION... --context TEXT'
    """
    needed = [f"{flag(field.name)} TEXT" for field in TASKS[task].form.fields[1:] if _is_needed(field)]
    return " ".join([f"{text_name(task)}...", *needed])


def text_name(task: str) -> str:
    """What stands for the task's first field where the command is explained."""
    return TASKS[task].form.fields[0].name.upper()


def add_flags(parser: argparse.ArgumentParser, task: str) -> None:
    """Give a parser what a task takes: what can't be is a usage error, in the words of the form."""
    form = TASKS[task].form
    first, *others = form.fields
    parser.add_argument("task", metavar="TASK", help=argparse.SUPPRESS)
    group = parser.add_argument_group(f"flags of {task}")
    named = first.name != "text"  # where it has a name of its own, it can be given by that
    parser.add_argument(
        "texts", metavar=text_name(task), nargs="*" if named else "+", help=_escaped(first.about)
    )
    if named:
        group.add_argument(flag(first.name), dest=FIRST, metavar="TEXT", help=_escaped(first.about))
    for field in others:
        group.add_argument(
            *flags_of(field.name),
            dest=FIELD + field.name,
            metavar="TEXT",
            required=_is_needed(field),
            default=field.default,
            help=_escaped(field.about + _default(field.default)),
        )
    for option in form.options:
        add_option(group, option, OPTION)
    sampling = parser.add_argument_group(
        "sampling settings",
        "They re-shape the probabilities that are shown; the answer stays the pipeline's"
        + (", but for --steps." if task in WRITERS else "."),
    )
    for setting in SETTINGS:
        also = ["--top-k"] if setting.name == "top_k" and task in WRITERS else []
        sampling.add_argument(
            flag_of(setting),
            *also,
            dest=SETTING + setting.name,
            metavar=_LETTERS[setting.kind],
            type=_parsed(setting),
            help=_escaped(f"{setting.title}: {setting.about}"),
        )


def flag_of(setting: Option) -> str:
    """The flag of a sampling setting.

    >>> [flag_of(setting) for setting in SETTINGS[1:4]]
    ['--repetition-penalty', '--keep-top-k', '--top-p']
    """
    return KEPT if setting.name == "top_k" else flag(setting.name)


def _is_needed(field: Field) -> bool:
    return not field.optional and not field.default


def add_option(group: Any, option: Option, beginning: str) -> None:
    """Give a group of flags an option; argparse keeps it under its name behind `beginning`."""
    name, about = beginning + option.name, option.about
    if option.kind is bool:
        group.add_argument(
            flag(option.name) if option.default is not True else flag(f"no_{option.name}"),
            dest=name,
            action="store_false" if option.default is True else "store_true",
            help=_escaped(about),
        )
        return
    choices = f": {', '.join(option.choices)}" if option.choices else ""
    default = "" if option.default is None else str(option.default)
    group.add_argument(
        *flags_of(option.name),
        dest=name,
        metavar="NAME" if option.choices else _LETTERS[option.kind],
        default=option.default,
        type=_parsed(option),
        help=_escaped(about + choices + _default(default)),
    )


def flags_of(name: str) -> list[str]:
    """Every flag of a field or an option.

    >>> flags_of("candidate_labels")
    ['--candidate-labels', '--labels']
    """
    return [flag(name), *([SHORT[name]] if name in SHORT else [])]


def flag(name: str) -> str:
    """The flag of a field or an option.

    >>> flag("top_k")
    '--top-k'
    """
    return f"--{name.replace('_', '-')}"


def _parsed(option: Option) -> Callable[[str], Value]:
    def parse(typed: str) -> Value:
        try:
            if option.kind is str and not typed:  # a shell's empty argument was meant, unlike an empty line
                return option.checked("")
            return option.parsed(typed)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parse


def _default(value: str) -> str:
    return f" (default: {value})" if value else ""


def _escaped(text: str) -> str:
    """Text for argparse's help, which reads % as the beginning of a name."""
    return text.replace("%", "%%")


def texts_in(given: dict[str, Any]) -> list[str]:
    """The texts of the first field, by flag or not; empty where none was given."""
    named = given.get(FIRST)
    return [*([] if named is None else [named]), *given["texts"]]


def fields_in(given: dict[str, Any]) -> dict[str, str]:
    """The further texts that the flags gave, by field."""
    return {name.removeprefix(FIELD): value for name, value in given.items() if name.startswith(FIELD)}


def options_in(given: dict[str, Any], task: str) -> dict[str, Value]:
    """The options that differ from their defaults."""
    return {
        option.name: given[OPTION + option.name]
        for option in TASKS[task].form.options
        if given[OPTION + option.name] != option.default
    }


def sampling_in(given: dict[str, Any]) -> dict[str, float]:
    """The sampling settings that are not off, by the names of `ReadoutSettings`."""
    return {
        setting.name: given[SETTING + setting.name]
        for setting in SETTINGS
        if given[SETTING + setting.name] not in (None, setting.default)
    }
