"""Hostile chat templates: refused with a sentence, in bounded time and memory, and the engine goes on."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from tests.engine.conftest import TinyFolder
from tests.engine.driver import EngineProcess
from tui.protocol import Analyze, Answered, Cancel, Cancelled, Failed, Load, Loaded, Tokenized

TASK = "text-generation"
GROWING = (
    "{% set n = namespace(x='a') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}"
)
ESCAPES = "\x1b]52;c;aGk=\x07\u202e\x9b31m"
RUNAWAYS = {
    "nested ranges": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "nested ranges that write": "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
    "one power": "{{ 9 ** (9 ** 9) }}",
    "a string times a billion": "{{ 'x' * 1000000000 }}",
    "doubling": GROWING,
    "a range as a list": "{% set x = range(99999) | list %}" * 3 + "{{ (x * 99999) | length }}",
    "a filter": "{{ 'x' | center(2000000000) }}",
    "a format": "{{ '%2000000000d' % 1 }}",
    "more than a prompt": "{{ 'xyz ' * 4000000 }}",
}
REFUSALS = {
    "recursion": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "attributes (CVE-2024-56326)": "{{ ('{0.__class__.__mro__}' | attr('format'))(messages) }}",
    "attributes (CVE-2025-27516)": "{{ ('{0.__init__.__globals__}' | attr('format'))(raise_exception) }}",
    "globals": "{{ raise_exception.__globals__ }}",
    "classes": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "a long reason": "{{ raise_exception('x' * 1000000) }}",
    "a reason with escapes": "{{ raise_exception('" + ESCAPES + "') }}",
    "a bad strftime": "{{ strftime_now('%' ~ '\\ud800') }}",
    "no template": "{% for %}",
}


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as engine:
        yield engine


@pytest.fixture
def folder(tiny: TinyFolder, tmp_path: Path) -> Path:
    return shutil.copytree(tiny("gpt2", head="CausalLM"), tmp_path / "checkpoint")


def asked(engine: EngineProcess, folder: Path, template: str) -> int:
    """The request that renders a chat by this template, sent."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    engine.send(Load(engine.next_id(), str(folder), TASK))
    assert isinstance(engine.last(engine.newest), Loaded)
    options = {"chat": True, "max_new_tokens": 1}
    engine.send(Analyze(engine.next_id(), TASK, {"text": "user: Hi"}, options=options))
    return engine.newest


def refusal(engine: EngineProcess, folder: Path, template: str) -> Failed:
    failed = engine.last(asked(engine, folder, template))
    assert isinstance(failed, Failed)
    engine.send(Analyze(engine.next_id(), TASK, {"text": "Hi"}, options={"max_new_tokens": 1}))
    assert isinstance(engine.last(engine.newest), Answered)
    return failed


@pytest.mark.parametrize("name", RUNAWAYS)
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system limits no memory")
def test_a_template_that_runs_away_is_stopped(engine: EngineProcess, folder: Path, name: str) -> None:
    failure = refusal(engine, folder, RUNAWAYS[name]).failure
    stopped = failure.title in ("It takes too long", "It takes too much memory", "It gives too much")
    assert stopped or failure.title == "The chat template refuses these turns"
    if stopped:
        assert "The chat template of checkpoint: " in failure.detail


@pytest.mark.parametrize("name", REFUSALS)
def test_a_template_that_tricks_is_refused_or_harmless(
    engine: EngineProcess, folder: Path, name: str
) -> None:
    failure = refusal(engine, folder, REFUSALS[name]).failure
    assert failure.title == (
        "Nothing to read" if name == "globals" else "The chat template refuses these turns"
    )
    assert len(failure.detail) < 700


def test_what_a_template_writes_is_text(engine: EngineProcess, folder: Path) -> None:
    request = asked(engine, folder, "{{ messages[0].content }}" + ESCAPES)
    assert isinstance(engine.last(request), Answered)
    tokens = engine.first(Tokenized, request).sequences[0].tokens
    assert len(tokens) > 5


def test_a_template_that_runs_can_be_cancelled(engine: EngineProcess, folder: Path) -> None:
    request = asked(engine, folder, RUNAWAYS["nested ranges"])
    engine.send(Cancel(engine.next_id(), request))
    assert isinstance(engine.last(request), Cancelled | Failed), "it may have been stopped before"
    engine.send(Analyze(engine.next_id(), TASK, {"text": "Hi"}, options={"max_new_tokens": 1}))
    assert isinstance(engine.last(engine.newest), Answered)
