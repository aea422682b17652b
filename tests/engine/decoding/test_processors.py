"""Rows read under what `generate` prepared: the same ids are left with the same probabilities, each stage told."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from msgspec import structs
from transformers import (
    AutoModelForSeq2SeqLM,
    GenerationConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LogitsProcessor,
    LogitsProcessorList,
)
from transformers.generation import logits_process as made

from tests.checkpoints import make_checkpoint
from tui.engine.decoding.processors import arguments, check_left, named
from tui.engine.errors import EngineError
from tui.engine.rows import filtering, readout
from tui.protocol import Readout
from tui.protocol.rows import ReadoutSettings
from tui.protocol.writing.decoding import Decoding

ROWS = 24
END = 3
_MODEL: Any = GPT2LMHeadModel(
    GPT2Config(
        vocab_size=ROWS, n_positions=64, n_embd=4, n_layer=1, n_head=1, eos_token_id=END, bos_token_id=0
    )
)
configured: Any = GenerationConfig
LOGITS = st.one_of(
    arrays(np.float32, ROWS, elements=st.floats(-30, 30, width=32)),
    arrays(np.float32, ROWS, elements=st.sampled_from([-2.0, -0.5, 0.0, 0.5, 2.0, 2.25])),
)
SAMPLING = st.builds(
    ReadoutSettings,
    temperature=st.sampled_from([1.0, 0.1, 0.7, 5.0]),
    repetition_penalty=st.sampled_from([1.0, 0.8, 1.3]),
    top_k=st.sampled_from([0, 1, 5, 40]),
    top_p=st.sampled_from([1.0, 0.0, 0.5, 0.9]),
    min_p=st.sampled_from([0.0, 0.05, 0.5]),
    typical_p=st.sampled_from([1.0, 0.2, 0.9]),
)
DECODING = st.builds(
    Decoding,
    method=st.sampled_from(["greedy", "sample"]),
    no_repeat_ngram_size=st.sampled_from([None, 0, 1, 2]),
    min_new_tokens=st.sampled_from([None, 0, 2, 20]),
    banned=st.lists(st.integers(0, ROWS - 1), max_size=4, unique=True).map(tuple),
    num_beams=st.sampled_from([1, 3]),
)
STATED = st.fixed_dictionaries(
    {},
    optional={
        "sequence_bias": st.sampled_from([[[[5], 2.5], [[1, 2], -4.0]], [[[7], -math.inf]]]),
        "suppress_tokens": st.just([1, 9]),
        "begin_suppress_tokens": st.just([4]),
        "forced_bos_token_id": st.just(6),
        "forced_eos_token_id": st.sampled_from([END, [END, 8]]),
        "exponential_decay_length_penalty": st.just((1, 1.5)),
        "bad_words_ids": st.just([[11], [2, 12]]),
        "min_length": st.just(9),
        "epsilon_cutoff": st.just(0.02),
        "eta_cutoff": st.just(0.05),
        "top_h": st.just(0.6),
        "renormalize_logits": st.just(True),
        "remove_invalid_values": st.just(True),
        "temperature": st.just(3.0),
        "top_k": st.just(2),
        "repetition_penalty": st.just(9.0),
    },
)


@cache
def prompt() -> torch.Tensor:
    return torch.tensor([[1, 2, 5, 2]])


def chain_of(asked: dict[str, Any], stated: dict[str, Any], most: int = 4) -> Any:
    """What `generate` itself prepares for a checkpoint that states some settings."""
    found: list[Any] = []

    def loop(model: Any, ids: torch.Tensor, logits_processor: Any, *_: Any, **more: Any) -> Any:
        found.append(logits_processor)
        return ids

    _MODEL.generation_config = configured(eos_token_id=END, pad_token_id=0, **stated)
    _MODEL.generate(prompt(), max_new_tokens=most, custom_generate=loop, **asked)
    return found[0]


def read(row: np.ndarray, settings_: ReadoutSettings, ids: list[int], chain: LogitsProcessorList) -> Readout:
    labels = [str(index) for index in range(len(row))]
    return readout.read_out(
        1,
        row.astype(np.float64),
        labels,
        structs.replace(settings_, top=len(row)),
        "softmax",
        "because",
        context_ids=ids,
        chain=filtering.Chain(tuple(named(chain)), torch.device("cpu")),
    )


def agree(reading: Readout, scores: torch.Tensor) -> None:
    """scores: float32 [rows], what `generate` chooses from."""
    kept = (scores > -math.inf).tolist()
    likely = scores.double().softmax(-1).tolist() if any(kept) else [0.0] * len(kept)
    for row in reading.rows:
        if reading.kept is None:
            assert kept[row.index] or row.logit == -math.inf
            assert row.probability == pytest.approx(likely[row.index], abs=1e-5)
            continue
        # a number put in the place of −∞ is so low that its row is never drawn
        assert row.kept == kept[row.index] or (not row.kept and scores[row.index] < -1e30), row
        assert (row.dropped_by is None) == row.kept
        assert row.renormalized == pytest.approx(likely[row.index], abs=1e-5), row
    told = sum(stage.dropped for stage in reading.stages)
    if reading.kept is not None:
        assert reading.kept == sum(bool(row.kept) for row in reading.rows)
        revived = any("forced" in stage.name for stage in reading.stages)
        impossible = sum(row.dropped_by == "logit" for row in reading.rows)
        assert revived or told + reading.kept + impossible == len(kept)


@settings(deadline=None, max_examples=120)
@given(LOGITS, SAMPLING, DECODING, STATED, st.lists(st.integers(0, ROWS - 1), max_size=6))
def test_what_is_left_is_what_generate_leaves(
    row: np.ndarray, asked: ReadoutSettings, decoding: Decoding, stated: dict[str, Any], written: list[int]
) -> None:
    stated_config = configured(eos_token_id=END, **stated)
    chain = chain_of(arguments(decoding, asked, stated_config), stated)
    ids = [*prompt()[0].tolist(), *written]
    # of the lowest numbers that take the place of −∞ the decay makes +∞, and top-h can't be asked of −∞ alone
    assume(not {"remove_invalid_values", "exponential_decay_length_penalty"} <= set(stated))
    try:
        scores = chain(torch.tensor([ids]), torch.from_numpy(row.copy())[None])[0]
    except ValueError:
        assume("top_h" not in stated)
        raise
    if decoding.method == "sample":
        agree(read(row, asked, ids, chain), scores)
    else:
        neutral = ReadoutSettings(repetition_penalty=asked.repetition_penalty)
        agree(read(row, neutral, ids, chain), scores)


@settings(deadline=None, max_examples=50)
@given(LOGITS, SAMPLING, DECODING, st.lists(st.integers(0, ROWS - 1), max_size=6))
def test_settings_are_read_as_if_generate_had_been_called_with_them(
    row: np.ndarray, asked: ReadoutSettings, decoding: Decoding, written: list[int]
) -> None:
    """A greedy chain, and one prepared under other settings, are read as the chain of sampling under these."""
    sampling = structs.replace(decoding, method="sample")
    ids = [*prompt()[0].tolist(), *written]
    scores = chain_of(arguments(sampling, asked), {})(
        torch.tensor([ids]), torch.from_numpy(row.copy())[None]
    )[0]
    other = ReadoutSettings(temperature=2.0, top_k=3, min_p=0.3, repetition_penalty=4.0)
    if decoding.num_beams == 1:
        agree(
            read(row, asked, ids, chain_of(arguments(structs.replace(decoding, method="greedy"), asked), {})),
            scores,
        )
    agree(read(row, asked, ids, chain_of(arguments(sampling, other), {})), scores)


def test_what_the_checkpoint_asks_for_is_not_in_force_where_the_screen_says_so() -> None:
    stated = {
        "temperature": 3.0,
        "top_k": 2,
        "top_p": 0.1,
        "min_p": 0.5,
        "typical_p": 0.1,
        "repetition_penalty": 9.0,
    }
    assert named(chain_of(arguments(Decoding("sample"), ReadoutSettings()), stated)) == []
    asked = arguments(Decoding("sample"), ReadoutSettings(top_k=7))
    assert [(name, value) for name, value, _ in named(chain_of(asked, stated))] == [("top-k", 7)]
    kept = {"no_repeat_ngram_size": 2, "min_new_tokens": 5, "num_beams": 4}
    found = named(chain_of(arguments(Decoding(), ReadoutSettings()), kept))
    assert [(name, value) for name, value, _ in found] == [("no-repeat n-gram", 2), ("least new tokens", 5)]
    off = chain_of(arguments(Decoding(no_repeat_ngram_size=0, min_new_tokens=0), ReadoutSettings()), kept)
    reading = read(np.zeros(ROWS, dtype=np.float32), ReadoutSettings(), prompt()[0].tolist(), off)
    assert (reading.stages, reading.kept) == ((), None)


def test_what_nobody_set_is_the_checkpoints_where_it_states_it() -> None:
    stated = {"temperature": 3.0, "top_k": 2, "min_p": 0.5, "repetition_penalty": 9.0}
    config = configured(eos_token_id=END, **stated)
    asked = arguments(Decoding("sample"), ReadoutSettings(top_k=7), config, ("min_p", "temperature", "top_p"))
    assert [(name, value) for name, value, _ in named(chain_of(asked, stated))] == [
        ("temperature", 3.0),
        ("top-k", 7),
        ("min-p", 0.5),
    ]
    for decoding in (Decoding(), Decoding(num_beams=3)):
        asked = arguments(decoding, ReadoutSettings(), config, ("repetition_penalty", "temperature"))
        assert [(name, value) for name, value, _ in named(chain_of(asked, stated))] == [
            ("repetition penalty", 9.0)
        ]
    with pytest.raises(EngineError, match="Impossible temperature"):
        arguments(Decoding("sample"), ReadoutSettings(), configured(temperature=0.0), ("temperature",))


def test_bans_come_to_those_of_the_checkpoint_and_hold_for_the_end_token() -> None:
    stated = {"bad_words_ids": [[11]], "suppress_tokens": [9]}
    config = configured(eos_token_id=END, **stated)
    chain = chain_of(arguments(Decoding(banned=(5, END)), ReadoutSettings(), config), stated)
    scores = chain(prompt(), torch.zeros(1, ROWS))[0]
    assert torch.nonzero(scores == -math.inf).flatten().tolist() == [END, 5, 9, 11]
    forcing = {"forced_bos_token_id": 6, "forced_eos_token_id": [END, 8]}
    config = configured(eos_token_id=END, **forcing)
    chain = chain_of(arguments(Decoding(banned=(6, END)), ReadoutSettings(), config), forcing, most=1)
    scores = chain(prompt(), torch.zeros(1, ROWS))[0]
    assert torch.nonzero(scores > -math.inf).flatten().tolist() == [8]
    chain = chain_of(arguments(Decoding(banned=(6, 8, END)), ReadoutSettings(), config), forcing, most=1)
    assert "forced last token" not in [name for name, _, _ in named(chain)]


def test_each_stage_says_what_it_dropped() -> None:
    asked = ReadoutSettings(top_k=4)
    decoding = Decoding("sample", no_repeat_ngram_size=2, min_new_tokens=2, banned=(0, 7))
    row = np.zeros(ROWS, dtype=np.float32)
    row[[10, 11, 12, 13]] = 3.0
    reading = read(row, asked, prompt()[0].tolist(), chain_of(arguments(decoding, asked), {}))
    assert [(stage.name, stage.value, stage.dropped, stage.kept) for stage in reading.stages] == [
        ("no-repeat n-gram", 2, 1, 23),
        ("banned", None, 2, 21),
        ("least new tokens", 2, 1, 20),
        ("top-k", 4, 16, 4),
    ]
    by = {row.index: row.dropped_by for row in reading.rows}
    assert (by[5], by[0], by[7], by[END], by[20], by[10]) == (
        "no-repeat n-gram",
        "banned",
        "banned",
        "least new tokens",
        "top-k",
        None,
    )
    each = 1 / (4 * math.exp(3) + 20)
    assert [stage.mass for stage in reading.stages] == pytest.approx([each, 2 * each, each, 16 * each])
    assert [stage.title for stage in reading.stages][:2] == ["no-repeat n-gram 2", "banned"]


def test_finite_re_weighing_is_told_apart_from_what_drops_rows() -> None:
    stated = {"sequence_bias": [[[5], 2.5]], "suppress_tokens": [1]}
    asked = ReadoutSettings(temperature=0.5, repetition_penalty=2.0)
    row = np.full(ROWS, 2.0, dtype=np.float32)
    reading = read(row, asked, [1, 2, 5], chain_of(arguments(Decoding(), asked), stated))
    assert reading.reweighed_by == ("sequence bias", "repetition penalty")
    assert reading.penalized == 3
    found = {each.index: each for each in reading.rows}
    assert (found[5].logit, found[5].penalized, found[5].scaled) == (2.0, 2.25, 4.5)
    assert (found[2].penalized, found[4].penalized) == (1.0, 2.0)
    assert [stage.name for stage in reading.stages] == ["suppressed"]


def test_numbers_beside_the_float32_decision_are_float64() -> None:
    row = np.random.default_rng(3).normal(0, 4, ROWS).astype(np.float32)
    stated = {"sequence_bias": [[[5], 0.1]]}
    reading = read(row, ReadoutSettings(), [0], chain_of(arguments(Decoding(), ReadoutSettings()), stated))
    (found,) = [each for each in reading.rows if each.index == 5]
    assert found.penalized == float(row[5]) + float(np.float32(0.1))


def test_a_forced_token_is_the_only_one_whatever_was_said_before() -> None:
    stated = {"forced_eos_token_id": [END, 8]}
    chain = chain_of(arguments(Decoding(min_new_tokens=9), ReadoutSettings()), stated, most=3)
    ids = [*prompt()[0].tolist(), 0, 0]
    reading = read(np.arange(ROWS, dtype=np.float32), ReadoutSettings(), ids, chain)
    assert reading.kept == 2
    assert [row.renormalized for row in reading.rows if row.kept] == [0.5, 0.5]
    assert [stage.name for stage in reading.stages] == ["least new tokens", "forced last token"]


class Halved(LogitsProcessor):
    """A processor of nobody's: it halves what is left and drops the first row."""

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        scores = scores / 2
        scores[:, 0] = -math.inf
        return scores


def test_a_processor_that_is_not_known_goes_by_its_class_and_is_followed() -> None:
    chain: Any = LogitsProcessorList([Halved()])
    assert [(name, value) for name, value, _ in named(chain)] == [("Halved", None)]
    reading = read(np.arange(ROWS, dtype=np.float32), ReadoutSettings(), [1], chain)
    assert reading.reweighed_by == ("Halved",)
    assert [(stage.name, stage.dropped) for stage in reading.stages] == [("Halved", 1)]
    agree(reading, chain(torch.tensor([[1]]), torch.arange(ROWS, dtype=torch.float32)[None])[0])


def test_every_class_that_generate_can_prepare_has_a_plain_name() -> None:
    stated: dict[str, Any] = {
        "sequence_bias": [[[5], 2.5]], "encoder_repetition_penalty": 1.5, "encoder_no_repeat_ngram_size": 2,
        "min_length": 30, "forced_bos_token_id": 6, "forced_eos_token_id": 3, "remove_invalid_values": True,
        "exponential_decay_length_penalty": (1, 1.5), "suppress_tokens": [1], "begin_suppress_tokens": [4],
        "top_h": 0.5, "epsilon_cutoff": 0.1, "eta_cutoff": 0.1, "renormalize_logits": True,
        "watermarking_config": {"bias": 2.0},
    }  # fmt: skip
    asked = ReadoutSettings(
        temperature=0.5, repetition_penalty=1.25, top_k=3, top_p=0.5, min_p=0.25, typical_p=0.75
    )
    decoding = Decoding("sample", no_repeat_ngram_size=3, banned=(2,))
    asked_of = arguments(decoding, asked, configured(eos_token_id=END))
    chain = chain_of(asked_of | {"prefix_allowed_tokens_fn": lambda *_: [1]}, stated)
    assert [(name, value) for name, value, _ in named(chain)] == [
        ("sequence bias", None), ("encoder repetition penalty", 1.5), ("repetition penalty", 1.25),
        ("no-repeat n-gram", 3), ("no n-gram of the source", 2), ("banned", None), ("least length", 30),
        ("allowed after a prefix", None), ("forced first token", None), ("forced last token", None),
        ("invalid numbers replaced", None), ("length decay", 1.5), ("suppressed", None), ("suppressed first", None),
        ("temperature", 0.5), ("top-h", 0.5), ("top-k", 3), ("top-p", 0.5), ("min-p", 0.25), ("typical-p", 0.75),
        ("epsilon cutoff", 0.1), ("eta cutoff", pytest.approx(0.1)), ("watermark", 2.0), ("normalized", None),
    ]  # fmt: skip
    assert filtering.under(named(chain), asked) == named(chain)


def test_what_depends_on_more_than_the_ids_is_refused() -> None:
    chain = LogitsProcessorList([made.UnbatchedClassifierFreeGuidanceLogitsProcessor(1.5, _MODEL)])
    with pytest.raises(EngineError, match="guidance_scale"):
        named(chain)


def test_nothing_left_is_told_with_what_left_nothing() -> None:
    chain = chain_of(arguments(Decoding(banned=tuple(range(ROWS))), ReadoutSettings()), {})
    scores = chain(prompt(), torch.zeros(1, ROWS))
    check_left(scores, named(chain))  # generate never bans the end token so
    with pytest.raises(EngineError, match="Nothing left to choose") as caught:
        check_left(torch.full((2, ROWS), -math.inf), named(chain))
    assert "banned" in caught.value.failure.detail


def test_an_encoder_decoder_is_read_by_the_ids_of_its_decoder(tmp_path: Any) -> None:
    folder = make_checkpoint(tmp_path, "bart", head="Seq2SeqLM")
    model: Any = AutoModelForSeq2SeqLM.from_pretrained(folder)
    asked = ReadoutSettings(temperature=0.7, top_p=0.9, repetition_penalty=1.4)
    seen: list[Any] = []

    def loop(model: Any, ids: torch.Tensor, logits_processor: Any, *_: Any, **more: Any) -> Any:
        ids = torch.cat([ids, torch.tensor([[7, 9, 7]])], dim=1)
        row = model(decoder_input_ids=ids, encoder_outputs=more["encoder_outputs"]).logits[0, -1].float()
        seen.append((row, logits_processor(ids, row[None])[0], ids[0].tolist(), logits_processor))
        return ids

    decoding = Decoding("sample", no_repeat_ngram_size=2)
    model.generate(
        torch.tensor([[0, 9, 11, 2]]), max_new_tokens=9, custom_generate=loop, **arguments(decoding, asked)
    )
    ((row, scores, ids, chain),) = seen
    reading = read(row.detach().numpy(), asked, ids, chain)
    agree(reading, scores.detach())
    assert reading.stages[0].name == "no-repeat n-gram"
