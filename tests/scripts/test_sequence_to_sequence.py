"""The script of summarization and translation gives the engine's numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.asking import ask, by_index
from tests.checkpoints import MAX_TOKENS
from tests.engine.conftest import load_here
from tests.seq2seq_checkpoints import make_writer
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.scripts import Asked, script

TEXT = "The film was dull.\n'Nobody' \"laughed\" \\ {} 😀 \x1b[31m"
CODES = {"src_lang": "fra_Latn", "tgt_lang": "deu_Latn"}


@pytest.mark.parametrize(
    ("kind", "task", "text", "options", "readout", "address"),
    [
        ("t5", "summarization", TEXT, {}, ReadoutSettings(), RowAddress()),
        ("t5", "summarization", TEXT, {"prefix": "", "num_beams": 3}, ReadoutSettings(0.5), RowAddress(1, 4)),
        ("bart", "summarization", "the film was dull " * 40, {}, ReadoutSettings(), RowAddress(1, 999)),
        ("bert2bert", "summarization", TEXT, {"max_new_tokens": 4}, ReadoutSettings(), RowAddress()),
        ("t5", "translation", TEXT, {"tgt_lang": "de"}, ReadoutSettings(function="sigmoid"), RowAddress()),
        ("t5", "translation", TEXT, {"prefix": "say: "}, ReadoutSettings(function="none"), RowAddress(0, 3)),
        ("nllb", "translation", TEXT, CODES, ReadoutSettings(), RowAddress()),
        ("nllb", "translation", TEXT, {"tgt_lang": "deu_Latn"}, ReadoutSettings(), RowAddress(1, 1)),
        ("mbart", "translation", TEXT, {"tgt_lang": "fr_XX"}, ReadoutSettings(), RowAddress()),
        ("marian with codes", "translation", TEXT, {"tgt_lang": "fra"}, ReadoutSettings(), RowAddress()),
        ("marian with codes", "translation", ">>deu<< dull", {}, ReadoutSettings(), RowAddress()),
        ("marian", "translation", TEXT, {"length_penalty": 0.5}, ReadoutSettings(), RowAddress()),
    ],
)
def test_the_numbers(
    tmp_path: Path,
    kind: str,
    task: str,
    text: str,
    options: dict[str, Any],
    readout: ReadoutSettings,
    address: RowAddress,
) -> None:
    folder = make_writer(tmp_path, kind, generation={"max_length": 9})
    asked = Asked(task, str(folder), None, {"text": text}, options, readout, address, MAX_TOKENS)
    found: dict[str, Any] = {}
    exec(compile(script(asked), "script", "exec"), found)
    told = ask(load_here(folder, task=task), text, **options)
    assert found["answer"] == told.answer
    assert found["ids"].tolist() == [token.id for token in told.view.tokens]
    logits, probabilities = by_index(
        told.readout(address, temperature=readout.temperature, function=readout.function)
    )
    assert found["logits"].tolist() == logits
    assert found["probabilities"].tolist() == pytest.approx(probabilities, abs=1e-9)
