"""Writing under a regular expression or a JSON schema: real weights, from any prefix, in halves of characters."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import LogitsProcessorList

from tests.checkpoints import bare_byte_level, byte_level, unigram, wordpiece
from tests.engine.conftest import load_here
from tests.seq2seq_checkpoints import mbart, nllb
from tui.engine.checkpoint.loading import LoadedCheckpoint
from tui.engine.decoding import grammars
from tui.engine.decoding.constraints import ConstraintProcessor, constraint_of
from tui.engine.decoding.processors import arguments, check_left, named
from tui.engine.decoding.token_texts import token_texts
from tui.engine.errors import EngineError
from tui.engine.rows.vocabulary import read_row
from tui.engine.tokenization.reading import RustTokenizer
from tui.engine.tokenization.taking_over import take_over
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.protocol.writing.decoding import Constraint, Decoding

EXPRESSIONS = (
    r"[a-z]+( [a-z]+){0,9}",
    r"\d{3}-\d{4}",
    r"(yes|no|maybe not)",
    r"\n?[A-Z][^\n.]{0,60}\.",
    r"[é-ü😀–]{1,5}",
    r"[一-龥Ѐ-ӿ]{3}",
    r"(?i)hello,? world!*",
    r"a*",
    "",
)
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 12},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "tags": {"type": "array", "items": {"enum": ["red", "green"]}, "maxItems": 3},
        "happy": {"type": "boolean"},
    },
    "required": ["name", "age", "tags"],
    "additionalProperties": False,
}
MOST = 60


@cache
def writer() -> LoadedCheckpoint:
    return load_here("nano-generation", task="text-generation")


@cache
def end() -> int:
    index: int = writer().model.generation_config.eos_token_id
    return index


def held(text: str, kind: Any = "regex") -> ConstraintProcessor:
    loaded = writer()
    rows = loaded.model.config.vocab_size
    return constraint_of(Constraint(kind, text), loaded.tokenizer, rows, [end()])


def write(
    made: ConstraintProcessor, decoding: Decoding, readout: ReadoutSettings, seed: int = 0, most: int = MOST
) -> list[int]:
    """What the real `generate` writes, up to what completes the constraint, the end token or the most."""
    loaded = writer()
    prompt = torch.tensor([loaded.tokenizer.bare_ids("Once upon a time")])
    made.prompt_length = prompt.shape[1]

    def complete(ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        return torch.tensor([made.complete(each[made.prompt_length :].tolist()) for each in ids])

    torch.manual_seed(seed)
    written = loaded.model.generate(  # type: ignore[operator]
        prompt,
        max_new_tokens=most,
        logits_processor=LogitsProcessorList([made]),
        stopping_criteria=[complete],
        **arguments(decoding, readout, loaded.model.generation_config),
    )
    ids: list[int] = written[0, prompt.shape[1] :].tolist()
    return ids[:-1] if ids[-1:] == [end()] else ids


def text_of(ids: list[int]) -> str:
    return writer().tokenizer.decode(ids)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_what_the_likeliest_tokens_write_matches_the_expression(expression: str) -> None:
    made = held(expression)
    ids = write(made, Decoding(), ReadoutSettings()) if not made.complete(()) else []
    assert re.fullmatch(expression, text_of(ids)), text_of(ids)
    assert made.matches(ids)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(EXPRESSIONS[:-1]), st.integers(0, 2**31), st.sampled_from([0.7, 1.0, 3.0]))
def test_what_is_drawn_matches_the_expression(expression: str, seed: int, temperature: float) -> None:
    """Cut by the most, it can still be gone on with."""
    made = held(expression)
    ids = write(made, Decoding("sample"), ReadoutSettings(temperature=temperature), seed)
    if len(ids) < MOST:
        assert re.fullmatch(expression, text_of(ids)), text_of(ids)
    assert made.matches(ids) or made.allowed(ids).any()


@pytest.mark.parametrize("seed", range(6))
def test_what_is_written_under_a_schema_is_json_that_is_valid(seed: int) -> None:
    made = held(json.dumps(SCHEMA), "json-schema")
    ids = write(made, Decoding("sample"), ReadoutSettings(), seed, most=200)
    assert made.complete(ids), text_of(ids)
    found = json.loads(text_of(ids))
    assert set(found) - {"happy"} == {"name", "age", "tags"}
    assert isinstance(found["name"], str)
    assert len(found["name"]) <= 12
    assert 0 <= found["age"] <= 120
    assert len(found["tags"]) <= 3
    assert set(found["tags"]) <= {"red", "green"}
    assert isinstance(found.get("happy", True), bool)


def test_beams_keep_to_it_and_dead_ones_are_ruled_out_whole() -> None:
    made = held(r"(yes|no)")
    ids = write(made, Decoding(num_beams=4), ReadoutSettings())
    assert text_of(ids) in ("yes", "no")
    scores = torch.zeros(2, writer().model.config.vocab_size)
    made.prompt_length = 0
    tokenizer = writer().tokenizer
    good, bad = tokenizer.bare_ids("y"), tokenizer.bare_ids("q")
    after = made(torch.tensor([good, bad]), scores)  # type: ignore[arg-type]
    assert (after[0] > -np.inf).any()
    assert (after[1] == -np.inf).all()


def test_what_may_come_next_is_what_a_plain_search_finds() -> None:
    """Every token is tried by the expression's own words."""
    made, words = (
        held("(caf\u00e9|cart|\u00e9t\u00e9s?)"),
        ("caf\u00e9", "cart", "\u00e9t\u00e9", "\u00e9t\u00e9s"),
    )
    texts = token_texts(writer().tokenizer).later
    for written in ("", "ca", "caf", "\u00e9t"):
        ids = writer().tokenizer.bare_ids(written)
        allowed = made.allowed(ids)
        for index, text in enumerate(texts):
            whole = written.encode() + text
            possible = bool(text) and any(word.encode().startswith(whole) for word in words)
            assert allowed[index] == possible, (written, text)
    half = next(index for index, text in enumerate(texts) if text == "\u00e9".encode()[:1])
    rest = next(index for index, text in enumerate(texts) if text == "\u00e9".encode()[1:])
    assert made.allowed([])[half]
    assert made.allowed([half])[rest]
    assert not made.matches([half])


def test_any_prefix_can_be_gone_on_with_in_any_order() -> None:
    made, texts = held(r"(ab|ba)*c"), token_texts(writer().tokenizer).later
    ids = {text: texts.index(text.encode()) for text in "abc"}
    prefixes = [[], ["a"], ["a", "b"], ["b"], ["b", "a", "a"], ["a", "b", "b", "a"]]
    for prefix in [*prefixes, *prefixes[::-1]]:
        fresh = held(r"(ab|ba)*c")
        given_ids = [ids[text] for text in prefix]
        assert (made.allowed(given_ids) == fresh.allowed(given_ids)).all()
    done = [ids["a"], ids["b"], ids["c"]]
    assert made.complete(done)
    assert made.ruled_out(done) == writer().model.config.vocab_size - 1
    assert np.flatnonzero(made.allowed(done)).tolist() == [end()]
    assert made.complete([*done, end()])
    with pytest.raises(EngineError, match=r"Token 2 after the prompt, 'c'"):
        made.allowed([ids["a"], ids["c"], ids["a"]])
    with pytest.raises(EngineError, match="Token 2 after the prompt"):
        made.allowed([ids["a"], end()])
    with pytest.raises(EngineError, match="Token 5 after the prompt"):
        made.allowed([*done, end(), ids["a"]])


def test_a_long_branch_costs_no_more_states_than_are_kept() -> None:
    made = held("a*")
    index = token_texts(writer().tokenizer).later.index(b"a")
    for count in (700, 3, 699):
        assert made.matches([index] * count)
    assert len(made._kept) <= 257


@pytest.mark.parametrize(
    ("expression", "detail"),
    [
        ("a(?=b)b", "At character 2: look-around"),
        ("a/b(", "At character 4: unclosed group"),
        ("(a)\\1", "At character 4: backreferences"),
        ("[z-a]", "At character 2: invalid character class range"),
        ("a{3,1}", "At character 2: invalid repetition"),
        ("a\nb[", "line 2, character 2: unclosed character class"),
        ("a\\", "At character 2: a backslash"),
        ("\\bfoo", "not supported"),
        ("a$b", "not supported"),
        ("[^\\s\\S]", "No text at all"),
    ],
)
def test_a_wrong_expression_says_what_and_where(expression: str, detail: str) -> None:
    with pytest.raises(EngineError) as caught:
        held(expression)
    assert detail in caught.value.failure.detail
    assert caught.value.failure.hint


@pytest.mark.parametrize(
    ("schema", "detail"),
    [
        ('{"type": "string",\n}', "line 2, column 1"),
        ("[" * 100_000, "too deeply"),
        ("[]", "object"),
        ("null", "object"),
        ("false", "Nothing matches false"),
        ('{"type": "objekt"}', "objekt"),
        ('{"not": {"type": "string"}}', "not"),
        ('{"type": "string", "pattern": "(a"}', "unclosed group (pattern (a)"),
        ('{"type": "integer", "minimum": 5, "maximum": 3}', "Unsatisfiable"),
        ('{"$ref": "#/x"}', "does not exist"),
    ],
)
def test_a_wrong_schema_says_what_and_where(schema: str, detail: str) -> None:
    with pytest.raises(EngineError) as caught:
        held(schema, "json-schema")
    assert caught.value.failure.title == "The JSON schema can't be used"
    assert detail in caught.value.failure.detail


def test_true_lets_any_json_be_written_with_a_limit_to_blanks() -> None:
    made, tokenizer = held("true", "json-schema"), writer().tokenizer
    assert made.complete(tokenizer.bare_ids('{"a": [1,\n  null]}'))
    with pytest.raises(EngineError, match="does not match"):
        made.allowed(tokenizer.bare_ids("[\n\n]"))


def test_a_constraint_that_takes_too_much_work_is_given_up() -> None:
    """The library's own limits are far away for any expression that a person writes: here they are lower."""
    from llguidance import LLMatcher, LLParserLimits

    vocabulary = grammars._vocabulary(token_texts(writer().tokenizer).later)
    limits = LLParserLimits(step_lexer_fuel=1)
    state = LLMatcher(
        vocabulary, LLMatcher.grammar_from_regex("(.*a.{30}b.*){3}"), log_level=0, limits=limits
    )
    grammars.check_work(state)
    state.compute_bitmask()
    with pytest.raises(EngineError, match="takes too much work") as caught:
        grammars.check_work(state)
    assert caught.value.failure.hint


def test_a_ban_that_leaves_nothing_is_told_and_read() -> None:
    """The row shows which stage dropped which; nothing is left to draw from."""
    loaded, made = writer(), held("c+")
    texts = token_texts(loaded.tokenizer).later
    banned = tuple(index for index, text in enumerate(texts) if text and not text.strip(b"c"))
    prompt = torch.tensor([loaded.tokenizer.bare_ids("Once upon a time")])
    made.prompt_length = prompt.shape[1]
    seen = []

    def loop(model: Any, ids: Any, logits_processor: Any, *_: Any, **more: Any) -> Any:
        row = model(ids).logits[:, -1]
        chain = named(logits_processor)
        seen.append(
            read_row(
                1, row[0], loaded.tokenizer, ReadoutSettings(), RowAddress(), "", ids[0].tolist(), chain
            )[0]
        )
        check_left(logits_processor(ids, row.float()), chain)
        return ids

    with pytest.raises(EngineError, match="Nothing left to choose") as caught:
        loaded.model.generate(  # type: ignore[operator]
            prompt,
            max_new_tokens=2,
            custom_generate=loop,
            logits_processor=LogitsProcessorList([made]),
            **arguments(Decoding(banned=banned), ReadoutSettings()),
        )
    assert "banned, constraint" in caught.value.failure.detail
    (reading,) = seen
    assert (reading.kept, reading.kept_mass, reading.kept_entropy_bits) == (0, 0.0, None)
    assert [(stage.name, stage.value, stage.dropped) for stage in reading.stages] == [
        ("banned", None, len(banned)),
        ("constraint", None, reading.total - len(banned)),
    ]
    assert {row.dropped_by for row in reading.rows} <= {"banned", "constraint"}
    assert all(row.renormalized == 0.0 for row in reading.rows)


@pytest.mark.parametrize("maker", [bare_byte_level, byte_level, unigram, wordpiece, mbart, nllb])
def test_every_kind_of_tokenizer_writes_what_matches(maker: Callable[[], Any]) -> None:
    """Any tokens that are let through, drawn evenly, decode to what matches; the head has rows without entries."""
    own = maker()
    ends, rows = [own.sep_token_id if own.eos_token_id is None else own.eos_token_id], len(own) + 7
    tokenizer = take_over(own, None)
    expression = r" ?[a-z]{2,6}( [a-z]{1,6}){1,3}[é.!]?"
    made = constraint_of(Constraint("regex", expression), tokenizer, rows, ends)
    for seed in range(20):
        draw, ids = np.random.default_rng(seed), list[int]()
        while not made.complete(ids):
            allowed = made.allowed(ids)
            assert not allowed[len(own) :].any()
            ids.append(int(draw.choice(np.flatnonzero(allowed))))
            if ids[-1] in ends:
                ids.pop()
                break
        text = tokenizer.decode(ids, clean_up=False)
        assert re.fullmatch(expression, text), (text, [tokenizer.entry(each) for each in ids])


def test_a_forced_special_token_passes_and_is_no_text() -> None:
    own = byte_level()
    tokenizer = take_over(own, None)
    made = constraint_of(Constraint("regex", "b+"), tokenizer, len(own), [2])
    scores = torch.full((1, len(own)), -torch.inf)
    scores[0, 0] = 0.0
    assert torch.equal(made(torch.tensor([[]], dtype=torch.long), scores), scores)  # type: ignore[arg-type]
    assert (made.allowed([0]) == made.allowed([])).all()


def test_a_decoder_that_says_something_else_is_refused(tmp_path: Any) -> None:
    from tokenizers import Tokenizer, decoders, models

    backend = Tokenizer(models.BPE({letter: place for place, letter in enumerate("abc")}, []))
    backend.decoder = decoders.CTC()
    tokenizer = RustTokenizer.around(backend, {}, None, ())
    with pytest.raises(EngineError, match="No constraint with this tokenizer"):
        constraint_of(Constraint("regex", "a+"), tokenizer, 3, [])


def test_without_an_end_token_it_ends_where_it_is_complete() -> None:
    loaded = writer()
    made = constraint_of(Constraint("regex", "no"), loaded.tokenizer, 4096, [])
    ids = loaded.tokenizer.bare_ids("no")
    assert made.complete(ids)
    assert not made.allowed(ids).any()


def test_the_library_is_not_loaded_before_it_is_asked_for() -> None:
    program = "import sys, tui.engine.decoding.constraints; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "tui.engine.decoding.grammars" in loaded.stdout.split()
    assert "llguidance" not in loaded.stdout.split()
