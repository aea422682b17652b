"""What forms are made of: fields, options, and how what was typed becomes a value that one of them can have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

Value: TypeAlias = str | int | float | bool | None
"""What an option can be; None stands for “as the checkpoint or the library has it”."""
LARGEST_WHOLE = 2**63 - 1
"""What a frame to the engine, and torch, can hold."""


class Field(NamedTuple):
    """A text that a person types."""

    name: str
    title: str
    about: str
    default: str = ""
    optional: bool = False
    """Whether the task works without it; such a field is out of sight until it is asked for."""


class Option(NamedTuple):
    """A setting: the one description of it that dialogs, flags, checks and limits are made of."""

    name: str
    about: str
    default: Value = None
    """What stands where nobody sets it; of a number that re-shapes a distribution, what does nothing."""
    kind: type[str] | type[int] | type[float] | type[bool] = str
    choices: tuple[str, ...] = ()
    least: float = -math.inf
    most: float = math.inf
    above_least: bool = False
    """Whether the least itself is too little."""
    step: float = 1
    """What one press changes."""
    called: str = ""
    """What people call it, where that is not its name."""
    in_brief: str = ""
    """The same where there is little room."""

    @property
    def title(self) -> str:
        """What it is called in a message.

        >>> Option("top_k", "", called="top-k").title, Option("stride", "").title
        ('top-k', 'stride')
        """
        return self.called or self.name

    def checked(self, value: object) -> Value:
        """The value if the option can have it. Raises ValueError with what it can have.

        >>> Option("top_k", "", 5, int, least=1).checked(3), Option("x", "", None, float).checked(2)
        (3, 2.0)
        """
        if value is None:
            if self.default is None:
                return None
            raise ValueError(f"{self.title} needs a value")
        if self.kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, self.kind) or (self.kind is int and isinstance(value, bool)):
            raise ValueError(f"{self.title} is {_KINDS[self.kind]}, not {value!r}")
        if self.choices and value not in self.choices:
            raise ValueError(f"{self.title} is one of {', '.join(self.choices)}, not {value!r}")
        if isinstance(value, int | float) and not self._holds(value):
            raise ValueError(f"{self.title} is {self._range()}, not {value!r}")
        if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
            raise ValueError(f"{self.title} is a whole number up to {LARGEST_WHOLE:,}")
        return value

    def parsed(self, typed: str) -> Value:
        """The value that was typed: nothing stands for the default, `""` for the empty text; raises as `checked`.

        >>> Option("top_k", "", 5, int, least=1).parsed(" 7 "), Option("multi_label", "", False, bool).parsed("yes")
        (7, True)
        >>> Option("prefix", "", None).parsed('""'), Option("prefix", "", None).parsed("")
        ('', None)
        """
        text = typed.strip()
        if not text and self.kind is not str:
            return self.default
        if self.kind is bool:
            if text.lower() in _YES | _NO:
                return text.lower() in _YES
            raise ValueError(f"{self.title} is yes or no, not {typed!r}")
        if self.kind is str:
            return self.checked("" if text == '""' else typed or self.default)
        try:
            number = int(text) if self.kind is int else float(text.replace(",", "."))
        except ValueError:
            raise ValueError(f"{self.title} is {_KINDS[self.kind]}, not {typed!r}") from None
        return self.checked(number)

    def moved(self, number: float, by: int) -> float:
        """The number some steps on, within its limits."""
        least = self.step if self.above_least else self.least
        moved = max(least, min(round((number + by * self.step) / self.step) * self.step, self.most))
        return int(moved) if self.kind is int else round(moved, 6)

    def _holds(self, number: float) -> bool:
        return self.least <= number <= self.most and not (self.above_least and number == self.least)

    def _range(self) -> str:
        if self.above_least:
            return f"above {self.least:g}" + (f" and at most {self.most:g}" if self.most < math.inf else "")
        if self.most == math.inf:
            return f"at least {self.least:g}"
        return f"from {self.least:g} to {self.most:g}" if self.least > -math.inf else f"at most {self.most:g}"


_KINDS = {str: "a text", int: "a whole number", float: "a number", bool: "yes or no"}
_YES = frozenset({"yes", "y", "true", "on", "1"})
_NO = frozenset({"no", "n", "false", "off", "0"})


class Form(NamedTuple):
    """All that a task asks for."""

    fields: tuple[Field, ...]
    options: tuple[Option, ...] = ()
    reads_positions: bool = False
    """Whether every position of a sequence has logits of its own, so that the cursor chooses what is read."""

    def inputs(self, given: Mapping[str, object]) -> dict[str, str]:
        """A text for every field. Raises ValueError for a field the task doesn't have."""
        self._refuse_others(given, [field.name for field in self.fields])
        return {field.name: str(given.get(field.name, field.default)) for field in self.fields}

    def values(self, given: Mapping[str, object]) -> dict[str, Value]:
        """A value for every option. Raises ValueError for what no option can have."""
        self._refuse_others(given, [option.name for option in self.options])
        return {
            option.name: option.checked(given[option.name]) if option.name in given else option.default
            for option in self.options
        }

    def option(self, name: str) -> Option:
        """The option called `name`. Raises KeyError."""
        return {option.name: option for option in self.options}[name]

    @staticmethod
    def _refuse_others(given: Mapping[str, object], known: list[str]) -> None:
        other = [name for name in given if name not in known]
        if other:
            raise ValueError(f"this task has no {', '.join(other)}; it has {', '.join(known) or 'none'}")
