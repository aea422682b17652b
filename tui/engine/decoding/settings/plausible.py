"""Settings of a checkpoint's files that no generation can obey: told before it begins, whatever it would take."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tui.engine.errors import EngineError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MOST_BEAMS = 1_000
MOST_BYTES = 1 << 30
_LISTS = 4
"""Of the ids of all continuations, each of the most tokens, that transformers makes before a search begins."""
_COPIES = 8
"""Of the scores of all continuations that a step of a search holds at once, in float32."""
_COUNTS = (
    "max_new_tokens", "max_length", "min_new_tokens", "min_length", "num_beams", "num_return_sequences", "top_k",
    "num_beam_groups",
)  # fmt: skip
_SPANS = ("no_repeat_ngram_size", "encoder_no_repeat_ngram_size")
_LONGEST_SPAN = 100_000
"""Tokens; transformers makes a list for each of them, also where the text has three."""
_NUMBERS = (
    "temperature", "top_p", "min_p", "top_h", "typical_p", "epsilon_cutoff", "eta_cutoff", "repetition_penalty",
    "encoder_repetition_penalty", "length_penalty", "diversity_penalty", "max_time",
)  # fmt: skip
_IDS = (
    "decoder_start_token_id",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "eos_token_id",
    "bos_token_id",
)
_LARGEST_COUNT = 2**31
_LONGEST_SHOWN = 60


def refuse_implausible(stated: Mapping[str, Any], file: str, beams: Any, model: PreTrainedModel) -> None:
    """Raise EngineError for settings that `file` states and nothing can obey, and a search too large to begin.

    beams: those in force, whoever asks for them.
    """
    for name in _COUNTS:
        value = stated.get(name)
        if value is not None and not _is_count(value, least=int(name == "num_beams")):
            raise _no_such(name, value, file, "a whole number from 0 up to 2,147,483,648")
    for name in _SPANS:
        value = stated.get(name)
        if value is not None and not (_is_count(value) and value <= _LONGEST_SPAN):
            raise _no_such(name, value, file, f"a whole number from 0 up to {_LONGEST_SPAN:,}")
    for name in _NUMBERS:
        value = stated.get(name)
        if value is not None and not _is_number(value):
            raise _no_such(name, value, file, "a finite number")
    for name in _IDS:
        value = stated.get(name)
        ids = value if isinstance(value, list) else [value]
        if value is not None and not all(_is_count(index) for index in ids):
            raise _no_such(name, value, file, "an id, or a list of ids")
    _refuse_large_search(beams, model)


def _refuse_large_search(beams: Any, model: PreTrainedModel) -> None:
    from tui.engine.forward.model_parts import head_rows

    vocabulary = head_rows(model) or 1
    needed = int(beams) * vocabulary * 4 * _COPIES
    if int(beams) > MOST_BEAMS or needed > MOST_BYTES:
        raise EngineError(
            "The search is too large",
            f"{int(beams):,} beams over {vocabulary:,} tokens take {needed / 2**20:,.0f} MB for each step; at most "
            f"{MOST_BEAMS:,} beams and {MOST_BYTES >> 20:,} MB are taken.",
            "Set num_beams to fewer: in generation_config.json, or by F2 or --num-beams where the task has it.",
        )


def refuse_long_search(beams: int, most: int, most_by: str) -> None:
    """Raise EngineError for a search whose continuations would take all memory before it begins.

    most: tokens of a continuation. most_by: the setting that says so.
    """
    needed = beams * most * 8 * _LISTS
    if beams > 1 and needed > MOST_BYTES:
        raise EngineError(
            "The search is too large",
            f"{beams:,} beams of up to {most:,} tokens ({most_by}) take {needed / 2**20:,.0f} MB before the first; "
            f"at most {MOST_BYTES >> 20:,} MB are taken.",
            "Set max_new_tokens (F2, or --max-new-tokens) to fewer, or num_beams to 1.",
        )


def refuse_ids_beyond(model: PreTrainedModel, ids: Mapping[str, int | list[int] | None]) -> None:
    """Raise EngineError for ids of settings that the head has no row for.

    They would be an exception on a CPU, and a lost accelerator on a GPU. ids: by the names of the settings.
    """
    from tui.engine.forward.model_parts import head_rows

    vocabulary = head_rows(model)
    for name, value in ids.items():
        for index in value if isinstance(value, list) else [value]:
            if index is not None and vocabulary is not None and not 0 <= index < vocabulary:
                raise EngineError(
                    "A forced token is not in the vocabulary",
                    f"{name} is {index:,}; the model's vocabulary ends at {vocabulary - 1:,}.",
                    "Copy the settings and the weights from the same checkpoint.",
                )


def _is_count(value: Any, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= _LARGEST_COUNT


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _no_such(name: str, value: Any, file: str, wanted: str) -> EngineError:
    shown = repr(value)
    shown = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[: _LONGEST_SHOWN - 1]}…"
    return EngineError(
        "The checkpoint's settings can't be obeyed",
        f"{name} in its {file} is {shown}; it has to be {wanted}.",
        f"Correct {file}, or take {name} out of it.",
    )
