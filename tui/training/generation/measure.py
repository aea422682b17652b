"""How many bits the checkpoint needs for a byte of held-out text, against `xz -9`."""

import lzma
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2LMHeadModel

from tui.training.generation.windows import next_token_nats
from tui.training.texts.english import KINDS, Document

_TOKENS_AT_ONCE = 8192
_RESAMPLES = 1000


@dataclass(frozen=True)
class Coded:
    """One document: the bits the model needs for it and its end, and its bytes with the line break behind it."""

    kind: str
    bits: float
    bytes: int


@dataclass(frozen=True)
class Row:
    """Bits for each byte of the same documents: ours with its 95 % interval, and `xz -9`."""

    name: str
    documents: int
    bytes: int
    ours: float
    interval: tuple[float, float]
    xz: float


@torch.inference_mode()
def code(folder: Path, documents: Sequence[Document]) -> list[Coded]:
    """Return what each document costs, by the checkpoint as anyone would load it.

    A document begins behind `<|endoftext|>` and ends with it; all its tokens and the end count. One longer than
    the model's positions is read in windows that overlap by half, so a token has at least half of them before it.
    """
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    model = cast("GPT2LMHeadModel", AutoModelForCausalLM.from_pretrained(str(folder)))
    model.eval()  # type: ignore[no-untyped-call]
    end, longest = cast("int", tokenizer.eos_token_id), int(model.config.n_positions) + 1
    encoded = [[end, *ids, end] for ids in _ids(tokenizer, [document.text for document in documents])]
    windows = [
        (index, start, fresh, ids[start : start + longest])
        for index, ids in enumerate(encoded)
        for start, fresh in _windows(len(ids), longest)
    ]
    windows.sort(key=lambda window: len(window[3]))
    nats = [0.0] * len(documents)
    while windows:
        length = len(windows[-1][3])
        batch = [windows.pop() for _ in range(min(len(windows), max(1, _TOKENS_AT_ONCE // length)))]
        # What stands behind a row's end can't change what is said before it: any token will do.
        padded = [ids + [end] * (length - len(ids)) for _, _, _, ids in batch]
        surprisals = next_token_nats(model, torch.tensor(padded))
        for (index, _, fresh, ids), row in zip(batch, surprisals, strict=True):
            nats[index] += float(row[fresh : len(ids) - 1].double().sum())
    return [
        Coded(document.kind, total / math.log(2), len(document.text.encode()) + 1)
        for document, total in zip(documents, nats, strict=True)
    ]


def xz_bits_per_byte(documents: Sequence[Document]) -> float:
    """Return the bits for each byte of `xz -9 --extreme` on one file of the documents, a line break behind each."""
    text = "".join(f"{document.text}\n" for document in documents).encode()
    return len(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME)) * 8 / len(text)


def compare(folder: Path, documents: Sequence[Document]) -> list[Row]:
    """Return the rows of the table: all documents in one file, then each kind in its own."""
    coded = code(folder, documents)
    rows = [_row("**all**", coded, documents)]
    for kind in KINDS:
        chosen = [document for document in documents if document.kind == kind]
        if chosen:
            rows.append(_row(kind, [document for document in coded if document.kind == kind], chosen))
    return rows


def _row(name: str, coded: Sequence[Coded], documents: Sequence[Document]) -> Row:
    bits, sizes = np.array([one.bits for one in coded]), np.array([one.bytes for one in coded])
    random_numbers = np.random.default_rng(0)
    # Bootstrap over documents: Efron, "Bootstrap Methods: Another Look at the Jackknife" (1979).
    drawn = (random_numbers.integers(len(coded), size=len(coded)) for _ in range(_RESAMPLES))
    means = [bits[picked].sum() / sizes[picked].sum() for picked in drawn]
    low, high = np.quantile(means, (0.025, 0.975))
    return Row(
        name,
        documents=len(coded),
        bytes=int(sizes.sum()),
        ours=float(bits.sum() / sizes.sum()),
        interval=(float(low), float(high)),
        xz=xz_bits_per_byte(documents),
    )


def _ids(tokenizer: object, texts: list[str]) -> list[list[int]]:
    backend = tokenizer.backend_tokenizer  # type: ignore[attr-defined]
    return [encoding.ids for encoding in backend.encode_batch(texts)]


def _windows(tokens: int, longest: int) -> list[tuple[int, int]]:
    """Return (start, surprisals already counted) of each window over a document.

    >>> _windows(5, 9), _windows(12, 9)
    ([(0, 0)], [(0, 0), (4, 4)])
    """
    step = longest // 2
    windows = [(0, 0)]
    while windows[-1][0] + longest < tokens:
        # The new window begins `step` later and repeats what the last one already told.
        windows.append((windows[-1][0] + step, longest - 1 - step))
    return windows
