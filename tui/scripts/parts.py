"""What is asked of a script, and the parts that every script has: its beginning, and how a row is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import indent

from tui.catalogue import built_in_folder
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.tasks import TASKS
from tui.tasks.forms import Value


@dataclass(frozen=True)
class Asked:
    """One question to a model, as the screen holds it."""

    task: str
    reference: str
    """A built-in's name, a folder's path, or a Hub id."""
    revision: str | None
    inputs: Mapping[str, str]
    options: Mapping[str, Value]
    """Those that differ from their defaults."""
    readout: ReadoutSettings
    address: RowAddress
    limit: int | None
    """Most tokens the model takes, as the engine found it."""
    device: str = "cpu"
    dtype: str = "float32"
    warning: str = ""
    """What the engine says of a head that is not in the checkpoint; empty where all of it is."""

    def values(self) -> dict[str, Value]:
        """Every option of the task's form."""
        return TASKS[self.task].form.values(self.options)

    def texts(self) -> dict[str, str]:
        """Every field of the task's form."""
        return TASKS[self.task].form.inputs(self.inputs)


_SEEDED = "torch.manual_seed(0)  # a head that the checkpoint lacks is filled with random numbers, these"
"""The engine's seed, at the engine's place: the random head is the same one."""


def header(asked: Asked, auto_class: str) -> str:
    """The beginning of every script: imports, the checkpoint, its tokenizer and its model."""
    built_in = built_in_folder(asked.reference)
    names = f"AutoTokenizer, {auto_class}" if auto_class > "AutoTokenizer" else f"{auto_class}, AutoTokenizer"
    lines = ["import torch", f"from transformers import {names}"]
    if built_in is not None:
        lines += ["from tui.catalogue import built_in_folder"]
        checkpoint = f"built_in_folder({asked.reference!r})"
    else:
        checkpoint = repr(asked.reference)
    revision = f", revision={asked.revision!r}" if asked.revision else ""
    to_device = "" if asked.device == "cpu" else f".to({asked.device!r})"
    lines += [
        "",
        f"checkpoint = {checkpoint}",
        f"tokenizer = AutoTokenizer.from_pretrained(checkpoint{revision})",
        *([_SEEDED] if asked.warning else []),
        f"model = {auto_class}.from_pretrained(checkpoint, dtype=torch.{asked.dtype}{revision}){to_device}.eval()",
    ]
    return "\n".join(lines)


def read_row(asked: Asked, function: str, context: str | None = None) -> str:
    """The end of every script's maths: `probabilities` from `logits`, by the function and settings in force.

    `context` is the expression for the ids before what the row is about, an int64 tensor [1, n]; None where nothing
    stands before it. With filters set `renormalized` holds what is left of the probabilities.
    """
    settings = asked.readout
    lines, row = [], "logits.double()"
    penalty = settings.repetition_penalty
    chain = []
    if function == "softmax" and penalty != 1.0 and context is not None:
        chain.append(f"RepetitionPenaltyLogitsProcessor({penalty!r})")
        lines.append(f"penalized = {chain[0]}({context}, logits.double()[None])[0]")
        row = "penalized"
    if settings.temperature != 1.0:
        row = f"{row} / {settings.temperature!r}"
        chain.append(f"TemperatureLogitsWarper({settings.temperature!r})")
    formula = {"softmax": f"torch.softmax({row}, -1)", "sigmoid": f"torch.sigmoid({row})"}
    lines.append(f"probabilities = {formula.get(function, row)}")
    filters = [
        f"{name}({value!r})"
        for name, value, off in (
            ("TopKLogitsWarper", settings.top_k, 0),
            ("TopPLogitsWarper", settings.top_p, 1.0),
            ("MinPLogitsWarper", settings.min_p, 0.0),
            ("TypicalLogitsWarper", settings.typical_p, 1.0),
        )
        if value != off
    ]
    if function == "softmax" and filters:
        chain += filters
        before = context or "torch.empty((1, 0), dtype=torch.long)"
        lines += [
            f"filters = LogitsProcessorList([{', '.join(chain)}])",
            f"kept = filters({before}, logits.float()[None])[0] > -torch.inf",
            "renormalized = probabilities * kept / (probabilities * kept).sum()",
        ]
        chain.append("LogitsProcessorList")
    elif len(lines) == 1:
        chain = []
    imported = sorted({name.partition("(")[0] for name in chain})
    return "\n".join([*([f"from transformers import {', '.join(imported)}"] if imported else []), *lines])


def read_head(asked: Asked) -> str:
    """`read_row` for a head of labels: under `auto` by the function that the checkpoint's config asks for."""
    if asked.readout.function != "auto":
        return read_row(asked, asked.readout.function)
    return "\n".join(
        [
            "config = model.config",
            'if config.problem_type == "regression":',
            indent(read_row(asked, "none"), "    "),
            'elif config.problem_type == "multi_label_classification" or config.num_labels == 1:',
            indent(read_row(asked, "sigmoid"), "    "),
            "else:",
            indent(read_row(asked, "softmax"), "    "),
        ]
    )
