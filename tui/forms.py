"""What each task asks for: its fields, its options, and what of its output is read. Plain data, nothing heavy.

The screen draws its input panes and its options from these forms, the command line its flags, and the engine
checks requests against them. Names are those of transformers' pipelines.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
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
    """A setting of a task besides its texts."""

    name: str
    about: str
    default: Value = None
    kind: type[str] | type[int] | type[float] | type[bool] = str
    choices: tuple[str, ...] = ()
    least: float = -math.inf
    most: float = math.inf

    def checked(self, value: object) -> Value:
        """The value if the option can have it. Raises ValueError with what it can have.

        >>> Option("top_k", "", 5, int, least=1).checked(3), Option("x", "", None, float).checked(2)
        (3, 2.0)
        """
        if value is None:
            if self.default is None:
                return None
            raise ValueError(f"{self.name} needs a value")
        if self.kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, self.kind) or (self.kind is int and isinstance(value, bool)):
            raise ValueError(f"{self.name} is {_KINDS[self.kind]}, not {value!r}")
        if self.choices and value not in self.choices:
            raise ValueError(f"{self.name} is one of {', '.join(self.choices)}, not {value!r}")
        if isinstance(value, int | float) and not self.least <= value <= self.most:
            raise ValueError(f"{self.name} is {self._range()}, not {value!r}")
        if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
            raise ValueError(f"{self.name} is a whole number up to {LARGEST_WHOLE:,}")
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
            raise ValueError(f"{self.name} is yes or no, not {typed!r}")
        if self.kind is str:
            return self.checked("" if text == '""' else typed or self.default)
        try:
            number = int(text) if self.kind is int else float(text)
        except ValueError:
            raise ValueError(f"{self.name} is {_KINDS[self.kind]}, not {typed!r}") from None
        return self.checked(number)

    def _range(self) -> str:
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


_TEXT = Field("text", "Input", "The text the model reads.")
_FUNCTION = ("auto", "softmax", "sigmoid", "none")
_WRITING = (
    Option("max_new_tokens", "Most tokens it writes", None, int, least=1, most=4096),
    Option("min_new_tokens", "Fewest tokens it writes", None, int, least=0, most=4096),
    Option("num_beams", "Beams it keeps; 1 is greedy", None, int, least=1, most=32),
    Option("length_penalty", "Above 0 beams prefer longer texts", None, float),
    Option("no_repeat_ngram_size", "Runs of this length stand once only", None, int, least=0),
)

FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "sentiment-analysis": Form(
            fields=(
                _TEXT,
                Field(
                    "text_pair", "Second text", "A second text, for heads that compare two.", optional=True
                ),
            ),
            options=(
                Option("top_k", "Labels in the answer, best first", 1, int, least=1),
                Option("function_to_apply", "What makes scores of logits", "auto", choices=_FUNCTION),
            ),
        ),
        "zero-shot-classification": Form(
            fields=(
                _TEXT,
                Field(
                    "candidate_labels",
                    "Labels",
                    "The labels to choose from, separated by commas, or one on each line.",
                    "politics, sports, science",
                ),
            ),
            options=(
                Option(
                    "hypothesis_template",
                    "The sentence a label is put into, where {} stands",
                    "This example is {}.",
                ),
                Option("multi_label", "Whether several labels can be right", False, bool),
            ),
        ),
        "text-generation": Form(
            fields=(_TEXT,),
            options=(
                Option(
                    "chat", "Read the text as turns and apply the checkpoint's chat template", False, bool
                ),
                Option(
                    "max_new_tokens",
                    "Most tokens it goes on with, by greedy decoding",
                    20,
                    int,
                    least=0,
                    most=4096,
                ),
                Option(
                    "prefix", 'Read before the text, as the checkpoint\'s config may say; "" for none', None
                ),
            ),
            reads_positions=True,
        ),
        "fill-mask": Form(
            fields=(_TEXT,),
            options=(
                Option("top_k", "Guesses for each mask", 5, int, least=1, most=1000),
                Option(
                    "targets",
                    'Only these words are looked at, separated by commas; in quotes as they stand: " France"',
                    "",
                ),
            ),
            reads_positions=True,
        ),
        "ner": Form(
            fields=(_TEXT,),
            options=(
                Option(
                    "aggregation_strategy",
                    "How tokens become entities",
                    "simple",
                    choices=("none", "simple", "first", "average", "max"),
                ),
                Option(
                    "stride",
                    "Tokens that windows of a long text share; unset, one window is read and the rest cut",
                    None,
                    int,
                    least=0,
                ),
            ),
            reads_positions=True,
        ),
        "question-answering": Form(
            fields=(
                Field("question", "Question", "What is asked."),
                Field("context", "Context", "The text that holds the answer."),
            ),
            options=(
                Option("top_k", "Answers to show, best first", 1, int, least=1, most=100),
                Option("max_answer_len", "Most tokens of an answer", 15, int, least=1),
                Option(
                    "max_seq_len",
                    "Tokens of question and context in one window; of itself the model's limit, 384 at most",
                    None,
                    int,
                    least=8,
                ),
                Option(
                    "doc_stride",
                    "Tokens that two windows of a long context share; of itself half a window, 128 at most",
                    None,
                    int,
                    least=0,
                ),
                Option("handle_impossible_answer", "Whether “no answer” can win", False, bool),
            ),
        ),
        "summarization": Form(
            fields=(_TEXT,),
            options=(
                Option("prefix", 'Put before the text, as T5 asks for it; "" for none', None),
                *_WRITING,
            ),
            reads_positions=True,
        ),
        "translation": Form(
            fields=(_TEXT,),
            options=(
                Option("prefix", 'Put before the text, as T5 asks for it; "" for none', None),
                Option("src_lang", "Language code of the text, where the checkpoint has codes", None),
                Option("tgt_lang", "Language code to translate into, where the checkpoint has codes", None),
                *_WRITING,
            ),
            reads_positions=True,
        ),
        "feature-extraction": Form(
            fields=(
                _TEXT,
                Field("text_pair", "Second text", "A text to compare the first one with.", optional=True),
            ),
            options=(
                Option("pooling", "How one vector is made of all", "mean", choices=("mean", "first", "last")),
            ),
            reads_positions=True,
        ),
    }
)
"""The form of every task, by its name."""
