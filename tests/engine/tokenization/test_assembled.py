"""Random tokenizers through all that is told of them: ids, places, text, stages, traces, each the library's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tokenizers
from transformers import AutoTokenizer

from tests.engine.tokenization.assembled import READ, write_assembled
from tests.engine.tokenization.test_python_stages import special_as_read, special_as_told
from tui.engine.errors import EngineError
from tui.engine.tokenization.looked_at import LookedAt
from tui.engine.tokenization.opening import open_tokenizer
from tui.engine.tokenization.reading import RustTokenizer
from tui.engine.tokenization.traces import tracer_of
from tui.protocol.microscope.stages import Stages
from tui.protocol.microscope.words import words_of

NOWHERE = (None, None)


@pytest.mark.parametrize("seed", range(16))
def test_a_random_tokenizer(seed: int, tmp_path: Path) -> None:
    settings = write_assembled(tmp_path, seed)
    subject = LookedAt(open_tokenizer(str(tmp_path)))
    try:
        reference = AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)
    except Exception:  # noqa: BLE001 - the library refuses in many ways
        assert "transformers makes no tokenizer" in subject.facts.notes[0], settings
        return
    file = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    for text in READ:
        check(subject, reference, file, text, (settings, text))


def check(
    subject: LookedAt, reference: Any, file: tokenizers.Tokenizer, text: str, told: tuple[Any, ...]
) -> None:
    """What is told of a text by the tokenizer `reference`, beside whose folder's own file."""
    tokenizer, limit = subject.tokenizer, subject.tokenizer.limit
    try:
        encoded = reference(
            text, truncation=limit is not None, max_length=limit, return_offsets_mapping=reference.is_fast
        )
    except Exception:  # noqa: BLE001 - as above
        with pytest.raises(EngineError):
            tokenizer.read(text)
        return
    ids, read = encoded["input_ids"], tokenizer.read(text)
    assert list(read.ids) == ids, told
    for token, (start, end) in zip(read.tokens, encoded.get("offset_mapping", ()), strict=False):
        assert (token.start, token.end) in ((start, end), *([NOWHERE] if not end else [])), told
    try:
        decoded = reference.decode(ids)
    except BaseException:  # noqa: BLE001 - a panic of Rust code is no Exception
        return
    assert tokenizer.decode(ids) == decoded, told
    bare, alone = file.encode(text).ids, subject.alone(text)
    assert (alone is None) == (bare == ids), told
    assert special_as_told(tokenizer, text) == special_as_read(tokenizer, text), told
    stages = subject.stages.stages(text)
    assert [piece.id for piece in stages.pieces] == ids, told
    if isinstance(tokenizer, RustTokenizer) and limit is None:
        check_traces(tokenizer, stages, told)


def check_traces(tokenizer: RustTokenizer, stages: Stages, told: tuple[Any, ...]) -> None:
    """Each word's way ends in the pieces that the text has of it."""
    tracer = tracer_of(tokenizer)
    pieces = next(stage.pieces for stage in stages.stages if stage.kind == "model")
    for number, word in enumerate(words_of(stages)):
        if word.id is not None:
            continue
        trace = tracer.trace(word.text)
        assert trace is not None
        found = [piece.id for piece in pieces if piece.word == number]
        assert [piece.id for piece in trace.pieces] == found, (*told, word.text)
