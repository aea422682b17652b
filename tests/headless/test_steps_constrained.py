"""`run --steps` with a constraint, on the real engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.headless.written import GENERATION, TEXT, Ask
from tui.headless.client import RequestError


def test_an_expression_rules_tokens_out(steps: Ask, writer: tuple[Any, Any]) -> None:
    told = steps(GENERATION, TEXT, "--max-new-tokens=40", "--regex", "[a-z ]{1,9}")
    assert told[-1]["stopped"]["kind"] in ("end", "constraint")
    written = told[-1]["answer"][0]["generated_text"].removeprefix(TEXT)
    assert 1 <= len(written) <= 9
    assert set(written) <= set("abcdefghijklmnopqrstuvwxyz ")
    assert all(each["kept"] < writer[1].config.vocab_size for each in told[:-1])


def test_json_by_a_schema(steps: Ask, tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_text(
        json.dumps(
            {
                "type": "object",
                "properties": {"dog": {"type": "boolean"}},
                "required": ["dog"],
                "additionalProperties": False,
            }
        )
    )
    told = steps(GENERATION, TEXT, "--json-schema", str(path), "--max-new-tokens", "100")
    written = told[-1]["answer"][0]["generated_text"].removeprefix(TEXT)
    assert set(json.loads(written)) == {"dog"}


def test_an_id_or_an_expression_that_can_not_be(steps: Ask) -> None:
    for arguments in (("--ban", "99999999"), ("--regex", "("), ("--json-schema", '{"type": "nothing"}')):
        with pytest.raises(RequestError) as failed:
            steps(GENERATION, TEXT, *arguments)
        assert not failed.value.lost
        assert failed.value.failure.hint
