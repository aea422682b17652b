"""Logits to probabilities: the pipeline's rules, every column of a row, and rows that are broken."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from msgspec import structs
from transformers import DistilBertConfig, GenerationConfig, GPT2Config, GPT2LMHeadModel

from tests.asking import ask
from tests.engine.conftest import TinyFolder, load_here
from tests.seq2seq_checkpoints import make_writer
from tui.engine.errors import EngineError
from tui.engine.rows import finding, probability, readout
from tui.protocol import Readout
from tui.protocol.rows import Found, Function, ReadoutSettings, RowAddress, Watch

LABELS = tuple(f"label {index}" for index in range(8))


def config(**settings: Any) -> DistilBertConfig:
    return DistilBertConfig(**settings)


def read(
    logits: list[float], function: Function = "softmax", settings: ReadoutSettings | None = None
) -> Readout:
    return readout.read_out(
        1, np.array(logits), LABELS[: len(logits)], settings or ReadoutSettings(), function, "because"
    )


@pytest.mark.parametrize(
    ("labels", "problem_type", "function"),
    [
        (1, None, "sigmoid"),
        (2, None, "softmax"),
        (1, "regression", "none"),
        (3, "regression", "none"),
        (3, "multi_label_classification", "sigmoid"),
        (2, "single_label_classification", "softmax"),
    ],
)
def test_the_pipelines_rules(labels: int, problem_type: str | None, function: str) -> None:
    chosen, reason = readout.pipeline_function(config(num_labels=labels, problem_type=problem_type))
    assert chosen == function
    assert (problem_type or "label") in reason or "one label" in reason


def test_softmax_columns_follow_their_formula() -> None:
    reading = read([1.6123, -1.5607, 0.25], settings=ReadoutSettings(temperature=0.5))
    assert [row.index for row in reading.rows] == [0, 2, 1]
    assert reading.maximum == 1.6123 / 0.5
    for row in reading.rows:
        assert row.label == LABELS[row.index]
        assert row.scaled == row.logit / 0.5
        assert row.shifted == row.scaled - reading.maximum
        assert row.exponential == pytest.approx(math.exp(row.shifted), rel=1e-15)
        assert row.probability == pytest.approx(row.exponential / reading.sum_exponentials, rel=1e-15)
    probabilities = [row.probability for row in reading.rows if row.probability is not None]
    assert sum(probabilities) == pytest.approx(1.0, abs=1e-15)
    entropy = -sum(probability * math.log2(probability) for probability in probabilities)
    assert reading.entropy_bits == pytest.approx(entropy, rel=1e-12)
    assert (reading.total, reading.tail) == (3, 0.0)


def test_sigmoid_columns_follow_their_formula() -> None:
    reading = read([-2.0, 3.0], "sigmoid", ReadoutSettings(temperature=2.0))
    assert [row.index for row in reading.rows] == [1, 0]
    for row in reading.rows:
        assert (row.scaled, row.shifted) == (row.logit / 2.0, -row.logit / 2.0)
        assert row.exponential == pytest.approx(math.exp(row.shifted), rel=1e-15)
        assert row.probability == pytest.approx(1.0 / (1.0 + row.exponential), rel=1e-15)
    assert (reading.tail, reading.entropy_bits) == (None, None)


def test_a_regression_has_no_probability() -> None:
    reading = read([-2.5, 4.0], "none")
    assert [(row.index, row.scaled, row.probability) for row in reading.rows] == [
        (1, 4.0, None),
        (0, -2.5, None),
    ]
    assert (reading.tail, reading.entropy_bits) == (None, None)


def test_rows_that_are_not_shown_are_counted_and_weighed() -> None:
    everything = read([0.0, 2.0, 1.0, -1.0, 2.0])
    reading = read([0.0, 2.0, 1.0, -1.0, 2.0], settings=ReadoutSettings(top=2))
    assert [row.index for row in reading.rows] == [1, 4]
    assert reading.total == 5
    hidden = [row.probability or 0.0 for row in everything.rows[2:]]
    assert reading.tail == pytest.approx(sum(hidden), rel=1e-12)
    assert read([1.0, 2.0], settings=ReadoutSettings(top=-1)).rows == ()


def test_broken_logits_are_shown_as_they_are() -> None:
    reading = read([1.0, math.nan, 3.0])
    assert [row.index for row in reading.rows] == [2, 0, 1]
    assert all(math.isnan(row.probability or 0.0) for row in reading.rows)
    assert math.isnan(reading.rows[-1].logit)
    endless = read([math.inf, 0.0])
    assert endless.rows[0].logit == math.inf
    assert math.isnan(endless.rows[0].probability or 0.0)
    far = read([-1e5, 1e5], "sigmoid")
    assert [row.probability for row in far.rows] == [1.0, 0.0]
    scores = readout.pipeline_scores(np.array([1.0, math.nan], dtype=np.float32), "softmax")
    assert np.isnan(scores).all()


@pytest.mark.parametrize("temperature", [0.0, -0.1, math.nan, math.inf])
def test_an_impossible_temperature_is_refused(temperature: float) -> None:
    with pytest.raises(EngineError, match="temperature"):
        read([1.0, 2.0], settings=ReadoutSettings(temperature=temperature))


ROWS = arrays(np.float32, st.integers(1, 60), elements=st.floats(-30, 30, width=32))
COARSE = arrays(np.float32, st.integers(1, 60), elements=st.sampled_from([-2.0, -0.5, 0.0, 0.5, 2.0, 2.25]))
"""Rows full of ties."""
SETTINGS = st.builds(
    ReadoutSettings,
    temperature=st.sampled_from([1.0, 0.1, 0.7, 1.3, 5.0]),
    repetition_penalty=st.sampled_from([1.0, 0.8, 1.2, 3.0]),
    top_k=st.sampled_from([0, 1, 2, 5, 40, 1000]),
    top_p=st.sampled_from([1.0, 0.0, 0.1, 0.5, 0.9, 0.999]),
    min_p=st.sampled_from([0.0, 0.01, 0.1, 0.5, 1.0]),
    typical_p=st.sampled_from([1.0, 0.001, 0.2, 0.5, 0.95]),
)
generation_config: Any = GenerationConfig
_GENERATOR: Any = GPT2LMHeadModel(GPT2Config(vocab_size=8, n_positions=8, n_embd=4, n_layer=1, n_head=1))


def scores_of_generate(row: np.ndarray, asked: ReadoutSettings, context: list[int]) -> torch.Tensor:
    """What `generate` would sample from under these settings: its own list of processors on the whole row."""
    chain = _GENERATOR._get_logits_processor(
        generation_config(
            do_sample=True,
            temperature=asked.temperature,
            repetition_penalty=asked.repetition_penalty,
            top_k=asked.top_k,
            top_p=asked.top_p,
            min_p=asked.min_p or None,
            typical_p=asked.typical_p,
        ),
        input_ids_seq_length=len(context),
        device="cpu",
        model_kwargs={"attention_mask": torch.ones(1, len(context), dtype=torch.long)},
    )
    scores: torch.Tensor = chain(torch.tensor([context]), torch.from_numpy(row.copy())[None])[0]
    return scores


def check_against_generate(row: np.ndarray, asked: ReadoutSettings, context: list[int]) -> Readout:
    asked = structs.replace(asked, top=len(row))
    labels = [str(index) for index in range(len(row))]
    reading = readout.read_out(
        1, row.astype(np.float64), labels, asked, "softmax", "because", context_ids=context
    )
    scores = scores_of_generate(row, asked, context)
    kept = (scores > -math.inf).tolist()
    probabilities = scores.double().softmax(-1).tolist()
    filtered = bool(asked.top_k or asked.top_p < 1 or asked.min_p or asked.typical_p < 1)
    assert len(reading.rows) == len(row)
    for found in reading.rows:
        if not filtered:
            assert (found.kept, found.dropped_by, found.renormalized) == (None, None, None)
            assert found.probability == pytest.approx(probabilities[found.index], abs=1e-5)
            continue
        assert found.kept == kept[found.index], found
        assert (found.dropped_by is None) == found.kept
        assert found.renormalized == pytest.approx(probabilities[found.index], abs=1e-5)
        if found.penalized is not None and kept[found.index]:
            assert found.penalized / asked.temperature == pytest.approx(
                float(scores[found.index]), rel=1e-5, abs=1e-6
            )
    if filtered:
        assert reading.kept == sum(kept)
        assert sum(stage.dropped for stage in reading.stages) == len(row) - sum(kept)
        assert reading.stages[-1].kept == sum(kept)
        weighed = sum(stage.mass for stage in reading.stages) + (reading.kept_mass or 0.0)
        assert weighed == pytest.approx(1.0, abs=1e-9)
    return reading


@settings(deadline=None, max_examples=150)
@given(st.one_of(ROWS, COARSE), SETTINGS, st.lists(st.integers(0, 70), min_size=1, max_size=12))
def test_what_is_kept_is_what_generate_keeps(
    row: np.ndarray, asked: ReadoutSettings, context: list[int]
) -> None:
    """Rows with ties, of one row, and penalized ids beyond the last row among them."""
    check_against_generate(row, asked, context)


@pytest.mark.parametrize("size", [1, 50_257, 256_000])
def test_filters_of_tiny_and_huge_vocabularies(size: int) -> None:
    row = np.random.default_rng(size).normal(0, 3, size).astype(np.float32)
    asked = ReadoutSettings(
        temperature=0.8, repetition_penalty=1.3, top_k=500, top_p=0.9, min_p=0.001, typical_p=0.8
    )
    labels = [str(index) for index in range(size)]
    scores = scores_of_generate(row, asked, [0, size // 2])
    reading = readout.read_out(
        1, row.astype(np.float64), labels, asked, "softmax", "because", context_ids=[0, size // 2]
    )
    assert reading.kept == int((scores > -math.inf).sum())
    for found in reading.rows:
        assert found.kept == bool(scores[found.index] > -math.inf)
    assert [stage.name for stage in reading.stages] == ["top-k", "top-p", "min-p", "typical-p"]


def test_each_stage_says_what_it_dropped_and_at_which_limit() -> None:
    probabilities = np.array([0.4, 0.3, 0.15, 0.1, 0.04, 0.01])
    row = np.log(probabilities).astype(np.float32).astype(np.float64)
    asked = ReadoutSettings(top_k=5, top_p=0.9, min_p=0.3)
    reading = readout.read_out(1, row, LABELS[:6], asked, "softmax", "because")
    assert [found.dropped_by for found in reading.rows] == [None, None, None, "min-p", "top-p", "top-k"]
    top_k, top_p, min_p = reading.stages
    assert (top_k.kept, top_p.kept, min_p.kept) == (5, 4, 3)
    assert (top_k.mass, top_p.mass, min_p.mass) == pytest.approx((0.01, 0.04, 0.1), rel=1e-5)
    assert top_k.limit == pytest.approx(math.log(0.04), rel=1e-6)
    assert top_p.sum_exponentials == pytest.approx(0.99 / 0.4, rel=1e-5)
    assert reading.kept_mass == pytest.approx(0.85, rel=1e-6)
    assert reading.kept_sum == pytest.approx(0.85 / 0.4, rel=1e-6)
    assert [found.renormalized for found in reading.rows] == pytest.approx(
        [0.4 / 0.85, 0.3 / 0.85, 0.15 / 0.85, 0, 0, 0], rel=1e-6
    )
    shares = np.array([0.4, 0.3, 0.15]) / 0.85
    assert reading.kept_entropy_bits == pytest.approx(-(shares * np.log2(shares)).sum(), rel=1e-6)


def test_typical_p_may_drop_the_likeliest_row() -> None:
    row = np.log(np.array([0.3] + [0.7 / 20] * 20)).astype(np.float32).astype(np.float64)
    asked = ReadoutSettings(typical_p=0.5, top=21)
    labels = [str(index) for index in range(21)]
    reading = readout.read_out(1, row, labels, asked, "softmax", "because")
    (stage,) = reading.stages
    first = reading.rows[0]
    assert (first.kept, first.dropped_by, first.renormalized) == (False, "typical-p", 0.0)
    assert stage.entropy is not None
    assert stage.limit is not None
    assert abs(-math.log(0.3) - stage.entropy) > stage.limit
    assert stage.limit == pytest.approx(abs(-math.log(0.035) - stage.entropy), rel=1e-5)


def test_settings_that_do_not_apply_say_so() -> None:
    asked = ReadoutSettings(top_k=1, repetition_penalty=1.5)
    plain = read([1.0, 2.0], settings=asked)
    assert plain.rows[0].penalized is None
    assert plain.penalized is None
    assert "repetition penalty" in plain.notes[0]
    assert plain.kept == 1
    alone = read([1.0, 2.0], "sigmoid", asked)
    assert alone.kept is None
    assert alone.rows[0].kept is None
    assert "top-k" in alone.notes[0]
    assert read([1.0, 2.0]).notes == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("repetition_penalty", 0.0),
        ("repetition_penalty", math.nan),
        ("top_k", -1),
        ("top_p", 1.5),
        ("top_p", math.nan),
        ("min_p", -0.1),
        ("typical_p", 0.0),
    ],
)
def test_impossible_filters_are_refused(name: str, value: float) -> None:
    with pytest.raises(EngineError, match="Impossible"):
        read([1.0, 2.0], settings=structs.replace(ReadoutSettings(), **{name: value}))


def test_a_row_of_minus_infinity_was_never_kept() -> None:
    reading = read([1.0, -math.inf, 0.0], settings=ReadoutSettings(top_k=3))
    assert [found.dropped_by for found in reading.rows] == [None, None, "logit"]
    assert reading.kept == 2
    assert reading.rows[-1].surprisal_bits == math.inf
    assert read([math.nan, 1.0], settings=ReadoutSettings(top_p=0.5)).kept is not None


def test_the_columns_beside_the_probability() -> None:
    reading = read([0.0, 2.0, 1.0, -1.0, 2.0])
    probabilities = [found.probability or 0.0 for found in reading.rows]
    assert [found.rank for found in reading.rows] == [0, 1, 2, 3, 4]
    assert [found.cumulative for found in reading.rows] == pytest.approx(list(np.cumsum(probabilities)))
    for found in reading.rows:
        assert found.log_probability == pytest.approx(math.log(found.probability or 0.0), rel=1e-12)
        assert found.surprisal_bits == pytest.approx(-math.log2(found.probability or 0.0), rel=1e-12)
    far = read([0.0, -1e4])
    assert (far.rows[1].probability, far.rows[1].log_probability) == (0.0, -1e4)


def test_any_window_of_rows_and_what_is_above_and_below_it() -> None:
    row = [float(value) for value in np.random.default_rng(1).integers(-3, 3, 8)]
    everything = read(row)
    for start in range(-1, 10):
        part = read(row, settings=ReadoutSettings(start=start, top=3))
        assert part.start == max(0, min(start, 5))
        assert [found.index for found in part.rows] == [
            found.index for found in everything.rows[part.start : part.start + 3]
        ]
        assert [found.rank for found in part.rows] == list(range(part.start, part.start + 3))
        assert part.above is not None
        assert part.below is not None
        assert (part.above.rows, part.below.rows) == (part.start, 5 - part.start)
        above = sum(found.probability or 0.0 for found in everything.rows[: part.start])
        assert part.above.mass == pytest.approx(above, abs=1e-15)
        assert part.tail == part.below.mass
        assert part.rows[-1].cumulative == pytest.approx(
            everything.rows[part.start + 2].cumulative, rel=1e-12
        )


def test_watched_rows_come_wherever_they_rank_and_by_name_where_they_moved() -> None:
    watched = (Watch(3, "label 3"), Watch(0, "label 1"), Watch(1, "gone"))
    reading = read([0.0, 2.0, 1.0, -1.0], settings=ReadoutSettings(top=1, watched=watched))
    everything = read([0.0, 2.0, 1.0, -1.0])
    assert reading.watched == (everything.rows[3], everything.rows[0], None)


def test_finding_by_id_by_label_and_by_a_part() -> None:
    labels = ["cat", " cat", "cats", "Concat", "2", "dog"]
    scores = np.array([0.0, 1.0, 3.0, 2.0, 5.0, 4.0])

    def hits(query: str) -> list[tuple[int | None, str]]:
        total = finding.find(query, 0, labels, scores)[0].total
        found = [finding.find(query, number, labels, scores) for number in range(total)]
        assert all(each.rank == probability.rank_of(scores, row or 0) for each, row in found)
        return [(row, each.how) for each, row in found]

    assert hits("2") == [(2, "id"), (4, "text")]
    assert hits("cat") == [(0, "text"), (1, "text"), (2, "part"), (3, "part")]
    assert hits(" cat") == hits("␣cat") == [(1, "text"), (0, "text"), (2, "part"), (3, "part")]
    assert hits("CAT") == [(2, "part"), (3, "part"), (1, "part"), (0, "part")]
    assert hits("bird") == []
    labels[2] = "␣"
    assert hits("␣") == [(2, "text"), (1, "part")]
    assert finding.find("cat", -1, labels, scores)[1] == 3
    asked = ReadoutSettings(find="dog", top=2)
    reading = readout.read_out(1, scores, labels, asked, "softmax", "because")
    assert reading.found == Found(1, 0, 1, "text")
    assert [found.label for found in reading.rows] == ["2", "dog"]
    assert finding.find("bird", 0, labels, scores) == (Found(0, None, None, ""), None)


class _Spelled:
    """Labels of a vocabulary that is too large to name at once."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._names = finding.Names()

    def __getitem__(self, index: int) -> str:
        return f" w{index:x}"

    def names(self) -> finding.Names:
        return self._names

    def entry_id(self, text: str) -> int | None:
        return 7 if text == "Ġw7" else None


def test_names_made_ahead_and_on_demand_are_the_same() -> None:
    labels, scores = _Spelled(3000), np.arange(3000.0)
    finding.prepare(labels, 3000)
    found, row = finding.find("wbb", 0, labels, scores)
    assert (row, found.how) == (0xBB, "text")
    assert found.total == sum("wbb" in f"w{index:x}" for index in range(3000))
    assert finding.find("Ġw7", 0, labels, scores)[1] == 7
    named, index = labels.names().all(labels, 3000)
    assert list(named) == [labels[index] for index in range(3000)]
    assert index.holding("wbb").tolist() == [row for row, name in enumerate(named) if "wbb" in name]
    assert finding.follow(Watch(5, " wff"), labels, 3000) == 0xFF


# ------------------------------------------------------------------------------------ through the tasks


def test_the_penalty_is_for_what_stands_before_the_token(tiny: TinyFolder) -> None:
    told = ask(
        load_here(tiny("gpt2", head="CausalLM"), task="text-generation"), "a dull film", max_new_tokens=0
    )
    ids = told.prepared.readings[0].ids
    for position in range(len(ids)):
        reading = told.readout(RowAddress(0, position), repetition_penalty=1.5)
        changed = {found.index for found in reading.rows if found.penalized != found.logit}
        assert changed == set(ids[: position + 1])
        assert reading.penalized == len(changed)


def test_a_decoder_is_penalized_for_what_it_wrote(tmp_path: Path) -> None:
    folder = make_writer(tmp_path / "writer", "t5")
    told = ask(load_here(folder, task="summarization"), "the film was dull", max_new_tokens=5)
    decoder = [token.id for token in told.outcome.written[1].tokens]
    for position in range(1, len(decoder)):
        reading = told.readout(RowAddress(1, position), repetition_penalty=1.5)
        changed = {found.index for found in reading.rows if found.penalized != found.logit}
        assert changed == set(decoder[:position])


def test_where_no_text_comes_before_the_penalty_is_not_applied(tiny: TinyFolder) -> None:
    told = ask(load_here(tiny("bert", head="MaskedLM"), task="fill-mask"), "a [MASK] film")
    reading = told.readout(repetition_penalty=1.5, top_k=3)
    assert reading.penalized is None
    assert reading.kept == 3
    assert "repetition penalty" in reading.notes[0]


def test_any_token_of_a_vocabulary_is_found_and_followed(tiny: TinyFolder) -> None:
    told = ask(
        load_here(tiny("gpt2", head="CausalLM"), task="text-generation"), "a dull film", max_new_tokens=0
    )
    everything = told.readout()
    tokenizer = told.prepared.tokenizer
    for row in everything.rows[::17]:
        by_id = told.readout(find=str(row.index), top=3)
        assert by_id.found is not None
        assert (by_id.found.how, by_id.found.rank) == ("id", row.rank)
        for query in (row.label, tokenizer.entry(row.index)):
            found = told.readout(find=query, top=3, hit=0).found
            assert found is not None
            assert found.how == ("id" if query.isdecimal() else "text")
            hits = [told.readout(find=query, top=1, hit=hit).rows[0].index for hit in range(found.total)]
            assert row.index in hits
    row = everything.rows[9]
    (watched,) = told.readout(watched=(Watch(0, row.label),), top=1).watched
    assert watched is not None
    assert (watched.index, watched.rank, watched.probability) == (row.index, 9, row.probability)
    assert watched.cumulative == pytest.approx(row.cumulative, rel=1e-12)
