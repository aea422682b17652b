"""JSON that is always JSON, and lines that can't harm a terminal."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import msgspec
import pytest

from tui.headless.json_lines import LONGEST, as_json
from tui.headless.output import as_text
from tui.headless.reading import Reply
from tui.headless.text import cells, number, shown, visible
from tui.protocol import Answered, Forwarded, Loaded, Readout, Tokenized
from tui.protocol.answers import Classified, Score
from tui.protocol.checkpoints import Checkpoint, Memory
from tui.protocol.rows import Function, ReadoutSettings, Row
from tui.protocol.tokens import Token, TokenSequence


def reading(
    rows: tuple[Row, ...],
    text: str = "hello",
    function: Function = "softmax",
    total: int = 1,
    unread_from: int | None = None,
) -> Reply:
    token = Token(5, "hello", 0, 5, False, 1, 0, 0)
    checkpoint = Checkpoint("org/model", "model", "hub")
    loaded = Loaded(1, checkpoint, "sentiment-analysis", "cpu", "", "float32", 1, 0.5, Memory(None, None))
    best = Score(rows[0].label, rows[0].probability or rows[0].logit)
    return Reply(
        "sentiment-analysis",
        {"text": text},
        loaded,
        Tokenized(2, "org/model", (TokenSequence((token,), total, (unread_from,)),), 512, 0.001),
        Readout(2, ReadoutSettings(), function, "a rule", rows, len(rows), None, 0.0, 0.0, None),
        Answered(2, [{"label": best.label, "score": best.score}], Classified((best,)), 0.004),
    )


def row(index: int, label: str, logit: float, probability: float | None) -> Row:
    return Row(index, label, logit, logit, 0.0, 1.0, probability)


TWO = (row(1, "POSITIVE", 2.0, 0.75), row(0, "NEGATIVE", -1.0, 0.25))


def test_long_lists_are_told_in_part_unless_all_is_asked_for() -> None:
    asked = reading(TWO, "word " * 300)
    tokens = tuple(Token(place, "word", 5 * place, 5 * place + 4, False, 1, 0, place) for place in range(300))
    sequences = (TokenSequence(tokens, 300, (None,)),)
    norms = (tuple(float(place) for place in range(300)), (1.0,))
    answer = [{"label": str(place), "score": 0.0} for place in range(300)]
    long = replace(
        asked,
        tokenized=msgspec.structs.replace(asked.tokenized, sequences=sequences),
        answered=msgspec.structs.replace(asked.answered, answer=answer),
        forwarded=Forwarded(2, (), 0.004, Memory(None, None), norms),
    )
    told, whole = json.loads(as_json(long)), json.loads(as_json(long, whole=True))
    assert told["left_out"] == {"tokens": 300, "norms[]": 300}
    assert "left_out" not in whole
    assert told["tokens"] == whole["tokens"][:LONGEST]
    assert told["norms"] == [whole["norms"][0][:LONGEST], [1.0]]
    assert len(whole["tokens"]) == len(told["answer"]) == 300
    assert told["input"] == whole["input"]
    rest = {"tokens", "norms", "left_out"}
    assert {name: value for name, value in told.items() if name not in rest} == {
        name: value for name, value in whole.items() if name not in rest
    }


def test_the_keys_and_their_order_of_labels() -> None:
    values = json.loads(as_json(reading(TWO)))
    assert list(values)[:8] == [
        "task",
        "model",
        "input",
        "tokens",
        "logits",
        "probabilities",
        "answer",
        "seconds",
    ]
    assert values["task"] == "sentiment-analysis"
    assert values["model"] == "org/model"
    assert values["input"] == "hello"
    token = {"id": 5, "text": "hello", "start": 0, "end": 5, "special": False, "mask": 1, "type_id": 0}
    assert values["tokens"] == [token]
    assert list(values["tokens"][0]) == list(token)
    assert values["logits"] == [-1.0, 2.0]
    assert values["probabilities"] == [0.25, 0.75]
    assert values["labels"] == ["NEGATIVE", "POSITIVE"]
    assert values["answer"] == [{"label": "POSITIVE", "score": 0.75}]
    assert values["seconds"] == 0.004
    assert (values["total_tokens"], values["truncated"]) == (1, False)


def test_what_json_has_no_number_for_is_null() -> None:
    rows = (row(0, "a", math.nan, math.nan), row(1, "b", math.inf, None))
    values = json.loads(as_json(reading(rows)), parse_constant=pytest.fail)
    assert values["logits"] == [None, None]
    assert values["probabilities"] == [None, None]
    assert values["answer"][0]["score"] is None


def test_json_is_one_line_of_utf8() -> None:
    text = "日本\n\u2028 \x1b[31m half \ud83d \x00"
    written = as_json(reading(TWO, text))
    assert "\n" not in written
    assert "日本" in written
    assert json.loads(written.encode("utf-8"))["input"] == text


def test_a_warning_of_the_checkpoint_is_on_every_line() -> None:
    fair = reading(TWO)
    assert "warning" not in json.loads(as_json(fair))
    warned = replace(fair, loaded=msgspec.structs.replace(fair.loaded, warning="its head is random"))
    assert json.loads(as_json(warned))["warning"] == "its head is random"


def test_norms_come_with_the_steps() -> None:
    assert {"steps", "norms"}.isdisjoint(json.loads(as_json(reading(TWO))))
    forwarded = Forwarded(2, (), 0.003, Memory(None, None), ((1.5, math.nan), (0.25,)))
    values = json.loads(as_json(replace(reading(TWO), forwarded=forwarded)), parse_constant=pytest.fail)
    assert values["steps"] == []
    assert values["norms"] == [[1.5, None], [0.25]]


def test_the_readable_lines() -> None:
    assert as_text(reading(TWO)).splitlines() == [
        "hello",
        "POSITIVE 0.750000   (1 token, 4 ms)",
        "  label         logit  probability (softmax)",
        "  POSITIVE   2.000000  0.750000",
        "  NEGATIVE  -1.000000  0.250000",
    ]


def test_a_score_that_is_no_probability() -> None:
    lines = as_text(reading((row(0, "score", 3.5, None),), function="none"))
    assert "–" in lines
    assert "the score is none" in lines


def test_what_is_cut_is_said() -> None:
    lines = as_text(reading(TWO, total=803, unread_from=2101))
    assert "first 1 of 803 tokens; characters from 2,101 on are not read" in lines
    assert json.loads(as_json(reading(TWO, total=803)))["truncated"]


def test_nothing_reaches_the_terminal_as_a_command() -> None:
    rows = (row(0, "\x1b]0;title\x07", 1.0, 0.5), row(1, "\u202eevil\u202c", 0.0, 0.5))
    lines = as_text(reading(rows, "red \x1b[31m\r\u200b\x9b2J"))
    assert all(char.isprintable() or char == "\n" for char in lines)
    assert "\\x1b[31m\\r\\u200b\\x9b2J" in lines


def test_columns_stand_under_each_other_in_cells() -> None:
    rows = (row(0, "日本", 1.0, 0.5), row(1, "e\u0301", 0.0, 0.25), row(2, "plain", 0.0, 0.25))
    table = as_text(reading(rows)).splitlines()[2:]
    assert len({cells(line[: line.index("0.", line.index("."))].rstrip()) for line in table[1:]}) == 1


def test_numbers() -> None:
    assert [number(value) for value in (None, 0.0, 0.5, 1e-9, -1e-5, 12.25)] == [
        "–",
        "0.000000",
        "0.500000",
        "1.000e-09",
        "-1.000e-05",
        "12.250000",
    ]


def test_a_long_text_is_counted() -> None:
    assert shown("x" * 5000).endswith("… (5,000 characters)")
    assert shown("") == "(an empty text)"


def test_visible_text() -> None:
    assert visible("a\tb\\n") == "a\\tb\\n"
    assert visible("日本 é 👍") == "日本 é 👍"
    assert (cells("日本"), cells("abc"), cells("e\u0301")) == (4, 3, 1)
