"""What the table of tasks says of one."""

from __future__ import annotations

from typing import NamedTuple

from tui.tasks.forms import Form


class Needs(NamedTuple):
    """What a task asks of a checkpoint."""

    auto_class: str
    """The class of transformers that loads it."""
    architecture_suffixes: tuple[str, ...]
    """How the class names of models that can do it end."""
    head: str
    """What such a model has, in words."""
    architectures: tuple[str, ...] = ()
    """Class names of such models that end otherwise, all those that transformers has."""
    has_labels: bool = False
    """Whether the head's rows are the config's labels."""
    may_lack: tuple[str, ...] = ()
    """Beginnings of the names of weights that the task doesn't use."""


class Task(NamedTuple):
    """A task, as far as it is known without its code."""

    name: str
    about: str
    """What it is, behind its name and a colon."""
    form: Form
    needs: Needs
    module: str
    """Which file has its code: in `tui.engine.tasks`, and its Python view in `tui.scripts`."""
    also: str = ""
    """Another name that transformers has for the pipeline."""
    over_vocabulary: bool = False
    """Whether the head's rows are the entries of the tokenizer's vocabulary."""
    writes: str = ""
    """What the model writes token by token; the key of its answer is made of it (`summary_text`).

    Empty where it only reads."""

    @property
    def title(self) -> str:
        """Its name, with the other one."""
        return f"{self.name} ({self.also})" if self.also else self.name

    @property
    def has_encoder(self) -> bool:
        """Whether a decoder writes a text of its own about what an encoder read, instead of going on with it."""
        return self.needs.auto_class == "AutoModelForSeq2SeqLM"
