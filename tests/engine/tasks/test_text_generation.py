"""Text generation equals transformers: logits, losses, `pipeline("text-generation", do_sample=False)`."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, pipeline

from tests.asking import Told, ask
from tests.checkpoints import MAX_TOKENS, bare_byte_level, byte_level, make_checkpoint, wordpiece
from tests.engine.conftest import TinyFolder, load_here
from tui.engine import tasks
from tui.engine.checkpoint.loading import LoadedCheckpoint
from tui.engine.decoding.scoring import score_tokens
from tui.engine.errors import Abandoned, EngineError
from tui.protocol.answers import Scored
from tui.protocol.rows import RowAddress

TASK = "text-generation"
TEXTS = (
    "The film was dull, the",
    "a",
    " \t\n",
    "Crème brûlée 東京 😀👩‍👩‍👧",
    "e\u0301 \u202egnihton\u202c \x00\x07\x1b[31m",
    "[CLS] <s> twice </s> <|endoftext|> [UNK]",
)
OTHERS: dict[str, dict[str, Any]] = {
    "gpt_neox": {"rotary_pct": 0.5},
    "mistral": {"num_key_value_heads": 2, "sliding_window": 8},
    "gemma2": {"num_key_value_heads": 2, "head_dim": 8, "sliding_window": 8},
    "mamba": {"state_size": 4},
}
"""Kinds of caches: rotary, sliding window, both in turn, a state."""
TEMPLATE = (
    "{{ '<|endoftext|>' }}{% for m in messages %}{% if m['role'] == 'system' and not loop.first %}"
    "{{ raise_exception('only the first turn can be the system\\'s') }}{% endif %}"
    "[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}"
)


def generator_of(folder: Path) -> Any:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return pipeline("text-generation", model=model, tokenizer=AutoTokenizer.from_pretrained(folder))


def scored(told: Told) -> Scored:
    assert isinstance(told.view, Scored)
    return told.view


@pytest.fixture(scope="module")
def folder_of(tiny: TinyFolder, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def folder(model_type: str) -> Path:
        if model_type not in OTHERS:
            return tiny(model_type, head="CausalLM")
        if model_type not in made:
            sizes = {
                "hidden_size": 32,
                "intermediate_size": 48,
                "num_attention_heads": 4,
                "num_hidden_layers": 2,
            }
            tokenizer = bare_byte_level()
            config = transformers.AutoConfig.for_model(
                model_type,
                vocab_size=len(tokenizer),
                initializer_range=0.3,
                bos_token_id=0,
                eos_token_id=0,
                pad_token_id=0,
                max_position_embeddings=MAX_TOKENS,
                **(sizes | OTHERS[model_type]),
            )
            torch.manual_seed(0)
            made[model_type] = tmp_path_factory.mktemp(model_type)
            AutoModelForCausalLM.from_config(config).save_pretrained(made[model_type])  # type: ignore[no-untyped-call]
            tokenizer.save_pretrained(made[model_type])
        return made[model_type]

    return folder


@pytest.fixture
def changed(tiny: TinyFolder, tmp_path: Path) -> Callable[..., Path]:
    """A gpt2 with other generation settings, or with a chat template."""

    def folder(template: str | None = None, **settings: Any) -> Path:
        make_checkpoint(tmp_path, "gpt2", head="CausalLM")
        GenerationConfig(**settings).save_pretrained(tmp_path)  # type: ignore[no-untyped-call]
        if template is not None:
            tokenizer = AutoTokenizer.from_pretrained(tmp_path)
            tokenizer.chat_template = template
            tokenizer.save_pretrained(tmp_path)
        return tmp_path

    return folder


# ------------------------------------------------------------------------------------- against transformers


@pytest.mark.parametrize("model_type", ["gpt2", "llama", *OTHERS])
def test_logits_answer_and_scores(folder_of: Callable[[str], Path], model_type: str) -> None:
    folder = folder_of(model_type)
    loaded, generate = load_here(folder, task=TASK), generator_of(folder)
    for text in TEXTS:
        told = ask(loaded, text, max_new_tokens=7)
        assert told.answer == generate(text, do_sample=False, max_new_tokens=7), text
        encoded = generate.tokenizer(text, return_tensors="pt")
        with torch.inference_mode():
            output = generate.model(**encoded, labels=encoded["input_ids"])
        rows = output.logits[0]
        logits = getattr(told.outcome, "logits")  # noqa: B009 - Outcome itself has none
        assert torch.equal(logits, rows), text
        assert_scores(scored(told), rows, encoded["input_ids"][0].tolist())
        if len(rows) > 1:
            assert scored(told).perplexity == pytest.approx(math.exp(output.loss.item()), rel=1e-5)


def test_no_token_types_reach_the_model(tmp_path: Path) -> None:
    """The pipeline passes ids and mask; GPT-2 would take token types, which this tokenizer makes, for words."""
    make_checkpoint(tmp_path, "gpt2", head="CausalLM")
    tokenizer = wordpiece()
    tokenizer.save_pretrained(tmp_path)
    assert "token_type_ids" in tokenizer("a")
    text = "The film was dull"
    told, generate = ask(load_here(tmp_path, task=TASK), text, max_new_tokens=7), generator_of(tmp_path)
    assert told.answer == generate(text, do_sample=False, max_new_tokens=7)
    encoded = generate.tokenizer(text, return_tensors="pt", return_token_type_ids=False)
    with torch.inference_mode():
        assert torch.equal(getattr(told.outcome, "logits"), generate.model(**encoded).logits[0])  # noqa: B009


def test_the_rows_do_not_change_with_what_is_written(tiny: TinyFolder) -> None:
    """`generate` hands RoBERTa positions that its own forward wouldn't take: the rows stay those of the forward."""
    loaded = load_here(tiny("roberta", head="CausalLM"), task=TASK)
    read, wrote = (ask(loaded, TEXTS[0], max_new_tokens=most) for most in (0, 5))
    assert torch.equal(getattr(read.outcome, "logits"), getattr(wrote.outcome, "logits"))  # noqa: B009
    assert scored(read).perplexity == scored(wrote).perplexity
    assert "another position_ids" not in scored(read).note
    assert "generate hands this kind of model another position_ids" in scored(wrote).note


@pytest.mark.parametrize(("model_type", "both_ways"), [("bert", True), ("gpt2", False), ("llama", False)])
def test_a_model_that_reads_both_ways_says_so(tiny: TinyFolder, model_type: str, both_ways: bool) -> None:
    told = ask(load_here(tiny(model_type, head="CausalLM"), task=TASK), TEXTS[0], max_new_tokens=2)
    assert ("reads both ways" in scored(told).note) is both_ways


def test_a_decoder_that_is_told_so_reads_one_way(tiny: TinyFolder) -> None:
    told = ask(
        load_here(tiny("bert", head="CausalLM", is_decoder=True), task=TASK), TEXTS[0], max_new_tokens=0
    )
    assert scored(told).note == ""


def assert_scores(view: Scored, rows: torch.Tensor, ids: list[int]) -> None:
    """Against float64 arithmetic on transformers' logits, written the long way."""
    first, *others = view.tokens
    assert (first.probability, first.rank, first.surprisal_bits) == (None, None, None)
    assert len(others) == len(ids) - 1
    total = 0.0
    for position, (score, index) in enumerate(zip(others, ids[1:], strict=True)):
        row = rows[position].double()
        probabilities = torch.softmax(row, -1)
        assert score.probability == pytest.approx(probabilities[index].item(), rel=1e-9)
        order = sorted(range(len(row)), key=lambda each, row=row: (-row[each].item(), each))  # type: ignore[misc]
        assert score.rank == order.index(index) + 1
        assert score.surprisal_bits == pytest.approx(-math.log2(probabilities[index].item()), rel=1e-9)
        total += score.surprisal_bits or 0.0
    if others:
        assert view.total_bits == pytest.approx(total)
    best = torch.softmax(rows[-1].double(), -1).sort(descending=True, stable=True)
    assert [candidate.id for candidate in view.next] == best.indices[:20].tolist()
    assert [each.probability for each in view.next] == pytest.approx(best.values[:20].tolist(), rel=1e-9)


@pytest.mark.parametrize(
    "settings",
    [
        {"repetition_penalty": 1.7, "no_repeat_ngram_size": 2},
        {"num_beams": 3, "length_penalty": 0.5},
        {"suppress_tokens": [33, 325]},
        {"use_cache": False},
        {"return_dict_in_generate": True, "output_scores": True},
    ],
)
def test_the_checkpoints_own_settings_hold(changed: Callable[..., Path], settings: dict[str, Any]) -> None:
    folder = changed(**settings)
    loaded, generate = load_here(folder, task=TASK), generator_of(folder)
    for text in TEXTS[:2]:
        told = ask(loaded, text, max_new_tokens=9)
        theirs = generate(text, do_sample=False, max_new_tokens=9)
        assert told.answer[0]["generated_text"] == theirs[0]["generated_text"]
        assert scored(told).written == 9


@pytest.mark.parametrize(
    "settings",
    [
        {"penalty_alpha": 0.6, "top_k": 4},
        {"dola_layers": "low"},
        {"num_beams": 4, "num_beam_groups": 2, "diversity_penalty": 1.0},
        {"stop_strings": ["film"]},
    ],
)
def test_a_search_that_transformers_takes_from_elsewhere_is_refused(
    tiny: TinyFolder, tmp_path: Path, settings: dict[str, Any]
) -> None:
    folder = shutil.copytree(tiny("gpt2", head="CausalLM"), tmp_path / "checkpoint")
    (folder / "generation_config.json").write_text(json.dumps(settings))
    with pytest.raises(EngineError) as raised:
        ask(load_here(folder, task=TASK), TEXTS[0], max_new_tokens=2)
    assert raised.value.failure.title == "The checkpoint asks for a search that is not run here"
    assert "trust_remote_code" not in raised.value.failure.detail
    assert next(iter(settings)) in raised.value.failure.detail or "num_beam_groups" in settings


def test_sampling_settings_are_told_and_not_used(changed: Callable[..., Path]) -> None:
    folder = changed(do_sample=True, temperature=0.6, top_p=0.9)
    told = ask(load_here(folder, task=TASK), "The film", max_new_tokens=5)
    assert told.answer == generator_of(folder)("The film", do_sample=False, max_new_tokens=5)
    assert "temperature 0.6" in scored(told).note
    assert "top_p 0.9" in scored(told).note


def test_as_many_texts_are_given_as_the_checkpoint_asks_for(changed: Callable[..., Path]) -> None:
    folder = changed(num_beams=4, num_return_sequences=3)
    told = ask(load_here(folder, task=TASK), "The film", max_new_tokens=5)
    assert told.answer == generator_of(folder)("The film", do_sample=False, max_new_tokens=5)
    assert len({each["generated_text"] for each in told.answer}) == 3
    assert scored(told).others == tuple(each["generated_text"][len("The film") :] for each in told.answer[1:])
    assert "asks for 3 texts. The probabilities are those of the best one." in scored(told).note
    sampled = ask(
        load_here(changed(do_sample=True, num_return_sequences=3), task=TASK), "The film", max_new_tokens=5
    )
    assert len(sampled.answer) == 1
    assert "asks for 3 texts; without sampling and beams there is one." in scored(sampled).note


def test_a_text_that_ends_before_the_others_is_told_without_their_padding(
    changed: Callable[..., Path],
) -> None:
    beams = {"num_beams": 4, "num_return_sequences": 4, "length_penalty": -1.0}
    ids = getattr(ask(load_here(changed(**beams), task=TASK), "The film").outcome, "continuation").ids  # noqa: B009
    folder = changed(**beams, eos_token_id=ids[2])
    told = ask(load_here(folder, task=TASK), "The film", max_new_tokens=9)
    generate = generator_of(folder)
    assert told.answer == generate("The film", do_sample=False, max_new_tokens=9)
    prompt = generate.tokenizer("The film", return_tensors="pt")
    theirs = generate.model.generate(**prompt, do_sample=False, max_new_tokens=9, pad_token_id=0)
    mine = getattr(told.outcome, "continuation").ids  # noqa: B009
    (best,) = theirs[:1, prompt["input_ids"].shape[1] :].tolist()
    assert list(mine) == best[: best.index(ids[2]) + 1]
    assert len(mine) < len(best)


def test_settings_that_transformers_refuses_are_told_with_their_file(
    tiny: TinyFolder, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny("gpt2", head="CausalLM"), tmp_path / "checkpoint")
    (folder / "generation_config.json").write_text('{"num_return_sequences": 3}')
    with pytest.raises(EngineError) as raised:
        load_here(folder, task=TASK)
    assert raised.value.failure.title == "The checkpoint's settings can't be obeyed"
    assert "num_return_sequences" in raised.value.failure.detail
    assert raised.value.failure.hint.startswith("Correct generation_config.json")


def test_the_end_token_ends_it(changed: Callable[..., Path], tiny: TinyFolder) -> None:
    written = ask(load_here(tiny("gpt2", head="CausalLM"), task=TASK), "The film", max_new_tokens=3)
    third = getattr(written.outcome, "continuation").ids[2]  # noqa: B009
    folder = changed(eos_token_id=[third])
    told = ask(load_here(folder, task=TASK), "The film", max_new_tokens=9)
    assert scored(told).written == 3
    assert "which ends a text" in scored(told).stopped
    assert told.answer == generator_of(folder)("The film", do_sample=False, max_new_tokens=9)


def test_nothing_is_written_when_nothing_is_asked_for(tiny: TinyFolder) -> None:
    told = ask(load_here(tiny("gpt2", head="CausalLM"), task=TASK), "The film", max_new_tokens=0)
    assert told.answer == [{"generated_text": "The film"}]
    assert (scored(told).written, scored(told).stopped, scored(told).continuation) == (0, "", "")
    assert "written" not in [step.name for step in told.outcome.steps]


# ---------------------------------------------------------------------------------------------- the walk


def test_the_walk_is_that_of_the_prompt(tiny: TinyFolder) -> None:
    loaded = load_here(tiny("gpt2", head="CausalLM"), task=TASK)
    names = {}
    for most in (0, 4):
        told = ask(loaded, "The film was dull", max_new_tokens=most)
        count = len(told.prepared.readings[0].ids)
        names[most] = [(step.name, step.shape) for step in told.outcome.steps if step.name != "written"]
        assert all(shape[:2] == (1, count) for _, shape in names[most])
        assert [len(row) for row in told.outcome.norms] == [count]
    assert names[0] == names[4]
    assert told.outcome.steps[-1].shape == (1, 4)


def test_any_position_can_be_read(tiny: TinyFolder) -> None:
    told = ask(load_here(tiny("gpt2", head="CausalLM"), task=TASK), "The film was dull", max_new_tokens=0)
    tokens = told.prepared.readings[0].tokens
    last = len(tokens) - 1
    assert told.readout().address == RowAddress(0, last)
    for position, following in enumerate(tokens[1:]):
        readout = told.readout(RowAddress(0, position))
        assert readout.name == f"next token after position {position} “{tokens[position].text}”"
        row = next(row for row in readout.rows if row.index == following.id)
        assert row.probability == pytest.approx(scored(told).tokens[position + 1].probability, rel=1e-12)
        assert readout.rows.index(row) + 1 == scored(told).tokens[position + 1].rank
    assert [row.index for row in told.readout(top=20).rows] == [each.id for each in scored(told).next]
    assert told.readout(top=3, temperature=0.5).tail != told.readout(top=3).tail


def test_labels_tell_tokens_with_and_without_a_space_apart(tiny: TinyFolder) -> None:
    told = ask(load_here(tiny("gpt2", head="CausalLM"), task=TASK), "The", max_new_tokens=0)
    labels = {row.index: row.label for row in told.readout().rows}
    tokenizer = told.prepared.tokenizer
    texts = {index: tokenizer.decode([index]) for index in labels}
    incomplete = {index for index, text in texts.items() if "\ufffd" in text}
    spaced = {index for index, text in texts.items() if text.startswith(" ")} - incomplete
    assert incomplete
    assert spaced
    for index in labels:
        expected = tokenizer.entry(index) if index in incomplete else texts[index]
        assert labels[index] == expected
    assert not any("\ufffd" in label for label in labels.values())


# ---------------------------------------------------------------------------------------- limits, giving up


def test_a_prompt_that_is_cut_is_not_continued(tiny: TinyFolder) -> None:
    text = "the film was dull " * 60
    told = ask(load_here(tiny("gpt2", head="CausalLM"), task=TASK), text)
    assert told.answer == [{"generated_text": text}]
    assert len(scored(told).tokens) == MAX_TOKENS
    assert f"this checkpoint's limit is {MAX_TOKENS}" in scored(told).note


@pytest.mark.parametrize("model_type", ["gpt2", "llama"])
def test_writing_ends_where_the_positions_end(tiny: TinyFolder, model_type: str) -> None:
    folder = tiny(model_type, head="CausalLM")
    told = ask(load_here(folder, task=TASK), "The film was dull, the", max_new_tokens=4096)
    assert len(scored(told).tokens) + scored(told).written == MAX_TOKENS + 1
    assert scored(told).stopped == f"the model's limit of {MAX_TOKENS} tokens"
    most = scored(told).written
    text = "The film was dull, the"
    assert told.answer == generator_of(folder)(text, do_sample=False, max_new_tokens=most)


def test_it_can_be_given_up_between_tokens(tiny: TinyFolder) -> None:
    loaded = load_here(tiny("gpt2", head="CausalLM"), task=TASK)
    prepared = tasks.prepare(TASK, loaded.tokenizer, {"text": "The film"}, {"max_new_tokens": 20})
    calls = []

    def check() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise Abandoned

    with pytest.raises(Abandoned):
        tasks.code_of(TASK).forward(loaded, prepared, check)
    assert len(calls) == 3
    assert_no_hooks(loaded)


def assert_no_hooks(loaded: LoadedCheckpoint) -> None:
    for module in loaded.model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


def test_no_token_at_all(tiny: TinyFolder) -> None:
    with pytest.raises(EngineError) as raised:
        ask(load_here(tiny("gpt2", head="CausalLM"), task=TASK), "")
    assert raised.value.failure.title == "Nothing to read"


def test_bits_are_counted_over_the_characters_they_pay_for(tmp_path: Path) -> None:
    text = "naïve café"
    bare = make_checkpoint(tmp_path / "bare", "gpt2", head="CausalLM")
    told = ask(load_here(bare, task=TASK), text, max_new_tokens=0)
    first = told.prepared.readings[0].tokens[0]
    assert scored(told).characters == len(text) - (first.end or 0)
    assert scored(told).text_bytes == len(text[first.end :].encode())
    byte_level().save_pretrained(tmp_path / "bare")  # which puts <s> before the text
    told = ask(load_here(bare, task=TASK), text, max_new_tokens=0)
    assert (scored(told).characters, scored(told).text_bytes) == (len(text), len(text.encode()))


def test_broken_weights_give_no_rank(tiny: TinyFolder) -> None:
    loaded = load_here(tiny("gpt2", head="CausalLM"), task=TASK)
    with torch.no_grad():
        loaded.model.lm_head.weight.fill_(math.nan)
    view = scored(ask(loaded, "The film", max_new_tokens=0))
    assert view.tokens[1].rank is None
    assert view.tokens[1].surprisal_bits != view.tokens[1].surprisal_bits
    assert view.perplexity != view.perplexity


# ------------------------------------------------------------------------------------------------- chat


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("Hello there", [("user", "Hello there")]),
        ("", [("user", "")]),
        ("\nSystem: Be brief.\nUSER: Hi.\nWho?", [("system", "Be brief."), ("user", "Hi.\nWho?")]),
        ("user: Hi\nassistant: The film", [("user", "Hi"), ("assistant", "The film")]),
        ("é\nuser:\x1b[31m </s>", [("user", "é"), ("user", "\x1b[31m </s>")]),
    ],
)
def test_a_chat_is_rendered_and_continued_as_the_pipeline_does_it(
    changed: Callable[..., Path], text: str, messages: list[tuple[str, str]]
) -> None:
    folder = changed(TEMPLATE)
    chat = [{"role": role, "content": content} for role, content in messages]
    told, generate = (
        ask(load_here(folder, task=TASK), text, chat=True, max_new_tokens=5),
        generator_of(folder),
    )
    goes_on = messages[-1][0] == "assistant"
    encoded = generate.tokenizer.apply_chat_template(
        chat, add_generation_prompt=not goes_on, continue_final_message=goes_on
    )
    assert told.prepared.readings[0].ids == encoded["input_ids"]
    assert told.prepared.readings[0].ids.count(0) == 1
    assert all(token.field is None for token in told.prepared.readings[0].tokens)
    rendered = scored(told).rendered
    assert rendered is not None
    assert rendered.endswith("[assistant] The film" if goes_on else "[assistant] ")
    assert told.answer == generate(chat, do_sample=False, max_new_tokens=5)


def test_a_tokenizer_without_a_template_says_so(tiny: TinyFolder) -> None:
    with pytest.raises(EngineError) as raised:
        ask(load_here(tiny("gpt2", head="CausalLM"), task=TASK), "user: Hi", chat=True)
    assert "no chat template" in raised.value.failure.title


@pytest.mark.parametrize("template", [TEMPLATE, "{% for %}", "{{ messages[7]['content'].x.y }}"])
def test_a_template_that_refuses_says_why(changed: Callable[..., Path], template: str) -> None:
    with pytest.raises(EngineError) as raised:
        ask(load_here(changed(template), task=TASK), "user: Hi\nsystem: Be brief.", chat=True)
    assert "chat template" in raised.value.failure.title
    assert len(raised.value.failure.detail) > 10


# ------------------------------------------------------------------------------------------------- scores


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_ties_rank_by_id(dtype: torch.dtype) -> None:
    logits = torch.tensor([[0.0, 0.0, 0.0, 1.0], [2.0, 0.0, 2.0, 2.0], [0.0] * 4], dtype=dtype)
    scores = list(score_tokens(logits, [0, 2, 3], lambda: None))
    assert [score.rank for score in scores] == [None, 4, 3]
    assert scores[2].probability == pytest.approx(math.exp(2) / (3 * math.exp(2) + 1), rel=1e-12)


def test_long_texts_are_scored_in_blocks_that_can_be_given_up() -> None:
    generator = torch.Generator().manual_seed(0)
    logits, ids = torch.randn(40, 60_000, generator=generator), list(range(40))
    calls: list[int] = []
    scores = list(score_tokens(logits, ids, lambda: calls.append(1)))
    expected = torch.log_softmax(logits[:-1].double(), -1).gather(1, torch.tensor(ids[1:])[:, None])[:, 0]
    bits = [score.surprisal_bits for score in scores[1:]]
    assert bits == pytest.approx((-expected / math.log(2)).tolist(), rel=1e-12)
    assert len(calls) > 3
