"""The example inputs that a checkpoint carries, with what it really answers: `examples.json` in its folder.

The playground takes the first inputs of a task from this file, and the card prints it as a table.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = "examples.json"


@dataclass(frozen=True)
class Example:
    """One input and its answer.

    `inputs` names the fields of the task (`text`; `question` and `context`; `text` and `candidate_labels`);
    `answer` is what the transformers pipeline of the task returns for them.
    """

    inputs: Mapping[str, str | list[str]]
    answer: Any


def write_examples(folder: Path, examples: Sequence[Example]) -> None:
    """Write `examples.json`: a list of objects `inputs` and `answer`."""
    listed = [{"inputs": dict(example.inputs), "answer": example.answer} for example in examples]
    text = json.dumps(listed, indent=2, ensure_ascii=False) + "\n"
    (folder / FILE).write_text(text, encoding="utf-8")


def read_examples(folder: Path) -> list[Example]:
    """Read what `write_examples` wrote."""
    listed = json.loads((folder / FILE).read_text(encoding="utf-8"))
    return [Example(entry["inputs"], entry["answer"]) for entry in listed]


def rounded(answer: Any) -> Any:
    """Return an answer with its floats rounded to 4 decimals, at any depth.

    >>> rounded([{"score": 0.123456, "token": 7}])
    [{'score': 0.1235, 'token': 7}]
    """
    if isinstance(answer, float):
        return round(answer, 4)
    if isinstance(answer, list):
        return [rounded(entry) for entry in answer]
    return {key: rounded(value) for key, value in answer.items()} if isinstance(answer, dict) else answer
