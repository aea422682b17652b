"""What a prompt begins with is what the text-generation pipeline lets it begin with: a prefix, a first token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, TextGenerationPipeline, pipeline

from tests.asking import Told, ask, by_index
from tests.checkpoints import MAX_TOKENS, edit_json, make_checkpoint
from tests.engine.conftest import load_here
from tests.engine.decoding.writing import Writer
from tests.families.making import make_family
from tui.engine.errors import EngineError
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.scripts import Asked, script

TASK = "text-generation"
TEXTS = ("The film", "", "a", " 東京 😀", "x" * 200)
PREFIXES = ("A warm story. ", "é", " ", "", "\n\x1b[31m<|endoftext|>")


def pipeline_of(folder: Path) -> Any:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return pipeline("text-generation", model=model, tokenizer=AutoTokenizer.from_pretrained(folder))


def by_script(folder: Path, text: str, limit: int | None = MAX_TOKENS, **options: Any) -> dict[str, Any]:
    asked = Asked(TASK, str(folder), None, {"text": text}, options, ReadoutSettings(), RowAddress(), limit)
    found: dict[str, Any] = {}
    exec(compile(script(asked), "script", "exec"), found)
    return found


def make(folder: Path, bos: int | None = 0, generation: dict[str, Any] | None = None, **config: Any) -> Path:
    """A GPT-2 whose tokenizer puts nothing around a text."""
    make_checkpoint(folder, "gpt2", head="CausalLM", seed=1)
    edit_json(folder / "config.json", bos_token_id=bos, eos_token_id=0, **config)
    edit_json(folder / "generation_config.json", bos_token_id=bos, eos_token_id=None, **(generation or {}))
    return folder


def read_by(told: Told) -> list[int]:
    return told.prepared.readings[0].ids


# -------------------------------------------------------------------------------------------------- prefix


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_prefix_of_the_config_is_read_before_the_text(tmp_path: Path, prefix: str) -> None:
    folder = make(tmp_path, prefix=prefix)
    loaded, generate = load_here(folder, task=TASK), pipeline_of(folder)
    assert generate.prefix == prefix
    for text in TEXTS[:4]:
        told = ask(loaded, text, max_new_tokens=5)
        assert told.answer == generate(text, do_sample=False, max_new_tokens=5)
        theirs = generate.tokenizer(prefix + text)["input_ids"]
        assert read_by(told) == (theirs or [0])
        assert told.view.prefix == prefix
        assert told.view.prefix_by == "config.json, prefix"
        assert len(told.view.tokens) == len(read_by(told))
        mine = [token for token in told.prepared.readings[0].tokens if token.field == 0]
        covered = "".join(text[token.start : token.end] for token in mine)
        assert covered.startswith(text) if text.isascii() else True
        assert all(token.start is None for token in told.prepared.readings[0].tokens if token.field is None)
        found = by_script(folder, text, max_new_tokens=5)
        assert found["answer"] == told.answer
        assert found["logits"].tolist() == by_index(told.readout())[0]
    first = ask(loaded, "The film", max_new_tokens=0)
    assert first.view.text_bytes is not None
    whole = prefix + "The film"
    assert first.view.text_bytes == len(whole[len(generate.tokenizer.decode(read_by(first)[:1])) :].encode())


def test_a_prefix_of_ones_own_takes_its_place(tmp_path: Path) -> None:
    folder = make(tmp_path, prefix="A warm story. ")
    loaded = load_here(folder, task=TASK)
    for own in ("", "Dull: "):
        told = ask(loaded, "The film", max_new_tokens=5, prefix=own)
        generate = pipeline_of(folder)
        assert told.answer == generate("The film", do_sample=False, max_new_tokens=5, prefix=own)
        assert read_by(told) == generate.tokenizer(own + "The film")["input_ids"]
        assert (told.view.prefix, told.view.prefix_by) == (own, "yours")
        assert by_script(folder, "The film", max_new_tokens=5, prefix=own)["answer"] == told.answer


def test_xlnet_reads_the_article_that_the_pipeline_puts_before_a_prompt(tmp_path: Path) -> None:
    folder = make_family(tmp_path / "xlnet", "xlnet", "AutoModelForCausalLM")
    generate = pipeline_of(folder)
    told = ask(load_here(folder, task=TASK), "a film", max_new_tokens=3)
    assert told.answer == generate("a film", do_sample=False, max_new_tokens=3)
    assert read_by(told) == generate.tokenizer(TextGenerationPipeline.XL_PREFIX + "a film")["input_ids"]
    assert told.view.prefix_by == "the pipeline's own for XLNet"
    assert by_script(folder, "a film", None, max_new_tokens=3)["answer"] == told.answer
    edit_json(folder / "config.json", prefix="")
    bare = ask(load_here(folder, task=TASK), "a film", max_new_tokens=3)
    assert bare.answer == pipeline_of(folder)("a film", do_sample=False, max_new_tokens=3)
    assert read_by(bare) == generate.tokenizer("a film")["input_ids"]


def test_a_least_length_is_counted_behind_the_prefix(tmp_path: Path) -> None:
    ended = set()
    for end in range(3, 399, 40):
        ends = [*range(end, end + 40)]
        folder = make(tmp_path / str(end), prefix="A warm story. ", generation={"min_length": 9})
        edit_json(folder / "generation_config.json", eos_token_id=ends)
        loaded, generate = load_here(folder, task=TASK), pipeline_of(folder)
        told = ask(loaded, "a", max_new_tokens=12)
        assert told.answer == generate("a", do_sample=False, max_new_tokens=12)
        ids = list(getattr(told.outcome, "continuation").ids)  # noqa: B009
        assert Writer(loaded).write("a", 12).ids == ids
        ended.add(len(ids))
        least = 9 + told.prepared.prefix_tokens - len(read_by(told))
        assert len(ids) >= least  # nine with those of the text; those of the prefix don't count
    assert least > 9 - len(read_by(told))
    assert min(ended) < 12


# ------------------------------------------------------------------------------------------ a first token


@pytest.mark.parametrize("bos", [0, 7])
@pytest.mark.parametrize("generation", [{}, {"num_beams": 3}])
def test_an_empty_prompt_begins_with_bos(tmp_path: Path, bos: int, generation: dict[str, Any]) -> None:
    folder = make(tmp_path, bos, generation)
    loaded, generate = load_here(folder, task=TASK), pipeline_of(folder)
    told = ask(loaded, "", max_new_tokens=6)
    assert told.answer == generate("", do_sample=False, max_new_tokens=6)
    (sequence,) = told.prepared.sequences()
    (token,) = sequence.tokens
    assert (token.id, token.text, token.special) == (bos, generate.tokenizer.convert_ids_to_tokens(bos), True)
    assert f"begins with bos_token_id {bos}" in told.view.note
    assert told.view.perplexity is None
    found = by_script(folder, "", max_new_tokens=6)
    assert found["answer"] == told.answer
    assert found["logits"].tolist() == by_index(told.readout())[0]
    if not generation:
        ids = getattr(told.outcome, "continuation").ids  # noqa: B009
        assert Writer(loaded).write("", 6).ids == list(ids)


@pytest.mark.parametrize(
    ("bos", "told"), [(None, "makes no token of an empty text"), (400, "is 400; the model's")]
)
def test_an_empty_prompt_that_can_not_begin_is_refused(tmp_path: Path, bos: int | None, told: str) -> None:
    loaded = load_here(make(tmp_path, bos), task=TASK)
    for asked in (lambda: ask(loaded, ""), lambda: Writer(loaded).write("", 3)):
        with pytest.raises(EngineError) as caught:
            asked()
        assert caught.value.failure.title == "Nothing to read"
        assert told in caught.value.failure.detail
